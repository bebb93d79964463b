"""The comments in which a file says what it does not want to hear: `# portside: ignore[…]`.

In JSON with comments they begin with `//`.
"""

from __future__ import annotations

import re

from portside.lint.layout import Layout
from portside.lint.source import SourceFile, Span
from portside.records import dataclass

# The reason that people write behind the bracket belongs to the directive, up
# to the next `#`, which begins another tool's comment. Another word with a bracket
# is a directive that somebody got wrong.
_DIRECTIVE = (
    r"[ \t]*portside:[ \t]*(?P<kind>(?:ignore-file|ignore)(?![\w-])|[a-z][\w-]*(?=\[))[ \t]*"
    r"(?P<bracket>\[(?P<names>[^\]\r\n#]*)(?P<close>\])?)?(?P<reason>[^\r\n#]*)"
)
_BY_MARK = {mark: re.compile(re.escape(mark) + _DIRECTIVE, re.IGNORECASE) for mark in ("#", "//")}
# Also where they are quoted, or stand in other brackets.
_NAME = re.compile(r"[^\s,;:=\"'`(){}\[\]]+")
KINDS = ("ignore", "ignore-file")


@dataclass(frozen=True, slots=True)
class Word:
    """One name in a directive's brackets, as it is written."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Directive:
    """One `# portside: ignore…`.

    kind: the word behind the colon. words: None where it has no brackets and so means every rule.
    outside: the words behind one without brackets; a reason, if they are no rules.
    """

    span: Span
    comment: Span
    kind: Word
    line: int
    words: tuple[Word, ...] | None
    outside: tuple[Word, ...] = ()
    closed: bool = True

    @property
    def whole_file(self) -> bool:
        return self.kind.text.lower() == "ignore-file"

    @property
    def is_known(self) -> bool:
        return self.kind.text.lower() in KINDS


def directives(source: SourceFile, layout: Layout) -> tuple[Directive, ...]:
    """Every directive of the file, in order; costs nothing where there is none."""
    found: list[Directive] = []
    for match in _BY_MARK[layout.mark].finditer(source.text):
        comment = layout.comment_at(match.start())
        if comment is not None:
            found.append(_directive(source, match, comment))
    return tuple(found)


def _directive(source: SourceFile, match: re.Match[str], comment: Span) -> Directive:
    is_listed = match["bracket"] is not None
    return Directive(
        span=Span(match.start(), match.end()),
        comment=comment,
        kind=Word(match["kind"], Span(*match.span("kind"))),
        line=source.line_of(match.start()),
        words=_words(match, "names") if is_listed else None,
        outside=() if is_listed else _words(match, "reason"),
        closed=not is_listed or match["close"] is not None,
    )


def _words(match: re.Match[str], group: str) -> tuple[Word, ...]:
    start = match.start(group)
    return tuple(
        Word(name.group(), Span(start + name.start(), start + name.end()))
        for name in _NAME.finditer(match[group])
    )
