"""The comments in which a file says what it does not want to hear: `# portside: ignore[…]`.

In JSON with comments they begin with `//`.
"""

from __future__ import annotations

import re

from portside.lint.layout import Layout
from portside.lint.source import SourceFile, Span
from portside.records import dataclass

# The reason that people write behind the bracket belongs to the directive, up
# to the next `#`, which begins another tool's comment.
_DIRECTIVE = (
    r"[ \t]*portside:[ \t]*(?P<kind>ignore-file|ignore)(?![\w-])[ \t]*"
    r"(?P<bracket>\[(?P<names>[^\]\r\n#]*)(?P<close>\])?)?(?P<reason>[^\r\n#]*)"
)
_BY_MARK = {mark: re.compile(re.escape(mark) + _DIRECTIVE, re.IGNORECASE) for mark in ("#", "//")}
_NAME = re.compile(r"[^\s,]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One name in a directive's brackets, as it is written."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Directive:
    """One `# portside: ignore…`. words: None where it has no brackets and so means every rule."""

    span: Span
    comment: Span
    whole_file: bool
    line: int
    words: tuple[Word, ...] | None
    closed: bool = True


def directives(source: SourceFile, layout: Layout) -> tuple[Directive, ...]:
    """Every directive of the file, in order; costs nothing where there is none."""
    found: list[Directive] = []
    for match in _BY_MARK[layout.mark].finditer(source.text):
        comment = layout.comment_at(match.start())
        if comment is not None:
            found.append(_directive(source, match, comment))
    return tuple(found)


def _directive(source: SourceFile, match: re.Match[str], comment: Span) -> Directive:
    words = None
    if match["bracket"] is not None:
        start = match.start("names")
        words = tuple(
            Word(name.group(), Span(start + name.start(), start + name.end()))
            for name in _NAME.finditer(match["names"])
        )
    return Directive(
        span=Span(match.start(), match.end()),
        comment=comment,
        whole_file=match["kind"].lower() == "ignore-file",
        line=source.line_of(match.start()),
        words=words,
        closed=match["bracket"] is None or match["close"] is not None,
    )
