"""Writing files so that each is either as it was or as it should be, whatever happens meanwhile.

The new content goes to a file beside the old one, reaches the disk, and takes its
place in one step. Several files change together or not at all: should one
step fail, those already taken are put back.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from portside.records import dataclass


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
    """A rewrite whose content lies ready in `temporary`. target: the path with links followed."""

    rewrite: Rewrite
    target: Path
    temporary: Path


def rewrite_together(rewrites: Iterable[Rewrite]) -> None:
    """Change all of these files. Raises RewriteError, with none of them changed."""
    staged: list[_Staged] = []
    with _undisturbed():
        try:
            for rewrite in rewrites:
                with _explained(rewrite.path):
                    staged.append(_stage(rewrite))
            _commit(staged)
        finally:
            for entry in staged:
                with suppress(FileNotFoundError):
                    entry.temporary.unlink()


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
    return _Staged(rewrite, target, Path(name))


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
                entry.temporary.replace(entry.target)
        except RewriteError:
            _put_back(done)
            raise
        done.append(entry)


def _put_back(done: Iterable[_Staged]) -> None:
    for entry in done:
        before = entry.rewrite.before
        if before is None:
            entry.target.unlink(missing_ok=True)
        else:
            undo = _stage(Rewrite(entry.target, entry.rewrite.after, before))
            undo.temporary.replace(undo.target)


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
