"""A large tree is checked in several processes, and says what one process says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import SERVER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process does it all")

# Runs a command line with these answers instead of what the machine has.
RUN = """
import sys
from portside.cli import check_many, main
check_many.can_work_beside = lambda: {beside}
{more}
sys.argv[0] = "portside"
main()
"""
# The copy ends when it has said so many things.
ENDS_EARLY = """
from portside.cli import side
write = side._write
left = [{writes}]
def write_some(writer, data):
    if not left[0]:
        raise OSError("gone")
    left[0] -= 1
    write(writer, data)
side._write = write_some
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """More files than one process looks at, with servers, engines that others import, and trouble."""
    for number in range(330):
        folder = tmp_path / f"package_{number % 11}"
        folder.mkdir(exist_ok=True)
        (folder / f"module_{number}.py").write_text(f"import os\n\n\ndef f_{number}():\n    return os.sep\n")
    for number in range(24):
        folder = tmp_path / f"service_{number:02}"
        folder.mkdir()
        (folder / "server.py").write_text(SERVER.replace("8010", str(8010 + number)))
        (folder / "engine.py").write_text("from vllm import LLM\n\nllm = LLM('m')\n")
        (folder / "app.py").write_text(
            "from fastapi import FastAPI\nfrom engine import llm\n\napp = FastAPI()\n"
        )
    (tmp_path / "service_03" / "broken.py").write_text("import uvicorn\nuvicorn.run((\n")
    (tmp_path / "service_05" / "latin.py").write_bytes(
        b"# \xe9\nimport uvicorn\nuvicorn.run('a:app', port=1)\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM python\nCMD python service_01/server.py\n")
    return tmp_path


def _check(tree: Path, *arguments: str, beside: bool, more: str = "") -> tuple[int, str, str]:
    program = RUN.format(beside=beside, more=more)
    environment = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-c", program, "check", *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("others", [0, 150], ids=["few files", "many files"])
def test_a_script_whose_engine_another_file_makes_is_checked(tmp_path: Path, others: int) -> None:
    for number in range(others):
        (tmp_path / f"module_{number}.py").write_text("import os\n")
    (tmp_path / "engine.py").write_text("from vllm import LLM\n\n\ndef make():\n    return LLM('m')\n")
    (tmp_path / "loader.py").write_text("import engine\n\n\ndef load():\n    return engine.make()\n")
    (tmp_path / "ask.py").write_text("from loader import load\n\nprint(load().generate('Hi'))\n")
    found = "ask.py:3:7: PS102"
    assert found in _check(tmp_path, ".", beside=False)[1]
    assert found in _check(tmp_path, "ask.py", beside=False)[1]
    nothing = "from loader import load\n\n\ndef main():\n    print(load().generate('Hi'))\n"
    (tmp_path / "ask.py").write_text(nothing)
    assert "PS102" not in _check(tmp_path, ".", beside=False)[1]


@pytest.mark.parametrize("arguments", [(".", "--output-format", "json"), ("gone.py", "service_02", ".")])
def test_several_processes_say_what_one_says(tree: Path, arguments: tuple[str, ...]) -> None:
    alone = _check(tree, *arguments, beside=False)
    assert _check(tree, *arguments, beside=True) == alone
    code, out, err = alone
    assert code == (2 if "gone.py" in arguments else 1)
    assert "latin.py: is not UTF-8" in err
    assert "broken.py:2:" in err
    assert "PS302" in out


@pytest.mark.parametrize("writes", [0, 1, 20])
def test_what_a_process_leaves_undone_is_done(tree: Path, writes: int) -> None:
    alone = _check(tree, beside=False)
    assert _check(tree, beside=True, more=ENDS_EARLY.format(writes=writes)) == alone


def test_a_mistake_in_settings_ends_the_check(tree: Path) -> None:
    (tree / "service_20" / "portside.toml").write_text("selct = []\n")
    alone = _check(tree, beside=False)
    assert _check(tree, beside=True) == alone
    assert alone[0] == 2
    assert "selct: is no setting" in alone[2]


def test_the_statistics_count_the_work_of_all(tree: Path) -> None:
    out = _check(tree, "--statistics", "--exit-zero", beside=True)[1]
    alone = _check(tree, "--statistics", "--exit-zero", beside=False)[1]
    files = [line for line in out.splitlines() if line.startswith("files: ")]
    assert files == [line for line in alone.splitlines() if line.startswith("files: ")]
    phases = next(line for line in out.splitlines() if line.startswith("time: "))
    assert all(f" {phase} " in phases for phase in ("find", "read", "prefilter", "parse", "rules", "report"))


def test_other_files_are_asked_for_imports_once(tree: Path) -> None:
    found = json.loads(_check(tree, "--output-format", "json", beside=True)[1])
    in_apps = {finding["path"] for finding in found if finding["code"] == "PS302"}
    assert {f"service_{number:02}/app.py" for number in range(24)} <= in_apps
