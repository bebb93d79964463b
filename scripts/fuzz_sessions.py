#!/usr/bin/env python3
"""Type at random in several files of a folder, and compare with a session that has just begun.

    python scripts/fuzz_sessions.py --minutes 10 [--seed N]

Python and launch files are open in one session of the language server, typed in and saved in turn.
After each step its diagnostics and actions have to be those that a new session says of the same
texts. Every session follows from its number: `--seed N --sessions 1` makes it again.
"""

from __future__ import annotations

import argparse
import itertools
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from tests.lsp.sessions import Work

_STEPS = 20


def main() -> int:
    options = parsed_options()
    started, done, answers, complaints = time.monotonic(), 0, 0, 0
    for number in itertools.islice(itertools.count(options.seed), options.sessions):
        if time.monotonic() - started > options.minutes * 60:
            break
        asked, differing = compared(number)
        done, answers, complaints = done + 1, answers + asked, complaints + len(differing)
        for each in differing:
            print(f"seed {number}: {each}", flush=True)
    minutes = (time.monotonic() - started) / 60
    print(f"{done} sessions, {answers} answers, {minutes:.1f} minutes: {complaints} complaints")
    return 1 if complaints else 0


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--sessions", type=int, help="stop after as many, whatever the time")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**9), help="number of the first session"
    )
    return parser.parse_args()


def compared(number: int) -> tuple[int, list[str]]:
    """How many answers were compared, and where the first differed."""
    asked = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Work(number, pathlib.Path(folder).resolve())
        for step in range(_STEPS):
            for name, said, fresh in work.step():
                asked += 1
                if said != fresh:
                    return asked, [f"step {step}: {name}"]
    return asked, []


if __name__ == "__main__":
    sys.exit(main())
