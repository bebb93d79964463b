#!/usr/bin/env python3
"""Give Portside damaged files until something goes wrong, or the time is up.

    python scripts/fuzz.py --minutes 10 [--seed N] [--also FOLDER] [--keep FOLDER]

Every input follows from its number: `--seed N --inputs 1` makes it again. Two of three are
Python, every third one is a launch file. `--also` adds the Python files below a folder to the
ones that are damaged. What provokes a complaint is kept in a file in `--keep`, with the
complaint as its last lines.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import sys
import tempfile
import time
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from tests.fuzz.mutations import mutated
from tests.fuzz.properties import complaints
from tests.fuzz.seeds import launch_seeds, seeds

LARGEST_SEED = 100_000


def main() -> int:
    options = parsed_options()
    texts = [*seeds(), *files_below(options.also)]
    launches = sorted(launch_seeds().items())
    found: Counter[str] = Counter()
    started, number, longest, total = time.monotonic(), options.seed, (0.0, 0), 0
    with tempfile.TemporaryDirectory() as folder:
        while not is_over(options, number - options.seed, time.monotonic() - started):
            rng = random.Random(number)
            name, started_from = ("server.py", texts) if number % 3 else rng.choice(launches)
            data = mutated(rng, started_from)
            before = time.process_time()
            for complaint in complaints(data, pathlib.Path(folder), name):
                found[complaint] += 1
                report(number, f"{name}: {complaint}", data, options.keep)
            longest = max(longest, (time.process_time() - before, number))
            total += len(data)
            number += 1
    minutes = (time.monotonic() - started) / 60
    print(
        f"{number - options.seed} inputs from {len(texts) + sum(len(each) for _, each in launches)} files, "
        f"{total / 1e6:.0f} MB, "
        f"{minutes:.1f} minutes: {sum(found.values())} complaints, {len(found)} different; "
        f"the longest took {longest[0]:.2f} s (seed {longest[1]})"
    )
    return 1 if found else 0


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--inputs", type=int, help="stop after as many, whatever the time")
    parser.add_argument("--seed", type=int, default=random.randrange(10**9), help="number of the first input")
    parser.add_argument("--also", type=pathlib.Path, help="a folder with Python files")
    parser.add_argument("--keep", type=pathlib.Path, help="where to write inputs that provoke a complaint")
    return parser.parse_args()


def is_over(options: argparse.Namespace, done: int, seconds: float) -> bool:
    return seconds > options.minutes * 60 or (options.inputs is not None and done >= options.inputs)


def files_below(folder: pathlib.Path | None) -> list[bytes]:
    paths = sorted(folder.rglob("*.py")) if folder else []
    return [path.read_bytes() for path in paths if path.is_file() and path.stat().st_size < LARGEST_SEED]


def report(number: int, complaint: str, data: bytes, keep: pathlib.Path | None) -> None:
    print(f"seed {number}: {complaint}", flush=True)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        said = "".join(f"\n# {line}" for line in complaint.splitlines())
        (keep / f"{number}.py").write_bytes(data)
        (keep / f"{number}.txt").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
