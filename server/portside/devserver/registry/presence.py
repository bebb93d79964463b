"""What others can know of this run while it goes on: its record, its processes, its log.

A thread of its own looks after the processes and writes to the disk, which may be full,
slow or gone: the run goes on without, and says so once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portside.devserver.registry import identity, registry, tree
from portside.devserver.registry.identity import TICKS_PER_S, Identity, Status
from portside.devserver.registry.registry import Record

_LOOK_S = 1.0
_REFRESH_S = 30.0
_LEAVE_S = 2.0


@dataclass(frozen=True, slots=True)
class Members:
    """Pids of the run's own processes, as far as they are known now."""

    guardian: int | None
    keepers: frozenset[int]
    workers: frozenset[int]


class Presence:
    """say: is told, from any thread, what the user has to know. members: asked now and then."""

    def __init__(self, record: Record, members: Callable[[], Members], say: Callable[[str], None]) -> None:
        self._say = say
        self._members = members
        self._told = False
        self._guardian: Identity | None = None
        self.seen: frozenset[Identity] = frozenset()
        self._wanted: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._over = False
        self._record = record
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self._thread.start()

    def update(self, **changed: Any) -> None:
        """Fields of the record; written soon."""
        with self._changed:
            self._wanted.update(changed)
            self._changed.notify()

    def leave(self, code: int) -> None:
        """The run is over: no record of it as a running one, as far as the disk lets us."""
        with self._changed:
            self._over = True
            self._wanted["code"] = code
            self._changed.notify()
        self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        entry = registry.Entry(self._record)
        looked = written = 0
        self._tidy()
        while True:
            self._report(entry.trouble)
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._over, _LOOK_S)
                wanted, self._wanted, over = self._wanted, {}, self._over
            if over:
                entry.remove(wanted["code"])
                return
            now = identity.now_ticks()
            if wanted:
                came_to_be_ready = wanted.get("phase") == "ready" != entry.record.phase
                entry.change(**wanted)
                if came_to_be_ready:
                    self._look_at_ports(entry)
            if now - looked >= _LOOK_S * TICKS_PER_S:
                looked = now
                written = self._look(entry, now, stale=now - written >= _REFRESH_S * TICKS_PER_S) or written

    def _look(self, entry: registry.Entry, now: int, stale: bool) -> int:
        """Record the processes that the run has now. When that was, or 0 if there was no need."""
        members = self._members()
        found = look(members, now)
        for guardian in found.guardians:
            if guardian.pid == members.guardian and guardian != self._guardian:
                self._guardian = guardian
                entry.change(guardian=_described(guardian, now))
        if found.recorded == self.seen and not stale:
            return 0
        self.seen = found.recorded
        try:
            tree.write(entry.record.id, found)
        except OSError as error:
            self._report(f"{registry.tree_path(entry.record.id)}: {error.strerror or error}")
        return now

    def _look_at_ports(self, entry: registry.Entry) -> None:
        from portside.devserver.ports.listening import ports_of

        members = self._members()
        processes = identity.all_processes()
        below = {one.pid for pid in members.workers for one in tree.below(pid, processes)}
        found = ports_of({os.getpid(), *members.workers, *below})
        entry.change(ports=tuple(sorted({entry.record.port, *found})))

    def _tidy(self) -> None:
        for path, why in registry.put_damaged_aside():
            self._say(f"a record of a dev server could not be read and was put aside: {path}: {why}")
        registry.forget_foreign()

    def _report(self, trouble: str | None) -> None:
        if trouble and not self._told:
            self._told = True
            self._say(f"no record of this server can be kept: {trouble}")


def look(members: Members, now: int) -> tree.Tree:
    """The run's processes that live now."""
    processes = identity.all_processes()
    guardians = _living({members.guardian} | members.keepers, processes)
    workers = _living(members.workers, processes)
    below = {one.identity for guardian in guardians for one in tree.below(guardian.pid, processes)}
    return tree.Tree(now, frozenset(guardians), frozenset(workers), frozenset(below - guardians - workers))


def _living(pids: set[int | None] | frozenset[int], processes: dict[int, Status]) -> set[Identity]:
    found = (processes.get(pid) for pid in pids if pid is not None)
    return {one.identity for one in found if one is not None and not one.is_dead}


def _described(process: Identity, now: int) -> dict[str, float]:
    """For the record: its start in ticks and, for people, as a time of day."""
    age_s = (now - process.ticks) / TICKS_PER_S
    return {"pid": process.pid, "created": round(time.time() - age_s, 2), "ticks": process.ticks}
