"""Ctrl-C while there is no run to be stopped yet: the command leaves, at whatever moment it comes.

Nothing is raised for it: a KeyboardInterrupt comes up wherever Python happens to be, also just before
the `try` that is meant for it, right after it, and where exceptions are swallowed.

    before anything has been said   `__main__`: the signal ends it, as any program, with 130 for a shell
    at a conflict                   `leaving`: a word, and exit code 2
    once there is a run             the runner's own handler stops it
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from portside.devserver.console import terminal


@contextmanager
def leaving(code: int, say_so: Callable[[], None]) -> Iterator[None]:
    """Within this, Ctrl-C says so, leaves the terminal as it was, and ends the process with this code."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    mode = terminal.mode()

    def leave(*_: Any) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with suppress(RuntimeError):  # it came in the middle of a write
            say_so()
        terminal.restore(mode)
        os._exit(code)

    signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
