"""Workers that a debugger holds: what is done to others in time has to wait for them."""

from __future__ import annotations

from collections.abc import Callable

from portside.devserver import events
from portside.devserver.workers.fleet import Fleet
from portside.devserver.workers.processes import Worker


class Pauses:
    """A breakpoint is not a hang, and a save must not take away what the user is looking at.

    post: takes the changes once everything goes on.
    """

    def __init__(
        self, fleet: Fleet, note: Callable[[str], None], post: Callable[[events.Event], None]
    ) -> None:
        self._fleet = fleet
        self._note = note
        self._post = post
        self._kept: frozenset[str] = frozenset()

    @property
    def is_held(self) -> bool:
        return any(worker.paused for worker in self._fleet)

    def keeps(self, paths: frozenset[str]) -> bool:
        """Whether these changes are kept until the debugger lets go."""
        if not self.is_held:
            return False
        if not self._kept:
            self._note("held by the debugger: the reload waits until it goes on")
        self._kept |= paths
        return True

    def tell(self, worker: Worker, *, held: bool) -> None:
        worker.paused = held
        self.look()

    def look(self) -> None:
        """Some worker goes on, or is gone: what was kept for it is due."""
        if self._kept and not self.is_held:
            kept, self._kept = self._kept, frozenset()
            self._post(events.FilesChanged(kept))
