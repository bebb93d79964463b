"""Notices that a reload loaded the engine that was there before, and what that took.

vLLM's engine logs all that it was configured with in one line when it starts. Where two generations that
follow each other logged the same, the second need not have loaded anything.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

from portside.inside import engine_hooks
from portside.knowledge.loading_steps import MARKS

_STARTED = re.compile(
    r"Initializing a V1 LLM engine \(v(?P<version>[^)]+)\) with config: (?P<configuration>.+)"
)
_MODEL = re.compile(r"\bmodel='([^']*)'")
_ONE_ENGINE = re.compile(r"\bdata_parallel_size=1\b")
_ENGINE_MARKS = next(marks for step, marks in MARKS if step == "engine")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """seconds: from the first sign of the engine until its app was loaded."""

    model: str
    seconds: float


class ReloadedEngines:
    """Told of one generation after the other. `heard` comes from the thread that reads what workers print."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = 0
        self._began: float | None = None
        self._engines: dict[str, str] = {}
        self._before: dict[str, str] = {}

    def begin(self, generation: int) -> None:
        """From now on it is this generation that loads."""
        with self._lock:
            self._generation, self._began, self._engines = generation, None, {}

    def heard(self, line: str) -> None:
        """A line that a worker, or what descends from it, has printed."""
        if not any(mark in line for mark in _ENGINE_MARKS):
            return
        with self._lock:
            self._began = self._began or time.monotonic()
            started = _STARTED.search(line)
            if started is not None and _may_be_kept(started["version"], started["configuration"]):
                self._engines[started["configuration"]] = _model_of(started["configuration"])

    def loaded(self, generation: int) -> Reloaded | None:
        """The app of this generation has loaded: what it need not have loaded again."""
        with self._lock:
            if generation != self._generation:
                return None
            again = [model for engine, model in self._engines.items() if engine in self._before]
            self._before = self._engines
            if not again or self._began is None:
                return None
            return Reloaded(", ".join(again), round(time.monotonic() - self._began, 3))


def _may_be_kept(version: str, configuration: str) -> bool:
    try:
        engine_hooks.layout_of(version)
    except engine_hooks.UnknownVersionError:
        return False
    return _ONE_ENGINE.search(configuration) is not None


def _model_of(configuration: str) -> str:
    found = _MODEL.search(configuration)
    return found[1] if found else "the model"
