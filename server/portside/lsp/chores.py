"""Work that waits until the client is silent, and stops for each of its messages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

_log = logging.getLogger(__name__)

Steps = Iterator[None]


class Chores:
    """Named pieces of work, each done in steps that take a few milliseconds.

    One that is put again before its end begins anew. Patient ones wait for all others.
    """

    def __init__(self) -> None:
        self._urgent: dict[str, Steps] = {}
        self._patient: dict[str, Steps] = {}

    def __bool__(self) -> bool:
        return bool(self._urgent or self._patient)

    def put(self, name: str, steps: Steps, *, patient: bool = False) -> None:
        waiting = self._patient if patient else self._urgent
        waiting.pop(name, None)
        waiting[name] = steps

    def call(self, name: str, work: Callable[[], None]) -> None:
        """The same for what is done in one step."""
        self.put(name, _one_step(work))

    def drop(self, name: str) -> None:
        self._urgent.pop(name, None)
        self._patient.pop(name, None)

    def step(self) -> None:
        """Do a little of what is most urgent."""
        waiting = self._urgent or self._patient
        name, steps = next(iter(waiting.items()))
        try:
            next(steps)
        except BrokenPipeError:
            raise
        except StopIteration:
            self._done(waiting, name, steps)
        except Exception:
            _log.exception("%s failed", name)
            self._done(waiting, name, steps)

    def _done(self, waiting: dict[str, Steps], name: str, steps: Steps) -> None:
        # Its last step may have put it anew.
        if waiting.get(name) is steps:
            del waiting[name]


def _one_step(work: Callable[[], None]) -> Steps:
    work()
    yield from ()
