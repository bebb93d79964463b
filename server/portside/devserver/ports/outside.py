"""A server seen from outside: whether its processes listen, where, and whether they answer.

For programs that can't report from inside: any command that binds its own port, and
servers of which only `listen` was seen.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from portside.devserver.ports import port_states, sockets
from portside.inside import descent

_LOOK_S = 0.05
_ASK_S = 0.25
_TIMEOUT_S = 5.0
_ELSEWHERE_S = 3.0
_NO_HTTP_S = 5.0
_CHUNK = 65536
# Listened on by debuggers, of Python and of Node, beside the server itself.
_DEBUGGERS = frozenset({5678, 9229})


@dataclass(frozen=True, slots=True)
class Seen:
    """what: `listening`, `elsewhere`, `stolen`, `answered`, `failing`, `no http`. pid: of who listens."""

    what: str
    port: int
    pid: int | None = None
    status: int | None = None


class Outside:
    """A thread that looks until the server has answered, or `stop`.

    root: all of the server's processes are below this one; None where it is known to listen already.
    port: None where it isn't known, and then the first that is not one of the kernel's choosing.
    paths: what it is asked. uds: a Unix socket instead.
    """

    def __init__(
        self,
        root: int | None,
        port: int | None,
        tell: Callable[[Seen], None],
        paths: tuple[str, ...],
        uds: str | None = None,
    ) -> None:
        self._root = root
        self._port = port
        self._paths = paths
        self._uds = uds
        self._tell = tell
        self._tls = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outside", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        address = self._uds if self._uds else self._wait_for_listener() if self._root else self._port
        if address is not None and not self._stopped.is_set():
            self._wait_for_answer(address)

    # -- who listens -------------------------------------------------------------------

    def _wait_for_listener(self) -> int | None:
        """The port on which the tree listens; None when this is over."""
        elsewhere_since: float | None = None
        told_stolen = False
        while not self._stopped.wait(_LOOK_S):
            held = self._on_port(self._port) if self._port else None
            if held is not None and held.pid is not None:
                self._tell(held)
                return held.port
            if held is not None and not told_stolen:
                told_stolen = True
                self._tell(Seen("stolen", held.port))
            other = self._elsewhere()
            elsewhere_since = (elsewhere_since or time.monotonic()) if other else None
            patience = _ELSEWHERE_S if self._port else 0.0
            if other and elsewhere_since is not None and time.monotonic() - elsewhere_since >= patience:
                self._tell(other)
                return other.port
        return None

    def _on_port(self, port: int) -> Seen | None:
        """Who listens on the port: one of ours, or (pid None) somebody else."""
        inodes = {row.inode for row in sockets.at_port(port) if row.is_listening}
        if not inodes:
            return None
        owner = self._owner_of(inodes)
        return Seen("listening" if owner else "stolen", port, owner)

    def _elsewhere(self) -> Seen | None:
        rows = {
            row.inode: row.port for row in sockets.from_proc() if row.is_listening and _is_chosen(row.port)
        }
        for pid, inode in self._sockets():
            if inode in rows and rows[inode] != self._port:
                return Seen("elsewhere", rows[inode], pid)
        return None

    def _owner_of(self, inodes: set[int]) -> int | None:
        return next((pid for pid, inode in self._sockets() if inode in inodes), None)

    def _sockets(self) -> Iterable[tuple[int, int]]:
        """(pid, inode) of each socket that the tree has open."""
        for pid in descent.descendants(self._root or 0):
            with suppress(OSError):
                for name in os.listdir(f"/proc/{pid}/fd"):
                    with suppress(OSError):
                        link = os.readlink(f"/proc/{pid}/fd/{name}")
                        if link.startswith("socket:["):
                            yield pid, int(link[8:-1])

    # -- whether it answers ------------------------------------------------------------

    def _wait_for_answer(self, address: int | str) -> None:
        port = address if isinstance(address, int) else 0
        attempt, reached_at, failing = 0, None, 0
        while not self._stopped.wait(0.0 if attempt == 0 else _ASK_S):
            path = self._paths[attempt % len(self._paths)]
            attempt += 1
            reached, status = self._ask(address, path)
            if status is not None and status < 500:
                self._tell(Seen("answered", port, status=status))
                return
            if status is not None:
                failing += 1
                if failing == len(self._paths):
                    self._tell(Seen("failing", port, status=status))
            elif reached:
                reached_at = reached_at or time.monotonic()
                if not failing and time.monotonic() - reached_at > _NO_HTTP_S:
                    self._tell(Seen("no http", port))
                    return

    def _ask(self, address: int | str, path: str) -> tuple[bool, int | None]:
        """(whether something other than HTTP was there, the status of an answer)."""
        try:
            with self._connect(address) as sock:
                sock.sendall(
                    f"GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: portside\r\naccept: */*\r\n"
                    "connection: close\r\n\r\n".encode()
                )
                head = sock.recv(_CHUNK)
                while head.startswith(b"HTTP/") and sock.recv(_CHUNK) and not self._stopped.is_set():
                    pass  # a server may mind that its answer is not read
        except TimeoutError:  # it is loading, and lets requests wait
            return False, None
        except (ConnectionRefusedError, FileNotFoundError):
            return False, None
        except OSError:
            self._tls = not self._tls
            return True, None
        words = head.split(None, 2)
        if head.startswith(b"HTTP/") and len(words) > 1 and words[1].isdigit():
            return True, int(words[1])
        self._tls = not self._tls
        return True, None

    def _connect(self, address: int | str) -> socket.socket:
        if isinstance(address, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(_TIMEOUT_S)
            sock.connect(address)
        else:
            sock = socket.create_connection(_where(address), timeout=_TIMEOUT_S)
        if not self._tls:
            return sock
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with suppress(BaseException):
            return context.wrap_socket(sock, server_hostname="localhost")
        sock.close()
        raise ConnectionAbortedError("no TLS either")


def _where(port: int) -> tuple[str, int]:
    """An address at which this machine reaches who listens on the port."""
    addresses = [row.address for row in sockets.at_port(port) if row.is_listening]
    for address, reachable in (("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::", "::1")):  # noqa: S104
        if address in addresses:
            return reachable, port
    return (addresses[0] if addresses else "127.0.0.1"), port


def _is_chosen(port: int) -> bool:
    """Whether somebody meant this port: not a debugger's, not one that the kernel gave out."""
    return port not in _DEBUGGERS and port < port_states.ephemeral_range()[0]
