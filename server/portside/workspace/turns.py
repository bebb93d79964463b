"""Processes that rewrite files of the same folders take turns: of two at once one would undo the other."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

# To write some files takes less. Who holds a folder longer is another program (`flock . make`), which
# may be waiting for this one.
_LONGEST_WAIT_S = 3.0
_PAUSE_S = 0.005


@contextmanager
def turn_in(folders: Iterable[Path], longest_wait_s: float = _LONGEST_WAIT_S) -> Iterator[None]:
    """Wait until no other process is in its turn in one of these folders, but not for ever."""
    deadline = time.monotonic() + longest_wait_s
    with ExitStack() as held:
        # In one order for all, or two processes would wait for each other.
        for folder in sorted(set(folders)):
            with suppress(OSError):
                file = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
                held.callback(os.close, file)
                _lock(file, deadline)
        yield


if sys.platform == "win32":

    def _lock(_file: int, _deadline: float) -> None:
        """Nothing: there a folder can't be opened, nor a file be replaced that somebody reads."""
else:
    import fcntl

    def _lock(file: int, deadline: float) -> None:
        """Held until the file is closed."""
        while not _takes(file) and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)

    def _takes(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
