"""Fixes that are made at once: what they leave is what they leave one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fuzz.growing import INPUTS

from portside import fixing
from portside.checking import Checker
from portside.fixing import Fixing
from portside.workspace.text_file import decode

FILES = {
    "ports of several servers": "import uvicorn\n\n\ndef main():\n    import b\n"
    "    uvicorn.run(app, port=8000)\n    uvicorn.run(app, port=9000)\n    uvicorn.run(app, port=8001)\n",
    "comments that silence nothing": "x = 1  # portside: ignore[PS201]\ny = 2\nz = 3  # portside: ignore\n"
    * 3,
    **{name: make(7) for name, (path, make) in INPUTS.items() if path == "server.py"},
}


def _fixed(path: Path, text: str) -> Fixing:
    done = Fixing(Checker(), unsafe=True)
    done.fix(decode(path, text.encode()))
    return done


@pytest.mark.parametrize("name", FILES)
def test_at_once_is_as_one_after_the_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = _fixed(tmp_path / "server.py", FILES[name])
    monkeypatch.setattr(fixing, "_made_at_once", lambda choices: choices[:1])
    in_turn = _fixed(tmp_path / "server.py", FILES[name])
    assert [change.text for change in at_once.changed()] == [change.text for change in in_turn.changed()]
    assert [one.finding.code for one in at_once.applied] == [one.finding.code for one in in_turn.applied]
    assert [(one.finding.code, one.reason) for one in at_once.left] == [
        (one.finding.code, one.reason) for one in in_turn.left
    ]


def test_many_findings_take_a_few_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = []
    check = Checker.check
    monkeypatch.setattr(Checker, "check", lambda *given: checks.append(given) or check(*given))
    made = _fixed(tmp_path / "server.py", INPUTS["py subprocess"][1](50))
    assert len(made.applied) == 50
    assert len(checks) < 5
