"""What outlives a dev server that was killed together with its guardian: found, proved, ended.

Normally nothing does: the guardian sees to it. `kill -9` of all of Portside's processes at
once leaves the engine, which then holds GPU memory, ports, or both, without a parent.
"""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from portside.devserver.registry import identity, registry, tree
from portside.devserver.registry.identity import Identity, Status
from portside.devserver.registry.registry import Record
from portside.knowledge import secrets

_GUARDIAN_S = 1.0
"""A guardian that lives ends its tree by itself; that needs no word, but a moment."""
_TERM_S = 0.5
_KILL_S = 5.0
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Remnant:
    """A process that outlived its run. command: redacted. memory: resident, in bytes."""

    identity: Identity
    command: str
    memory: int

    @property
    def pid(self) -> int:
        return self.identity.pid


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A dead run, and what there is of it. left: of these, what could not be ended."""

    record: Record
    remnants: tuple[Remnant, ...]
    left: tuple[int, ...] = ()


def find() -> list[LeftOver]:
    """Dead runs of this user that still have processes."""
    return [left for _, left in _dead_runs() if left.remnants]


def sweep() -> list[LeftOver]:
    """End what is left of dead runs, and take their records away: what was ended, and what would not.

    Two that sweep at once do each other no harm: whoever comes first does it.
    """
    with registry.lock():
        found = [(path, end(left) if left.remnants else left) for path, left in _dead_runs(_GUARDIAN_S)]
        for path, left in found:
            if not left.left:
                registry.retire(path, left.record)
    return [left for _, left in found if left.remnants]


def _dead_runs(patience_s: float = 0.0) -> list[tuple[Path, LeftOver]]:
    place = identity.here()
    dead = [
        (path, record)
        for path, record in registry.stored()
        if not record.is_elsewhere(place) and not record.is_running()
    ]
    return [(path, LeftOver(record, _remnants(record, place, patience_s))) for path, record in dead]


def _remnants(record: Record, place: identity.Place, patience_s: float) -> tuple[Remnant, ...]:
    if record.boot != place.boot:  # nothing survives a reboot
        return ()
    known = tree.read(record)
    end = time.monotonic() + patience_s
    while any(identity.lives(guardian) for guardian in known.guardians) and time.monotonic() < end:
        time.sleep(_POLL_S)
    processes = identity.all_processes()
    return tuple(_remnant(process) for process in tree.proved(record, known, processes))


def _remnant(process: Status) -> Remnant:
    command, memory = "", 0
    with suppress(psutil.Error):
        found = psutil.Process(process.pid)
        words = [word for word in found.cmdline() if word] or [found.name()]
        command, memory = shlex.join(secrets.redact_command(words)), found.memory_info().rss
    return Remnant(process.identity, command, memory)


def end(found: LeftOver) -> LeftOver:
    """End the processes of a dead run, asked first and then not; with those that are left."""
    began = time.monotonic()
    known = tree.read(found.record)
    known = replace(known, others=known.others | {remnant.identity for remnant in found.remnants})
    alive = _alive(found.record, known)
    _send(alive, signal.SIGTERM)
    while alive and time.monotonic() - began < _TERM_S + _KILL_S:
        if time.monotonic() - began >= _TERM_S:
            _send(alive, signal.SIGSTOP)  # so that none can fork faster than we count
            alive = _alive(found.record, known)
            _send(alive, signal.SIGKILL)
        time.sleep(_POLL_S)
        # What was seen once stays proved, also when its parent is gone.
        known = replace(known, others=known.others | set(alive))
        alive = _alive(found.record, known)
    return replace(found, left=tuple(one.pid for one in alive))


def _alive(record: Record, known: tree.Tree) -> dict[Identity, Status]:
    processes = identity.all_processes()
    return {process.identity: process for process in tree.proved(record, known, processes)}


def _send(processes: Mapping[Identity, Status], number: int) -> None:
    for one in processes:
        identity.send(one, number)
