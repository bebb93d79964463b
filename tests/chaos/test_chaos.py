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


# Children that resist are the harder case; where nobody is left to tidy up, how plain ones end differs.
ROUNDS = [
    *((case, True) for case in CASES),
    *((case, False) for case in CASES if case.action == "SIGKILL"),
]


def _name(of: object) -> str:
    if isinstance(of, Case):
        return f"{of.action} at {of.moment}"
    return "children that resist" if of else "plain"


@pytest.mark.parametrize(("case", "stubborn"), ROUNDS, ids=_name)
def test_nothing_is_left_behind(case: Case, stubborn: bool, tmp_path: Path) -> None:
    chance = random.Random(f"{case}{stubborn}")
    case = replace(case, limit_s=case.limit_s + _BUSY_S)
    outcome = run(case, STAND_IN, tmp_path / "round", stubborn, chance)
    assert outcome.left == []
