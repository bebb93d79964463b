"""Who holds a port: the processes, parents first, what they are to us, and whether one of them is ours."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from portside.devserver.ports import sockets
from portside.devserver.ports.holder_kinds import HolderKind, kind_of, program
from portside.devserver.ports.tcp_socket import Socket, TcpState
from portside.devserver.registry import identity, procfs
from portside.devserver.registry.identity import Identity
from portside.devserver.registry.procfs import Process
from portside.knowledge import secrets

if TYPE_CHECKING:
    from portside.devserver.registry.registry import Record
    from portside.devserver.registry.runs import Membership

K = TypeVar("K")

_LATE = (TcpState.TIME_WAIT, TcpState.FIN_WAIT1, TcpState.FIN_WAIT2, TcpState.CLOSING, TcpState.LAST_ACK)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a port. command: redacted. created: seconds since the epoch; ticks: for proof.

    note: what a person should know of its kind. inherited_from: the holder that it got the socket from.
    server: the record of the run that it belongs to, if the registry proves that.
    guessed: nothing shows that it has the socket, only that it may.
    """

    pid: int
    created: float
    ticks: int
    command: str
    user: str
    mine: bool
    kind: HolderKind
    note: str
    inherited_from: int | None = None
    server: Record | None = None
    guessed: bool = False

    @property
    def identity(self) -> Identity:
        """Of what is to be ended: the whole dev server, where it belongs to a running one."""
        if self.kind is HolderKind.SERVER and self.server and self.server.ticks is not None:
            return Identity(self.server.pid, self.server.ticks)
        return Identity(self.pid, self.ticks)

    @property
    def age_s(self) -> float:
        return max(0.0, time.time() - self.created)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Everybody who has the port. unseen: users whose processes are out of sight."""

    holders: tuple[Holder, ...]
    unseen: tuple[str, ...]

    @property
    def roots(self) -> tuple[Holder, ...]:
        """Those that got the socket from no other holder."""
        return tuple(holder for holder in self.holders if holder.inherited_from is None)

    @property
    def stoppable(self) -> tuple[Holder, ...]:
        """What has to end for the port to be free, if a user may choose that; else nothing."""
        roots = {holder.identity: holder for holder in self.roots if not holder.guessed}
        if self.unseen or len(roots) < len({holder.pid for holder in self.roots if holder.guessed}):
            return ()
        safe = roots and all(holder.kind.may_be_stopped for holder in self.holders)
        return tuple(roots.values()) if safe else ()

    @property
    def own_leftovers(self) -> tuple[Holder, ...]:
        """What `stoppable` says, if all of it is proved to be left of own runs whose dev server is dead."""
        chosen = self.stoppable
        return chosen if all(holder.kind is HolderKind.EARLIER_RUN for holder in self.holders) else ()


NOBODY = Occupancy((), ())


def occupancy(port: int, rows: Sequence[Socket] | None = None) -> Occupancy:
    """Who holds the port, on whichever address; or who has these sockets, all of them at this port."""
    rows = sockets.at_port(port) if rows is None else rows
    found = occupancies({port: rows})[port]
    if not rows and not sockets.shows_bound():
        return Occupancy(tuple(_suspects(port)), ())
    return found


def of_sockets(inodes: Collection[int]) -> Occupancy:
    """Who has these sockets, of whichever family."""
    rows = [Socket("", 0, "", 0, TcpState.LISTEN, os.getuid(), inode) for inode in inodes]
    return occupancies({0: rows})[0]


def occupancies(by_key: Mapping[K, Sequence[Socket]]) -> dict[K, Occupancy]:
    """The same for many ports, each with its sockets, with one look at all processes."""
    relevant = {key: _relevant(rows) for key, rows in by_key.items()}
    owners = procfs.owners({row.inode for rows in relevant.values() for row in rows})
    return _of_owners(relevant, owners)


def by_owners(rows: Sequence[Socket]) -> list[tuple[list[Socket], Occupancy]]:
    """Sockets of one port that the same processes have, and these; for all ports of a machine."""
    owners = procfs.owners({row.inode for row in rows})
    groups: dict[tuple[int, frozenset[int]], list[Socket]] = {}
    for row in rows:
        groups.setdefault((row.port, frozenset(owners.get(row.inode, ()))), []).append(row)
    found = _of_owners(groups, owners)
    return [(group, found[key]) for key, group in groups.items()]


def _of_owners(
    by_key: Mapping[K, Sequence[Socket]], owners: Mapping[int, Sequence[int]]
) -> dict[K, Occupancy]:
    known = _Known({pid for pids in owners.values() for pid in pids})
    same: dict[frozenset[tuple[int, ...]], Occupancy] = {}  # a process may have thousands of sockets
    found = {}
    for key, rows in by_key.items():
        of_rows = frozenset(tuple(owners.get(row.inode, ())) for row in rows)
        if () in of_rows or not of_rows:
            found[key] = _occupancy(rows, owners, known)
            continue
        if of_rows not in same:
            same[of_rows] = _occupancy(rows, owners, known)
        found[key] = same[of_rows]
    return found


def _relevant(rows: Sequence[Socket]) -> list[Socket]:
    """Those that hold the port: while anybody listens, not the connections made through it."""
    held = [row for row in rows if row.state in (TcpState.LISTEN, TcpState.BOUND, TcpState.BOUND_INACTIVE)]
    return held or [row for row in rows if row.state not in _LATE]


class _Known:
    """The processes that hold something, each read once."""

    def __init__(self, pids: Collection[int]) -> None:
        self.processes = {pid: process for pid in pids if (process := procfs.read(pid))}
        self.above = (os.getpid(), *procfs.ancestors(os.getpid()))
        self.memberships = _memberships(self.processes)
        self.me = os.getuid()
        self._alone: dict[int, Holder | None] = {}
        self._everybody: list[Process] | None = None

    def everybody(self) -> list[Process]:
        """All processes but Portside's own, read when first asked for."""
        if self._everybody is None:
            others = (pid for pid in procfs.pids() if pid == 1 or pid not in self.above)
            self._everybody = [process for pid in others if (process := procfs.read(pid))]
        return self._everybody

    def holder(self, pid: int, parents: Collection[int]) -> Holder | None:
        if len(parents) > 1:
            return self._holder(pid, parents)
        if pid not in self._alone:
            self._alone[pid] = self._holder(pid, parents)
        return self._alone[pid]

    def _holder(self, pid: int, parents: Collection[int]) -> Holder | None:
        process = self.processes.get(pid)
        if process is None:
            return None
        kind, note = kind_of(process, self.above, self.me)
        membership = self.memberships.get(pid)
        if membership and kind.may_be_stopped:
            kind, note = _of_run(membership)
        shared = len(parents) > 1
        above = self._ancestors(process) if shared else ()
        inherited_from = next((pid for pid in above if pid in parents), None)
        if inherited_from is None and kind is HolderKind.PROCESS and _is_engine_left_behind(process):
            note = "left behind by a vLLM server that is gone: it inherited the socket, and answers nobody"
        return _holder(process, kind, note, inherited_from, membership)

    @staticmethod
    def _ancestors(process: Process) -> list[int]:
        return [process.parent, *procfs.ancestors(process.parent)] if process.parent else []


def _memberships(processes: Mapping[int, Process]) -> Mapping[int, Membership]:
    if not processes:
        return {}
    from portside.devserver.registry import runs

    return runs.find_all(dict.fromkeys(processes))


def _of_run(membership: Membership) -> tuple[HolderKind, str]:
    record = membership.record
    if membership.is_orphan:
        return HolderKind.EARLIER_RUN, f"left of an earlier run of {record.label}: its dev server died"
    where = "in this folder" if record.folder == os.getcwd() else f"in {record.folder}"
    at = f": {record.url}" if record.url else ""
    return HolderKind.SERVER, f"a running dev server of Portside, {record.label} {where}{at}"


def _is_engine_left_behind(process: Process) -> bool:
    """Whether a vLLM child lives on without its server: adopted, by whomever, out of its own session.

    A parent 1 alone proves nothing: in a container that may be the server.
    """
    status = identity.status(process.pid) if "::" in program(process) else None
    if status is None or status.session in (0, process.pid):
        return False
    return status.session not in procfs.ancestors(process.pid)


def _holder(
    process: Process, kind: HolderKind, note: str, inherited_from: int | None, membership: Membership | None
) -> Holder:
    words = process.arguments or (f"[{process.name}]",)
    return Holder(
        pid=process.pid,
        created=process.created,
        ticks=process.started,
        command=shlex.join(secrets.redact_command(words)),
        user=procfs.user_name(process.uid),
        mine=process.uid == os.getuid(),
        kind=kind,
        note=note,
        inherited_from=inherited_from,
        server=membership.record if membership else None,
    )


def _occupancy(rows: Sequence[Socket], owners: Mapping[int, Sequence[int]], known: _Known) -> Occupancy:
    sharing: dict[int, set[int]] = {}  # pid -> the pids that have one of its sockets as well
    for row in rows:
        for pid in owners.get(row.inode, ()):
            sharing.setdefault(pid, set()).update(owners[row.inode])
    found = [holder for pid in sharing if (holder := known.holder(pid, sharing[pid]))]
    hidden = {row.uid for row in rows if row.inode and row.inode not in owners}
    guessed = [holder for uid in hidden if (holder := _guess(rows[0].port, uid, known))]
    shown = {holder.user for holder in guessed}
    unseen = sorted({procfs.user_name(uid) for uid in hidden} - shown)
    found.sort(key=lambda holder: (holder.inherited_from is not None, holder.pid))
    found = _without_workers(found)
    return Occupancy((*found, *guessed), tuple(unseen))


def _without_workers(found: Sequence[Holder]) -> list[Holder]:
    """A running dev server as one holder: itself, or else the first of its processes."""
    first: dict[str, Holder] = {}
    for holder in found:
        if holder.server and holder.kind is HolderKind.SERVER:
            known = first.setdefault(holder.server.id, holder)
            if holder.pid == holder.server.pid != known.pid:
                first[holder.server.id] = holder
    return [holder for holder in found if holder.kind is not HolderKind.SERVER or holder in first.values()]


# -- who can't be seen -----------------------------------------------------------------------


def _guess(port: int, uid: int, known: _Known) -> Holder | None:
    """A process of another user whose command names the port: its open files are not ours to read."""
    named = [process for process in known.everybody() if process.uid == uid and _names_port(process, port)]
    proxies = [process for process in named if program(process) == "docker-proxy"]
    if len(proxies or named) != 1:
        return None
    return _guessed((proxies or named)[0])


def _suspects(port: int) -> list[Holder]:
    """Where the kernel hides what is bound: whoever has a socket that no table lists, and names the port."""
    listed = procfs.listed_inodes()
    found = [
        process
        for pid in procfs.pids()
        if procfs.open_sockets(pid) - listed and (process := procfs.read(pid))
    ]
    named = [process for process in found if _names_port(process, port)]
    ours = [process for process in found if process.uid == os.getuid() and process.pid != os.getpid()]
    return [_guessed(process) for process in named or ours]


def _guessed(process: Process) -> Holder:
    kind, note = kind_of(process, (os.getpid(), *procfs.ancestors(os.getpid())), os.getuid())
    holder = _holder(process, kind, note, None, None)
    return replace(holder, guessed=True)


def _names_port(process: Process, port: int) -> bool:
    return any(str(port) in word.replace("=", ":").split(":") for word in process.arguments)
