"""What the state machine has the supervisor do. Values only; the runner carries them out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a worker. changed: compile these first. held: compile only, and wait for `Load`."""

    generation: int
    changed: frozenset[str] = frozenset()
    held: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """Have a held worker run the app."""

    generation: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Have it accept nothing more and pass on what is idle."""

    generation: int


@dataclass(frozen=True, slots=True)
class Go:
    """Let it accept."""

    generation: int


@dataclass(frozen=True, slots=True)
class Retire:
    """Have a quiet worker answer what it has, and stop."""

    generation: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Have it stop as its own program would on Ctrl-C."""

    generation: int


@dataclass(frozen=True, slots=True)
class Kill:
    """End its tree now."""

    generation: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask it over the socket until it answers."""

    generation: int


@dataclass(frozen=True, slots=True)
class Guard:
    """Start a new guardian."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Something for the user: what, about which generation, in which words."""

    what: str
    generation: int = 0
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Finish:
    """Leave with this exit code."""

    code: int


Command = Spawn | Load | Quiet | Go | Retire | Stop | Kill | Probe | Guard | Tell | Finish
