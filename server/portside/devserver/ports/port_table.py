"""Who listens where on this machine: the user's dev servers first."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portside.devserver.ports import holders, sockets
from portside.devserver.ports.conflict_lines import holder_fields
from portside.devserver.ports.holder_kinds import HolderKind
from portside.devserver.ports.holders import Holder, Occupancy
from portside.devserver.ports.port_states import PortState, ephemeral_range, state_of
from portside.devserver.ports.sockets import ANY
from portside.devserver.ports.tcp_socket import Socket, TcpState
from portside.devserver.registry import procfs

# What people serve with, by the first word of the command.
_SERVERS = re.compile(
    r"^(\S*/)?(python|pypy|uvicorn|gunicorn|hypercorn|granian|daphne|fastapi|flask|streamlit|vllm|VLLM::|sglang|"
    r"llama-|ollama|text-generation|text-embeddings|tritonserver|ray|node|npm|bun|deno|ruby|java|php)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """Sockets of one port that the same processes have. more: further ports, of the kernel's choosing.

    rank: 0 for a dev server of Portside, 1 for what runs in this folder, 2 for other servers of the user,
    3 for the user's rest, 4 for others.
    """

    port: int
    addresses: tuple[str, ...]
    state: PortState
    occupancy: Occupancy
    rank: int
    more: tuple[int, ...] = ()

    @property
    def holder(self) -> Holder | None:
        return self.occupancy.holders[0] if self.occupancy.holders else None

    def fields(self) -> dict[str, object]:
        return {
            "port": self.port,
            "addresses": list(self.addresses),
            "state": self.state.value,
            "holders": [holder_fields(holder) for holder in self.occupancy.holders],
            "unseen": list(self.occupancy.unseen),
            "more_ports": list(self.more),
        }


def table(folder: str, *, everything: bool = False) -> list[Row]:
    """everything: also what others hold, what only waits to be closed, and each port for itself."""
    rows = _held(sockets.holding(), everything)
    sharing = _shared_ports(rows)
    ranks: dict[int, int] = {}  # of each process: many have many ports
    found = [_row(group, occupancy, folder, sharing, ranks) for group, occupancy in holders.by_owners(rows)]
    found.sort(key=lambda row: (row.rank, row.port))
    return found if everything else list(_folded([row for row in found if row.rank < 4]))


def _held(rows: Sequence[Socket], everything: bool) -> list[Socket]:
    """Connections that wait to be closed count where nobody listens at a port that is a server's."""
    low, high = ephemeral_range()
    listened = {row.port for row in rows if row.state is not TcpState.CLOSE_WAIT}
    return [
        row
        for row in rows
        if row.state is not TcpState.CLOSE_WAIT
        or (row.port not in listened and (everything or not low <= row.port <= high))
    ]


def _shared_ports(rows: Sequence[Socket]) -> set[int]:
    seen: dict[int, list[Socket]] = {}
    for row in rows:
        seen.setdefault(row.port, []).append(row)
    return {port for port, group in seen.items() if len(group) > 1 and state_of(group) is PortState.SHARED}


def _row(
    group: Sequence[Socket], occupancy: Occupancy, folder: str, sharing: set[int], ranks: dict[int, int]
) -> Row:
    port = group[0].port
    state = PortState.SHARED if port in sharing else state_of(group)
    addresses = tuple(sorted({row.address for row in group}, key=lambda one: (":" in one, one)))
    first = occupancy.holders[0] if occupancy.holders else None
    if first is not None and first.pid not in ranks:
        ranks[first.pid] = _rank(first, folder)
    return Row(port, addresses, state, occupancy, ranks[first.pid] if first else 4)


def _rank(holder: Holder, folder: str) -> int:
    if not holder.mine:
        return 4
    if holder.kind in (HolderKind.SERVER, HolderKind.EARLIER_RUN):
        return 0
    where = procfs.folder(holder.pid) or ""
    if where == folder or where.startswith(folder.rstrip(os.sep) + os.sep):
        return 1 if _SERVERS.match(holder.command) else 3
    return 2 if _SERVERS.match(holder.command) else 3


def _folded(rows: Sequence[Row]) -> Iterator[Row]:
    """A process's ports of the kernel's choosing, such as an engine's, in one row."""
    low, high = ephemeral_range()
    first: dict[int, int] = {}
    more: dict[int, list[int]] = {}
    shown: list[Row] = []
    for row in rows:
        pid = row.holder.pid if row.holder else 0
        chosen = low <= row.port <= high and row.state is PortState.LISTENING
        if chosen and pid in first:
            more.setdefault(first[pid], []).append(row.port)
            continue
        if chosen:
            first[pid] = len(shown)
        shown.append(row)
    for index, row in enumerate(shown):
        extra = tuple(more.get(index, ()))
        yield Row(row.port, row.addresses, row.state, row.occupancy, row.rank, extra) if extra else row


def address_text(address: str) -> str:
    """As people write it: `*` for all of a family."""
    if address in ANY:
        return "*" if address == ANY[0] else "[*]"
    return f"[{address}]" if ":" in address else address
