"""Claiming an address: bound and listening before anything else happens, or why not.

Nothing heavy is imported here: this is the first thing that `portside serve` does.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

BACKLOG = 2048
_LISTEN = "0A"


class PortState(Enum):
    """Why an address can't be had."""

    LISTENING = "listening"
    BOUND = "bound, not listening"
    PRIVILEGED = "privileged"
    INVALID = "invalid"
    NOT_LOCAL = "not local"
    UNKNOWN_HOST = "unknown host"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Claim:
    """Sockets that listen, one for each address of the host. port: the real one, also for port 0."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]

    @property
    def url(self) -> str:
        """Where a person's browser finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The address can't be had. text: one sentence for the user."""

    host: str
    port: int
    state: PortState
    text: str

    @property
    def taken(self) -> bool:
        """Whether somebody else has it, so that another port or some patience would help."""
        return self.state in (PortState.LISTENING, PortState.BOUND)


def claim(host: str, port: int) -> Claim | Refusal:
    """Listen on every address that the host stands for, as uvicorn would."""
    if not 0 <= port <= 65535:
        return Refusal(host, port, PortState.INVALID, f"{port} is no port: they go from 0 to 65535")
    try:
        addresses = _addresses(host, port)
    except socket.gaierror as error:
        text = f"no address is known for the host {host!r} ({error.strerror})"
        return Refusal(host, port, PortState.UNKNOWN_HOST, text)
    sockets: list[socket.socket] = []
    missing: Refusal | None = None
    for family, address in addresses:
        one = _listen(family, (address[0], port, *address[2:]), host)
        if isinstance(one, Refusal) and one.state is PortState.NOT_LOCAL and len(addresses) > 1:
            missing = one  # localhost names ::1 also where IPv6 is switched off
            continue
        if isinstance(one, Refusal):
            for sock in sockets:
                sock.close()
            return one
        port = port or one.getsockname()[1]
        sockets.append(one)
    if not sockets and missing is not None:
        return missing
    return Claim(host, port, tuple(sockets))


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))  # type: ignore[misc]


def _listen(family: socket.AddressFamily, address: tuple[object, ...], host: str) -> socket.socket | Refusal:
    sock = _socket(family)
    try:
        try:
            # Without SO_REUSEADDR first: with it, the bind would succeed beside a server that has
            # bound and does not listen yet (vLLM while it loads), which would then never come up.
            sock.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not _only_remains(int(str(address[1]))):
                raise
            sock.close()
            sock = _socket(family, reuse=True)
            sock.bind(address)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        return _refusal(error, host, int(str(address[1])))
    sock.setblocking(False)
    return sock


def _socket(family: socket.AddressFamily, reuse: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _only_remains(port: int) -> bool:
    """Whether the kernel shows connections at this port but nobody who listens: remains of an earlier run."""
    states = [row.state for row in socket_rows(port)]
    return bool(states) and _LISTEN not in states


def _refusal(error: OSError, host: str, port: int) -> Refusal:
    match error.errno:
        case errno.EADDRINUSE if any(row.state == _LISTEN for row in socket_rows(port)):
            return Refusal(host, port, PortState.LISTENING, f"port {port} is taken")
        case errno.EADDRINUSE if os.path.exists("/proc/net/tcp"):
            text = f"port {port} is bound by a process that does not listen yet (a server that is loading?)"
            return Refusal(host, port, PortState.BOUND, text)
        case errno.EADDRINUSE:
            return Refusal(host, port, PortState.LISTENING, f"port {port} is taken")
        case errno.EACCES | errno.EPERM if 0 < port < 1024:
            text = f"port {port} is below 1024: it needs root, or another port"
            return Refusal(host, port, PortState.PRIVILEGED, text)
        case errno.EADDRNOTAVAIL:
            text = f"{host} is not an address of this machine"
            return Refusal(host, port, PortState.NOT_LOCAL, text)
        case _:
            return Refusal(host, port, PortState.REFUSED, f"{host}:{port}: {error.strerror or error}")


@dataclass(frozen=True, slots=True)
class SocketRow:
    """One row of the kernel's socket table. state: its two hexadecimal digits. address: local, as text."""

    address: str
    port: int
    state: str
    uid: int
    inode: int


_ROW = re.compile(
    r"\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) \S+ \S+ \S+\s+(\d+)\s+\d+ (\d+)"
)


def socket_rows(port: int) -> list[SocketRow]:
    """The kernel's TCP sockets with this local port, connected ones too; none where there is no /proc."""
    rows = []
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            match = _ROW.match(line)
            if match and int(match[2], 16) == port:
                rows.append(SocketRow(_address(match[1]), port, match[3], int(match[4]), int(match[5])))
    return rows


def listening_rows(port: int) -> list[SocketRow]:
    return [row for row in socket_rows(port) if row.state == _LISTEN]


def _address(text: str) -> str:
    words = [bytes.fromhex(text[index : index + 8])[::-1] for index in range(0, len(text), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))
