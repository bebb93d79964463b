"""What can happen to a dev server. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """The port is held, the guardian is up."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What changed compiles."""

    generation: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """Lifespan complete, a request answered in-process; it waits to be let in."""

    generation: int


@dataclass(frozen=True, slots=True)
class Quieted:
    """It accepts nothing any more."""

    generation: int


@dataclass(frozen=True, slots=True)
class Served:
    """It accepts on the held socket."""

    generation: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A request over the socket was answered by this generation."""

    generation: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It can't load, and says why."""

    generation: int
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Its process and all that descends from it are gone. status: negative for a signal."""

    generation: int
    status: int


@dataclass(frozen=True, slots=True)
class FilesChanged:
    """engine: a model may be in the live worker's memory, so no second one fits beside it."""

    paths: frozenset[str]
    engine: bool = False


@dataclass(frozen=True, slots=True)
class RestartRequested:
    """The user wants the code loaded anew, as after an edit. engine: as for an edit."""

    engine: bool = False


@dataclass(frozen=True, slots=True)
class EngineClaimed:
    """What this generation loads needs the engine that the one before it uses."""

    generation: int


@dataclass(frozen=True, slots=True)
class GuardianLost:
    """The guardian is gone; its keepers and their workers go on."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The user wants it to end; the second time, at once."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """A deadline has come."""


Event = (
    Started | Checked | Loaded | Quieted | Served | Answered | Failed | Ended
    | FilesChanged | RestartRequested | EngineClaimed | GuardianLost | StopRequested | Ticked
)  # fmt: skip
