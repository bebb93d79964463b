"""A few rounds of every row of the chaos table; the whole of it: python -m tests.chaos"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from .engines import STAND_IN
from .rounds import CASES, Case, run

_BUSY_S = 90.0
"""What a machine with other things to do may take longer: `python -m tests.chaos` is for an idle one."""


@pytest.mark.parametrize("stubborn", [True, False], ids=["children that resist", "plain"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.action} at {case.moment}")
def test_nothing_is_left_behind(case: Case, stubborn: bool, tmp_path: Path) -> None:
    chance = random.Random(f"{case}{stubborn}")
    case = replace(case, limit_s=case.limit_s + _BUSY_S)
    outcome = run(case, STAND_IN, tmp_path / "round", stubborn, chance)
    assert outcome.left == []
