"""Noticing that the editor is gone, also where its end of the pipe stays open in some child of its.

An editor that dies closes the pipe, as a rule. One that was killed while a terminal or a helper of
its had inherited it doesn't, and the server would live on for ever.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable

_EVERY_S = 3.0
# A server that is busy when its editor dies gets this long to notice.
_GRACE_S = 10.0

_log = logging.getLogger(__name__)


def watch(pid: object, gone: Callable[[], None]) -> None:
    """Call `gone` from a thread once the process has ended, and end this one if that does not.

    Nothing is watched where there is no such process: the editor runs outside of this container then.
    """
    if not isinstance(pid, int) or pid <= 0 or not _lives(pid):
        return
    threading.Thread(target=_wait, args=(pid, gone), name="watch-editor", daemon=True).start()


def _wait(pid: int, gone: Callable[[], None]) -> None:
    _wait_for_end(pid)
    _log.warning("the editor, process %d, has ended: so does its language server", pid)
    gone()
    time.sleep(_GRACE_S)
    os._exit(1)


def _wait_for_end(pid: int) -> None:
    if sys.platform == "win32":
        _wait_on_windows(pid)
        return
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            pass  # a kernel, or a sandbox, without it
        else:
            # Readable at its end, also while nobody has asked for its exit code.
            select.select([handle], [], [])
            os.close(handle)
            return
    while _lives(pid):
        time.sleep(_EVERY_S)


if sys.platform == "win32":
    import ctypes

    _SYNCHRONIZE, _FOREVER = 0x00100000, 0xFFFFFFFF

    def _lives(pid: int) -> bool:
        handle = ctypes.windll.kernel32.OpenProcess(_SYNCHRONIZE, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)

    def _wait_on_windows(pid: int) -> None:
        handle = ctypes.windll.kernel32.OpenProcess(_SYNCHRONIZE, False, pid)
        if handle:
            ctypes.windll.kernel32.WaitForSingleObject(handle, _FOREVER)
            ctypes.windll.kernel32.CloseHandle(handle)

else:

    def _lives(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
