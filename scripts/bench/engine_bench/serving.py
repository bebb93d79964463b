"""A server under test: its app, its start and end, what it answers, and what its record says."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import quiet_vllm

APP = Path(__file__).with_name("app.txt").read_text(encoding="utf-8")
PATIENCE_S = 180.0


def save(folder: Path, version: str, before: str = "", after: str = "", length: int = 512) -> None:
    """As an editor does: never half a file. length: what the engine is given as max_model_len."""
    temporary = folder / "app.py.tmp"
    app = APP.replace('"first"', f'"{version}"').replace("max_model_len=512", f"max_model_len={length}")
    temporary.write_text(before + app + after, encoding="utf-8")
    temporary.replace(folder / "app.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def get(self, path: str = "/") -> str:
        """The answer; empty where there is none, or another than 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path, headers={"connection": "close"})
            response = connection.getresponse()
            body = response.read().decode()
            return body if response.status == 200 else ""
        return ""

    def wait_for(self, version: str) -> float:
        """Seconds until it answers with this version."""
        return wait_until(lambda: self.get() == version, f"an answer of {version}")

    def wait_for_token(self, version: str) -> float:
        """Seconds until this version has generated something."""

        def has_one() -> bool:
            head, _, rest = self.get("/generate?count=1").partition("\n")
            return head == version and bool(rest)

        return wait_until(has_one, f"a token of {version}")

    def engine(self) -> dict[str, Any]:
        """The kept one, as the record tells."""
        (file,) = (self.folder / "state" / "servers").glob("*.json")
        (engine,) = json.loads(file.read_text(encoding="utf-8"))["engines"]
        found: dict[str, Any] = engine
        return found

    def tree(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return [
                psutil.Process(self.process.pid),
                *psutil.Process(self.process.pid).children(recursive=True),
            ]
        return []


def wait_until(condition: Callable[[], Any], what: str) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > PATIENCE_S:
            sys.exit(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(0.005)
    return time.monotonic() - began


def end_on_sigterm() -> None:
    """Have whoever ends this run end its servers, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


@contextlib.contextmanager
def running(tool: str, installed: Path, folder: Path) -> Iterator[Server]:
    """tool: a key of `commands`. installed: the folder that .ci/install-vllm prints. Ends with Ctrl-C."""
    port = free_port()
    environment = {**os.environ, **quiet_vllm.VARIABLES, "MODEL_ID": str(installed / "tiny-llama")}
    environment["PORTSIDE_STATE_DIR"] = str(folder / "state")
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            commands(str(installed / "venv/bin/python"), port)[tool],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(process, folder, port)
    try:
        yield server
    finally:
        end(server)


def end(server: Server) -> None:
    tree = server.tree()
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(60)
    for left in psutil.wait_procs(tree, 10)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()
    server.process.wait()


def commands(python: str, port: int) -> dict[str, list[str]]:
    at = ["--host", "127.0.0.1", "--port", str(port)]
    serve = [sys.executable, "-m", "portside", "serve", "app:app", *at, "--python", python]
    return {
        "portside serve --keep-engine": [*serve, "--keep-engine"],
        "portside serve": serve,
        "uvicorn --reload": [python, "-m", "uvicorn", "app:app", *at, "--reload", "--log-level", "warning"],
    }


def settle(server: Server) -> None:
    """Wait until what the tool started has hardly used the processor for two seconds."""
    quiet_since, used = time.monotonic(), 0.0
    while time.monotonic() - quiet_since < 2.0:
        time.sleep(0.25)
        now = 0.0
        for one in server.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                now += sum(one.cpu_times()[:2])
        if now - used > 0.05:
            quiet_since = time.monotonic()
        used = now
