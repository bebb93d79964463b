"""What went wrong, as a value."""

from __future__ import annotations

from typing import Any

from portside.records import dataclass

UNKNOWN = "unknown"
"""The name of a failure that no entry of the knowledge describes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code. file: as the traceback names it. source: its text, if that was printed."""

    file: str
    line: int
    function: str = ""
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Failure:
    """name: of the entry in `knowledge.failures`, or UNKNOWN.

    happened: one sentence. cause: why. evidence: the line of the log that says so, without secrets,
    and line its number from 1. process: who said it, such as `EngineCore`, where the log tells.
    remedies: what to do, the most likely first. rules: names of Portside's rules that find this in
    the code. count: how often the log shows it.
    """

    name: str
    happened: str
    cause: str
    evidence: str
    line: int
    where: Place | None = None
    process: str | None = None
    remedies: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    count: int = 1

    @property
    def is_known(self) -> bool:
        return self.name != UNKNOWN

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        where = self.where and {
            "file": self.where.file,
            "line": self.where.line,
            "function": self.where.function,
            "source": self.where.source,
        }
        return {
            "name": self.name,
            "happened": self.happened,
            "cause": self.cause,
            "evidence": self.evidence,
            "line": self.line,
            "process": self.process,
            "where": where,
            "remedies": list(self.remedies),
            "rules": list(self.rules),
            "count": self.count,
        }
