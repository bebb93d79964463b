"""Which processes a server was seen to have, so that what outlives it can be proved to be its own.

The supervisor writes them to `trees/<id>.json` as they come and go. What is proved by it:

- a process with a recorded pid and start;
- one of the worker's session that began while the worker was seen to live: a session is
  entered by birth alone, and its number is not given again while anybody is in it;
- everybody in the session of a proved process, which is never the user's own: each worker
  and the guardian begin a session;
- what carries the run's mark in its environment (a child that left the session; vLLM's
  children overwrite theirs);
- what descends from one of these.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portside.devserver.registry import registry
from portside.devserver.registry.identity import Identity, Status

MARK = "PORTSIDE_RUN"
"""In each worker's environment: the id of its run."""


@dataclass(frozen=True, slots=True)
class Tree:
    """guardian, workers, and all that was seen below them. seen: when that was, in ticks."""

    seen: int = 0
    guardians: frozenset[Identity] = frozenset()
    workers: frozenset[Identity] = frozenset()
    others: frozenset[Identity] = frozenset()

    @property
    def recorded(self) -> frozenset[Identity]:
        return self.guardians | self.workers | self.others


def write(run: str, tree: Tree) -> None:
    """Raises OSError."""
    content = {
        "version": registry.VERSION,
        "id": run,
        "seen": tree.seen,
        "guardians": sorted(tree.guardians),
        "workers": sorted(tree.workers),
        "others": sorted(tree.others),
    }
    registry.write_whole(registry.tree_path(run), content)


def read(record: registry.Record) -> Tree:
    """What was recorded of the run's processes; at least its guardian, where that is known."""
    import json

    found = {}
    with suppress(OSError, ValueError):
        found = json.loads(registry.tree_path(record.id).read_text(encoding="utf-8"))
    guardian = record.guardian or {}
    named = {Identity(int(guardian["pid"]), int(guardian["ticks"]))} if guardian else set()
    try:
        return Tree(
            seen=int(found.get("seen", 0)),
            guardians=frozenset(named | _identities(found.get("guardians", ()))),
            workers=frozenset(_identities(found.get("workers", ()))),
            others=frozenset(_identities(found.get("others", ()))),
        )
    except (AttributeError, TypeError, ValueError):
        return Tree(guardians=frozenset(named))


def _identities(pairs: Iterable[Iterable[int]]) -> set[Identity]:
    return {Identity(int(pid), int(ticks)) for pid, ticks in pairs}


def below(root: int, processes: Mapping[int, Status]) -> list[Status]:
    """Living descendants of a process, parents before children."""
    children: dict[int, list[Status]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process)
    found: list[Status] = []
    queue, met = [root], {root}
    while queue:
        for child in children.get(queue.pop(0), ()):
            if child.pid not in met:
                met.add(child.pid)
                queue.append(child.pid)
                found.append(child)
    return [process for process in found if not process.is_dead]


def of_running(record: registry.Record, tree: Tree, processes: Mapping[int, Status]) -> list[Status]:
    """The living processes of a running server: a browser that it opened is not its own."""
    children = [one for one in processes.values() if one.parent == record.pid and not one.is_dead]
    roots = [one for one in children if one.identity in tree.guardians or not tree.guardians]
    return [one for root in roots for one in (root, *below(root.pid, processes))]


def proved(
    record: registry.Record, tree: Tree, processes: Mapping[int, Status], marks: bool = True
) -> list[Status]:
    """The living processes that are this run's without doubt, its supervisor left out.

    marks: look into environments too; that takes a moment for each process of the user.
    """
    found = {
        process.pid: process
        for process in processes.values()
        if process.identity in tree.recorded or _is_of_workers_session(process, tree, processes)
    }
    if marks:
        found.update((process.pid, process) for process in _marked(record, processes))
    sessions = {process.session for process in found.values()} - {0, record.session}
    found.update((process.pid, process) for process in processes.values() if process.session in sessions)
    for pid in list(found):
        found.update((process.pid, process) for process in below(pid, processes))
    ours = {os.getpid(), record.pid}
    return [process for pid, process in sorted(found.items()) if pid not in ours and not process.is_dead]


def _is_of_workers_session(process: Status, tree: Tree, processes: Mapping[int, Status]) -> bool:
    leader = processes.get(process.session)
    return any(
        worker.pid == process.session
        and worker.ticks <= process.ticks <= tree.seen
        and (leader is None or leader.identity == worker)
        for worker in tree.workers
    )


def _marked(record: registry.Record, processes: Mapping[int, Status]) -> list[Status]:
    """Those with the run's mark in their environment that began after its supervisor."""
    since = record.ticks or 0
    return [
        process
        for process in processes.values()
        if process.ticks >= since and not process.is_dead and carries(process.pid, record.id)
    ]


def carries(pid: int, run: str) -> bool:
    """Whether the process began with the mark of this run in its environment."""
    try:
        return f"{MARK}={run}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
