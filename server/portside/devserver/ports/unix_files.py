"""Unix socket files: a server's, alive or left behind. vLLM does not remove what is in its way."""

from __future__ import annotations

import errno
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from portside.devserver.ports import holders
from portside.devserver.ports.conflict_lines import holder_fields, occupancy_rows
from portside.devserver.ports.holders import Occupancy
from portside.inside.socket_folder import PATH_LIMIT

_ACCEPTS = 0x10000  # __SO_ACCEPTCON, in the flags of /proc/net/unix


class FileState(Enum):
    """What is at the path of a Unix socket."""

    FREE = "free"
    LIVE = "live socket file"
    BOUND = "bound, not listening"
    STALE = "stale socket file"
    NO_SOCKET = "no socket"
    INVALID = "invalid"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SocketFile:
    """text: one sentence for the user. identity: device and inode of what was looked at."""

    path: str
    state: FileState
    text: str
    occupancy: Occupancy = holders.NOBODY
    identity: tuple[int, int] | None = None

    @property
    def is_free(self) -> bool:
        return self.state is FileState.FREE

    @property
    def name(self) -> str:
        return self.path

    @property
    def state_name(self) -> str:
        return self.state.value

    @property
    def can_be_freed(self) -> bool:
        return self.state is FileState.STALE or bool(self.occupancy.stoppable)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Label and text of what stands below the headline."""
        return occupancy_rows(self.occupancy)

    def fields(self) -> dict[str, object]:
        holders_ = [holder_fields(holder) for holder in self.occupancy.holders]
        return {
            "path": self.path,
            "state": self.state.value,
            "text": self.text,
            "holders": holders_,
            "free": self.is_free,
        }


def look(path: str) -> SocketFile:
    """What is there. Effect: connects to a server that listens there, and says nothing."""
    if len(path.encode()) > PATH_LIMIT:
        text = f"{path} is too long for a Unix socket: {PATH_LIMIT} bytes at most"
        return SocketFile(path, FileState.INVALID, text)
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return _missing(path)
    except OSError as error:
        return SocketFile(path, FileState.REFUSED, f"{path}: {error.strerror}")
    identity = (found.st_dev, found.st_ino)
    if not stat.S_ISSOCK(found.st_mode):
        text = f"{path} is there and is no socket: a server can't bind to it"
        return SocketFile(path, FileState.NO_SOCKET, text)
    state, text = _asked(path)
    occupancy = holders.of_sockets({inode for inode, _ in _entries(path)})
    return SocketFile(path, state, text, occupancy, identity)


def _missing(path: str) -> SocketFile:
    folder = Path(path).parent
    if not folder.is_dir():
        return SocketFile(path, FileState.INVALID, f"there is no folder {folder} to make {path} in")
    return SocketFile(path, FileState.FREE, f"{path} is free")


def _asked(path: str) -> tuple[FileState, str]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        try:
            client.connect(path)
        except OSError as error:
            match error.errno:
                case errno.ECONNREFUSED if any(not listens for _, listens in _entries(path)):
                    text = (
                        f"{path} is bound by a process that does not listen yet (a server that is loading?)"
                    )
                    return FileState.BOUND, text
                case errno.ECONNREFUSED:
                    text = (
                        f"{path} was left by a server that is gone: nobody can bind to it until it is removed"
                    )
                    return FileState.STALE, text
                case errno.EACCES:
                    return FileState.REFUSED, f"{path} belongs to somebody else, who does not let you in"
                case (
                    errno.EAGAIN | errno.EPROTOTYPE | None
                ):  # a full queue, another kind of socket, a timeout
                    pass
                case _:
                    return FileState.REFUSED, f"{path}: {error.strerror or error}"
    return FileState.LIVE, f"{path} is taken: a server listens on it"


def _entries(path: str) -> Iterator[tuple[int, bool]]:
    """Inode, and whether it listens, of each socket that was bound to this path."""
    with suppress(OSError):
        for line in Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
            fields = line.split(maxsplit=7)
            if len(fields) == 8 and fields[7] in (path, str(Path(path).absolute())):
                yield int(fields[6]), bool(int(fields[3], 16) & _ACCEPTS)


def remove(file: SocketFile) -> bool:
    """Remove a stale file, if it still is that; whether it was."""
    now = look(file.path)
    if now.state is not FileState.STALE or now.identity != file.identity:
        return False
    Path(file.path).unlink()
    return True
