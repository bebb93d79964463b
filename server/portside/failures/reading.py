"""A log, line by line -> its failures.

A log may hold several attempts: a container that was restarted, a reload, requests
that failed one after the other. Each is diagnosed for itself as soon as it is over,
so memory does not grow with the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field, replace

from portside.failures.diagnosis import diagnose
from portside.failures.evidence import Attempt, Sighting
from portside.failures.failure import Failure
from portside.failures.lines import Line, lines
from portside.failures.tracebacks import Tracebacks
from portside.knowledge import failures as knowledge
from portside.knowledge.failures import Rank
from portside.records import dataclass

_MOST_FAILURES = 200

_STARTED = re.compile(r"Started server process \[(\d+)\]")
_BEGINNINGS = (
    "Started server process [",
    "Started reloader process [",
    "Started parent process [",
    "vLLM API server version",
    "non-default args: ",
    "server_args=ServerArgs(",
    "Will watch for changes in these directories",
    "Waiting for application startup.",
)
_RELOADS = ("WatchFiles detected changes", "StatReload detected changes", "WatchGodReload detected")
_EXITED = re.compile(
    r"^\S+ exited with code \d+|Main process exited, code=|Process exited with (?:code|status) \d+"
)
_ENGINE_READY = (
    "init engine (profile",
    "Starting vLLM server on",
    "Starting vLLM API server",
    "Available routes are:",
)
_APP_READY = "Application startup complete."
_STOPS = ("[shutdown] API server: shutdown triggered", "Received signal SIG", "Received SIG", "Shutting down",
          "Got signal SIG", "Handling signal: ", "Finished server process [")  # fmt: skip
_RENDEZVOUS = re.compile(r"distributed_init_method=tcp://\S+?:(\d+)")


@dataclass(slots=True)
class Reader:
    """Feed it the lines of a log, then ask for the failures. folder: of the project, absolute."""

    folder: str | None = None
    number: int = 0
    _attempt: Attempt = field(default_factory=Attempt)
    _tracebacks: Tracebacks = field(default_factory=Tracebacks)
    _failures: dict[tuple[str, str, str], Failure] = field(default_factory=dict)

    def feed(self, raw: str) -> None:
        self.number += 1
        for line in lines(raw, self.number):
            self._read(line)

    def failures(self) -> tuple[Failure, ...]:
        """What has failed so far, in the order of the log."""
        found = dict(self._failures)
        _add(found, diagnose(self._attempt, self.folder))
        return tuple(sorted(found.values(), key=lambda failure: failure.line))

    def _read(self, line: Line) -> None:
        text = line.text
        self._mark(line)
        raised = self._tracebacks.feed(line)
        if raised is not None:
            self._attempt.add_raised(raised)
        sightings = [] if self._tracebacks.inside else _recognised(line)
        for sighting in sightings:
            if sighting.entry.name == "request-failed" and not self._attempt.is_of_startup:
                self._finish()
            is_pointer = sighting.entry.rank is Rank.POINTER
            sighting.raised = raised if is_pointer else raised or self._tracebacks.current(line)
            self._attempt.add(sighting)
        if (
            not sightings
            and not self._tracebacks.inside
            and line.level in ("ERROR", "CRITICAL")
            and text
            and raised is None
        ):
            self._attempt.complain(line)
        if _EXITED.search(text):
            self._finish()

    def _mark(self, line: Line) -> None:
        text, attempt = line.text, self._attempt
        if len(text) > 2000 or (line.level not in ("INFO", "") and "detected changes" not in text):
            return
        ends = (*_RELOADS, *_BEGINNINGS) if attempt.has_failed else _RELOADS
        if any(mark in text for mark in ends):
            self._finish()
        attempt = self._attempt
        if started := _STARTED.search(text):
            attempt.started.add(started[1])
        if any(mark in text for mark in _ENGINE_READY):
            attempt.ready_at = attempt.ready_at or line
            attempt.engine_ready()
        elif _APP_READY in text:
            attempt.ready_at = attempt.ready_at or line
            attempt.complaints.clear()  # it came up in spite of them
        if any(mark in text for mark in _STOPS) and attempt.ready_at and not attempt.has_failed:
            attempt.stopping = True
        if rendezvous := _RENDEZVOUS.search(text):
            attempt.rendezvous.add(rendezvous[1])

    def _finish(self) -> None:
        _add(self._failures, diagnose(self._attempt, self.folder))
        self._attempt = Attempt()


def explain(raw_lines: Iterable[str], folder: str | None = None) -> tuple[Failure, ...]:
    """The failures that a log tells of, in its order. folder: see `Reader`."""
    reader = Reader(folder)
    for raw in raw_lines:
        reader.feed(raw)
    return reader.failures()


def _add(found: dict[tuple[str, str, str], Failure], new: Iterable[Failure]) -> None:
    for failure in new:
        key = (failure.name, re.sub(r"\d+", "0", failure.evidence), str(failure.where))
        if before := found.get(key):
            found[key] = replace(before, count=before.count + failure.count)
        elif len(found) < _MOST_FAILURES:
            found[key] = failure


_LOUD = tuple(entry for entry in knowledge.ALL if entry.loud)


def _recognised(line: Line) -> list[Sighting]:
    """The first entry that matches, of each rank: a line may point elsewhere and say why as well."""
    found: dict[Rank, Sighting] = {}
    if line.text and knowledge.INTERESTING.search(line.text):
        for entry in _LOUD if line.is_quiet else knowledge.ALL:
            if entry.rank not in found and (groups := entry.find(line.text)) is not None:
                found[entry.rank] = Sighting(entry, groups, line)
    return list(found.values())
