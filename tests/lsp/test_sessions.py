"""Hours of typing in a few seconds: a session says what one says that has just begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lsp.sessions import Work


@pytest.mark.parametrize("seed", range(12))
def test_a_session_says_what_a_new_one_says_of_the_same_texts(seed: int, tmp_path: Path) -> None:
    work = Work(seed, tmp_path)
    for step in range(15):
        for name, said, fresh in work.step():
            assert said == fresh, f"step {step}: {name}"
