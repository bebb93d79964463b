"""Notebooks as files: the text of one is that of its cells of Python, one after the other."""

from __future__ import annotations

import bisect
from itertools import accumulate

from portside.lint.source import Position, SourceFile, Span
from portside.python.source.notebook import Joined
from portside.records import cached_property, dataclass
from portside.workspace.notebook_json import Cell, NoNotebook, python_cells, with_source
from portside.workspace.text_file import TextFile, UnreadableFile


class NotebookSource(SourceFile):
    """The cells' text, with places as people say them who have the notebook before them."""

    file: NotebookFile

    @classmethod
    def of(cls, path: str, text: str, file: NotebookFile) -> NotebookSource:
        source = cls(path, text)
        vars(source)["file"] = file
        return source

    def position(self, offset: int) -> Position:
        start = self._joined.starts[self._index(offset)] if self.file.cells else 0
        return SourceFile("", self.text[start:]).position(offset - start)

    def cell(self, offset: int) -> int | None:
        return self.file.cells[self._index(offset)].number if self.file.cells else None

    def line_in_file(self, offset: int) -> int:
        if not self.file.cells:
            return 1
        number, span = self._joined.place(Span(offset, offset))
        return self.file.line_of(self.file.cells[number], span.start)

    @cached_property
    def _joined(self) -> Joined:
        return self.file.joined(self.text)

    def _index(self, offset: int) -> int:
        return self._joined.place(Span(offset, offset))[0]


@dataclass(frozen=True, slots=True)
class NotebookFile(TextFile):
    """json: what the file holds. cells: those of Python. separator: what stands between two in `text`."""

    json: str = ""
    cells: tuple[Cell, ...] = ()
    separator: str = ""

    @classmethod
    def of(cls, file: TextFile) -> NotebookFile:
        """The notebook that the file is. Raises UnreadableFile."""
        try:
            cells = python_cells(file.text)
        except NoNotebook as error:
            raise UnreadableFile(str(error)) from None
        texts = [cell.text for cell in cells]
        separator = _separator(texts)
        text = f"{separator.join(texts)}\n"
        return cls(file.path, text, file.data, file.encoding, file.has_bom, file.text, cells, separator)

    def joined(self, text: str) -> Joined:
        """The cells, where `text` is what they are now."""
        return Joined.of(text[:-1].split(self.separator) if self.cells else [], self.separator)

    def checked(self, text: str) -> str:
        return self.joined(text).text

    def may_edit(self, text: str, span: Span) -> bool:
        return self.joined(text).is_within(span)

    def source(self, path: str, text: str) -> SourceFile:
        return NotebookSource.of(path, text, self)

    def stored(self, text: str) -> str:
        sources = text[:-1].split(self.separator) if self.cells else []
        if len(sources) != len(self.cells):
            raise UnreadableFile("would have other cells than before")
        parts, position = [], 0
        for cell, source in zip(self.cells, sources, strict=True):
            value = self.json[cell.span.start : cell.span.end]
            changed = value if source == cell.text else with_source(self.json, cell, source)
            parts += [self.json[position : cell.span.start], changed]
            position = cell.span.end
        return "".join([*parts, self.json[position:]])

    def line_of(self, cell: Cell, offset: int) -> int:
        """The line of the JSON, from 1, that has this place of the cell."""
        ends = list(accumulate(map(len, cell.lines)))
        string = min(bisect.bisect_right(ends, offset), len(ends) - 1)
        at = cell.strings[string].start if cell.strings else cell.span.start
        return self.json.count("\n", 0, at) + 1


def _separator(cells: list[str]) -> str:
    """A line of blanks that Python reads over, and that is in none of the cells."""
    separator = "\n\f\n"
    while separator.join(cells).split(separator) != (cells or [""]):
        separator = f"\n\f{separator[1:]}"
    return separator
