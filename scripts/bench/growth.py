"""How the time of a check grows with the file: each generated input at N, 2 N and 4 N parts.

    python scripts/bench/growth.py [--parts 200] [NAME …]

Prints the seconds of processor time and the exponent of the last doubling: 1 for time in proportion to the
length, 2 for time to its square. Exits 1 where one is above 1.5 and takes longer than half a second.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))

from tests.fuzz.growing import INPUTS

from portside.checking import Checker

_WORST_EXPONENT = 1.5
_SHORT_S = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", type=int, default=200)
    parser.add_argument("names", nargs="*", metavar="NAME", help="inputs with this in their name")
    asked = parser.parse_args()
    chosen = [name for name in INPUTS if not asked.names or any(word in name for word in asked.names)]
    print(
        f"| input | {asked.parts} | {2 * asked.parts} | {4 * asked.parts} | exponent |\n|---|---|---|---|---|"
    )
    bad = 0
    for name in chosen:
        checked_s(name, 2)  # what is loaded late is not to count
        seconds = [checked_s(name, asked.parts * times) for times in (1, 2, 4)]
        exponent = math.log2(seconds[2] / seconds[1])
        shown = " | ".join(f"{one:.3f} s" for one in seconds)
        print(f"| {name} | {shown} | {exponent:.2f} |", flush=True)
        bad += exponent > _WORST_EXPONENT and seconds[2] > _SHORT_S
    return 1 if bad else 0


def checked_s(name: str, parts: int) -> float:
    path, make = INPUTS[name]
    with tempfile.TemporaryDirectory() as folder:
        file, text = pathlib.Path(folder, path), make(parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        checker = Checker(opened=(pathlib.Path(folder),))
        started = time.process_time()
        checker.check(file, text)
        return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
