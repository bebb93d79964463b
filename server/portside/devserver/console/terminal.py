"""The user's terminal, passed on to the worker: `breakpoint()`, colours, progress bars."""

from __future__ import annotations

import fcntl
import os
import select
import sys
import termios
from contextlib import suppress
from typing import Any

_INPUT = 0
_OUTPUT = 1
_LOOK_UP_S = 0.2


def is_shared() -> bool:
    """Whether there is a terminal that we read from and write to."""
    return sys.stdin is not None and os.isatty(_INPUT) and os.isatty(_OUTPUT)


def open_for_worker() -> tuple[int, int]:
    """Master and slave of a new pseudo-terminal of the size of ours."""
    master, slave = os.openpty()
    resize(master)
    return master, slave


def resize(master: int) -> None:
    with suppress(OSError):
        fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(_OUTPUT, termios.TIOCGWINSZ, b"\0" * 8))


class Keyboard:
    """Keys go to the worker's terminal as they are typed; Ctrl-C still is a signal, and ours."""

    def __init__(self) -> None:
        self._before = termios.tcgetattr(_INPUT)
        self.pass_on()

    def pass_on(self) -> None:
        """Echo and line editing are the worker's terminal's affair. Not when we are in the background."""
        if os.tcgetpgrp(_INPUT) != os.getpgrp():
            return
        mode = termios.tcgetattr(_INPUT)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(_INPUT, termios.TCSANOW, mode)

    def read(self) -> bytes:
        """What was typed; empty at the end of input, or when we are in the background."""
        try:
            return os.read(_INPUT, 4096) if os.tcgetpgrp(_INPUT) == os.getpgrp() else b""
        except OSError:  # the terminal was closed
            return b""

    def restore(self) -> None:
        restore(self._before)


Mode = list[Any]
"""How the terminal treats what is typed, as termios has it."""


def mode() -> Mode | None:
    """None where there is no terminal."""
    with suppress(termios.error, OSError):
        return termios.tcgetattr(_INPUT)
    return None


def restore(before: Mode | None) -> None:
    """Not when we are in the background: the terminal is another's then."""
    with suppress(termios.error, OSError):
        if before is not None and os.tcgetpgrp(_INPUT) == os.getpgrp():
            termios.tcsetattr(_INPUT, termios.TCSADRAIN, before)


def key(timeout_s: float | None = None) -> str | None:
    """One key, without waiting for the line's end. Empty at the end of input, None when the time is over."""
    before = termios.tcgetattr(_INPUT)
    mode = termios.tcgetattr(_INPUT)
    mode[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(_INPUT, termios.TCSADRAIN, mode)
    try:
        # Not without an end: a signal right before such a wait would have its handler run behind it.
        while not select.select([_INPUT], [], [], _LOOK_UP_S if timeout_s is None else timeout_s)[0]:
            if timeout_s is not None:
                return None
        return os.read(_INPUT, 1).decode("ascii", "replace").lower()
    finally:
        termios.tcsetattr(_INPUT, termios.TCSADRAIN, before)
