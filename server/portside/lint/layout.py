"""What has to be known of a language to read and write comments in it."""

from __future__ import annotations

from typing import Protocol

from portside.lint.source import Span


class Layout(Protocol):
    """Where the comments of one text are, and where one may be added."""

    def comment_at(self, offset: int) -> Span | None:
        """The comment that holds this character; None in code and in strings."""

    def statement_end(self, offset: int) -> int:
        """Where the statement at this offset ends; of a compound one, its header."""

    def takes_comment(self, offset: int) -> bool:
        """Whether a `#` written at this end of a line would begin a comment."""
