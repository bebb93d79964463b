"""The dev servers of this user, as one who looks from outside finds them: running, or dead with remains."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portside.devserver.ports import gpu
from portside.devserver.ports.listening import ports_of
from portside.devserver.registry import identity, orphans, registry, tree
from portside.devserver.registry.identity import Status
from portside.devserver.registry.registry import Record
from portside.knowledge import secrets


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that is kept over edits. workers: pids of those that are attached. memory: in bytes."""

    model: str
    key: str
    phase: str
    pid: int | None
    workers: tuple[int, ...]
    in_flight: int
    memory: int


@dataclass(frozen=True, slots=True)
class Server:
    """A dev server and its processes: those below its supervisor, or what is left where that is dead.

    ports: its own, and all that its processes listen on. memory: in bytes, shared pages counted
    once; the supervisor's too. gpu_memory: None where no driver tells. engines: those that it keeps.
    """

    record: Record
    is_running: bool
    processes: tuple[Status, ...]
    workers: tuple[int, ...]
    ports: tuple[int, ...]
    memory: int
    gpu_memory: int | None
    engines: tuple[Engine, ...] = ()

    @property
    def pids(self) -> frozenset[int]:
        return frozenset({self.record.pid, *(process.pid for process in self.processes)})


def listing() -> list[Server]:
    """Every server that runs, and every dead one of which something is left. The newest last."""
    processes, place = identity.all_processes(), identity.here()
    holders = gpu.holders()
    found = []
    for record in registry.records():
        if record.is_elsewhere(place):
            continue
        running = record.is_running()
        members: list[Status] = []
        if running:
            members = tree.of_running(record, tree.read(record), processes)
        elif record.boot == place.boot:
            members = tree.proved(record, tree.read(record), processes)
        if running or members:
            found.append(_server(record, running, members, holders))
    return sorted(found, key=lambda server: server.record.started_at)


def _server(
    record: Record,
    running: bool,
    members: Sequence[Status],
    holders: tuple[gpu.GpuHolder, ...] | gpu.Unknown,
) -> Server:
    pids = [*([record.pid] if running else []), *(process.pid for process in members)]
    on_gpu = None
    if not isinstance(holders, gpu.Unknown):
        on_gpu = sum(holder.used or 0 for holder in holders if holder.pid in pids)
    return Server(
        record=record,
        is_running=running,
        processes=tuple(members),
        workers=tuple(process.pid for process in members if process.pid in record.workers),
        ports=tuple(sorted({record.port, *ports_of(pids)})),
        memory=sum(map(_memory, pids)),
        gpu_memory=on_gpu,
        engines=tuple(_engine(one, members) for one in record.engines) if running else (),
    )


def _engine(told: Mapping[str, Any], members: Sequence[Status]) -> Engine:
    """As the record tells of it; its memory is looked up, for the record is as old as the last change."""
    pid, processes = told.get("pid"), {process.pid: process for process in members}
    pids = [pid, *(process.pid for process in tree.below(pid, processes))] if pid in processes else []
    return Engine(
        model=str(told["model"]),
        key=str(told["key"]),
        phase=str(told["phase"]),
        pid=pid,
        workers=tuple(told.get("attached") or ()),
        in_flight=int(told.get("in_flight") or 0),
        memory=sum(map(_memory, pids)),
    )


def _memory(pid: int) -> int:
    """The process's share of what it has in memory; where that may not be read, all of it."""
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8").splitlines():
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
    return 0


def matching(servers: Sequence[Server], word: str) -> list[Server]:
    """Those that a person may mean by a name, a target, a port, or the pid of any of their processes."""
    if word.isdigit():
        number = int(word)
        return [server for server in servers if number in server.ports or number in server.pids]
    named = [server for server in servers if server.record.name == word]
    return named or [server for server in servers if word in (server.record.target, server.record.id[:8])]


def in_folder(servers: Sequence[Server], folder: Path) -> list[Server]:
    """Those that run there, or else all: what is meant by no name at all."""
    here = [server for server in servers if Path(server.record.folder) == folder]
    return here or list(servers)


def left_over(server: Server) -> orphans.LeftOver | None:
    """What the orphans' module knows of a dead server."""
    return next((one for one in orphans.find() if one.record.id == server.record.id), None)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody with GPU memory who is of no server of this user. command: redacted; user: its name."""

    holder: gpu.GpuHolder
    command: str
    user: str


def strangers_on_gpu(found: Sequence[Server]) -> list[Stranger]:
    """Who else holds GPU memory, as far as the driver and the system tell; nobody without a driver."""
    holders = gpu.holders()
    ours = frozenset().union(*(server.pids for server in found))
    if isinstance(holders, gpu.Unknown):
        return []
    return [stranger for one in holders if one.pid not in ours if (stranger := _stranger(one)) is not None]


def _stranger(holder: gpu.GpuHolder) -> Stranger | None:
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(holder.pid)
        words = [word for word in process.cmdline() if word] or [process.name()]
        return Stranger(holder, shlex.join(secrets.redact_command(words)), process.username())
    return None  # the driver may name pids of the host, which mean nothing in a container
