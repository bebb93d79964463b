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
    "comments with two names that silence nothing": "x = 1  # portside: ignore[PS201, any]\n" * 9,
    "comments between ports": "import uvicorn\n\n\ndef main():\n"
    + "    uvicorn.run(app, port=8000)\n    x = 1  # portside: ignore[PS302]\n" * 4,
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
    done, one_by_one = (sorted(one.finding.code for one in run.applied) for run in (at_once, in_turn))
    assert done == one_by_one
    assert [(one.finding.code, one.reason) for one in at_once.left] == [
        (one.finding.code, one.reason) for one in in_turn.left
    ]


@pytest.mark.parametrize(
    ("text", "fixes"),
    [
        (INPUTS["py subprocess"][1](50), 50),
        ("x = 1  # portside: ignore[PS201, any]\n" * 50, 100),
        (
            "import uvicorn\n" + "def f():\n    uvicorn.run(a, port=8000)  # portside: ignore[PS302]\n" * 20,
            40,
        ),
    ],
    ids=["ports", "names in one comment", "two rules in turn"],
)
def test_many_findings_take_a_few_checks(
    text: str, fixes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = []
    check = Checker.check
    monkeypatch.setattr(Checker, "check", lambda *given: checks.append(given) or check(*given))
    made = _fixed(tmp_path / "server.py", text)
    assert len(made.applied) == fixes
    assert len(checks) < 5
