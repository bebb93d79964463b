"""Whether a process belongs to a dev server of this user, running or dead: proved, or not said.

For whoever meets a process (on a port, on a GPU) and wants to know what it is:

    found = runs.find(pid, created)
    found.record    the run: name, folder, command, url, log, started_at
    found.role      "supervisor", "guardian", "worker" or "child"
    found.is_orphan its supervisor is dead: safe to end without asking
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portside.devserver.registry import identity, registry, tree
from portside.devserver.registry.identity import Place, Status
from portside.devserver.registry.registry import Record


@dataclass(frozen=True, slots=True)
class Membership:
    """A process, and the run that it is part of."""

    record: Record
    role: str
    is_orphan: bool


def find(pid: int, created: float | None = None) -> Membership | None:
    """The run that this process belongs to. created: psutil's create time, where the pid was met before."""
    return find_all({pid: created}).get(pid)


def find_all(pids: Mapping[int, float | None]) -> dict[int, Membership]:
    """As `find`, for several at once; those that belong to no run are left out."""
    records = registry.records() if pids else []
    if not records:
        return {}
    processes = identity.all_processes()
    wanted = {pid for pid, created in pids.items() if pid in processes and _is_still(pid, created)}
    found: dict[int, Membership] = {}
    place = identity.here()
    for record in records if wanted else ():
        if not record.is_elsewhere(place):
            members = _members(record, processes, place)
            found.update((pid, members[pid]) for pid in wanted & set(members))
    return found


def _is_still(pid: int, created: float | None) -> bool:
    if created is None:
        return True
    import psutil

    try:
        return abs(psutil.Process(pid).create_time() - created) < 1.0
    except psutil.Error:
        return False


def _members(record: Record, processes: Mapping[int, Status], place: Place) -> dict[int, Membership]:
    known, running = tree.read(record), record.is_running()
    if running:
        members = tree.of_running(record, known, processes)
    else:
        members = tree.proved(record, known, processes) if record.boot == place.boot else []
    found = {
        process.pid: Membership(record, _role(process, known), is_orphan=not running) for process in members
    }
    if running:
        found[record.pid] = Membership(record, "supervisor", is_orphan=False)
    return found


def _role(process: Status, known: tree.Tree) -> str:
    if process.identity in known.guardians:
        return "guardian"
    return "worker" if process.identity in known.workers else "child"
