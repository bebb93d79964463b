"""Follows a start: what the worker prints becomes steps, a status line, events, and times for the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from portside.devserver.console import estimates
from portside.devserver.console.console import Console
from portside.devserver.console.loading import Loading, status_text
from portside.devserver.console.screen import Screen
from portside.devserver.planning.plan import Plan
from portside.knowledge.loading_steps import STEPS

_FIRST_LOOK_S = 1.0
"""A start that is over sooner needs no status line that flashes up."""
_INTERVAL_S = 1.0
_WORTH_KEEPING_S = 1.0
_NOTCH = 0.1
"""How far a bar has to come for another event."""
# What every app goes through tells nothing in a plain log.
_SILENT = frozenset({"imports", "startup"})


class Meter:
    """soon: has the supervisor's loop do something, from any thread."""

    def __init__(
        self, plan: Plan, console: Console, screen: Screen, soon: Callable[[Callable[[], None]], None]
    ) -> None:
        self._console = console
        self._screen = screen
        self._soon = soon
        self._path = estimates.path_for(plan)
        self._loading: Loading | None = None
        self._generation = 0
        self._alone = False
        # A worker that attaches to a kept engine prints the same as one that starts it.
        self._silent = _SILENT | {"engine"} if plan.keep_engine else _SILENT
        self._told: tuple[str, int] = ("", 0)
        self.next_look: float | None = None

    @property
    def loading(self) -> Loading | None:
        return self._loading

    def begin(self, generation: int, *, alone: bool) -> None:
        """alone: no other generation serves meanwhile, so this is what a start takes."""
        now = time.monotonic()
        self._loading = Loading(now, estimates.load(self._path) if alone else ())
        self._generation, self._alone, self._told = generation, alone, ("imports", 0)
        self.next_look = now + _FIRST_LOOK_S if self._screen.is_live else None

    def heard(self, _source: int, line: str) -> None:
        """From the thread that reads what workers print."""
        loading = self._loading
        if loading is not None and loading.hear(line.rpartition("\r")[2] or line, time.monotonic()):
            self._soon(self._moved)

    def look(self) -> None:
        """It is time for the status line to be drawn anew."""
        now = time.monotonic()
        self.next_look = now + _INTERVAL_S if self._loading is not None else None
        if self._loading is not None:
            self._screen.show_status(
                status_text(self._loading, now, self._screen.width(), plain=self._screen.is_plain())
            )

    def finish(self, *, ready: bool) -> None:
        """The start is over. Its times are kept if it went well."""
        loading, self._loading, self.next_look = self._loading, None, None
        self._screen.show_status("")
        now = time.monotonic()
        if loading is not None and ready and self._alone and now - loading.began >= _WORTH_KEEPING_S:
            estimates.save(self._path, [dict(run) for run in loading.history], loading.durations(now))

    def _moved(self) -> None:
        loading = self._loading
        if loading is None:
            return
        now = time.monotonic()
        if self.next_look is not None and now - loading.began >= _FIRST_LOOK_S:
            self.look()
        notch = int((loading.done or 0.0) / _NOTCH)
        if self._told == (loading.step, notch):
            return
        is_new_step = self._told[0] != loading.step
        self._told = (loading.step, notch)
        if self._console.is_json or (
            is_new_step and loading.step not in self._silent and not self._screen.is_live
        ):
            eta_s = loading.eta_s(now)
            self._console.emit(
                "step",
                generation=self._generation,
                step=loading.step,
                text=STEPS[loading.step],
                progress=loading.done,
                seconds=round(now - loading.began, 3),
                eta_seconds=None if eta_s is None else round(eta_s, 1),
            )
