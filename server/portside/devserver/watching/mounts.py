"""File systems on which the kernel does not tell of what other machines, or a host, write."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

# inotify(7): "Inotify reports only events that a user-space program triggers through the filesystem API.
# As a result, it does not catch remote events that occur on network filesystems." The same goes for
# folders that a hypervisor or a container runtime shares with its host.
_REMOTE = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "wekafs", "9p"),
        *("virtiofs", "vboxsf", "prl_fs", "vmhgfs", "drvfs", "fakeowner", "fuse.vmhgfs-fuse", "fuse.sshfs"),
        *("fuse.glusterfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.juicefs", "fuse.rclone", "fuse.grpcfuse"),
        *("fuse.osxfs", "fuse.lustre", "fuse.mergerfs", "fuse.seaweedfs", "fuse.goofys"),
    }
)


def remote_file_system(folders: Iterable[str], table: str = "/proc/self/mountinfo") -> str | None:
    """The type of the first of these folders' file systems that others can write to unnoticed.

    table: what is mounted, in the format of mountinfo in proc(5); where it is missing, None is the answer.
    """
    types = _types(table)
    for folder in folders:
        path = os.path.realpath(folder)
        mounted = max((point for point in types if _is_below(path, point)), key=len, default=None)
        if mounted is not None and types[mounted] in _REMOTE:
            return types[mounted]
    return None


def _types(table: str) -> dict[str, str]:
    """Mount points and their types."""
    found = {}
    with suppress(OSError), open(table, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            before, _, after = line.partition(" - ")
            point = before.split()[4].encode("latin-1", "backslashreplace").decode("unicode_escape")
            found[point] = after.split()[0]
    return found


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
