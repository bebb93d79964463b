"""After the launch fix nothing runs the old script, and each launch of it starts the same server."""

# ruff: noqa: E501 - a launch file in one string reads better than in ten

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.proof.launch_files import FORMS, LITERAL, VARIABLE, Form
from tests.proof.shapes import Movable
from tests.proof.test_launch_move import lay_out, run

from portside.checking import Checker
from portside.fixing import Fixing
from portside.lint.finding import Applicability, Fix
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.project import Project
from portside.workspace.script_runners import ScriptRunners
from portside.workspace.text_file import read_text_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the launches are those of a POSIX system")


def runners_of(root: Path) -> ScriptRunners:
    texts = LaunchTexts(root)
    return ScriptRunners(texts, LaunchIndex(texts))


def answers(root: Path, form: Form, environment: dict[str, str]) -> list[Any]:
    """What the servers answer that the launch file starts, as it is now."""
    words, given = form.started((root / form.path).read_text())
    shape = Movable("", "", "", environment={**environment, **given})
    return run(root, words, shape)


def launch_fix(root: Path, script: Path) -> Fix:
    findings = Project(root).check(script, script.read_text()).findings
    return next(fix for finding in findings for fix in finding.fixes if "launch via uvicorn" in fix.title)


def fixed(root: Path, script: Path) -> Fixing:
    fixing = Fixing(Checker(opened=[root]), unsafe=True)
    fixing.fix(read_text_file(script))
    for change in fixing.changed():
        change.path.write_text(change.text)
    return fixing


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_a_launch_starts_the_same_server_once_the_script_has_moved(tmp_path: Path, form: Form) -> None:
    shape = Movable(
        "", form.code, "", form.script, {form.path: form.text, "pyproject.toml": "", **form.files}
    )
    script = lay_out(tmp_path, shape)
    before = answers(tmp_path, form, {})
    assert len(before) == 1
    fix = launch_fix(tmp_path, script)
    assert (fix.applicability is Applicability.SAFE) == (form.code in (LITERAL, VARIABLE)), fix.notes
    fixed(tmp_path, script)
    assert form.script not in (tmp_path / form.path).read_text()
    assert not runners_of(tmp_path).references_to(script)
    assert answers(tmp_path, form, {}) == before
    assert not fixed(tmp_path, script).changed(), "applying it again changes something"


_PROJECT = {
    "Dockerfile": 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nEXPOSE 8020\nCMD ["python", "server.py"]\n',
    "compose.yaml": "services:\n  api:\n    build: .\n    command: python server.py\n    environment:\n      PORT: 8029\n",
    "k8s/api.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"
    '        - name: api\n          command: ["python", "server.py"]\n',
    "Procfile": "web: python server.py\n",
    "Makefile": "serve:\n\tpython server.py\n",
    "scripts/start.sh": '#!/bin/sh\ncd "$(dirname "$0")/.."\nexec python -u server.py "$@"\n',
    "api.service": "[Service]\nWorkingDirectory=/srv/api\nExecStart=/opt/venv/bin/python server.py\n",
    ".vscode/launch.json": '{"configurations": [{"type": "debugpy", "program": "${workspaceFolder}/server.py"}]}\n',
    "README.md": "Start it with `python server.py`:\n\n    python server.py\n\n```sh\npython server.py\n```\n",
    "package.json": '{"scripts": {"api": "python server.py"}}\n',
}


def test_a_project_with_ten_launch_files_has_one_fix_for_all(tmp_path: Path) -> None:
    files = {**_PROJECT, "scripts/start.sh": "exec python -u server.py\n"}
    script = lay_out(tmp_path, Movable("", VARIABLE, "", files=files))
    assert len({reference.path for reference in runners_of(tmp_path).references_to(script)}) == 10
    fix = launch_fix(tmp_path, script)
    assert fix.applicability is Applicability.SAFE, fix.notes
    assert {Path(edit.path).relative_to(tmp_path).as_posix() for edit in fix.edits} == {*files, "server.py"}
    fixed(tmp_path, script)
    assert not runners_of(tmp_path).references_to(script)


def test_what_can_not_change_is_named_and_makes_it_a_fix_to_look_at(tmp_path: Path) -> None:
    script = lay_out(tmp_path, Movable("", VARIABLE, "", files=_PROJECT))
    fix = launch_fix(tmp_path, script)
    assert fix.applicability is Applicability.UNSAFE
    assert (
        "`scripts/start.sh:3` still runs the script: it passes `$@`, which the new command has no place for"
        in fix.notes
    )
    fixed(tmp_path, script)
    assert [r.path for r in runners_of(tmp_path).references_to(script)] == ["scripts/start.sh"]


def test_a_launch_that_may_mean_another_script_stays(tmp_path: Path) -> None:
    files = {"deploy/run.sh": "python server.py\n", "b/server.py": ""}
    script = lay_out(tmp_path, Movable("", VARIABLE, "", "a/server.py", files))
    fix = launch_fix(tmp_path, script)
    assert "still runs the script: it may mean `a/server.py`, `b/server.py`" in " ".join(fix.notes)
    assert not [edit for edit in fix.edits if edit.path.endswith("run.sh")]


def test_two_scripts_of_one_launch_file_move_one_after_the_other(tmp_path: Path) -> None:
    files = {"run.sh": "python a.py &\npython b.py &\nwait\n", "b.py": VARIABLE}
    first = lay_out(tmp_path, Movable("", VARIABLE, "", "a.py", files))
    fixing = Fixing(Checker(opened=[tmp_path]))
    for script in (first, tmp_path / "b.py"):
        fixing.fix(read_text_file(script))
    text = next(change.text for change in fixing.changed() if change.path.name == "run.sh")
    options = '--port "${PORT:-8020}"'
    assert text == f"uvicorn a:app {options} &\nuvicorn b:app {options} &\nwait\n"


def test_unsaved_text_of_a_launch_file_counts(tmp_path: Path) -> None:
    script = lay_out(tmp_path, Movable("", VARIABLE, "", files={"run.sh": "python other.py\n"}))
    project = Project(tmp_path)
    project.set_overlay(tmp_path / "run.sh", "# a line more\npython server.py\n")
    finding = next(f for f in project.check(script, VARIABLE).findings if f.code == "PS101")
    edit = next(edit for edit in finding.fixes[0].edits if edit.path.endswith("run.sh"))
    assert edit.span.start == len("# a line more\n")
