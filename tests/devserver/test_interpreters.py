"""Portside and the app live in different environments, with different Pythons."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.devserver.planning import interpreter

from . import plain_uvicorn
from .conftest import Start, ask, free_port, write


def _pythons() -> Iterator[str]:
    found = [shutil.which(f"python3.{minor}") for minor in range(10, 16)]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/3.1?.*/bin/python")]
    seen: set[str] = set()
    for python in filter(None, found):
        check = "import sys; assert sys.version_info >= (3, 10); print('%d.%d' % sys.version_info[:2])"
        run = subprocess.run([python, "-c", check], capture_output=True, text=True, check=False)
        if run.returncode == 0 and run.stdout not in seen:
            seen.add(run.stdout)
            yield python


PYTHONS = list(_pythons())


def _version(python: str) -> str:
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.check_output(command, text=True).strip()


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with a plain uvicorn, without Portside."""
    folder = tmp_path / "packages"
    folder.mkdir()
    plain_uvicorn.link_into(folder)
    return folder


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).parent.parent.name or path)
def test_the_app_runs_in_another_python(serve: Start, project: Path, packages: Path, python: str) -> None:
    text = (project / "app.py").read_text()
    facts = "VERSION = '%d.%d' % sys.version_info[:2]\nPORTSIDE = [n for n in sys.modules if n == 'portside']"
    write(project / "app.py", "import sys\n" + text.replace('VERSION = "1"', facts))
    wanted = _version(python)
    served = serve("app:app", "--python", python, paths=[packages])
    served.wait_for("ready", generation=1)
    assert ask(served.port) == (200, wanted.strip())
    write(
        project / "app.py", (project / "app.py").read_text().replace("body = VERSION", "body = str(PORTSIDE)")
    )
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "[]")
    assert served.stop() == 0
    served.assert_nothing_left()


PLAIN_SERVER = """\
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"%d.%d" % sys.version_info[:2]
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[-1])), Handler).serve_forever()
"""


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).parent.parent.name or path)
def test_a_command_runs_in_its_own_python(serve: Start, project: Path, python: str) -> None:
    """It has nothing installed, and is given the held socket all the same."""
    write(project / "server.py", PLAIN_SERVER)
    port = free_port()
    served = serve("--", python, "-X", "dev", "server.py", "--port", str(port), port=port, tell_port=False)
    assert served.wait_for("claimed")["level"] == "held"
    served.wait_for("ready")
    assert ask(port) == (200, _version(python).strip())
    assert served.stop() == 0
    served.assert_nothing_left()


def test_an_interpreter_without_uvicorn_is_told_what_to_install(serve: Start, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    served = serve("app:app", "--python", str(empty))
    assert served.process.wait(PATIENCE_S) == 2
    message = served.wait_for("failed")["message"]
    assert f"{empty}/bin/python -m pip install 'uvicorn[standard]'" in message
    served.assert_nothing_left()


def test_an_interpreter_that_is_not_there_is_bad_usage(serve: Start) -> None:
    served = serve("app:app", "--python", "/nowhere/python")
    assert served.process.wait(PATIENCE_S) == 2
    served.wait_for("error", text="no Python interpreter found: /nowhere/python")


def test_nothing_of_ours_is_in_the_worker(serve: Start, project: Path) -> None:
    facts = (
        'VERSION = repr((sorted(k for k in os.environ if "PORTSIDE" in k and k not in TOLD),'
        ' [p for p in sys.path if "inside" in p], sys.argv[:2], sys.path[0], "worker" in sys.modules))'
    )
    text = (project / "app.py").read_text().replace('VERSION = "1"', facts)
    # The run's mark, by which what outlives it is known.
    told = "TOLD = ('PORTSIDE_STATE_DIR', 'PORTSIDE_RUN')\n"
    write(project / "app.py", "import os, sys\n" + told + text)
    served = serve("app:app")
    served.wait_for("ready")
    expected = ([], [], ["uvicorn", "app:app"], "", False)
    assert ask(served.port) == (200, repr(expected))


def test_modules_named_like_ours_are_the_users(serve: Start, project: Path) -> None:
    """A user's worker.py, channel.py or click.py is found, and never ours."""
    for name in ("worker", "channel", "modules"):
        (project / f"{name}.py").write_text(f"NAME = 'the {name} of the user'\n")
    text = (project / "app.py").read_text()
    names = "import worker, channel, modules\nVERSION = ' '.join([worker.NAME, channel.NAME, modules.NAME])"
    write(project / "app.py", text.replace('VERSION = "1"', names))
    served = serve("app:app")
    served.wait_for("ready")
    write(project / "worker.py", "NAME = 'new'\n")
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "new the channel of the user the modules of the user")


def test_a_module_that_hides_an_installed_one_hides_it_after_a_reload_too(
    serve: Start, project: Path
) -> None:
    """The spare interpreter has modules in memory that this one now is to replace."""
    text = (project / "app.py").read_text()
    write(project / "app.py", text.replace('VERSION = "1"', "import h11\nVERSION = h11.__version__"))
    served = serve("app:app")
    served.wait_for("ready")
    (project / "h11.py").write_text("__version__ = 'mine'\n")
    write(project / "app.py", (project / "app.py").read_text() + "\n")
    served.wait_for("ready", generation=2)
    plain = subprocess.check_output(
        [sys.executable, "-c", "import uvicorn, sys; sys.path.insert(0, ''); import app; print(app.VERSION)"],
        cwd=project,
        text=True,
    )
    assert ask(served.port) == (200, plain.strip())


# -- the order -----------------------------------------------------------------------------


def _environment(folder: Path, name: str) -> Path:
    python = folder / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


def test_the_active_environment_comes_before_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    active, local = _environment(tmp_path, "active"), _environment(tmp_path, ".venv")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert interpreter.find(None, tmp_path) == interpreter.Interpreter(str(active), "VIRTUAL_ENV")
    monkeypatch.delenv("VIRTUAL_ENV")
    assert interpreter.find(None, tmp_path) == interpreter.Interpreter(str(local), ".venv")


def test_without_an_environment_portsides_own_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert interpreter.find(None, tmp_path) == interpreter.Interpreter(sys.executable, "Portside's own")


def test_an_environment_may_be_given_by_its_folder(tmp_path: Path) -> None:
    python = _environment(tmp_path, "env")
    found = interpreter.find("env", tmp_path)
    assert found is not None
    assert Path(found.path).samefile(python)
