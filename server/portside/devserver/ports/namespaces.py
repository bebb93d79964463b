"""Other network namespaces: their ports are not ours, and nothing of them is in our tables."""

from __future__ import annotations

from portside.devserver.ports import sockets
from portside.devserver.registry import procfs


def listeners_elsewhere(port: int) -> list[int]:
    """One process for each other network namespace in which somebody listens, as far as we may look."""
    ours = procfs.network("self")
    first: dict[int, int] = {}
    for member in procfs.pids():
        namespace = procfs.network(member)
        if namespace is not None and namespace != ours:
            first.setdefault(namespace, member)
    found = (_listener(namespace, member, port) for namespace, member in first.items())
    return [pid for pid in found if pid is not None]


def _listener(namespace: int, member: int, port: int) -> int | None:
    """Of the namespace that this process is a member of."""
    rows = sockets.from_proc(f"/proc/{member}/net")
    inodes = {row.inode for row in rows if row.is_listening and row.port == port}
    members = (pid for pid in procfs.pids() if inodes and procfs.network(pid) == namespace)
    return next((pid for pid in members if procfs.open_sockets(pid) & inodes), None)
