"""What a log shows of one attempt to start, or of one request that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from portside.failures.lines import Line
from portside.failures.tracebacks import Raised
from portside.knowledge.failures import Known, Rank
from portside.records import dataclass

_FIRST = 60
_LAST = 20


@dataclass(slots=True, eq=False)
class Sighting:
    """A line that the knowledge recognises. raised: the exception whose message it belongs to."""

    entry: Known
    groups: Mapping[str, str]
    line: Line
    raised: Raised | None = None


@dataclass(slots=True)
class Attempt:
    """started: pids of uvicorn's servers. ready_at: of the app or the engine. rendezvous: ports of torch."""

    sightings: list[Sighting] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    complaints: list[Line] = field(default_factory=list)
    started: set[str] = field(default_factory=set)
    rendezvous: set[str] = field(default_factory=set)
    ready_at: Line | None = None
    stopping: bool = False

    def add(self, sighting: Sighting) -> None:
        is_first = not self.has_failed
        if sighting.entry.name == "interrupted" and is_first:
            if self.ready_at is None:
                self.sightings.append(sighting)
            self.stopping = True  # what ends then ends because of it
        if not self.stopping or (self.ready_at is not None and sighting.entry.rank is Rank.CAUSE):
            _keep(self.sightings, sighting)

    def add_raised(self, raised: Raised) -> None:
        if not self.stopping:
            _keep(self.raised, raised)

    def complain(self, line: Line) -> None:
        if (
            line.level in ("ERROR", "CRITICAL")
            and line.text
            and not self.stopping
            and len(self.complaints) < _LAST
        ):
            self.complaints.append(line)

    def engine_ready(self) -> None:
        """Whatever was said before was not what kept the engine from starting."""
        self.sightings.clear()
        self.raised.clear()
        self.complaints.clear()

    @property
    def has_failed(self) -> bool:
        return bool(self.sightings or self.raised)

    @property
    def is_of_startup(self) -> bool:
        """Whether what failed so far was not a request: a request that fails after it is its consequence."""
        return bool(self.sightings) and self.sightings[0].entry.name != "request-failed"


def _keep(kept: list[Sighting] | list[Raised], new: Sighting | Raised) -> None:
    """The first and the last of them: what lies between repeats what is there."""
    kept.append(new)  # type: ignore[arg-type]
    if len(kept) > _FIRST + _LAST:
        del kept[_FIRST]
