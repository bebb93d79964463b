"""Writing files so that each is either as it was or as it should be, whatever happens meanwhile.

The new content goes to a file beside the old one, reaches the disk, and takes its
place in one step. Several files change together or not at all: should one
step fail, those already taken are put back.

A file that another could not stand in for is overwritten where it lies: one with several names, one
of another owner, one that is mounted by itself, one in a folder that takes no new files.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from portside.records import dataclass
from portside.workspace.turns import turn_in


class RewriteError(Exception):
    """Nothing was changed; the message says which file stood in the way, and how."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """New content for a file. before: what it has to hold still; None where there must be none."""

    path: Path
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class _Staged:
    """A rewrite whose content lies ready in `temporary`. target: the path with links followed.

    temporary: None for a file that is overwritten.
    """

    rewrite: Rewrite
    target: Path
    temporary: Path | None


def rewrite_together(rewrites: Iterable[Rewrite]) -> None:
    """Change all of these files. Raises RewriteError, with none of them changed."""
    staged: list[_Staged] = []
    once = list(_each_file_once(rewrites))
    with turn_in(_folder(rewrite.path) for rewrite in once), _undisturbed():
        try:
            for rewrite in once:
                with _explained(rewrite.path):
                    staged.append(_stage(rewrite))
            _commit(staged)
        finally:
            for entry in staged:
                if entry.temporary is not None:
                    entry.temporary.unlink(missing_ok=True)


def identity(path: Path) -> object:
    """What is the same for all names of one file, links of both kinds."""
    try:
        state = path.stat()
    except OSError:
        return os.path.realpath(path)
    return (state.st_dev, state.st_ino) if state.st_ino else os.path.realpath(path)


def _folder(path: Path) -> Path:
    return Path(os.path.realpath(path)).parent


def _each_file_once(rewrites: Iterable[Rewrite]) -> Iterator[Rewrite]:
    seen: dict[object, Rewrite] = {}
    for rewrite in rewrites:
        first = seen.setdefault(identity(rewrite.path), rewrite)
        if first is rewrite:
            yield rewrite
        elif first.after != rewrite.after:
            raise RewriteError(
                f"{rewrite.path} is the same file as {first.path}, and would become another; "
                "nothing was written"
            )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal that would end the process waits: half of the files would be written, or the new ones left."""
    if sys.platform == "win32":
        yield
        return
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stage(rewrite: Rewrite) -> _Staged:
    target = Path(os.path.realpath(rewrite.path))
    mode = _checked_mode(rewrite, target)
    if rewrite.before is not None and _is_bound(target):
        return _Staged(rewrite, target, None)
    return _Staged(rewrite, target, _written_beside(rewrite, target, mode))


def _is_bound(target: Path) -> bool:
    """Whether another file in its place would not be the same to everybody, or can't be put there."""
    state = target.stat()
    is_others = hasattr(os, "geteuid") and os.geteuid() not in {0, state.st_uid}
    return state.st_nlink > 1 or is_others or not os.access(target.parent, os.W_OK)


def _written_beside(rewrite: Rewrite, target: Path, mode: int) -> Path:
    """A file with the new content in the same folder, that may take the old one's place."""
    # Cut short: names have at most 255 bytes.
    prefix = f".{target.name[:50]}."
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".portside", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(rewrite.after)
            file.flush()
            os.fsync(file.fileno())
        _take_over(Path(name), target, mode)
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)


def _checked_mode(rewrite: Rewrite, target: Path) -> int:
    """The permissions that the new file gets. Raises RewriteError where this isn't ours to change."""
    _refuse_changed(rewrite, target)
    if rewrite.before is None:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
    mode = stat.S_IMODE(target.stat().st_mode)
    # Taking a file's place needs no right to write it, so a read-only file has to be asked about.
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise RewriteError(f"{rewrite.path} is read-only; nothing was written")
    return mode


def _refuse_changed(rewrite: Rewrite, target: Path) -> None:
    """Raises RewriteError where the file isn't what the new content was made from."""
    if rewrite.before is None:
        if target.exists():
            raise RewriteError(f"{rewrite.path} has appeared meanwhile; nothing was written")
    elif target.read_bytes() != rewrite.before:
        raise RewriteError(f"{rewrite.path} was changed by someone else meanwhile; nothing was written")


def _take_over(temporary: Path, target: Path, mode: int) -> None:
    """Give the new file the old one's permissions and attributes; its owner and group where we may."""
    if hasattr(os, "chown") and target.exists():
        owner = target.stat()
        # A group of one's own may be given also by who may not give a file away.
        for uid, gid in ((-1, owner.st_gid), (owner.st_uid, -1)):
            with suppress(PermissionError):
                os.chown(temporary, uid, gid)
    temporary.chmod(mode)
    if sys.platform == "linux" and target.exists():
        _copy_attributes(target, temporary)


if sys.platform == "linux":

    def _copy_attributes(source: Path, target: Path) -> None:
        """Access lists are among them, and what a security module calls the file."""
        with suppress(OSError):
            for name in os.listxattr(source):
                with suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))


def _commit(staged: Sequence[_Staged]) -> None:
    done: list[_Staged] = []
    for entry in staged:
        try:
            with _explained(entry.rewrite.path):
                # Until the new content is on the disk, an editor has time to save.
                _refuse_changed(entry.rewrite, entry.target)
                _put(entry)
        except RewriteError:
            _put_back(done)
            raise
        done.append(entry)


def _put(entry: _Staged) -> None:
    try:
        if entry.temporary is not None:
            entry.temporary.replace(entry.target)
            return
    except OSError as error:
        # One that is mounted by itself, as containers are given single files.
        if error.errno != errno.EBUSY:
            raise
    _overwrite(entry.target, entry.rewrite)


def _overwrite(target: Path, rewrite: Rewrite) -> None:
    """Write the content into the file that is there. Where that fails, it gets the old one again."""
    file = os.open(target, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    try:
        _fill(file, rewrite.after)
    except OSError:
        # There was room for this.
        _fill(file, rewrite.before or b"")
        raise
    finally:
        os.close(file)


def _fill(file: int, content: bytes) -> None:
    os.lseek(file, 0, os.SEEK_SET)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.ftruncate(file, len(content))
    os.fsync(file)


def _put_back(done: Iterable[_Staged]) -> None:
    for entry in done:
        before = entry.rewrite.before
        if before is None:
            entry.target.unlink(missing_ok=True)
        else:
            _put(_stage(Rewrite(entry.target, entry.rewrite.after, before)))


class _explained:  # noqa: N801 - used like a function
    """Turns an OSError about this file into a RewriteError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise RewriteError(f"{self._path} can't be written: {reason}; nothing was written") from error
