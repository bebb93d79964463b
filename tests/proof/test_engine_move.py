"""**Move the engine into the lifespan**, proved by running the app before and after."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from tests.proof.lifespans import ENGINES, STAYING, MovableEngine
from tests.proof.shapes import Movable
from tests.proof.test_launch_move import run

from portside.lint.finding import Applicability, Finding, apply_edits
from portside.python.engines.lifespan_move import TITLE
from portside.workspace.project import Project

COMMAND = ["sh", "-c", "uvicorn server:app"]


def findings(root: Path, code: str) -> list[Finding]:
    (root / "server.py").write_text(code)
    return [f for f in Project(root).check(root / "server.py", code).findings if f.code == "PS302"]


def fixed(root: Path, code: str) -> str:
    (finding,) = findings(root, code)
    (fix,) = finding.fixes
    assert (fix.title, fix.applicability) == (TITLE, Applicability.UNSAFE)
    return apply_edits(code, fix.edits)


@pytest.mark.skipif(sys.platform == "win32", reason="the command is one for a POSIX shell")
@pytest.mark.parametrize("shape", ENGINES, ids=lambda shape: shape.id)
def test_the_app_answers_as_before_with_one_engine(tmp_path: Path, shape: MovableEngine) -> None:
    (tmp_path / "server.py").write_text(shape.code)
    how = Movable("", shape.code, "", environment={"PROOF_ENGINES": "1"})
    before = run(tmp_path, COMMAND, how)
    (tmp_path / "server.py").write_text(fixed(tmp_path, shape.code))
    after = run(tmp_path, COMMAND, how)
    assert before == after
    assert before[0]["engines"] == 1


@pytest.mark.parametrize("shape", ENGINES, ids=lambda shape: shape.id)
def test_nothing_is_left_to_say(tmp_path: Path, shape: MovableEngine) -> None:
    text = fixed(tmp_path, shape.code)
    ast.parse(text)
    assert not [words for words in shape.kept if words not in text], text
    assert "\n\n\n\n" not in text
    (tmp_path / "server.py").write_text(text)
    assert not Project(tmp_path).check(tmp_path / "server.py", text).findings


@pytest.mark.parametrize("code", STAYING.values(), ids=STAYING)
def test_it_is_not_offered_where_the_engine_is_needed_earlier(tmp_path: Path, code: str) -> None:
    assert [finding.fixes for finding in findings(tmp_path, code)] == [()]
