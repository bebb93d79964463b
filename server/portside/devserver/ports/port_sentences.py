"""One sentence for each state of a port, for someone who wants to start a server there."""

from __future__ import annotations

from collections.abc import Sequence

from portside.devserver.ports.port_states import PortState, ephemeral_range
from portside.devserver.ports.sockets import ANY
from portside.devserver.ports.tcp_socket import Socket, TcpState

OPEN_TO_SHARING = (
    "; it is open to sharing (SO_REUSEPORT): one more server that asks for that, as `vllm serve` of "
    "0.7.3 to 0.24 does, would join without an error and get part of its requests"
)


def headline(state: PortState, address: str, port: int, rows: Sequence[Socket]) -> str:
    """Why `address` ("": any) can't be had at that port, or why it can. rows: the sockets there."""
    match state:
        case PortState.FREE:
            return f"port {port} is free"
        case PortState.TIME_WAIT:
            return (
                f"port {port} is free: {_connections(rows)} of an earlier server in TIME_WAIT, which the "
                "kernel drops within 60 s, and which are in nobody's way"
            )
        case PortState.LINGERING:
            return (
                f"port {port} has no holder any more, but {_connections(rows)} in TIME_WAIT of a server that "
                "did not set SO_REUSEADDR: it is free once the kernel has dropped them, within 60 s"
            )
        case PortState.SHARED:
            return (
                f"port {port} is shared by {_sockets(rows)} sockets (SO_REUSEPORT): each gets part of the "
                "requests, and one more server of the same user would join without an error"
            )
        case PortState.BOUND:
            return f"port {port} is bound by a process that does not listen yet (a server that is loading?)"
        case PortState.CLOSE_WAIT:
            return (
                f"port {port} has no listener any more, but a process hangs on to {_connections(rows)} "
                "that the other side has closed (CLOSE_WAIT)"
            )
        case PortState.DRAINING:
            return f"port {port} has no listener any more, but {_connections(rows)} of its server still open"
        case PortState.EPHEMERAL:
            return _ephemeral(port, rows)
        case _:
            return f"port {port} is taken" + _on_what(address, rows)


def _on_what(address: str, rows: Sequence[Socket]) -> str:
    """The holder's address, where it is not the one that was asked for."""
    theirs = sorted({row.address for row in rows if row.is_listening})
    if not address or not theirs or address in theirs:
        return ""
    shown = " and ".join(f"[{one}]" if ":" in one else one for one in theirs)
    if "::" in theirs and ":" not in address:
        return f": its holder listens on [::], which takes all IPv4 addresses as well, {address} among them"
    if any(one in ANY for one in theirs):
        return f": its holder listens on all addresses ({shown}), {address} among them"
    return f" on {shown}, one of all the addresses that {address} stands for"


def _ephemeral(port: int, rows: Sequence[Socket]) -> str:
    low, high = ephemeral_range()
    there = next((row for row in rows if row.remote_port), None)
    to = f" to {there._replace(address=there.remote_address, port=there.remote_port).local}" if there else ""
    return (
        f"port {port} is the near end of an outgoing connection{to}: the kernel takes those "
        f"from {low} to {high}, a server is better off below"
    )


def hint_of_hanging(rows: Sequence[Socket]) -> str:
    """What shows that a listener no longer minds its connections; empty where nothing does."""
    listening = [row for row in rows if row.is_listening]
    closed = [row for row in rows if row.state is TcpState.CLOSE_WAIT]
    if not listening or not closed:
        return ""
    waiting = f", {sum(row.queued for row in listening)} not yet accepted" if listening[0].queued else ""
    return f"it seems to hang: it keeps {_connections(closed)} that the other side has closed{waiting}"


def _connections(rows: Sequence[Socket]) -> str:
    count = sum(bool(row.remote_port) for row in rows)
    return f"{count} connection" if count == 1 else f"{count} connections"


def _sockets(rows: Sequence[Socket]) -> int:
    return len({row.inode for row in rows if row.is_listening})
