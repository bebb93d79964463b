"""Why a server does not start, or ended: the cause and the user's line, in events and in the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from .conftest import RAW_APP, Start, wait_until, write

LIFESPAN = """\
from contextlib import asynccontextmanager
from fastapi import FastAPI

@asynccontextmanager
async def lifespan(app):
    settings = {}
    app.state.model = settings["model"]
    yield

app = FastAPI(lifespan=lifespan)
"""

# As vLLM fails: the reason in a child, and only "see above" in the parent.
ENGINE = """\
import subprocess, sys
from contextlib import asynccontextmanager
from fastapi import FastAPI

CHILD = '''
import sys
head = "(EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510] "
for line in [
    "EngineCore failed to start.",
    "Traceback (most recent call last):",
    '  File "/srv/site-packages/vllm/v1/worker/utils.py", line 9, in check',
    "    raise ValueError(",
    "ValueError: Free memory on device cuda:0 (3.22/24.0 GiB) on startup is less than desired GPU memory "
    "utilization (0.92, 22.08 GiB). Decrease GPU memory utilization.",
]:
    print(head + line, file=sys.stderr)
'''

def make_engine():
    subprocess.run([sys.executable, "-c", CHILD])
    raise RuntimeError("Engine core initialization failed. See root cause above. Failed core proc(s): {}")

@asynccontextmanager
async def lifespan(app):
    make_engine()
    yield

app = FastAPI(lifespan=lifespan)
"""


def test_an_exception_in_the_lifespan_is_shown_with_its_line(serve: Start, project: Path) -> None:
    write(project / "app.py", LIFESPAN)
    failed = serve("app:app").wait_for("failed")
    assert failed["message"] == "app.py:7: KeyError: 'model'"
    assert failed["failure"]["name"] == "exception-in-your-code"
    assert failed["failure"]["where"]["source"] == 'app.state.model = settings["model"]'


def test_the_engines_own_reason_is_found(serve: Start, project: Path) -> None:
    write(project / "app.py", ENGINE)
    failure = serve("app:app").wait_for("failed")["failure"]
    assert failure["name"] == "gpu-memory-taken"
    assert failure["process"] == "EngineCore"
    assert failure["where"]["file"] == "app.py"
    assert failure["where"]["function"] == "make_engine"


def test_the_record_tells_editors_why(serve: Start, project: Path, tmp_path: Path) -> None:
    write(project / "app.py", "import not_to_be_found\n" + RAW_APP)
    served = serve("app:app")
    served.wait_for("waiting")

    def failure() -> dict[str, object] | None:
        (path,) = (tmp_path / "state" / "servers").glob("*.json")
        found: dict[str, object] | None = json.loads(path.read_text()).get("failure")
        return found

    wait_until(lambda: list((tmp_path / "state" / "servers").glob("*.json")), "the record")
    found = wait_until(failure, "the failure in the record")
    assert found["name"] == "module-missing"
    assert found["where"]["line"] == 1
    write(project / "app.py", RAW_APP)
    served.wait_for("ready")
    wait_until(lambda: failure() is None, "a record without failure")


def test_a_worker_that_is_killed_is_said_to_be(serve: Start, project: Path) -> None:
    write(project / "app.py", "import os\nos.kill(os.getpid(), 9)\n" + RAW_APP)
    crashed = serve("app:app").wait_for("crashed")
    assert crashed["failure"]["name"] == "killed"


@pytest.mark.parametrize(
    ("target", "name"), [("app:appp", "app-attribute-missing"), ("ap:app", "app-module-missing")]
)
def test_a_mistyped_app_ends_at_once_and_names_what_is_there(
    serve: Start, project: Path, target: str, name: str
) -> None:
    write(project / "app.py", "from fastapi import FastAPI\napp = FastAPI()\n")
    served = serve(target)
    failure = served.wait_for("failed")["failure"]
    assert failure["name"] == name
    assert failure["remedies"][0] == "serve `app:app`, if that was meant"
    assert served.wait_for("stopped")["code"] == 2
    assert served.process.wait(PATIENCE_S) == 2


def test_an_app_that_the_settings_name_may_come_into_being(serve: Start, project: Path) -> None:
    (project / "portside.toml").write_text('[servers.api]\napp = "app:later"\n')
    served = serve("api")
    served.wait_for("waiting")
    write(project / "app.py", RAW_APP + "later = app\n")
    served.wait_for("ready")


def test_the_terminal_shows_cause_line_and_what_to_do(project: Path, tmp_path: Path) -> None:
    write(project / "app.py", "import not_to_be_found\n" + RAW_APP)
    done = subprocess.run(
        [sys.executable, "-m", "portside", "serve", "app:app", "--port", "0", "--no-reload"],
        cwd=project,
        env={"PATH": "/usr/bin:/bin", "PORTSIDE_STATE_DIR": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    out = done.stdout.decode()
    assert done.returncode == 1
    assert "✗ the module not_to_be_found is not installed here" in out
    assert "your line app.py:1   import not_to_be_found" in out
    assert "you can   install it" in out


SECRET = "swordfish-0123456789"


def test_a_secret_is_in_no_event_no_record_and_no_log(serve: Start, project: Path, tmp_path: Path) -> None:
    write(
        project / "app.py",
        "import os, sys\nprint('the key is', os.environ['MODEL_KEY'], sys.argv, flush=True)\n"
        "raise ValueError('refused: ' + os.environ['MODEL_KEY'])\n" + RAW_APP,
    )
    write(project / ".env", f"MODEL_KEY={SECRET}\n")
    served = serve("app:app", "--env-file", ".env", "--", "--header", f"authorization:Bearer {SECRET}")
    served.wait_for("waiting")
    served.stop()
    assert SECRET not in json.dumps(served.events)
    written = [path for path in (tmp_path / "state").rglob("*") if path.is_file() and path.suffix != ".txt"]
    assert [path for path in written if path.parent.name == "logs"]
    assert [path for path in written if SECRET in path.read_text()] == []
