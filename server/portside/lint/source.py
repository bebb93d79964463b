"""A text with a path, and every way of saying where something is in it.

Inside Portside a place is a half-open range of *character* offsets (`Span`).
Editors count UTF-16 or UTF-8 code units, compilers count bytes, people count
lines from 1. All of these conversions live here and in `lsp/convert.py`, so
that no rule ever has to think about them.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from portside.records import cached_property, dataclass

# Editors and Python agree on these three line ends; form feeds and U+2028 are
# ordinary characters to both.
_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines without their ends. `str.splitlines` knows more line ends than editors and Python do."""
    return _LINE_END.split(text.removesuffix("\n").removesuffix("\r")) if text else []


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of character offsets, counted from 0."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def touches(self, other: Span) -> bool:
        """Whether the two share a character, or an empty one lies at the other's edge."""
        return self.start <= other.end and other.start <= self.end


class Position(NamedTuple):
    """A line and a column as people count them: both from 1, the column in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceFile:
    """A file's text, and where its lines are.

    path: as the user should see it (relative to where they are, when it can be);
    it is a label only, nothing is ever read from it here.
    """

    path: str
    text: str

    @classmethod
    def with_lines(cls, path: str, text: str, line_starts: Iterable[int]) -> SourceFile:
        """A file of which somebody knows already where its lines begin."""
        source = cls(path, text)
        vars(source)["line_starts"] = tuple(line_starts)
        return source

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The offset at which each line begins; the first is always 0."""
        if "\r" not in self.text:
            # Several times faster, and this runs with every keystroke.
            lengths = map(len, self.text.split("\n")[:-1])
            return (0, *accumulate(map((1).__add__, lengths)))
        return (0, *(match.end() for match in _LINE_END.finditer(self.text)))

    @cached_property
    def data(self) -> bytes:
        """The text in UTF-8. Lone surrogates, which a decoder may leave, become `?`."""
        return self.text.encode("utf-8", "replace")

    @cached_property
    def _byte_starts(self) -> tuple[int, ...] | None:
        """The byte offset of each line, or None where bytes and characters agree."""
        if len(self.data) == len(self.text):
            return None
        if "\r" not in self.text:
            lengths = map(len, self.data.split(b"\n")[:-1])
            return (0, *accumulate(map((1).__add__, lengths)))
        starts = [0]
        for start, end in zip(self.line_starts, self.line_starts[1:], strict=False):
            starts.append(starts[-1] + len(self.text[start:end].encode("utf-8", "replace")))
        return tuple(starts)

    def offset_of_byte(self, byte: int) -> int:
        """The character that holds this byte of `data`."""
        if self._byte_starts is None:
            return byte
        line = bisect.bisect_right(self._byte_starts, byte) - 1
        rest = self.data[self._byte_starts[line] : byte]
        return self.line_starts[line] + len(rest.decode("utf-8", "ignore"))

    def row_of_byte(self, byte: int) -> int:
        """The line, counted from 0, that holds this byte of `data`."""
        return bisect.bisect_right(self._byte_starts or self.line_starts, byte) - 1

    def start_of_row(self, row: int) -> int:
        """The first byte, in `data`, of this line, counted from 0."""
        return (self._byte_starts or self.line_starts)[row]

    def byte_of_offset(self, offset: int) -> int:
        """The first byte, in `data`, of this character."""
        if self._byte_starts is None:
            return offset
        line = self.line_of(offset)
        rest = self.text[self.line_starts[line] : offset]
        return self._byte_starts[line] + len(rest.encode("utf-8", "replace"))

    def line_of(self, offset: int) -> int:
        """The line, counted from 0, that holds this offset."""
        return bisect.bisect_right(self.line_starts, offset) - 1

    def position(self, offset: int) -> Position:
        line = self.line_of(offset)
        return Position(line + 1, offset - self.line_starts[line] + 1)

    def cell(self, _offset: int) -> int | None:
        """The cell of a notebook, from 1, that `position` counts in; None in other files."""
        return None

    def where(self, offset: int) -> str:
        """The place, as it follows the path in what people read."""
        line, column = self.position(offset)
        cell = self.cell(offset)
        return f"{line}:{column}" if cell is None else f"cell {cell}:{line}:{column}"

    def line_in_file(self, offset: int) -> int:
        """The line, from 1, that holds this offset in the file as it is stored."""
        return self.line_of(offset) + 1

    def line_span(self, line: int) -> Span:
        """The line, counted from 0, with its line end."""
        end = self.line_starts[line + 1] if line + 1 < len(self.line_starts) else len(self.text)
        return Span(self.line_starts[line], end)

    def slice(self, span: Span) -> str:
        return self.text[span.start : span.end]

    @cached_property
    def newline(self) -> str:
        """The line end that the file uses: its first one, else a plain newline."""
        found = _LINE_END.search(self.text)
        return found.group() if found else "\n"
