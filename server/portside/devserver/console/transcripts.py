"""The last of what each worker printed, kept to explain its end.

Fed by the thread that shows the output, read by the one that decides.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

_FIRST_LINES = 400
_LAST_LINES = 4000
_LONGEST_LINE = 16384


class Transcripts:
    """By source, a number that stands for one stream of one worker. heard: is given each new line."""

    def __init__(self, heard: Callable[[int, str], None] | None = None) -> None:
        self._heard = heard
        self._lock = threading.Lock()
        self._of: dict[int, _Transcript] = {}

    def feed(self, data: bytes, source: int) -> None:
        with self._lock:
            transcript = self._of.setdefault(source, _Transcript())
            lines = transcript.feed(data)
        if self._heard is not None:
            for line in lines:
                self._heard(source, line)
            if state := transcript.redrawn():
                self._heard(source, state)

    def lines(self, sources: Sequence[int]) -> list[str]:
        """What these have printed so far; of a long run its beginning and its end."""
        with self._lock:
            return [line for source in sources if source in self._of for line in self._of[source].lines()]

    def take(self, sources: Sequence[int]) -> list[str]:
        """The same, for the last time."""
        found = self.lines(sources)
        with self._lock:
            for source in sources:
                self._of.pop(source, None)
        return found


class _Transcript:
    def __init__(self) -> None:
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._partial = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that this completes."""
        *whole, rest = (self._partial + data).split(b"\n")
        # Of a bar that redraws itself only the last state is worth keeping.
        self._partial = rest[-_LONGEST_LINE:]
        lines = [line[-_LONGEST_LINE:].decode("utf-8", "replace") for line in whole]
        for line in lines:
            if len(self._first) < _FIRST_LINES:
                self._first.append(line)
            else:
                self._last.append(line)
        return lines

    def redrawn(self) -> str:
        """What a bar that overwrites itself shows now; empty where there is none."""
        _, overwritten, state = self._partial.rpartition(b"\r")
        return state.decode("utf-8", "replace") if overwritten else ""

    def lines(self) -> list[str]:
        rest = [self._partial.decode("utf-8", "replace")] if self._partial else []
        return [*self._first, *self._last, *rest]
