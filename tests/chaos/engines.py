"""What is served while chaos reigns: an app whose children resist, or one with a real vLLM in it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.real_vllm import environment

ROOT = Path(__file__).resolve().parents[2]

_APP = """\
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"1"})
"""

_STUBBORN = """
import os, signal, subprocess, sys, time
IGNORE = "import signal; [signal.signal(number, signal.SIG_IGN) for number in (1, 2, 3, 15)]; "
SLEEP = IGNORE + "import time; time.sleep(600)"
FORK = "os.fork() and os._exit(0); "
DAEMON = IGNORE + "import os, time; " + FORK + "os.setsid(); " + FORK + "time.sleep(600)"
NURSERY = IGNORE + '''
import os, time
while True:
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    time.sleep(0.2)
    [os.waitpid(-1, os.WNOHANG)]
'''
subprocess.Popen([sys.executable, "-S", "-c", SLEEP])
subprocess.Popen([sys.executable, "-S", "-c", SLEEP], start_new_session=True)
subprocess.Popen([sys.executable, "-S", "-c", DAEMON], start_new_session=True)
subprocess.Popen([sys.executable, "-S", "-c", NURSERY], start_new_session=True)
stopped = subprocess.Popen([sys.executable, "-S", "-c", SLEEP])
os.kill(stopped.pid, signal.SIGSTOP)
if os.fork() == 0:  # holds the listening socket, as vLLM's engine does where it is forked
    os.setsid()
    time.sleep(600)
time.sleep(0.2)
"""


@dataclass(frozen=True)
class Engine:
    """folder: copied for each round. edit: the file that a reload is caused by. patience_s: for a start."""

    name: str
    target: str
    edit: str
    patience_s: float
    python: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def prepare(self, folder: Path, stubborn: bool) -> None:
        """Write the project."""
        folder.mkdir(parents=True)
        (folder / "app.py").write_text(_APP + (_STUBBORN if stubborn else ""), encoding="utf-8")


STAND_IN = Engine("stand-in", "app:app", "app.py", 60.0)


class RealVllm(Engine):
    """The example that people are shown, with a tiny model on a CPU."""

    def prepare(self, folder: Path, stubborn: bool) -> None:
        shutil.copytree(ROOT / "examples" / "qwen_vllm_server", folder)
        if stubborn:
            path = folder / self.edit
            path.write_text(path.read_text(encoding="utf-8") + _STUBBORN, encoding="utf-8")


def real_vllm(installed: Path) -> Engine:
    """installed: the folder that .ci/install-vllm prints."""
    python = str(installed / "venv" / "bin" / "python")
    target = "core.qwen_vllm_server:app"
    return RealVllm("real vLLM", target, "core/qwen_vllm_server.py", 400.0, python, environment(installed))


def clean_environment() -> dict[str, str]:
    dropped = ("PYTHONPATH", "VIRTUAL_ENV")
    return {key: value for key, value in os.environ.items() if key not in dropped}
