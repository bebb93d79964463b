"""**Fix: launch via uvicorn CLI (create_app factory)**, proved by running both: script and command.

As for the plain form (test_launch_move.py): routes, middleware, answers, options and the number of engines.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.proof.factories import FACTORIES, NO_FACTORY
from tests.proof.factories_addresses import ADDRESSES
from tests.proof.factories_again import MORE, NO_MORE
from tests.proof.factories_around import AROUND_THE_SERVER, NOT_AROUND
from tests.proof.factories_chosen import CHOSEN, NOT_CHOSEN
from tests.proof.factories_more import MORE_FACTORIES
from tests.proof.factories_tidy import TIDY_FACTORIES
from tests.proof.factories_together import LATE, NOT_TOGETHER, TOGETHER
from tests.proof.shapes import Movable, Unmovable
from tests.proof.test_launch_move import facts_of, lay_out, run, script_command

from portside.lint.finding import apply_edits
from portside.python.launching.launch_factory import Factory, plan_factory
from portside.python.launching.launch_move import Move, plan_move
from portside.python.running.guards import When
from portside.workspace.project import Project

SHAPES = (
    *FACTORIES,
    *MORE_FACTORIES,
    *TIDY_FACTORIES,
    *AROUND_THE_SERVER,
    *MORE,
    *ADDRESSES,
    *TOGETHER,
    *LATE,
    *CHOSEN,
)


def plan(root: Path, path: Path) -> Any:
    facts = facts_of(root, path)
    launches = [launch for launch in facts.module.launches if launch.when is not When.NEVER]
    launch = min(launches, key=lambda launch: launch.call.start_byte)
    assert not isinstance(plan_move(facts, launch), Move), "the plain form is enough"
    return plan_factory(facts, launch)


def apply(factory: Factory) -> None:
    for name in {edit.path for edit in factory.edits}:
        text = Path(name).read_text()
        Path(name).write_text(apply_edits(text, [e for e in factory.edits if e.path == name]))


@pytest.mark.skipif(sys.platform == "win32", reason="the command is one for a POSIX shell")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_the_command_starts_what_the_script_started(tmp_path: Path, shape: Movable) -> None:
    path = lay_out(tmp_path, shape)
    before = run(tmp_path, script_command(shape), shape)
    factory = plan(tmp_path, path)
    assert isinstance(factory, Factory), factory
    assert factory.command == shape.command
    apply(factory)
    after = run(tmp_path, ["sh", "-c", factory.command], shape)
    assert len(before) == len(after) == 1
    assert not after[0]["startup_failed"]
    before[0]["options"] |= shape.differs
    assert after == before


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_what_is_left_is_python_with_a_factory(tmp_path: Path, shape: Movable) -> None:
    path = lay_out(tmp_path, shape)
    codes = {finding.code for finding in Project(tmp_path).check(path, shape.code).findings}
    factory = plan(tmp_path, path)
    assert isinstance(factory, Factory), factory
    # The report says it, of both forms, and a note would say it again.
    assert not [note for note in factory.notes if factory.command in note]
    apply(factory)
    fixed = path.read_text()
    ast.parse(fixed)
    assert f"def {shape.factory}():" in fixed
    assert shape.factory in factory.title
    assert not [word for word in shape.gone if word in fixed]
    assert not [word for word in shape.kept if word not in fixed]
    launches = facts_of(tmp_path, path).module.launches
    assert shape.serves or not launches
    assert not [launch for launch in launches if launch.when is When.MAIN]
    assert not [note for note in shape.notes if not any(note in given for given in factory.notes)]
    assert {finding.code for finding in Project(tmp_path).check(path, fixed).findings} <= codes
    assert "\n\n\n\n" not in fixed


@pytest.mark.parametrize(
    "shape", [*NO_FACTORY, *NOT_AROUND, *NO_MORE, *NOT_TOGETHER, *NOT_CHOSEN], ids=lambda shape: shape.id
)
def test_the_line_and_the_reason_are_named(tmp_path: Path, shape: Unmovable) -> None:
    blockers = plan(tmp_path, lay_out(tmp_path, shape))
    assert not isinstance(blockers, Factory), blockers.command
    for line, reason in shape.blockers:
        assert any(b.line == line and reason in b.reason for b in blockers), blockers
    assert len(blockers) == len(set(blockers)) == len(shape.blockers), blockers


def test_an_engine_of_the_main_block_is_one_of_every_worker_then(tmp_path: Path) -> None:
    code = (
        "import uvicorn\nfrom fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI()\n\n"
        "if __name__ == '__main__':\n    app.state.llm = LLM('m')\n    uvicorn.run(app, workers=2)\n"
    )
    factory = plan(tmp_path, lay_out(tmp_path, Unmovable("", code, ())))
    assert isinstance(factory, Factory), factory
    assert any("each worker loads the model again, by `LLM` in line 8" in n for n in factory.notes)


@pytest.mark.parametrize("default", ["", ", default=None"])
def test_a_host_that_defaults_to_none_loses_the_other_family(tmp_path: Path, default: str) -> None:
    code = (
        "import argparse\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n"
        "if __name__ == '__main__':\n    parser = argparse.ArgumentParser()\n"
        f"    parser.add_argument('--host'{default})\n    parser.add_argument('--title')\n"
        "    args = parser.parse_args()\n    app.title = args.title\n    uvicorn.run(app, host=args.host)\n"
    )
    factory = plan(tmp_path, lay_out(tmp_path, Unmovable("", code, ())))
    assert isinstance(factory, Factory), factory
    assert factory.command == "uvicorn --factory server:create_app --host 0.0.0.0"
    assert any("listens on IPv4 and IPv6, the command on IPv4 alone" in n for n in factory.notes)
