"""A check of twice as many servers does about twice the work: no rule and no fix looks at all for each."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest
from tests.fuzz.growing import INPUTS

from portside.checking import Checker

PARTS = 40
# One for work in proportion, two for each part with each. What only happens once makes it less.
WORST_EXPONENT = 1.4


def calls_of_a_check(name: str, parts: int, folder: Path) -> int:
    """How many functions it calls: unlike its time, the same on every machine."""
    path, make = INPUTS[name]
    file, text = folder / str(parts) / path, make(parts)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    checker = Checker(opened=(folder / str(parts),))
    calls = 0

    def count(*_event: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        checker.check(file, text)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("name", INPUTS)
def test_work_grows_with_the_length_of_a_file_and_not_its_square(name: str, tmp_path: Path) -> None:
    calls_of_a_check(name, 2, tmp_path)  # what is loaded late is not to count
    once, twice = (calls_of_a_check(name, parts, tmp_path) for parts in (PARTS, 2 * PARTS))
    assert math.log2(twice / once) < WORST_EXPONENT
