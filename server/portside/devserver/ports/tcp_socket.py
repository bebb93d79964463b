"""A TCP socket as the kernel knows it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class TcpState(IntEnum):
    """As in include/net/tcp_states.h. BOUND: the kernel says CLOSE of what is bound and does not listen."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    BOUND = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11
    NEW_SYN_RECV = 12
    BOUND_INACTIVE = 13


class Socket(NamedTuple):
    """One socket. uid: of its maker. inode: 0 while no process has it. v6_only: takes no IPv4 besides.

    queued: for one that listens, the connections that nobody has accepted yet.
    """

    address: str
    port: int
    remote_address: str
    remote_port: int
    state: TcpState
    uid: int
    inode: int
    queued: int = 0
    v6_only: bool = False

    @property
    def is_listening(self) -> bool:
        return self.state is TcpState.LISTEN

    @property
    def local(self) -> str:
        """As one would write it in a URL."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"
