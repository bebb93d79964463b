"""systemd's files of `Key=value` lines, and how it splits values into words: systemd.syntax(7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.text.placed import Piece, Placed
from portside.lint.source import Span
from portside.records import dataclass

_LINE = re.compile(
    r"^[ \t]*(?P<rest>(?:[^\n\\]|\\\r?\n(?:[ \t]*[#;][^\n]*\n)*|\\[^\r\n]|\\$)*)", re.MULTILINE
)
_SECTION = re.compile(r"\[(?P<name>[^\]\n]*)\]")
_ENTRY = re.compile(r"(?P<key>[A-Za-z][\w-]*)[ \t]*=[ \t]*(?P<value>.*)", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<gap>(?:[ \t\r]|\\\r?\n(?:[ \t]*[#;][^\n]*\n)*)+) | (?P<quote>["']) | (?P<escape>\\[^\r\n])
      | (?P<percent>%%) | (?P<specifier>%[A-Za-z]) | (?P<text>[^\s"'\\%]+) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Entry:
    section: str
    key: str
    value: Placed
    span: Span


def entries(text: str) -> Iterator[Entry]:
    """Every `Key=value`, in order; a line that a backslash ends goes on in the next."""
    section = ""
    for line in _LINE.finditer(text):
        rest = line["rest"]
        if not rest or rest[0] in "#;":
            continue
        if heading := _SECTION.match(rest):
            section = heading["name"]
        elif entry := _ENTRY.match(rest):
            start = line.start("rest")
            value = entry["value"].rstrip()
            placed = Placed.literal(value, start + entry.start("value"))
            yield Entry(section, entry["key"], placed, Span(start, start + len(rest.rstrip())))


def words(value: Placed) -> Iterator[Placed]:
    """The words of a value: without quotes and escapes; what `%i` stands for is unknown."""
    pieces: list[Placed] = []
    quote, begun, is_quoted, start, end = "", False, False, 0, 0

    def word() -> Placed:
        whole = value.part(start, end).span
        return Placed.joined(pieces, quoted=is_quoted).within(whole)

    for token in _TOKEN.finditer(value.text):
        kind, part = token.lastgroup, value.part(*token.span())
        if kind == "gap" and not quote:
            if begun:
                yield word()
            pieces, begun, is_quoted = [], False, False
            continue
        start, end, begun = (start if begun else token.start()), token.end(), True
        if kind == "quote" and (not quote or token.group() == quote):
            quote, is_quoted = ("" if quote else token.group()), True
        elif kind == "escape":
            pieces.append(value.part(token.start() + 1, token.end()))
        elif kind == "percent":
            pieces.append(value.part(token.start(), token.start() + 1))
        elif kind == "specifier":
            pieces.append(Placed((Piece(token.group(), part.span, known=False),)))
        else:
            pieces.append(part)
    if begun:
        yield word()
