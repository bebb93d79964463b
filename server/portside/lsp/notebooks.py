"""Notebooks: their cells are documents, checked as one module, each with the findings that lie in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from portside.lint.finding import Edit, Finding, Fix, LaterFixes, Related
from portside.lsp.documents import Document, Documents
from portside.python.source.notebook import Joined
from portside.records import dataclass
from portside.workspace.text_file import NOTEBOOK_SUFFIX

if TYPE_CHECKING:
    from portside.lsp.projects import Projects


@dataclass(frozen=True, slots=True)
class Notebook:
    """cells: the URIs of all of them, in their order, of whatever language."""

    uri: str
    path: Path
    cells: tuple[str, ...]


class Notebooks:
    """Those that are open. Their cells are among the documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._open: dict[str, Notebook] = {}
        self._checked: dict[str, tuple[tuple[Document, ...], Joined, tuple[Finding, ...]]] = {}

    def get(self, uri: str) -> Notebook | None:
        return self._open.get(uri)

    def put(self, notebook: Notebook) -> None:
        self._open[notebook.uri] = notebook

    def remove(self, uri: str) -> Notebook | None:
        self._checked.pop(uri, None)
        return self._open.pop(uri, None)

    def python_cells(self, notebook: Notebook) -> tuple[Document, ...]:
        found = (self._documents.get(uri) for uri in notebook.cells)
        return tuple(cell for cell in found if cell is not None and cell.is_python)

    def forget(self) -> None:
        """Check them again: what they depend on has changed."""
        self._checked.clear()

    def findings(self, cell: Document, projects: Projects) -> tuple[Finding, ...]:
        """What is found in this cell, as of its own text; a notebook is checked once for all of its cells."""
        notebook = self._open.get(cell.notebook or "")
        if notebook is None:
            return ()
        cells = self.python_cells(notebook)
        known = self._checked.get(notebook.uri)
        if known is None or known[0] != cells:
            joined = Joined.of([one.buffer.text for one in cells])
            known = cells, joined, projects.check(_checked_path(notebook.path), joined.text).findings
            self._checked[notebook.uri] = known
        view = _View(str(_checked_path(notebook.path)), [str(one.path) for one in cells], known[1])
        return tuple(view.finding(one) for one in known[2] if cells[view.cell(one)] is cell)


def cell_path(notebook: Path, cell_uri: str) -> Path:
    """A name for a cell: that of no file, and of no other cell."""
    return notebook.with_name(f"{notebook.name}#{cell_uri.rpartition('#')[2].rpartition('/')[2]}")


def _checked_path(notebook: Path) -> Path:
    """The path by which an unsaved notebook, too, is known as one."""
    if notebook.suffix == NOTEBOOK_SUFFIX:
        return notebook
    return notebook.with_name(notebook.name + NOTEBOOK_SUFFIX)


@dataclass(frozen=True)
class _View:
    """What is said of the joined text, as said of the cells. whole: the path of that text."""

    whole: str
    paths: Sequence[str]
    joined: Joined

    def cell(self, finding: Finding) -> int:
        return self.joined.place(finding.span)[0]

    def finding(self, finding: Finding) -> Finding:
        return dataclasses.replace(
            finding,
            span=self.joined.place(finding.span)[1],
            fixes=LaterFixes(lambda: self._fixes(finding.fixes)),
            related=tuple(map(self._related, finding.related)),
        )

    def _fixes(self, fixes: Iterable[Fix]) -> Iterable[Fix]:
        """Those that change nothing but what stands in cells; no line end between two, and nobody's magic."""
        for fix in fixes:
            if all(edit.path != self.whole or self.joined.is_within(edit.span) for edit in fix.edits):
                yield dataclasses.replace(fix, edits=tuple(map(self._edit, fix.edits)))

    def _edit(self, edit: Edit) -> Edit:
        if edit.path != self.whole:
            return edit
        cell, span = self.joined.place(edit.span)
        return Edit(self.paths[cell], span, edit.new_text)

    def _related(self, related: Related) -> Related:
        if related.path != self.whole:
            return related
        cell, span = self.joined.place(related.span)
        return Related(self.paths[cell], span, related.message)
