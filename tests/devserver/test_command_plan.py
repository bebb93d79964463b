"""From a command to the Python that runs it and the level it runs at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portside.devserver.planning import command_plan, interpreter
from portside.devserver.planning.command_plan import CommandPlan, Mistake


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A path with a Python, a Python script, a shell script and a link to a runner."""
    folder = tmp_path / "env" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script(folder / "uvicorn", f"#!{folder}/python\n")
    script(folder / "vllm", f"#!/bin/sh\n'''exec' \"{folder}/python\" \"$0\" \"$@\"\n' '''\n")
    script(folder / "granian", f"#!{folder}/python\n")
    script(folder / "torchrun", f"#!{folder}/python\n")
    script(folder / "start.sh", "#!/bin/sh\n")
    script(folder / "uv", "#!/bin/sh\n")
    script(folder / "conda", f"#!{folder}/python\n")
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def planned(command: str, tmp_path: Path, environment: dict[str, str]) -> CommandPlan:
    found = command_plan.plan(tuple(command.split()), tmp_path, environment, None)
    assert isinstance(found, CommandPlan)
    return found


@pytest.mark.parametrize(
    ("command", "kind", "python"),
    [
        ("uvicorn a:b", "program", "BIN/python"),
        ("vllm serve m", "program", "BIN/python"),
        ("python server.py", "script", "BIN/python"),
        ("python -X dev -m pkg", "module", "BIN/python -X dev"),
        ("env A=1 python server.py", "script", "ENV A=1 BIN/python"),
        ("uv run uvicorn a:b", "program", "BIN/uv run python"),
        ("env A=1 uv run --no-sync python -m pkg", "module", "ENV A=1 uv run --no-sync python"),
    ],
)
def test_a_python_program_is_run_by_its_python(
    tmp_path: Path, environment: dict[str, str], command: str, kind: str, python: str
) -> None:
    found = planned(command, tmp_path, environment)
    env = next(str(Path(folder) / "env") for folder in ("/usr/bin", "/bin") if Path(folder, "env").exists())
    expected = python.replace("BIN", str(tmp_path / "env" / "bin")).replace("ENV", env)
    assert (found.target.kind, " ".join(found.interpreter.words)) == (kind, expected)
    assert not found.target.is_watched


@pytest.mark.parametrize(
    "command",
    [
        "start.sh",
        "granian a:b",
        "python -m granian a:b",
        "torchrun server.py",
        "conda run -n x python server.py",
        "vllm serve m --grpc",
        "vllm serve m --data-parallel-multi-port-external-lb",
        "python",
        "bash -c true",
    ],
)
def test_any_other_is_watched(tmp_path: Path, environment: dict[str, str], command: str) -> None:
    found = planned(command, tmp_path, environment)
    assert found.target.is_watched
    assert found.target.words == tuple(command.split())
    assert Path(found.target.spec).is_absolute()


def test_a_python_that_is_too_old_for_us_is_watched(tmp_path: Path, environment: dict[str, str]) -> None:
    script(tmp_path / "python3.8", "")
    (tmp_path / "python").symlink_to("python3.8")
    found = planned(f"{tmp_path}/python server.py", tmp_path, environment)
    assert found.target.is_watched
    assert found.note == f"{tmp_path}/python is older than Python 3.9: watched"


def test_a_script_with_an_environment_of_its_own_is_left_to_uv(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "server.py").write_text("# /// script\n# dependencies = []\n# ///\n")
    assert planned("uv run server.py", tmp_path, environment).target.is_watched


@pytest.mark.parametrize("command", ["nowhere serve", "./gone.sh", "env A=1 nowhere"])
def test_a_command_that_is_not_there(tmp_path: Path, environment: dict[str, str], command: str) -> None:
    found = command_plan.plan(tuple(command.split()), tmp_path, environment, None)
    assert isinstance(found, Mistake)
    assert "there is no command" in found.text


def test_a_descriptor_of_the_users_is_a_mistake(tmp_path: Path, environment: dict[str, str]) -> None:
    found = command_plan.plan(("uvicorn", "a:b", "--fd", "3"), tmp_path, environment, None)
    assert found == Mistake("leave out --fd: uvicorn gets the held socket")


def test_the_folders_environment_comes_before_the_path(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / ".venv" / "bin"
    local.mkdir(parents=True)
    (local / "python").symlink_to(sys.executable)
    script(local / "uvicorn", f"#!{local}/python\n")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert planned("uvicorn a:b", tmp_path, environment).interpreter.path == str(local / "python")
    assert planned("python s.py", tmp_path, environment).interpreter.source == ".venv"
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
    assert planned("uvicorn a:b", tmp_path, environment).interpreter.path != str(local / "python")


def test_the_users_address_is_added_where_the_command_takes_one(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    told = command_plan.with_address(planned("uvicorn a:b --port 1", tmp_path, environment), "::1", 8010)
    assert told.target.arguments == ("a:b", "--port", "1", "--host", "::1", "--port", "8010")
    told = command_plan.with_address(planned("start.sh", tmp_path, environment), None, 8010)
    assert told.environment["PORT"] == "8010"
    assert told.target.arguments == ()


def test_files_that_the_words_name_are_watched(tmp_path: Path, environment: dict[str, str]) -> None:
    for name in ("server.js", "log.txt", "conf.yaml", "pkg/api.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    command = "start.sh server.js log.txt --config=conf.yaml pkg.api:app gone.js"
    found = planned(command, tmp_path, environment).target.files
    assert found == tuple(str(tmp_path / name) for name in ("server.js", "conf.yaml", "pkg/api.py"))


@pytest.mark.parametrize(
    ("first_lines", "is_python"),
    [
        ("#!/bin/sh\necho\n", False),
        ("#!/usr/bin/env bash\n", False),
        (f"#!{sys.executable} -s\nprint()\n", True),
        (f"#!/bin/sh\n'''exec' {sys.executable} \"$0\" \"$@\"\n' '''\n", True),
        ("#!/gone/python\n", False),
        ("\x7fELF\n", False),
    ],
)
def test_which_python_a_script_names(tmp_path: Path, first_lines: str, is_python: bool) -> None:
    script(tmp_path / "x", first_lines)
    assert interpreter.of_script(str(tmp_path / "x")) == (sys.executable if is_python else None)
