"""A line on a terminal's standard error, for checks that keep someone waiting."""

from __future__ import annotations

import os
import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

# A check that is over sooner needs no line that flashes up.
_PATIENCE_S = 1.0
_INTERVAL_S = 0.1


class Progress:
    """Says how far a check has come; gone without a trace when it ends."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._shows = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = monotonic() + _PATIENCE_S
        self._status: Status | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def step(self, files: int) -> None:
        """So many files have been gone through by now."""
        if not self._shows or monotonic() < self._next:
            return
        self._next = monotonic() + _INTERVAL_S
        said = f"Files checked: {files}"
        if self._status is None:
            self._status = _started(said)
        else:
            self._status.update(said)


def _started(said: str) -> Status:
    # Loaded late: it takes longer than many a check.
    from rich.console import Console

    # What is written to standard error meanwhile appears above the line.
    status = Console(stderr=True, highlight=False).status(said, refresh_per_second=8)
    status.start()
    return status
