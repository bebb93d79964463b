"""A real `portside serve` under test: started, listened to, asked, killed, and looked for afterwards."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import trustme
from tests.loopback import can_listen, free_port
from tests.patience import PATIENCE_S

RAW_APP = """\
import asyncio
VERSION = "1"

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return
    body = VERSION.encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


def version(number: int | str) -> str:
    """The app that answers with this."""
    return RAW_APP.replace('VERSION = "1"', f'VERSION = "{number}"')


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """The condition's first true value."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError(f"not within {patience_s} s: {what}")


def ask(port: int, path: str = "/", timeout_s: float = PATIENCE_S) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"connection": "close"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def write(path: Path, text: str) -> None:
    """As an editor saves: the file is never seen half written."""
    temporary = path.with_name(path.name + ".tmp~")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


class Served:
    """One `portside serve --output-format json`. `tree` remembers all processes that were ever seen."""

    def __init__(self, folder: Path, state: Path, *arguments: str, port: int | None = None, **options: Any):
        self.folder = folder
        self.port = free_port() if port is None else port
        self.state = state
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._tree: dict[int, psutil.Process] = {}
        self._log = state / f"log-{self.port}.txt"
        state.mkdir(exist_ok=True)
        before = list(arguments)
        after: list[str] = []
        if "--" in before:
            index = before.index("--")
            before, after = before[:index], before[index:]
        command = [*options.pop("prefix", ()), sys.executable, "-m", "portside", "serve", *before]
        told = ["--port", str(self.port)] if options.pop("tell_port", True) else []
        command += ["--output-format", "json", *told, *after]
        environment = {**os.environ, "PORTSIDE_STATE_DIR": str(state), **options.pop("env", {})}
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)
        if paths := options.pop("paths", ()):
            environment["PYTHONPATH"] = os.pathsep.join(map(str, paths))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self.events.append({"event": "end of output"})
            self._changed.notify_all()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, event: str, patience_s: float = PATIENCE_S, **fields: Any) -> dict[str, Any]:
        """The first event of this kind with these fields, past or to come."""

        def found() -> dict[str, Any] | None:
            for candidate in self.events:
                if candidate["event"] == event and fields.items() <= candidate.items():
                    return candidate
            return None

        with self._changed:
            if self._changed.wait_for(lambda: found() or self._is_over(event), patience_s) and found():
                return found() or {}
        raise AssertionError(f"no event {event} {fields}: {self.events}\n{self.log}")

    def _is_over(self, event: str) -> bool:
        return bool(self.events) and self.events[-1]["event"] == "end of output"

    def tree(self) -> list[psutil.Process]:
        """Everything that this server is or ever was seen to have started, the living of it."""
        if not self._tree and self.process.poll() is None:
            self._tree[self.process.pid] = psutil.Process(self.process.pid)
        for process in list(self._tree.values()):
            with contextlib.suppress(psutil.NoSuchProcess):
                for found in [process, *process.children(recursive=True)]:
                    self._tree.setdefault(found.pid, found)
        return [process for process in self._tree.values() if is_alive(process)]

    def one(self, kind: str) -> psutil.Process:
        """The guardian, or the worker that serves and its keeper."""
        if kind == "guardian":
            children = wait_until(psutil.Process(self.process.pid).children, "the guardian")
            found: psutil.Process = children[0]
            return found
        serving = [event for event in self.events if event["event"] == "serving"]
        worker = psutil.Process(serving[-1]["pid"])
        keeper = worker.parent()
        assert keeper is not None
        return worker if kind == "worker" else keeper

    def stop(self, number: int = signal.SIGINT, patience_s: float = PATIENCE_S) -> int:
        self.tree()
        self.process.send_signal(number)
        return self.process.wait(patience_s)

    def assert_nothing_left(self) -> None:
        """Soon: how soon is measured by tests/chaos, on a machine that does nothing else."""
        wait_until(lambda: not self.tree(), f"the end of {self.tree()}")
        wait_until(lambda: can_listen(self.port), f"port {self.port} to be free")

    def clean_up(self) -> None:
        self.tree()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        for process in self.tree():
            if is_alive(process):
                process.kill()
        self._reader.join(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def command_of(process: psutil.Process) -> str:
    """Empty once it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def name_of(process: psutil.Process) -> str:
    """Empty once it has ended."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text(RAW_APP, encoding="utf-8")
    return folder


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that servers are recorded in, for this process too."""
    monkeypatch.setenv("PORTSIDE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's cert.pem and key.pem, for localhost, and the ca.pem that vouches for it."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    return folder


Start = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path, project: Path) -> Iterator[Start]:
    """Start servers in the project; every one of them is ended after the test."""
    started: list[Served] = []

    def start(*arguments: str, **options: Any) -> Served:
        folder = options.pop("folder", project)
        started.append(Served(folder, tmp_path / "state", *arguments, **options))
        return started[-1]

    yield start
    for served in started:
        served.clean_up()
