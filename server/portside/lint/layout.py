"""What has to be known of a language to read and write comments in it."""

from __future__ import annotations

from typing import Protocol

from portside.lint.source import Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class CommentPlace:
    """Where a comment may be added: in place of `span`, between these two texts."""

    span: Span
    before: str = ""
    after: str = ""


class Layout(Protocol):
    """Where the comments of one text are, and where one may be added."""

    @property
    def mark(self) -> str:
        """What begins a comment: `#`, or `//`."""

    def comment_at(self, offset: int) -> Span | None:
        """The comment that holds this character; None in code and in strings."""

    def lines_of(self, span: Span) -> tuple[int, ...]:
        """The lines, from 0, on which a comment speaks of what is at this span."""

    def comment_place(self, span: Span) -> CommentPlace | None:
        """Where a comment that speaks of this span may be put; None where none can."""
