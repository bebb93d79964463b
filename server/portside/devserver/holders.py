"""Who holds a port: the process, its command, its user, its age, and whether it is one of ours."""

from __future__ import annotations

import os
import pwd
import shlex
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil

from portside.devserver import ports, registry
from portside.knowledge import secrets

_FORWARDERS = ("docker-proxy", "containerd-shim", "rootlessport", "slirp4netns", "kubectl", "kube-proxy")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a port. command: redacted. created: psutil's create time.

    server: the record of the dev server that it belongs to, if the registry knows it.
    forwarder: it only passes traffic on (a container's, a cluster's); ending it ends nothing.
    """

    pid: int
    created: float
    command: str
    user: str
    mine: bool
    forwarder: bool
    server: registry.Record | None

    @property
    def age_s(self) -> float:
        return max(0.0, time.time() - self.created)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Everybody who has the port. unseen: users whose processes are out of sight."""

    holders: tuple[Holder, ...]
    unseen: tuple[str, ...]


def occupancy(port: int) -> Occupancy:
    """Who listens on the port, on whichever address."""
    rows = ports.listening_rows(port)
    by_inode = {row.inode: row for row in rows if row.inode}
    pids = _owners(set(by_inode))
    records = registry.records()
    holders = [holder for pid in sorted(set(pids.values())) if (holder := _holder(pid, records))]
    unseen = {_user_name(row.uid) for inode, row in by_inode.items() if inode not in pids}
    return Occupancy(tuple(holders), tuple(sorted(unseen)))


def _owners(inodes: set[int]) -> dict[int, int]:
    """The lowest pid that has each of these sockets open, as far as we may look."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, int] = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        for target in _open_files(pid):
            if target in wanted:
                found.setdefault(wanted[target], pid)
        if len(found) == len(inodes):
            break
    return found


def _open_files(pid: int) -> Iterator[str]:
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                yield os.readlink(entry.path)


def _holder(pid: int, records: list[registry.Record]) -> Holder | None:
    try:
        process = psutil.Process(pid)
        arguments = process.cmdline() or [process.name()]
        user = process.uids().real
        line = [pid, *(parent.pid for parent in process.parents())]
        return Holder(
            pid=pid,
            created=process.create_time(),
            command=shlex.join(argument for argument in secrets.redact_command(arguments) if argument),
            user=_user_name(user),
            mine=user == os.getuid(),
            forwarder=process.name() in _FORWARDERS,
            server=next((record for record in records if record.pid in line and record.is_running()), None),
        )
    except psutil.Error:
        return None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
