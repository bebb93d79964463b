"""Orders for a running server, over a Unix socket that only its user can reach. No TCP.

One line of JSON each way, then the connection is closed:

    {"command": "status"}    → {"ok": true, "pid": …, "phase": …, "url": …, …}
    {"command": "stop"}      → {"ok": true, "grace_s": 10.0}     a second one ends it at once
    {"command": "restart"}   → {"ok": true}
    {"command": "restart-engine"}   → {"ok": true, "engines": 1}     those that are kept, and the code
    anything else            → {"ok": false, "error": "…"}
"""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
import stat
import struct
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from portside.inside import socket_folder

_REQUEST_LIMIT = 65536
_CLIENTS = 16
_BACKLOG = 128
_TIMEOUT_S = 2.0
_CREDENTIALS = struct.Struct("3i")

Answer = Callable[[str], Mapping[str, Any] | None]
"""Carries a command out and says what is to be answered; None: there is no such command."""


def socket_path(folder: Path, pid: int, run: str, kind: str = "") -> Path | None:
    """Beside the records, or in a folder of the user's alone where that path is too long for a socket."""
    beside = folder / f"{pid}{kind}.sock"
    if len(os.fsencode(beside)) <= socket_folder.PATH_LIMIT:
        return beside
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    for base in filter(None, (runtime, tempfile.gettempdir(), "/tmp")):  # noqa: S108  (a private folder in it)
        short = Path(base) / _short_name() / f"{run[:12]}{kind}.sock"
        if len(os.fsencode(short)) <= socket_folder.PATH_LIMIT and _is_private(short.parent):
            return short
    return None


def listen(path: Path) -> socket.socket:
    """A socket at this path that nobody else can connect to; it does not block. Raises OSError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # what the bind gives the file, so it never is more
        _bind(listener, path)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def remove(path: Path) -> None:
    """The file of a socket, and the folder that was made for it."""
    with suppress(OSError):
        path.unlink()
        if path.parent.name == _short_name():
            path.parent.rmdir()  # unless another server's socket is in it


def _bind(listener: socket.socket, path: Path) -> None:
    for _ in range(3):  # the last server that used the folder may remove it at this moment
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.unlink()  # of a server that was killed and had our pid
        with suppress(FileNotFoundError):
            return listener.bind(os.fspath(path))
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path.parent))


def _short_name() -> str:
    return f"portside-{os.getuid()}"


def _is_private(folder: Path) -> bool:
    """Whether it is there, made now if need be, and nobody else's to write to."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return False


class Control:
    """Listens at the path, within somebody else's loop. trouble: why it can't."""

    def __init__(self, path: Path | None, selector: selectors.BaseSelector, answer: Answer) -> None:
        self._selector = selector
        self._answer = answer
        self._clients: dict[socket.socket, bytes] = {}
        self._listener: socket.socket | None = None
        self.path: Path | None = None
        self.trouble: str | None = None
        try:
            self._listen(path)
        except OSError as error:
            self.trouble = f"{path}: {error.strerror or error}"

    def _listen(self, path: Path | None) -> None:
        if path is None:
            self.trouble = "the state folder's path is too long for a socket"
            return
        self._listener, self.path = listen(path), path
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        for client in list(self._clients):
            self._drop(client)
        if self._listener is not None and self.path is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            remove(self.path)

    def _accept(self) -> None:
        """Everybody who waits: who finds the queue full is turned away by the kernel."""
        with suppress(OSError):
            while self._listener is not None:
                self._admit(self._listener.accept()[0])

    def _admit(self, client: socket.socket) -> None:
        if not is_ours(client):
            client.close()
            return
        if len(self._clients) >= _CLIENTS:  # the one that has been silent the longest
            self._drop(next(iter(self._clients)))
        client.setblocking(False)
        self._clients[client] = b""
        self._selector.register(client, selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        if client not in self._clients:  # dropped since the loop learnt that it has something to say
            return
        try:
            data = client.recv(_REQUEST_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        request = self._clients[client] = self._clients[client] + data
        if b"\n" in request:
            reply = self._reply(request.partition(b"\n")[0])
            with suppress(OSError):
                client.send(json.dumps(reply).encode() + b"\n")
        if not data or b"\n" in request or len(request) > _REQUEST_LIMIT:
            self._drop(client)

    def _reply(self, line: bytes) -> Mapping[str, Any]:
        try:
            command = json.loads(line)["command"]
        except (ValueError, TypeError, KeyError):
            return {
                "ok": False,
                "error": 'expected {"command": "status" | "stop" | "restart" | "restart-engine"}',
            }
        answer = self._answer(command) if isinstance(command, str) else None
        return (
            {"ok": False, "error": f"no such command: {command}"}
            if answer is None
            else {"ok": True, **answer}
        )

    def _drop(self, client: socket.socket) -> None:
        del self._clients[client]
        self._selector.unregister(client)
        client.close()


def is_ours(client: socket.socket) -> bool:
    """Whether the other end is the user's, or root's, as the kernel vouches for it."""
    return _credentials(client)[1] in (os.getuid(), 0)


def pid_of(client: socket.socket) -> int | None:
    """Who connected."""
    return _credentials(client)[0]


def _credentials(client: socket.socket) -> tuple[int | None, int | None]:
    with suppress(OSError, AttributeError):
        packed = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, user, _ = _CREDENTIALS.unpack(packed)
        return pid, user
    return None, None


def ask(path: str | None, command: str, timeout_s: float = _TIMEOUT_S) -> dict[str, Any] | None:
    """The server's answer; None when nobody listens there, or does not answer in time."""
    if path is None:
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            _connect(client, path, timeout_s)
            client.sendall(json.dumps({"command": command}).encode() + b"\n")
            with client.makefile("rb") as reply:
                found = json.loads(reply.readline(_REQUEST_LIMIT))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _connect(client: socket.socket, path: str, timeout_s: float) -> None:
    """Raises OSError. A full queue is no refusal, though the kernel says so at once: EAGAIN."""
    end = time.monotonic() + timeout_s
    client.settimeout(timeout_s)
    while time.monotonic() < end:
        with suppress(BlockingIOError):
            client.connect(path)
            return
        time.sleep(0.01)
    raise TimeoutError(f"{path}: nobody accepts")
