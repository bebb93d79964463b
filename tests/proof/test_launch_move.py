"""**Fix: launch via uvicorn CLI**, proved by running both: the script before, the printed command after.

A server that is moved has to answer the same routes, through the same middleware, with the same
options, making as many engines; see site/sitecustomize.py for how it is asked.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE_S
from tests.proof.movable import MOVABLE
from tests.proof.settings_files import SETTINGS
from tests.proof.shapes import Movable, Unmovable
from tests.proof.unmovable import UNMOVABLE
from tests.proof.untold import UNTOLD
from tests.proof.warm import programs

from portside.lint.finding import Applicability, apply_edits
from portside.python.facts import FileFacts
from portside.python.launching.launch_move import Move, plan_move
from portside.python.running.guards import When
from portside.workspace.project import Project

HERE = Path(__file__).parent


def lay_out(root: Path, shape: Movable | Unmovable) -> Path:
    for name, text in {**shape.files, shape.path: shape.code}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / shape.path


def facts_of(root: Path, path: Path) -> FileFacts:
    return Project(root).file_facts(path, path.read_text())


def plan(root: Path, path: Path) -> Any:
    facts = facts_of(root, path)
    launches = [launch for launch in facts.module.launches if launch.when is not When.NEVER]
    assert launches, "no launch is seen"
    return plan_move(facts, min(launches, key=lambda launch: launch.call.start_byte))


def apply(move: Move) -> None:
    for name in {edit.path for edit in move.edits}:
        text = Path(name).read_text()
        Path(name).write_text(apply_edits(text, [edit for edit in move.edits if edit.path == name]))


def run(root: Path, command: list[str], shape: Movable, *, is_warm: bool = True) -> list[Any]:
    """What the servers that this starts answer, in the order in which they start.

    is_warm: whether `python` and `uvicorn` are forked from a process that has imported the framework.
    """
    record = root / "record.jsonl"
    record.unlink(missing_ok=True)
    kept = ("HOME", "LANG", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_START")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {
        "PATH": os.pathsep.join(
            map(str, (*([programs()] if is_warm else []), Path(sys.executable).parent, os.environ["PATH"]))
        ),
        "PYTHONPATH": os.pathsep.join(map(str, (HERE / "site", HERE.parent / "standin"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "STANDIN_LOAD_S": "0.01",
        "PROOF_RECORD": str(record),
        **shape.environment,
    }
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert record.exists(), f"{command} started no server:\n{done.stdout}{done.stderr}"
    assert shape.prints in done.stdout
    return [json.loads(line) for line in record.read_text().splitlines()]


def script_command(shape: Movable) -> list[str]:
    words = shape.arguments or (os.path.relpath(shape.path, shape.folder),)
    return ["sh", "-c", f'cd "{shape.folder}" && exec python "$@"', "sh", *words]


@pytest.mark.skipif(sys.platform == "win32", reason="the command is one for a POSIX shell")
@pytest.mark.parametrize("shape", [*MOVABLE, *SETTINGS, *UNTOLD], ids=lambda shape: shape.id)
def test_the_command_starts_what_the_script_started(tmp_path: Path, shape: Movable) -> None:
    path = lay_out(tmp_path, shape)
    before = run(tmp_path, script_command(shape), shape) if shape.runs_as_script else None
    move = plan(tmp_path, path)
    assert isinstance(move, Move), move
    assert move.command == shape.command
    apply(move)
    after = run(tmp_path, ["sh", "-c", move.command], shape)
    assert len(after) == 1
    assert not after[0]["startup_failed"]
    if before is not None:
        assert len(before) == 1
        before[0]["options"] |= shape.differs
        assert after == before


@pytest.mark.parametrize("shape", [*MOVABLE, *SETTINGS, *UNTOLD], ids=lambda shape: shape.id)
def test_what_is_left_is_python_without_the_launch(tmp_path: Path, shape: Movable) -> None:
    path = lay_out(tmp_path, shape)
    project = Project(tmp_path)
    codes = {finding.code for finding in project.check(path, shape.code).findings}
    move = plan(tmp_path, path)
    assert isinstance(move, Move), move
    apply(move)
    fixed = path.read_text()
    ast.parse(fixed)
    assert not [word for word in shape.gone if word in fixed]
    assert not [word for word in shape.kept if word not in fixed]
    assert not [note for note in shape.notes if not any(note in given for given in move.notes)]
    assert all(one.when is When.NEVER for one in facts_of(tmp_path, path).module.launches)
    assert {finding.code for finding in Project(tmp_path).check(path, fixed).findings} <= codes
    assert "\n\n\n\n" not in fixed
    assert fixed == fixed.strip("\n") + "\n" if fixed else True


@pytest.mark.parametrize("shape", UNMOVABLE, ids=lambda shape: shape.id)
def test_the_line_and_the_reason_are_named(tmp_path: Path, shape: Unmovable) -> None:
    blockers = plan(tmp_path, lay_out(tmp_path, shape))
    assert not isinstance(blockers, Move), blockers.command
    for line, reason in shape.blockers:
        assert any(b.line == line and reason in b.reason for b in blockers), blockers
    assert len(blockers) == len(set(blockers)) == len(shape.blockers), blockers


@pytest.mark.parametrize("option", ["workers=3", "reload=True"])
def test_an_engine_of_every_process_is_a_matter_to_look_at(tmp_path: Path, option: str) -> None:
    code = (
        "import uvicorn\nfrom fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI()\n\n\n"
        "@app.on_event('startup')\ndef start():\n    app.state.llm = LLM('m')\n\n\n"
        f"if __name__ == '__main__':\n    uvicorn.run(app, {option})\n"
    )
    move = plan(tmp_path, lay_out(tmp_path, Unmovable("", code, ())))
    assert isinstance(move, Move), move
    assert move.applicability is Applicability.UNSAFE
    assert any("loads the model again, by `LLM` in line 10" in note for note in move.notes)
