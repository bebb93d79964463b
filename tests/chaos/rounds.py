"""One round of chaos: a server is started, brought to a moment, hit, and looked for until nothing is left."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import select
import signal
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.loopback import can_listen, free_port
from tests.patience import PATIENCE_S

from portside.devserver.registry import identity
from portside.devserver.registry.identity import Identity

from .engines import Engine, clean_environment

GRACE_S = 2.0
_POLL_S = 0.004
_GIVE_UP_S = 20.0


@dataclass(frozen=True)
class Case:
    """What is done, and when. limit_s: within which the port is free and nothing is left."""

    action: str
    moment: str
    limit_s: float


@dataclass
class Outcome:
    """seconds: from the blow until the port was free and nothing was left. left: what was, at the limit."""

    case: Case
    stubborn: bool
    seconds: float
    left: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.left


class Server:
    """A `portside serve` under chaos. Every process of it carries a mark, or was seen below it."""

    def __init__(self, engine: Engine, folder: Path, stubborn: bool, terminal: bool) -> None:
        self.engine = engine
        self.project = folder / "project"
        engine.prepare(self.project, stubborn)
        self.port = free_port()
        self.state = folder / "state"
        self.mark = uuid.uuid4().hex
        self.log = folder / "log.txt"
        self.master: int | None = None
        self._seen: set[Identity] = set()
        command = [sys.executable, "-m", "portside", "serve", engine.target, "--port", str(self.port)]
        command += ["--grace", str(GRACE_S), "--on-conflict", "fail"]
        if engine.python:
            command += ["--python", engine.python]
        self.process = self._start(command, terminal)

    def _start(self, command: list[str], terminal: bool) -> subprocess.Popen[bytes]:
        environment = {**clean_environment(), **self.engine.environment, "CHAOS_MARK": self.mark}
        environment["PORTSIDE_STATE_DIR"] = str(self.state)
        log = self.log.open("wb")
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        if terminal:
            self.master, slave = os.openpty()
            options = {"stdin": slave, "stdout": slave, "stderr": slave}
            options["preexec_fn"] = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        started = subprocess.Popen(
            command, cwd=self.project, env=environment, start_new_session=True, **options
        )
        log.close()
        if terminal:
            os.close(slave)
        return started

    def record(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            path = self.state / "servers" / f"{self.process.pid}.json"
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
        return {}

    def wait_for(self, condition: Callable[[dict[str, Any]], Any], what: str) -> None:
        end = time.monotonic() + self.engine.patience_s
        while time.monotonic() < end:
            self._drain()
            if condition(self.record()):
                return
            if self.process.poll() is not None:
                break
            time.sleep(_POLL_S)
        raise AssertionError(f"never {what}: {self.record()}\n{self.log.read_text()[-3000:]}")

    def _drain(self) -> None:
        """Read the terminal, as one that shows it would."""
        with contextlib.suppress(OSError):
            while self.master is not None and select.select([self.master], [], [], 0)[0]:
                os.read(self.master, 65536)

    def is_ready(self, record: dict[str, Any]) -> bool:
        return bool(record.get("phase") == "ready")

    def look(self) -> None:
        """Remember what is below it now: vLLM's processes overwrite their environment."""
        processes = identity.all_processes()
        below = {self.process.pid}
        for _ in range(8):
            below |= {one.pid for one in processes.values() if one.parent in below}
        self._seen |= {processes[pid].identity for pid in below if pid in processes}

    def alive(self) -> list[Identity]:
        """Every living process of it."""
        found = [one for one in self._seen if identity.lives(one)]
        known = {one.pid for one in found}
        for pid, one in identity.all_processes().items():
            if pid not in known and not one.is_dead and self._is_marked(pid):
                found.append(one.identity)
        return found

    def _is_marked(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return self.mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
        return False

    def until_nothing_is_left(self, began: float, limit_s: float) -> tuple[float, list[str]]:
        """Seconds until then, and what was left when the limit was reached."""
        late: list[str] = []
        while True:
            self.process.poll()
            left = self.alive()
            taken = not can_listen(self.port)
            seconds = time.monotonic() - began
            if not left and not taken:
                return seconds, late
            if seconds > limit_s and not late:
                late = [_name(one) for one in left] + (["the port"] if taken else [])
            if seconds > limit_s + _GIVE_UP_S:
                return seconds, late
            time.sleep(_POLL_S)

    def clean_up(self) -> None:
        for one in self.alive():
            identity.send(one, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        if self.master is not None:
            with contextlib.suppress(OSError):
                os.close(self.master)


def _name(one: Identity) -> str:
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{one.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return f"{one.pid} {command.strip()[-60:]}"
    return str(one.pid)


# -- moments and blows -----------------------------------------------------------------


def _bring_to(server: Server, moment: str, chance: random.Random) -> None:
    """Wait for the moment, and for a part of it that chance decides."""
    slow = 20.0 if server.engine.python else 1.0
    match moment:
        case "start":
            time.sleep(chance.uniform(0, 0.5))
        case "loading":
            server.wait_for(bool, "registered")
            time.sleep(chance.uniform(0, 0.6 * slow))
        case "ready":
            server.wait_for(server.is_ready, "ready")
        case "reloading":
            server.wait_for(server.is_ready, "ready")
            path = server.project / server.engine.edit
            path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
            time.sleep(chance.uniform(0, 0.6 * slow))
        case "stopping":
            server.wait_for(server.is_ready, "ready")
            server.look()
            server.process.send_signal(signal.SIGINT)
            time.sleep(chance.uniform(0, 0.6))


def _hit(server: Server, action: str) -> None:
    process = server.process
    match action:
        case "SIGKILL" | "SIGTERM" | "SIGHUP" | "SIGINT":
            process.send_signal(getattr(signal, action))
        case "SIGINT twice":
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
        case "terminal closed":
            assert server.master is not None
            os.close(server.master)
            server.master = None
        case "SIGKILL of guardian and supervisor":
            _kill(server.record()["guardian"]["pid"])
            process.kill()
        case "SIGKILL of worker and supervisor":
            for pid in server.record()["workers"]:
                _kill(pid)
            process.kill()
        case "SIGKILL of guardian, then SIGTERM":
            _kill(server.record()["guardian"]["pid"])
            process.terminate()
        case "SIGKILL of worker, then SIGTERM":
            for pid in server.record()["workers"]:
                _kill(pid)
            process.terminate()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


_AFTER = 1.0
_GRACEFUL = GRACE_S + 1.0

CASES = (
    *(Case("SIGKILL", moment, _AFTER) for moment in ("start", "loading", "ready", "reloading", "stopping")),
    Case("SIGKILL of guardian and supervisor", "ready", _AFTER),
    Case("SIGKILL of worker and supervisor", "ready", _AFTER),
    *(Case(action, moment, _GRACEFUL) for action in ("SIGHUP", "SIGTERM") for moment in ("loading", "ready")),
    Case("SIGINT", "ready", _GRACEFUL),
    Case("SIGINT twice", "loading", _GRACEFUL),
    Case("terminal closed", "loading", _GRACEFUL),
    Case("terminal closed", "ready", _GRACEFUL),
    Case("SIGKILL of guardian, then SIGTERM", "ready", _GRACEFUL),
    Case("SIGKILL of worker, then SIGTERM", "ready", _GRACEFUL),
)


def run(case: Case, engine: Engine, folder: Path, stubborn: bool, chance: random.Random) -> Outcome:
    """One round."""
    server = Server(engine, folder, stubborn, terminal=case.action == "terminal closed")
    try:
        _bring_to(server, case.moment, chance)
        server.look()
        began = time.monotonic()
        _hit(server, case.action)
        seconds, left = server.until_nothing_is_left(began, case.limit_s)
        return Outcome(case, stubborn, seconds, left)
    finally:
        server.clean_up()
