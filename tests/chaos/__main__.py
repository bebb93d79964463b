"""The chaos table: python -m tests.chaos [--rounds 200] [--real-vllm DIR]

    --rounds N       of SIGKILL of the supervisor, over its moments; other rows get a fifth of that
    --times N        the same number for every row instead
    --only TEXT      rows whose action or moment contains TEXT
    --seed N         of what chance decides
    --real-vllm DIR  the folder that .ci/install-vllm prints; without it, the stand-in

Ends with 1 where a round left something behind, or the port taken, beyond its limit.
"""

from __future__ import annotations

import argparse
import random
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .engines import STAND_IN, Engine, real_vllm
from .rounds import CASES, Case, Outcome, run

_HEAD = "| signal | moment | times | left behind | seconds until nothing was left: median | max | limit |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--times", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("--real-vllm", type=Path, metavar="DIR")
    options = parser.parse_args()
    engine = real_vllm(options.real_vllm) if options.real_vllm else STAND_IN
    cases = [case for case in CASES if options.only in f"{case.action} at {case.moment}"]
    chance = random.Random(options.seed)
    print(f"{engine.name}, seed {options.seed}", file=sys.stderr)
    print(_HEAD + "\n|---|---|---|---|---|---|---|", flush=True)
    clean = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without ending the server of the round
    for case in cases:
        outcomes = _row(case, engine, options.times or _times(case, cases, options.rounds), chance)
        print(_line(case, outcomes), flush=True)
        clean = clean and all(outcome.is_clean for outcome in outcomes)
    return 0 if clean else 1


def _times(case: Case, cases: Sequence[Case], rounds: int) -> int:
    killed = [one for one in cases if one.action == "SIGKILL"]
    if case in killed:
        return -(-rounds // len(killed))
    return max(2, rounds // 20)


def _row(case: Case, engine: Engine, times: int, chance: random.Random) -> list[Outcome]:
    outcomes = []
    for number in range(times):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            outcome = run(case, engine, Path(folder, "round"), stubborn=number % 2 == 0, chance=chance)
        outcomes.append(outcome)
        if outcome.left:
            print(f"{case.action} at {case.moment}: after {case.limit_s} s: {outcome.left}", file=sys.stderr)
    return outcomes


def _line(case: Case, outcomes: Sequence[Outcome]) -> str:
    seconds = [outcome.seconds for outcome in outcomes]
    left = sum(not outcome.is_clean for outcome in outcomes)
    median, most = statistics.median(seconds), max(seconds)
    return (
        f"| {case.action} | {case.moment} | {len(outcomes)} | {left} | {median:.2f} | {most:.2f} "
        f"| {case.limit_s:g} |"
    )


if __name__ == "__main__":
    sys.exit(main())
