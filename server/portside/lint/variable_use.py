"""Where files name an environment variable that means one thing, whatever their format."""

from __future__ import annotations

from portside.lint.source import Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class VariableUse:
    """A place that names it. text: of the whole file."""

    path: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class VariableUses:
    """The places through which the variable comes to one program.

    staying: files on the way that name it for others, too, or in a way that has no other name.
    """

    uses: tuple[VariableUse, ...] = ()
    staying: tuple[str, ...] = ()
