"""What rules say will happen, run: the code that they flag, and what their fixes make of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.lint.finding import apply_edits
from portside.workspace.project import Project

# A server that stops as soon as it has started: with workers, by way of the parent.
APP = """\
import os, signal
from contextlib import asynccontextmanager
from fastapi import FastAPI

print("imported as", __name__, flush=True)


@asynccontextmanager
async def lifespan(app):
    print("served by", __name__, flush=True)
    os.kill(STOPS, signal.SIGTERM)
    yield


app = FastAPI(lifespan=lifespan)
"""
GUARD = '\n\nif __name__ == "__main__":\n    '


def run(folder: Path, script: str = "server.py") -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def fix(path: Path, code: str) -> None:
    """Apply the first fix of the rule."""
    text = path.read_text()
    findings = Project(path.parent).check(path, text).findings
    edits = next(finding.fixes[0].edits for finding in findings if finding.code == code)
    path.write_text(apply_edits(text, edits))


@pytest.mark.skipif(sys.platform == "win32", reason="stops by a signal")
def test_an_object_with_workers_serves_nothing_and_its_import_string_does(tmp_path: Path) -> None:
    (tmp_path / "web.py").write_text(APP.replace("STOPS", "os.getppid()"))
    server = tmp_path / "server.py"
    server.write_text(f"import uvicorn\nfrom web import app\n{GUARD}uvicorn.run(app, port=0, workers=2)\n")
    before = run(tmp_path)
    assert before.returncode == 3
    assert (
        "You must pass the application as an import string to enable 'reload' or 'workers'" in before.stderr
    )
    fix(server, "PS103")
    after = run(tmp_path)
    assert (after.returncode, "served by web" in after.stdout) == (0, True), after.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="stops by a signal")
def test_a_script_that_serves_its_own_import_string_is_executed_twice(tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    launch = f"{GUARD}import uvicorn\n    uvicorn.run('server:app', port=0)\n"
    server.write_text(APP.replace("STOPS", "os.getpid()") + launch)
    said = [line for line in run(tmp_path).stdout.splitlines() if "ed " in line]
    assert said == ["imported as __main__", "imported as server", "served by server"]


def test_a_number_that_is_no_port_overflows(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(
        "import uvicorn\nasync def app(scope, receive, send): ...\n"
        "uvicorn.run(app, port=70000, loop='asyncio', lifespan='off')\n"
    )
    done = run(tmp_path)
    assert done.returncode == 1
    assert "OverflowError: bind(): port must be 0-65535." in done.stderr


@pytest.mark.parametrize(
    ("test", "code", "error"),
    [
        ("_name_ == '_main_'", 1, "NameError: name '_name_' is not defined"),
        ("__name__ == __main__", 1, "NameError: name '__main__' is not defined"),
        ("__name__ == 'main'", 0, ""),
        ("__name__ == '__main__.py'", 0, ""),
    ],
)
def test_nothing_happens_behind_a_broken_guard_until_it_is_mended(
    tmp_path: Path, test: str, code: int, error: str
) -> None:
    server = tmp_path / "server.py"
    server.write_text(f"if {test}:\n    print('served')\n")
    before = run(tmp_path)
    assert (before.returncode, before.stdout) == (code, "")
    assert error in before.stderr
    fix(server, "PS307")
    assert run(tmp_path).stdout == "served\n"
