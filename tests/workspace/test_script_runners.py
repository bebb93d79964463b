"""Who runs a script, over a workspace on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.script_runners import ScriptRunners

FILES = {
    "core/server.py": "",
    "core/other.py": "",
    "Dockerfile": 'CMD ["python", "core/server.py"]\n',
    "deploy/compose.yaml": "services:\n  a:\n    command: python /app/core/server.py\n",
    "start.sh": "python core/other.py\n",
    "bin/run": "#!/bin/sh\nexec python -m core.server\n",
    "bin/data": "python core/server.py\n",
    ".gitignore": "local.sh\n",
    "local.sh": "python core/server.py\n",
    "node_modules/x/package.json": '{"scripts": {"a": "python core/server.py"}}\n',
    ".venv/pyvenv.cfg": "",
    ".venv/x.sh": "python core/server.py\n",
    ".vscode/launch.json": '{"configurations": [{"program": "${workspaceFolder}/core/server.py"}]}\n',
}


def runners_of(root: Path) -> ScriptRunners:
    texts = LaunchTexts(root)
    return ScriptRunners(texts, LaunchIndex(texts))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    lay_out(tmp_path, FILES)
    return tmp_path


def places(runners: ScriptRunners, script: Path) -> list[str]:
    return [f"{reference.path}:{reference.line}" for reference in runners.references_to(script)]


def test_every_launch_is_named_and_nothing_that_git_or_tools_ignore(workspace: Path) -> None:
    found = places(runners_of(workspace), workspace / "core/server.py")
    assert found == [".vscode/launch.json:1", "Dockerfile:1", "bin/run:2", "deploy/compose.yaml:3"]


def test_an_excluded_folder_does_not_count(workspace: Path) -> None:
    deploy = str(workspace / "deploy")
    texts = LaunchTexts(workspace, lambda _folder: lambda path, _is_folder: path == deploy)
    runners = ScriptRunners(texts, LaunchIndex(texts))
    assert "deploy/compose.yaml:3" not in places(runners, workspace / "core/server.py")


def test_a_changed_file_is_read_again(workspace: Path) -> None:
    texts = LaunchTexts(workspace)
    runners = ScriptRunners(texts, LaunchIndex(texts))
    assert places(runners, workspace / "core/other.py") == ["start.sh:1"]
    (workspace / "start.sh").write_text("\npython core/other.py\n")
    texts.changed(workspace / "start.sh")
    assert places(runners, workspace / "core/other.py") == ["start.sh:2"]
    (workspace / "start.sh").unlink()
    texts.changed(workspace / "start.sh")
    assert places(runners, workspace / "core/other.py") == []


def test_a_new_file_of_the_same_name_takes_its_launch_over(workspace: Path) -> None:
    (workspace / "run.sh").write_text("python server.py\n")
    texts = LaunchTexts(workspace)
    runners = ScriptRunners(texts, LaunchIndex(texts))
    assert "run.sh:1" in places(runners, workspace / "core/server.py")
    (workspace / "server.py").write_text("")
    texts.changed(workspace / "server.py")
    assert "run.sh:1" not in places(runners, workspace / "core/server.py")
    texts.changed()
    assert "run.sh:1" in places(runners, workspace / "server.py")


def test_unsaved_text_counts_instead_of_the_saved_one(workspace: Path) -> None:
    texts = LaunchTexts(workspace)
    runners = ScriptRunners(texts, LaunchIndex(texts))
    texts.set_overlay(workspace / "start.sh", "uvicorn core.other:app\n")
    assert places(runners, workspace / "core/other.py") == []
    texts.set_overlay(workspace / "start.sh", None)
    assert places(runners, workspace / "core/other.py") == ["start.sh:1"]


def test_a_file_that_is_no_text_or_that_is_huge_does_not_count(workspace: Path) -> None:
    (workspace / "a.sh").write_bytes(b"\0python core/other.py\n")
    (workspace / "b.sh").write_bytes(b"python core/other.py\n" + b"#" * 600_000)
    (workspace / "c.sh").write_bytes(b"\xff\xfepython core/other.py\n")
    assert places(runners_of(workspace), workspace / "core/other.py") == ["start.sh:1"]


def test_running_a_package_runs_its_main_module(workspace: Path) -> None:
    (workspace / "core/__main__.py").write_text("")
    (workspace / "package.sh").write_text("python -m core\n")
    assert places(runners_of(workspace), workspace / "core/__main__.py") == ["package.sh:1"]


def test_a_script_in_a_variable_is_named_as_the_reader_knows_it(workspace: Path) -> None:
    (workspace / "start.sh").write_text('SCRIPT=core/other.py\npython "$SCRIPT"\n')
    (workspace / "Makefile").write_text("S := core/other.py\nrun: ; python $(S)\n")
    found = places(runners_of(workspace), workspace / "core/other.py")
    assert found == ["Makefile:2", "start.sh:2"]


def test_python_that_starts_it_is_named(workspace: Path) -> None:
    code = "import subprocess, sys\n\nsubprocess.run([sys.executable, 'core/other.py'])\n"
    (workspace / "tests").mkdir()
    (workspace / "tests/conftest.py").write_text(code)
    found = places(runners_of(workspace), workspace / "core/other.py")
    assert found == ["start.sh:1", "tests/conftest.py:3"]
