"""Edits of single words of a command, in whatever form the command is written.

A word is rewritten between its own quotes, and taken out with what parts it from its neighbour: blanks and
line continuations in shell text, a comma in a JSON or YAML list, the line of an item in a YAML list.
"""

from __future__ import annotations

import re

from portside.launchfiles.text.words import Command, Word
from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span

_GAP = re.compile(r"(?:\s|\\\r?\n)*(?:,(?:\s|\\\r?\n)*|\r?\n[ \t]*-[ \t]+)?")
_QUOTES = ('\\"', '"', "'")


def word_span(source: SourceFile, word: Word) -> Span:
    """The word with the quotes around it, or around a part of it."""
    text, start, end = source.text, word.start, word.end
    for quote in _QUOTES:
        follows = text.startswith(quote, end)
        if follows and text[start:end].count(quote) % 2:
            return Span(start, end + len(quote))
        if follows and text.endswith(quote, 0, start):
            return Span(start - len(quote), end + len(quote))
    return Span(start, end)


def written(source: SourceFile, word: Word) -> str:
    """The word as the file has it, with its quotes."""
    return source.slice(word_span(source, word))


def rewritten(source: SourceFile, word: Word, text: str) -> Edit:
    """Another text for a word, in the quotes that it has."""
    span = word_span(source, word)
    return Edit(source.path, span, quoted_like(source.slice(span), text))


def quoted_like(old: str, text: str) -> str:
    """The text in the quotes of a word as it is written, if it has any around all of it."""
    for quote in _QUOTES:
        if old.startswith(quote) and old.endswith(quote) and len(old) >= 2 * len(quote):
            return f"{quote}{text}{quote}"
    return text


def without(source: SourceFile, command: Command, first: int, last: int) -> Edit | None:
    """Take these words out, `last` included; None where what would be left can't be told."""
    if not follow_each_other(source, command, first, last):
        return None
    start, end = word_span(source, command[first]).start, word_span(source, command[last]).end
    if first > 0 and _joins(source, command[first - 1], command[first]):
        return Edit(source.path, Span(word_span(source, command[first - 1]).end, end), "")
    if last + 1 < len(command) and _joins(source, command[last], command[last + 1]):
        return Edit(source.path, Span(start, word_span(source, command[last + 1]).start), "")
    around = source.text[:start].rstrip()[-1:] + source.text[end:].lstrip()[:1]
    return Edit(source.path, Span(start, end), "") if around == "[]" else None


def follow_each_other(source: SourceFile, command: Command, first: int, last: int) -> bool:
    """Whether these words stand in one piece of text or in one list."""
    return all(_joins(source, command[i], command[i + 1]) for i in range(first, last))


def _joins(source: SourceFile, left: Word, right: Word) -> bool:
    """Whether nothing but a separator stands between two words."""
    end, start = word_span(source, left).end, word_span(source, right).start
    return end <= start and _GAP.fullmatch(source.text, end, start) is not None
