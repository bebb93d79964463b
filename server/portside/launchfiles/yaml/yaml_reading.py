"""YAML documents out of files that somebody is just editing, or that are templates.

A mistake hides what follows it. So the line of the mistake is blanked, or the one where the construct began
that it broke, whichever lets more be read, and the rest is read again. A file with more mistakes than that
is read up to the last of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from portside.launchfiles.yaml.yaml_composing import Composed, composed
from portside.launchfiles.yaml.yaml_nodes import Node
from portside.launchfiles.yaml.yaml_templates import filled, is_template
from portside.lint.source import Span
from portside.records import dataclass

_MOST_MISTAKES = 4
# Reading again costs as much each time.
_LONGEST_REREAD = 50_000
_LONGEST = 1_000_000
# What the YAML specification does not allow in a file, and lone surrogates. What it allows takes ten times
# as long to compile, as long as a small file takes altogether.
_NOT_YAML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Line ends of YAML 1.1, which no editor takes for some.
_OTHER_LINE_END = re.compile("[\x85\u2028\u2029]")
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?![^ \t\r\n]).*$", re.MULTILINE)
# Comments and directives alone.
_NO_CONTENT = re.compile(r"(?:---|\.\.\.|\s|[#%][^\n]*(?:\n|\Z))*")
_DOCUMENT = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Documents:
    roots: tuple[Node, ...]
    mistakes: tuple[Span, ...] = ()


def documents(text: str, wanted: Callable[[str], bool] | None = None) -> Documents:
    """The roots of all documents, and where something could not be read.

    wanted: whether a document is worth it, going by its text.
    """
    if len(text) > _LONGEST:
        return Documents((), (Span(0, 0),))
    readable = _NOT_YAML.sub(" ", text)
    readable = readable if text.isascii() else _OTHER_LINE_END.sub("\n", readable)
    readable = filled(readable) if is_template(readable) else readable
    readable = _CONFLICT.sub(_blank, readable)
    roots: list[Node] = []
    mistakes = [Span(*found.span()) for found in _CONFLICT.finditer(text)]
    for start, end in _parts(readable):
        if wanted is None or wanted(readable[start:end]):
            found = _document(readable, start, end)
            roots += found.roots
            mistakes += found.mistakes
    return Documents(tuple(roots), tuple(mistakes))


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Where each document begins and ends: a mistake in one is none in the others."""
    # libyaml does not count a byte order mark.
    first = 1 if text.startswith("\ufeff") else 0
    starts = [first, *(marker.start() for marker in _DOCUMENT.finditer(text) if marker.start())]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if not _NO_CONTENT.fullmatch(text, start, end):
            yield start, end


def _document(text: str, start: int, end: int) -> Documents:
    mistakes: list[Span] = []
    found = composed(text, start, end)
    while found.mistake is not None:
        mistakes.append(found.mistake)
        if len(mistakes) > _MOST_MISTAKES or end - start > _LONGEST_REREAD:
            break
        attempts = _attempts(text, found.mistake, start, end)
        best = max(attempts, key=_Attempt.merit, default=None)
        if best is None or best.merit() <= (found.mistake.start, found.mistake.end, 0):
            break
        text, found = best.text, best.found
    return Documents(found.documents, tuple(mistakes))


@dataclass(frozen=True, slots=True)
class _Attempt:
    text: str
    found: Composed
    blanked: int

    def merit(self) -> tuple[int, int, int]:
        """How far it gets, and with how little taken away."""
        mistake = self.found.mistake
        if mistake is None:
            return len(self.text) + 1, 0, -self.blanked
        return mistake.start, mistake.end, -self.blanked


def _attempts(text: str, mistake: Span, first: int, last: int) -> Iterator[_Attempt]:
    """The text without one of the lines that may be to blame, alone or with what belongs to it."""
    lines = {_line(text, mistake.end), _line(text, mistake.start)}
    lines.add(_line(text, max(0, _line(text, mistake.end)[0] - 1)))
    for start, end in lines:
        for stop in {end, _block_end(text, start, end)} if text[start:end].strip() else ():
            if first <= start and stop <= last:
                attempt = text[:start] + _NOT_LINE_END.sub(" ", text[start:stop]) + text[stop:]
                yield _Attempt(attempt, composed(attempt, first, last), stop - start)


_NOT_LINE_END = re.compile(r"[^\r\n]")


def _line(text: str, place: int) -> tuple[int, int]:
    end = text.find("\n", place)
    return text.rfind("\n", 0, place) + 1, end if end >= 0 else len(text)


def _block_end(text: str, start: int, end: int) -> int:
    """The end of the lines below this one that are indented deeper."""
    line = text[start:end]
    deeper = re.compile(
        rf"(?:\n(?:[ \t]*(?=\r?\n|\Z)|[ \t]{{{len(line) - len(line.lstrip()) + 1},}}[^\n]*))*"
    )
    block = deeper.match(text, end)
    return block.end() if block else end


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
