"""The cells of a notebook as one module: what one cell binds the next one uses.

Lines that are IPython's and not Python's (`%cd`, `!pip install …`, `x = !ls`, `LLM?`) and cells in another
language (`%%bash`) become Python that says nothing, of the same length: places stay what they are.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from portside.lint.source import Span
from portside.records import dataclass

# Most cells have nothing of the kind, and need not be taken apart.
_SIGN = re.compile(r"^[ \t]*[%!?]|=[ \t]*[!%]|\?[ \t]*\r?$", re.MULTILINE)
# What runs the cell as Python, and only measures or catches its output.
_TRANSPARENT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "debug"})
_CELL_MAGIC = re.compile(r"\s*%%(\w*)[^\r\n]*")
_MAGIC = re.compile(
    r"""
    (?P<kept>[ \t]*(?:[\w.\[\],\ \t]*[^=!<>%]=[ \t]*(?=[!%]))?)  # an assignment of what a magic gives
    (?P<magic>
        [!%](?:[^\r\n\\]|\\(?:\r\n|.|\n)|\\$)*
      | \?{1,2}[\w.]+[^\r\n]*
      | [\w.]+\?{1,2}[ \t]*(?=[\r\n]|$)
    )""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    r"""
      (?P<string>(?i:[rbuf]{0,3})(?:'''(?:\\.|[^\\])*?(?:'''|\Z)|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)
        |'(?:\\.|[^'\\\r\n])*'?|"(?:\\.|[^"\\\r\n])*"?))
    | (?P<comment>\#[^\r\n]*)
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<continued>\\(?:\r\n|\r|\n))
    | (?P<newline>\r\n|\r|\n)
    | [\w.]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Joined:
    """Cells of Python, one after the other. cells: their texts as they are; starts: where each begins."""

    cells: tuple[str, ...]
    starts: tuple[int, ...]
    text: str

    @classmethod
    def of(cls, cells: Sequence[str], separator: str = "\n") -> Joined:
        """separator: what stands between two of them; Python has to read over it."""
        starts = accumulate((len(cell) + len(separator) for cell in cells), initial=0)
        text = separator.join(map(plain_python, cells))
        return cls(tuple(cells), tuple(starts)[:-1], f"{text}\n" if cells else "")

    def place(self, span: Span) -> tuple[int, Span]:
        """The cell, from 0, that the span begins in, and the part of the span that lies there."""
        cell = max(0, bisect.bisect_right(self.starts, span.start) - 1)
        start, length = self.starts[cell], len(self.cells[cell])
        return cell, Span(min(span.start - start, length), min(span.end - start, length))

    def is_within(self, span: Span) -> bool:
        """Whether the span lies in one cell as it was written, so that it can be edited there."""
        cell, local = self.place(span)
        here = self.starts[cell]
        whole = (local.start + here, local.end + here) == (span.start, span.end)
        return whole and self.text[span.start : span.end] == self.cells[cell][local.start : local.end]


def plain_python(cell: str) -> str:
    """The text of a cell as Python, of the same length and with the same line ends."""
    if _SIGN.search(cell) is None:
        return cell
    magic = _CELL_MAGIC.match(cell)
    if magic is None:
        return "".join(_lines(cell))
    if magic[1] not in _TRANSPARENT:
        return _blank(cell)
    return _blank(magic[0]) + plain_python(cell[magic.end() :])


def _lines(cell: str) -> Iterator[str]:
    position, depth, at_start = 0, 0, True
    while position < len(cell):
        magic = _MAGIC.match(cell, position) if at_start and depth == 0 else None
        if magic is not None:
            yield magic["kept"] + _idle(magic["magic"])
            position, at_start = magic.end(), False
            continue
        token = _TOKEN.match(cell, position)
        if token is None:
            break
        yield token[0]
        position = token.end()
        depth += (token.lastgroup == "open") - (token.lastgroup == "close" and depth > 0)
        at_start = token.lastgroup == "newline"


def _idle(magic: str) -> str:
    """A statement, or the value of an assignment, that does nothing."""
    return "0" + _blank(magic[1:])


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)
