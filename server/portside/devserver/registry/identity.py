"""Which process it is: a pid alone is used again; pid, start and boot together are not.

The start is counted in the kernel's clock ticks since boot: unlike a time of day
it does not move when the clock is set. Where there is no /proc, milliseconds since
the epoch stand in for it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_HAS_PROC = os.path.exists("/proc/self/stat")
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if _HAS_PROC else 1000


class Identity(NamedTuple):
    """One process of one boot. ticks: its start."""

    pid: int
    ticks: int


class Place(NamedTuple):
    """Where pids mean what they say: a record of another place proves nothing here."""

    machine: str
    boot: str
    namespace: str


def here() -> Place:
    boot = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    namespace = ""
    with suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return Place(socket.gethostname(), boot, namespace)


def now_ticks() -> int:
    """The present, on the clock that starts are counted by."""
    if _HAS_PROC:
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) * TICKS_PER_S)
    return int(time.time() * 1000)


class Status(NamedTuple):
    """What the kernel says of a process. state: its letter, as in `ps`."""

    pid: int
    ticks: int
    parent: int
    session: int
    state: str

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.ticks)

    @property
    def is_dead(self) -> bool:
        """A zombie holds nothing any more but its pid."""
        return self.state in "ZX"


def status(pid: int) -> Status | None:
    """None: there is no such process (any more)."""
    if not _HAS_PROC:
        return _portable_status(pid)
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may hold spaces and parentheses itself.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return Status(pid, int(fields[19]), int(fields[1]), int(fields[3]), fields[0].decode())


def _portable_status(pid: int) -> Status | None:
    import psutil

    try:
        process = psutil.Process(pid)
        state = "Z" if process.status() == psutil.STATUS_ZOMBIE else "R"
        return Status(pid, int(process.create_time() * 1000), process.ppid(), 0, state)
    except psutil.Error:
        return None


def all_processes() -> dict[int, Status]:
    """Everything that can be seen, zombies too, by pid."""
    return {pid: found for pid in _pids() if (found := status(pid)) is not None}


def _pids() -> list[int]:
    if _HAS_PROC:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    import psutil

    return psutil.pids()


def of(pid: int) -> Identity | None:
    found = status(pid)
    return None if found is None else found.identity


def lives(identity: Identity) -> bool:
    """Whether this very process runs (or is stopped), not a later one with its pid."""
    found = status(identity.pid)
    return found is not None and found.identity == identity and not found.is_dead


def send(identity: Identity, number: int) -> bool:
    """Send a signal to this very process; whether it was there and ours to be told.

    Through a pid descriptor: between the look at its start and the signal nobody can take its pid.
    """
    if not hasattr(os, "pidfd_open"):
        if not lives(identity):
            return False
        with suppress(OSError):
            os.kill(identity.pid, number)
            return True
        return False
    try:
        descriptor = os.pidfd_open(identity.pid)
    except OSError:
        return False
    try:
        if not lives(identity):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def wait_for_end(identities: Sequence[Identity], timeout_s: float) -> list[Identity]:
    """Those that still live when all have ended, or after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while True:
        left = [identity for identity in identities if lives(identity)]
        rest = end - time.monotonic()
        if not left or rest <= 0:
            return left
        _wait_for_one(left[0], min(rest, 0.1))


def _wait_for_one(identity: Identity, timeout_s: float) -> None:
    try:
        descriptor = os.pidfd_open(identity.pid)
    except (OSError, AttributeError):
        time.sleep(min(timeout_s, 0.005))
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if poll.poll(int(timeout_s * 1000) + 1):
            time.sleep(0.001)  # a zombie until its parent has looked
    finally:
        os.close(descriptor)
