"""Making a port free: who has to go for it, whether that may be, and whether it then is."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from portside.devserver.ports import conflict, holders, sockets, stopping, unix_files
from portside.devserver.ports.conflict_lines import occupancy_rows
from portside.devserver.ports.holders import Holder, Occupancy
from portside.devserver.ports.port_sentences import headline
from portside.devserver.ports.port_states import PortState, state_of
from portside.devserver.ports.ports import Refusal, probe
from portside.devserver.ports.unix_files import FileState, SocketFile

_FREED_S = 2.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Freeing:
    """What would be done for a port or a path. steps: in words. refused: why nothing may be done.

    proved: it is left of an own run whose dev server is dead, so nobody needs to choose it.
    """

    name: str
    text: str
    state: str
    occupancy: Occupancy
    steps: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    proved: bool = False
    is_free: bool = False
    file: SocketFile | None = field(default=None, repr=False)

    @property
    def rows(self) -> list[tuple[str, str]]:
        return list(occupancy_rows(self.occupancy))


def of_port(port: int, grace_s: float | None = None) -> Freeing:
    """For the port on all addresses."""
    rows = sockets.at_port(port)
    state = state_of(rows)
    text = headline(state, "", port, rows)
    occupancy = holders.occupancy(port, rows) if state.is_held else holders.NOBODY
    if not state.is_held:
        refusal = probe("", port)
        if refusal is None or not refusal.taken:
            return _nothing_to_do(port, text, refusal)
        state, text, occupancy = refusal.state, refusal.text, holders.occupancy(port)
    steps, refused = _steps(occupancy, grace_s)
    if state is PortState.LINGERING:
        refused = (text,)
    return Freeing(
        str(port), text, state.value, occupancy, steps, refused, proved=bool(occupancy.own_leftovers)
    )


def _nothing_to_do(port: int, text: str, refusal: Refusal | None) -> Freeing:
    """Nobody has it; it may be that nobody can (a port that needs root, a number that is none)."""
    if refusal is None:
        return Freeing(str(port), text, "free", holders.NOBODY, is_free=True)
    return Freeing(str(port), refusal.text, refusal.state.value, holders.NOBODY, refused=(refusal.text,))


def of_path(path: str, grace_s: float | None = None) -> Freeing:
    """For a Unix socket's file."""
    file = unix_files.look(path)
    match file.state:
        case FileState.FREE:
            return Freeing(path, file.text, file.state.value, file.occupancy, is_free=True)
        case FileState.STALE:
            remove = (f"remove {path}",)
            return Freeing(path, file.text, file.state.value, file.occupancy, remove, file=file)
        case FileState.LIVE | FileState.BOUND:
            steps, refused = _steps(file.occupancy, grace_s)
            return Freeing(path, file.text, file.state.value, file.occupancy, steps, refused, file=file)
        case _:
            refused = (file.text,)
            return Freeing(path, file.text, file.state.value, file.occupancy, refused=refused)


def _steps(occupancy: Occupancy, grace_s: float | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What would be done, or why it may not be."""
    chosen = occupancy.stoppable
    if not chosen:
        return (), tuple(_reasons(occupancy))
    grace = conflict.grace_for(chosen) if grace_s is None else grace_s
    return tuple(_step(holder, grace) for holder in chosen), ()


def _step(holder: Holder, grace_s: float) -> str:
    request = stopping.request_for(holder.identity)
    below = len(stopping.tree_of([holder.identity])) - 1
    tree = (
        f" and the {below} processes below it" if below > 1 else " and the process below it" if below else ""
    )
    what = (
        f"the dev server {holder.server.label}, "
        if holder.server and holder.identity.pid != holder.pid
        else ""
    )
    return (
        f"end {what}pid {holder.identity.pid}{tree}: {request.text}, and "
        f"{signal.SIGKILL.name} for what is left after {grace_s:g} s"
    )


def _reasons(occupancy: Occupancy) -> list[str]:
    found = [
        f"pid {holder.pid} is not to be ended from here: {holder.note or holder.kind.value}"
        for holder in occupancy.holders
        if not holder.kind.may_be_stopped
    ]
    found += [
        f"nothing proves that pid {holder.pid} has it" for holder in occupancy.holders if holder.guessed
    ]
    found += [f"a process of {user} has it, which is out of sight" for user in occupancy.unseen]
    return found or ["no process can be seen that has it"]


def only(found: Freeing, pids: Collection[int]) -> Freeing:
    """The same, if these hold it and nobody else; otherwise nothing is to be done: the user saw others."""
    if found.is_free or {holder.pid for holder in found.occupancy.holders} == set(pids):
        return found
    now = ", ".join(str(holder.pid) for holder in found.occupancy.holders) or "nobody that can be seen"
    changed = f"it is held by others than were chosen: now by pid {now}"
    return replace(found, steps=(), refused=(changed,), proved=False)


@dataclass(frozen=True, slots=True)
class Freed:
    """ended: pids. left: those that could not be ended. now: the state afterwards."""

    ended: tuple[int, ...]
    left: tuple[int, ...]
    now: Freeing


def carry_out(freeing: Freeing, grace_s: float | None = None) -> Freed:
    """Do what was shown to the user, if everything still is what they saw. Effect: ends processes."""
    chosen = freeing.occupancy.stoppable
    if freeing.file is not None and freeing.file.state is FileState.STALE:
        unix_files.remove(freeing.file)
        return Freed((), (), of_path(freeing.name))
    left = conflict.stop_holders(chosen, grace_s)
    ended = tuple(pid for pid in dict.fromkeys(one.identity.pid for one in chosen) if pid not in left)
    return Freed(ended, tuple(left), _settled(freeing))


def _settled(freeing: Freeing) -> Freeing:
    """How it stands once the kernel has cleaned up. A server's socket file goes, if it is left behind."""
    end = time.monotonic() + _FREED_S
    while True:
        now = of_path(freeing.name) if freeing.file is not None else of_port(int(freeing.name))
        if now.file is not None and now.file.state is FileState.STALE:
            unix_files.remove(now.file)
            continue
        if now.is_free or time.monotonic() > end:
            return now
        time.sleep(_POLL_S)
