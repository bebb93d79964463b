"""The form of what Portside knows about one way to fail."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import field

from portside.records import dataclass


class Rank(enum.IntEnum):
    """How far a message explains: it only points elsewhere, tells what broke, or says why."""

    POINTER = 1
    SYMPTOM = 2
    CAUSE = 3


@dataclass(frozen=True)
class Known:
    """One way to fail.

    patterns: regular expressions for one line of a log, without what containers and loggers put
    in front. Their groups fill `{…}` in what, why and do; `bare` replaces what where a group is
    missing. loud: also where the line is logged as a warning or information. sources: program,
    version and file that print it. seen: example lines from real runs. printed: example lines as
    the source builds them, never seen here (most need a GPU). after: the exception has to be of
    this type, where one is known.
    """

    name: str
    topic: str
    patterns: tuple[str, ...]
    what: str
    why: str
    do: tuple[str, ...]
    bare: str = ""
    rank: Rank = Rank.CAUSE
    rules: tuple[str, ...] = ()
    loud: bool = False
    sources: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    expressions: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "expressions", tuple(re.compile(pattern) for pattern in self.patterns))

    def find(self, text: str) -> Mapping[str, str] | None:
        """The groups of the first pattern that is in the line; None where none is."""
        for expression in self.expressions:
            if found := expression.search(text):
                return {name: value for name, value in found.groupdict().items() if value is not None}
        return None

    def said(self, groups: Mapping[str, str]) -> str:
        """`what`, filled; the bare form where the line did not name everything."""
        try:
            return self.what.format_map(groups)
        except KeyError:
            return self.bare or self.what

    def filled(self, text: str, groups: Mapping[str, str]) -> str:
        """A sentence of `why` or `do`; empty where the line did not name what it is about."""
        try:
            return text.format_map(groups)
        except KeyError:
            return ""
