"""What /proc says of processes, read directly: a scan of all open files has to fit into a conflict's 0.3 s.

A pid alone names nobody: it goes with the clock tick at which its process started.
"""

from __future__ import annotations

import functools
import os
import pwd
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_UIDS = re.compile(rb"^Uid:\t(\d+)", re.MULTILINE)
_IGNORED = re.compile(rb"^SigIgn:\t([0-9a-f]+)", re.MULTILINE)
_SERVICE = re.compile(r"/([^/]+\.service)\s*$", re.MULTILINE)


class Process(NamedTuple):
    """A process at one moment. name: the first 15 characters. started: clock ticks since boot.

    arguments: as it shows them itself; empty for the kernel's own and for zombies.
    """

    pid: int
    parent: int
    name: str
    arguments: tuple[str, ...]
    uid: int
    started: int

    @property
    def created(self) -> float:
        """Seconds since the epoch, as psutil counts them."""
        return boot_time() + self.started / _TICKS_PER_S


def read(pid: int) -> Process | None:
    """The process; None where there is none, or /proc hides it."""
    try:
        name, fields = _stat(pid)
        status = _bytes(f"/proc/{pid}/status")
        command = _bytes(f"/proc/{pid}/cmdline")
    except OSError:
        return None
    uid = _UIDS.search(status)
    # A process that renamed itself (setproctitle) leaves blanks where its arguments were.
    arguments = tuple(word.decode(errors="replace") for word in command.rstrip(b"\0").split(b"\0") if word)
    return Process(pid, int(fields[1]), name, arguments, int(uid[1]) if uid else -1, int(fields[19]))


def _stat(pid: int) -> tuple[str, list[bytes]]:
    """Name, and the fields of proc_pid_stat(5) from the third on; the name may hold blanks and brackets."""
    before, _, after = _bytes(f"/proc/{pid}/stat").rpartition(b")")
    return before.partition(b"(")[2].decode(errors="replace"), after.split()


def _bytes(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
    finally:
        os.close(descriptor)
    return b"".join(parts)


@functools.lru_cache(maxsize=1)
def boot_time() -> int:
    for line in _bytes("/proc/stat").splitlines():
        if line.startswith(b"btime "):
            return int(line[6:])
    return 0


def pids() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1][1])
    except OSError:
        return 0


def ancestors(pid: int) -> list[int]:
    """The parent first, then upwards."""
    found: list[int] = []
    while (pid := parent(pid)) and pid not in found:
        found.append(pid)
    return found


def descendants(pid: int) -> list[int]:
    """Everything below, the deepest last."""
    children: dict[int, list[int]] = {}
    for other in pids():
        children.setdefault(parent(other), []).append(other)
    found = [pid]
    for above in found:
        found += children.get(above, [])
    return found[1:]


# -- open sockets ----------------------------------------------------------------------------


def owners(inodes: Collection[int]) -> dict[int, list[int]]:
    """All processes that have each of these sockets open, as far as we may look; a forked child counts."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes if inode}
    found: dict[int, list[int]] = {}
    for pid in pids() if wanted else ():
        for inode in {wanted[link] for link in _open_files(pid) if link in wanted}:
            found.setdefault(inode, []).append(pid)
    return found


def open_sockets(pid: int) -> set[int]:
    """The inodes of all sockets that the process has open."""
    return {int(link[8:-1]) for link in _open_files(pid) if link.startswith("socket:[")}


def listed_inodes() -> set[int]:
    """The sockets that the tables of /proc/net show, of every family."""
    found: set[int] = set()
    for name, column in _TABLES.items():
        with suppress(OSError):
            lines = _bytes(f"/proc/net/{name}").splitlines()[1:]
            found.update(
                int(fields[column]) for line in lines if (fields := line.split()) and len(fields) > column
            )
    return found


_TABLES = {
    "tcp": 9, "tcp6": 9, "udp": 9, "udp6": 9, "udplite": 9, "udplite6": 9, "raw": 9, "raw6": 9, "icmp": 9,
    "icmp6": 9, "unix": 6, "netlink": 9, "packet": 8,
}  # fmt: skip


def _open_files(pid: int) -> Iterator[str]:
    folder = f"/proc/{pid}/fd/"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        with suppress(OSError):
            yield os.readlink(folder + name)


# -- further facts ---------------------------------------------------------------------------


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def folder(pid: int) -> str | None:
    """The working folder; None where we may not look."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def network(pid: int | str) -> int | None:
    """The number of its network namespace; None where we may not look."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None


@functools.lru_cache(maxsize=1024)
def control_group(pid: int | str) -> str:
    """Empty where we may not look."""
    try:
        return _bytes(f"/proc/{pid}/cgroup").decode(errors="replace")
    except OSError:
        return ""


def service(pid: int | str) -> str | None:
    """The systemd service that the process belongs to."""
    found = _SERVICE.search(control_group(pid))
    return found[1] if found else None


def ignores(pid: int, number: int) -> bool:
    """Whether the process ignores this signal, as what a shell has put into the background does SIGINT."""
    try:
        found = _IGNORED.search(_bytes(f"/proc/{pid}/status"))
    except OSError:
        return False
    return bool(found and int(found[1], 16) >> (number - 1) & 1)
