"""One kept engine as the supervisor knows it: its process, what it is made from, and who uses it."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from portside.devserver.workers.processes import Worker
from portside.inside import descent

SHORT_KEY = 8
_MEASURE_S = 5.0


@dataclass(slots=True, eq=False)
class Kept:
    """process: its host. phase: starting, ready, then failed or lost, and ending. attached: pids of workers.

    outdated: why no worker is to attach any more.
    """

    process: Worker
    digest: str
    description: Mapping[str, str]
    model: str
    began: float = field(default_factory=time.monotonic)
    phase: str = "starting"
    pid: int | None = None
    folder: str | None = None
    attached: tuple[int, ...] = ()
    promised: set[int] = field(default_factory=set)
    in_flight: int = 0
    outdated: str | None = None
    memory: int = 0
    """Bytes that its processes have, to the nearest 16 MiB; pages that they share count for each."""
    measured_at: float = 0.0

    @property
    def users(self) -> frozenset[int]:
        """Pids of workers that are attached, or about to be."""
        return frozenset({*self.attached, *self.promised})

    @property
    def is_open(self) -> bool:
        return self.phase in ("starting", "ready") and self.outdated is None

    @property
    def is_dead(self) -> bool:
        """Whether its process is about to be gone by itself."""
        return self.phase in ("failed", "lost")

    def hand_over(self, link: socket.socket, fields: Mapping[str, Any], pid: int) -> None:
        """From here on the worker and the host talk to each other."""
        self.promised.add(pid)
        self.process.channel.send("attach", fds=[link.fileno()], pid=pid, alone=bool(fields["alone"]))

    def hear_state(self, fields: Mapping[str, Any]) -> None:
        self.attached = tuple(fields["attached"])
        self.promised -= set(fields["attached"])
        self.in_flight = int(fields["in_flight"])
        if fields["altered"] and self.outdated is None:
            self.outdated = f"the code has called {fields['altered']}, which changes it"
        if time.monotonic() - self.measured_at >= _MEASURE_S:
            self.measured_at = time.monotonic()
            self._measure()

    def forget_dead_users(self) -> None:
        """While it loads, its host hears of nobody's end."""
        self.attached = tuple(pid for pid in self.attached if _lives(pid))
        self.promised = {pid for pid in self.promised if _lives(pid)}

    def record(self) -> dict[str, Any]:
        """For the registry: what others may show of it."""
        return {
            "model": self.model,
            "key": self.digest[:SHORT_KEY],
            "phase": self.phase,
            "pid": self.pid,
            "attached": list(self.attached),
            "in_flight": self.in_flight,
            "memory": self.memory,
        }

    def _measure(self) -> None:
        if self.pid is not None:
            pages = sum(map(_resident_pages, [self.pid, *descent.descendants(self.pid)]))
            self.memory = round(pages * resource.getpagesize() / 2**24) * 2**24

    def forget_files(self) -> None:
        """Its sockets' files, if it could not take them away itself."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def _resident_pages(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1])
    return 0
