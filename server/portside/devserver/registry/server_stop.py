"""Stopping a dev server from outside: asked over its socket, waited for, and looked after."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from portside.devserver.ports import gpu, ports
from portside.devserver.registry import control, identity, orphans, registry, servers, tree
from portside.devserver.registry.identity import Identity
from portside.devserver.registry.registry import Record
from portside.devserver.registry.servers import Server

_DEFAULT_GRACE_S = 10.0
_MORE_S = 5.0
_ENDING_S = 3.0
_GPU_S = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. left: pids that live on. taken: ports that are not free. gpu_memory: bytes still held.

    was_dead: its supervisor had been killed before. forced: it did not stop when it was asked.
    """

    record: Record
    seconds: float
    left: tuple[int, ...]
    taken: tuple[int, ...]
    gpu_memory: int
    was_dead: bool = False
    forced: bool = False

    @property
    def is_clean(self) -> bool:
        return not self.left and not self.taken and not self.gpu_memory


def stop(server: Server) -> Outcome:
    """End the server and all that it started; what is left is checked.

    Effect: blocks, for its grace and some seconds at most.
    """
    began = time.monotonic()
    on_gpu = gpu.held_by(server.pids)
    if not server.is_running:
        left = _end_remains(server)
        return _outcome(server, began, left, on_gpu, was_dead=True)
    members = {process.identity for process in server.processes}
    supervisor = _supervisor(server.record)
    forced = not _stop_gracefully(server.record, supervisor, members)
    if forced:
        identity.send(supervisor, signal.SIGKILL)  # its guardian ends the rest
    alive = identity.wait_for_end([supervisor, *members], _ENDING_S)
    left = tuple(one.pid for one in alive)
    return _outcome(server, began, left, on_gpu, forced=forced)


def _supervisor(record: Record) -> Identity:
    return Identity(record.pid, record.ticks or 0)


def _stop_gracefully(record: Record, supervisor: Identity, members: set[Identity]) -> bool:
    """Whether it ended within its grace. Adds to `members` what it starts meanwhile."""
    answer = control.ask(record.control, "stop")
    if answer is None:  # its socket could not be made, or it does not get to answer
        identity.send(supervisor, signal.SIGTERM)
        identity.send(supervisor, signal.SIGCONT)
    grace_s = float((answer or {}).get("grace_s", _DEFAULT_GRACE_S))
    end = time.monotonic() + grace_s + _MORE_S
    while time.monotonic() < end:
        if not identity.wait_for_end([supervisor], 0.2):
            return True
        processes = identity.all_processes()
        found = tree.of_running(record, tree.read(record), processes)
        members |= {process.identity for process in found}
    return False


def _end_remains(server: Server) -> tuple[int, ...]:
    with registry.lock():
        found = servers.left_over(server)
        return orphans.end(found).left if found else ()


def _outcome(
    server: Server,
    began: float,
    left: Sequence[int],
    on_gpu: dict[int, int],
    was_dead: bool = False,
    forced: bool = False,
) -> Outcome:
    record = server.record
    held = gpu.wait_until_released(on_gpu, _GPU_S) if on_gpu else {}
    taken = tuple(port for port in server.ports if not _is_free(record.host, port))
    if not left:
        _take_record_away(record)
    seconds = time.monotonic() - began
    return Outcome(record, seconds, tuple(left), taken, sum(held.values()), was_dead, forced)


def _is_free(host: str, port: int) -> bool:
    claim = ports.claim(host, port)
    if isinstance(claim, ports.Claim):
        claim.close()
        return True
    return not claim.taken


def _take_record_away(record: Record) -> None:
    """One that was killed could not do it."""
    for path, other in registry.stored():
        if other.id == record.id and not other.is_running():
            registry.retire(path, other)
