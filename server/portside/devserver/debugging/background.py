"""Work that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


class Background:
    """Keeps what it began until that is done: the event loop alone refers to its tasks weakly."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[None]] = set()

    def begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
