r"""A document's text as an editor changes it: a list of lines, so that a keystroke costs one of them.

The protocol knows three line ends: `\n`, `\r\n` and `\r`. `str.splitlines` knows
eight more (a form feed is one), so it would count other lines than the editor does.

Some editors send a byte order mark. As in a file from the disk it is kept aside: it is none of the text that
is checked, and only positions in the first line know of it.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from portside.lint.source import SourceFile, Span
from portside.lsp.encoding import Encoding
from portside.records import cached_property

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_MARK = "\ufeff"


class Buffer:
    """One version of a text. Positions are the protocol's: line and character from 0, in code units."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self._mark = text[: text.startswith(_MARK)]
        self.text = text.removeprefix(_MARK)
        self._lines = _LINE.findall(self.text)
        self._encoding = encoding

    def changed(self, changes: Iterable[Mapping[str, Any]]) -> Buffer:
        """The text after these content changes, made in order."""
        changed = self
        for change in changes:
            where = change.get("range")
            if where is None:
                changed = Buffer(change["text"], self._encoding)
            else:
                changed = changed._replaced(where, change["text"])
            if changed.text.startswith(_MARK) and not changed._mark:
                changed = Buffer(changed.text, self._encoding)
        return changed

    def offset(self, position: Mapping[str, int]) -> int:
        """The offset of a position; one behind the end of a line or of the text means that end."""
        line = position["line"]
        if line >= len(self._lines):
            return len(self.text)
        return self._starts[line] + self._column(line, position["character"])

    def span(self, where: Mapping[str, Any]) -> Span:
        start = self.offset(where["start"])
        return Span(start, max(start, self.offset(where["end"])))

    def position(self, offset: int) -> dict[str, int]:
        line = max(0, bisect.bisect_right(self._starts, offset) - 1)
        character = 0 if line else self._mark_units
        if line < len(self._lines):
            character += self._encoding.units(self._lines[line], offset - self._starts[line])
        return {"line": line, "character": character}

    def range(self, span: Span) -> dict[str, dict[str, int]]:
        return {"start": self.position(span.start), "end": self.position(span.end)}

    def source(self, path: str) -> SourceFile:
        """The text as a file to check."""
        return SourceFile.with_lines(path, self.text, self._starts)

    @cached_property
    def _starts(self) -> list[int]:
        """The offset of every line, and of the one that begins behind a final line end."""
        starts = list(itertools.accumulate(map(len, self._lines), initial=0))
        if self._lines and not self._lines[-1].endswith(("\n", "\r")):
            starts.pop()
        return starts

    @property
    def _mark_units(self) -> int:
        return self._encoding.units(self._mark, len(self._mark))

    def _is_before_mark(self, position: Mapping[str, int]) -> bool:
        return position["line"] == 0 and position["character"] < self._mark_units

    def _column(self, line: int, character: int) -> int:
        content = self._lines[line].rstrip("\r\n")
        return self._encoding.column(content, max(0, character - (0 if line else self._mark_units)))

    def _replaced(self, where: Mapping[str, Any], text: str) -> Buffer:
        """The buffer with a range replaced; only the lines that it touches are looked at again."""
        start, end = where["start"], where["end"]
        if self._is_before_mark(start):
            mark = self._mark if self._is_before_mark(end) else ""
            return Buffer(text + mark + self.text[self.offset(end) :], self._encoding)
        first, last = min(start["line"], len(self._lines)), min(end["line"], len(self._lines))
        head = (
            self._lines[first][: self._column(first, start["character"])] if first < len(self._lines) else ""
        )
        tail = self._lines[last][self._column(last, end["character"]) :] if last < len(self._lines) else ""
        # A `\r` before and a `\n` behind the change may have become one line end, or ceased to be one.
        above, below = max(0, first - 1), min(len(self._lines), last + 2)
        middle = (
            "".join(self._lines[above:first]) + head + text + tail + "".join(self._lines[last + 1 : below])
        )
        return self._spliced(above, below, middle)

    def _spliced(self, above: int, below: int, middle: str) -> Buffer:
        """The buffer with other text for the lines from `above` to `below`. Offsets behind only move."""
        start = self._starts[above] if above < len(self._starts) else len(self.text)
        end = self._starts[below] if below < len(self._starts) else len(self.text)
        lines, by = _LINE.findall(middle), len(middle) - (end - start)
        changed = Buffer.__new__(Buffer)
        changed._encoding, changed._mark = self._encoding, self._mark
        changed._lines = [*self._lines[:above], *lines, *self._lines[below:]]
        changed.text = self.text[:start] + middle + self.text[end:]
        if below < len(self._lines):
            within = itertools.accumulate(map(len, lines), initial=start)
            moved = [offset + by for offset in self._starts[below:]]
            vars(changed)["_starts"] = [*self._starts[:above], *itertools.islice(within, len(lines)), *moved]
        return changed
