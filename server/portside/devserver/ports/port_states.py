"""The states of a port, told apart by what the kernel shows of its sockets.

nobody ─┬─ nothing at all ............................ FREE
        └─ connections of the past, kept by the kernel  TIME_WAIT: free for us,
                unless of a socket without SO_REUSEADDR: LINGERING
somebody listens ─┬─ on one socket .................... LISTENING
                  └─ on several of the same address ... SHARED
bound, and nobody listens (netlink, or nothing shown) . BOUND
connections that outlived whoever listened ─┬─ closed by the other side only  CLOSE_WAIT
                                            └─ open ... DRAINING
a client's own end ................................... EPHEMERAL
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from portside.devserver.ports.sockets import at_port, overlaps
from portside.devserver.ports.tcp_socket import Socket, TcpState

_CLOSING = (
    TcpState.TIME_WAIT, TcpState.FIN_WAIT1, TcpState.FIN_WAIT2, TcpState.CLOSING, TcpState.LAST_ACK
)  # fmt: skip
_BOUND = (TcpState.BOUND, TcpState.BOUND_INACTIVE)
_LOWEST_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class PortState(Enum):
    """Whether an address can be had, and if not, why."""

    FREE = "free"
    TIME_WAIT = "time-wait"
    LISTENING = "listening"
    SHARED = "shared"
    BOUND = "bound, not listening"
    CLOSE_WAIT = "close-wait"
    DRAINING = "draining"
    LINGERING = "lingering"
    EPHEMERAL = "ephemeral"
    PRIVILEGED = "privileged"
    INVALID = "invalid"
    NOT_LOCAL = "not local"
    UNKNOWN_HOST = "unknown host"
    REFUSED = "refused"

    @property
    def is_free(self) -> bool:
        return self in (PortState.FREE, PortState.TIME_WAIT)

    @property
    def is_held(self) -> bool:
        """Whether somebody else has it, so that another port or some patience would help."""
        return self in _HELD


_HELD = (
    PortState.LISTENING, PortState.SHARED, PortState.BOUND,
    PortState.CLOSE_WAIT, PortState.DRAINING, PortState.LINGERING, PortState.EPHEMERAL,
)  # fmt: skip


def in_the_way(addresses: Sequence[str], port: int) -> list[Socket]:
    """The sockets at this port that overlap with one of the addresses."""
    return [row for row in at_port(port) if any(overlaps(address, row) for address in addresses)]


def state_of(rows: Sequence[Socket]) -> PortState:
    """What these sockets, all at one port, make of it."""
    if listening := [row for row in rows if row.is_listening]:
        return PortState.SHARED if _share(listening) else PortState.LISTENING
    if any(row.state in _BOUND for row in rows):
        return PortState.BOUND
    open_rows = [row for row in rows if row.state not in _CLOSING]
    if open_rows and all(row.state is TcpState.CLOSE_WAIT for row in open_rows):
        return PortState.CLOSE_WAIT
    if open_rows:
        return PortState.EPHEMERAL if all(map(is_outgoing, open_rows)) else PortState.DRAINING
    return PortState.TIME_WAIT if rows else PortState.FREE


def _share(listening: Sequence[Socket]) -> bool:
    """Several sockets at one address: that only SO_REUSEPORT allows."""
    return len({(row.address, row.inode) for row in listening}) > len({row.address for row in listening})


def is_outgoing(row: Socket) -> bool:
    """Whether a connection was made from here: its port is one that the kernel hands out, the other is not.

    Where both are, it was made from here if somebody listens at the other end, as far as that is here.
    """
    low, high = ephemeral_range()
    if not low <= row.port <= high:
        return False
    if not low <= row.remote_port <= high:
        return True
    return any(other.is_listening for other in at_port(row.remote_port))


def ephemeral_range() -> tuple[int, int]:
    """The ports from which the kernel takes one for an outgoing connection."""
    try:
        low, high = _EPHEMERAL.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 32768, 60999
    return int(low), int(high)


def lowest_unprivileged() -> int:
    try:
        return int(_LOWEST_UNPRIVILEGED.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024
