"""Orders over the socket: from this user alone, whatever is sent, and never in the way of the server."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from portside.devserver.registry import control

from .conftest import RAW_APP, Start, ask, wait_until, write


class Served:
    """A control socket with a loop of its own. Remembers what it was told."""

    def __init__(self, path: Path) -> None:
        self.orders: list[str] = []
        self._selector = selectors.DefaultSelector()
        self.control = control.Control(path, self._selector, self._obey)
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _obey(self, command: str) -> dict[str, Any] | None:
        self.orders.append(command)
        return {"pid": 1} if command == "status" else None

    def _run(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(0.05):
                key.data()

    def close(self) -> None:
        self._over = True
        self._thread.join()
        self.control.close()
        self._selector.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s" / "1.sock"


@pytest.fixture
def served(path: Path) -> Iterator[Served]:
    server = Served(path)
    yield server
    server.close()


def test_only_the_user_can_reach_it(served: Served, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert control.ask(str(path), "status") == {"ok": True, "pid": 1}
    assert served.orders == ["status"]


def test_it_goes_with_the_server(path: Path) -> None:
    server = Served(path)
    server.close()
    assert not path.exists()
    assert control.ask(str(path), "status") is None


def test_one_that_a_killed_server_left_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    server = Served(path)
    assert control.ask(str(path), "status") == {"ok": True, "pid": 1}
    server.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_is_not_listened_to() -> None:
    """Even where the files' rights would let them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "1.sock")
        server = Served(path)
        path.chmod(0o777)
        path.parent.chmod(0o711)
        script = f"""
import os, socket
os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
client.connect({str(path)!r})
try:
    client.sendall(b'{{"command": "status"}}\\n')
    print(client.recv(100))
except (ConnectionResetError, BrokenPipeError):
    print(b"")
"""
        command = [sys.executable, "-S", "-c", script]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        server.close()
    assert result.stdout == "b''\n"
    assert server.orders == []


@pytest.mark.parametrize(
    "sent", [b"\n", b"stop\n", b"[]\n", b'{"command": 7}\n', b"\xff\xfe\n", b'{"command": "die"}\n']
)
def test_what_is_no_order_is_answered_so(served: Served, path: Path, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(path))
        client.sendall(sent)
        assert json.loads(client.makefile().readline())["ok"] is False


def test_silent_clients_are_in_nobodys_way(served: Served, path: Path) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    for client in silent:
        client.connect(str(path))
        with contextlib.suppress(BrokenPipeError):  # the first of them have been dropped by now
            client.sendall(b'{"comm')
    assert control.ask(str(path), "status") == {"ok": True, "pid": 1}
    for client in silent:
        client.close()


def test_endless_lines_are_cut_off(served: Served, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(path))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            client.sendall(b"x" * (8 << 20))
    assert control.ask(str(path), "status") == {"ok": True, "pid": 1}


def test_a_folder_with_a_long_path_gets_its_socket_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("r" * 120)))
    long = tmp_path / ("x" * 120)
    found = control.socket_path(long, 1, "0123456789abcdef")
    assert found is not None
    assert len(os.fsencode(found)) <= 107
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    assert control.socket_path(tmp_path, 1, "0123456789abcdef") == tmp_path / "1.sock"


def test_a_server_restarts_and_stops_when_told(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    path = str(served.state / "servers" / f"{served.process.pid}.sock")
    status = control.ask(path, "status")
    assert status is not None
    assert (status["pid"], status["live"]) == (served.process.pid, 1)
    assert control.ask(path, "restart") == {"ok": True}
    served.wait_for("ready", generation=2)
    assert ask(served.port)[0] == 200
    served.tree()
    assert control.ask(path, "stop") == {"ok": True, "grace_s": 10.0}
    assert served.process.wait(PATIENCE_S) == 0
    served.assert_nothing_left()
    assert not Path(path).exists()


def test_an_order_restarts_what_failed(serve: Start, project: Path) -> None:
    """The cause may lie outside of what is watched."""
    write(project / "app.py", RAW_APP + "\nimport os; assert os.path.exists('/' + open('marker').read())\n")
    served = serve("app:app")
    served.wait_for("failed", generation=1)
    (project / "marker").write_text("")
    path = str(served.state / "servers" / f"{served.process.pid}.sock")
    wait_until(lambda: (control.ask(path, "restart") or {}).get("ok"), "the order")
    served.wait_for("ready", generation=2)
