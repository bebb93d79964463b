"""The terminal that worker, console and a status line share.

The status line is drawn only where the last thing printed was the end of a line: a prompt of
`breakpoint()` or a bar of the user's own is never written into. It is taken away before anything
else is printed, and stays away while the user types: between a line that they have entered and the
next prompt it would only flash up. A terminal that is held (Ctrl-S) never makes the supervisor wait for it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from portside.devserver.console.folding import Folding
from portside.devserver.console.output import write_through

_ERASE = b"\r\x1b[K"
_PATIENCE_S = 0.2
_TYPING_S = 2.0
"""This long after a key what is printed next is the answer to it."""


class Screen:
    """live: there is a terminal on which a line can be redrawn. folds: leave out the engine's noise."""

    def __init__(self, *, live: bool, folds: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._clock = clock
        self._typing_until = 0.0
        self.folds = folds
        self._lock = threading.Lock()
        self._status = ""
        self._is_shown = False
        self._at_line_start = True
        self._folding: dict[int, Folding] = {}

    @property
    def is_live(self) -> bool:
        return self._live

    @property
    def folded(self) -> int:
        """Lines that have been left out."""
        return sum(folding.folded for folding in self._folding.values())

    def width(self) -> int:
        with suppress(OSError, ValueError):
            return os.get_terminal_size(1).columns - 1
        return 79

    def is_plain(self) -> bool:
        """Whether only ASCII can be shown."""
        return "utf" not in (sys.stdout.encoding or "").lower()

    def write(self, data: bytes, target: int) -> None:
        """From the thread that reads what workers print."""
        folding = self._folding.setdefault(target, Folding())
        data = folding.pass_on(data) if self.folds else folding.rest() + data
        if not data:
            return
        with self._lock:
            self._erase()
            write_through(data, target)
            self._at_line_start = data.endswith(b"\n")
            self._draw()

    def show_status(self, text: str) -> None:
        """The status line from now on; none for an empty text."""
        if not self._live or text == self._status:
            return
        self._status = text
        if self._lock.acquire(blocking=False):
            try:
                if not text:
                    self._erase()
                self._draw()
            finally:
                self._lock.release()

    def typed(self) -> None:
        """The user has pressed a key, which is to be passed on after this."""
        self._typing_until = self._clock() + _TYPING_S

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """For a line of the console's own, which begins at the beginning of a line."""
        held = self._lock.acquire(timeout=_PATIENCE_S)
        try:
            if self._live:
                self._erase()
                if not self._at_line_start:
                    write_through(b"\n", 1)
            yield
            self._at_line_start = True
            self._draw()
        finally:
            if held:
                self._lock.release()

    def _erase(self) -> None:
        if self._is_shown:
            write_through(_ERASE, 1)
            self._is_shown = False

    def _draw(self) -> None:
        if self._live and self._status and self._at_line_start and self._clock() >= self._typing_until:
            write_through(_ERASE + self._status.encode(sys.stdout.encoding or "utf-8", "replace"), 1)
            self._is_shown = True
