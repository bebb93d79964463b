"""TCP sockets as the kernel knows them, and which addresses get into each other's way."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from portside.devserver.ports import sock_diag
from portside.devserver.ports.tcp_socket import Socket, TcpState

ANY = ("0.0.0.0", "::")  # noqa: S104
_MAPPED = "::ffff:"


def at_port(port: int) -> list[Socket]:
    """The sockets with this local port, connected ones too; none where the system does not tell."""
    try:
        return sock_diag.tcp_sockets(port)
    except (OSError, AttributeError):  # a container may forbid netlink; other systems have none
        return [row for row in from_proc() if row.port == port]


def holding() -> list[Socket]:
    """All sockets that hold a port: they listen, are bound, or wait for their process to close them."""
    try:
        return sock_diag.tcp_sockets(connected=False)
    except (OSError, AttributeError):
        states = (TcpState.LISTEN, TcpState.CLOSE_WAIT)
        return [row for row in from_proc() if row.state in states]


def shows_bound() -> bool:
    """Whether this kernel shows sockets that are bound and do not listen: tried with one of our own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return bool(at_port(probe.getsockname()[1]))


# -- addresses -------------------------------------------------------------------------------


def overlaps(address: str, row: Socket) -> bool:
    """Whether a socket at this address, IPv6 ones for IPv6 alone, gets into the way of that one."""
    theirs = row.address
    if ":" in address:
        if _MAPPED in theirs or ":" not in theirs:
            return False
        return address == theirs or "::" in (address, theirs)
    if theirs == "::":
        return not row.v6_only
    if theirs.startswith(_MAPPED):
        theirs = theirs.removeprefix(_MAPPED)
    elif ":" in theirs:
        return False
    return address == theirs or ANY[0] in (address, theirs)


# -- /proc -----------------------------------------------------------------------------------

_ROW = re.compile(
    r"\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+) "
    r"\S+ \S+\s+(\d+)\s+\d+ (\d+)"
)


def from_proc(folder: str = "/proc/net") -> list[Socket]:
    """The sockets in the tables there; /proc/PID/net is those of that process's network namespace."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(folder, name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        found += [_parse(match) for line in lines if (match := _ROW.match(line))]
    return found


def _parse(match: re.Match[str]) -> Socket:
    return Socket(
        address=_address(match[1]),
        port=int(match[2], 16),
        remote_address=_address(match[3]),
        remote_port=int(match[4], 16),
        state=TcpState(int(match[5], 16)),
        uid=int(match[7]),
        inode=int(match[8]),
        queued=int(match[6], 16),
    )


def _address(text: str) -> str:
    words = [bytes.fromhex(text[index : index + 8])[::-1] for index in range(0, len(text), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))
