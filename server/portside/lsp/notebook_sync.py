"""Notebooks as the client opens, changes and closes them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from pathlib import Path

from portside.lsp import uris
from portside.lsp.buffer import Buffer
from portside.lsp.convert import Json
from portside.lsp.diagnostics import Diagnostics
from portside.lsp.documents import Document
from portside.lsp.notebooks import Notebook, cell_path
from portside.lsp.workspace import Workspace

_log = logging.getLogger(__name__)


class NotebookSync:
    """Keeps notebooks, and the documents that are their cells, what they are in the editor."""

    def __init__(self, workspace: Workspace, diagnostics: Diagnostics) -> None:
        self._workspace, self._diagnostics = workspace, diagnostics

    def did_open(self, params: Json) -> None:
        said = params["notebookDocument"]
        cells = tuple(cell["document"] for cell in said["cells"])
        notebook = Notebook(said["uri"], self._path(said["uri"]), cells)
        self._workspace.notebooks.put(notebook)
        self._open_cells(notebook, params.get("cellTextDocuments") or ())
        self._diagnostics.notebook_changed(notebook)

    def did_change(self, params: Json) -> None:
        uri = params["notebookDocument"]["uri"]
        notebook = self._workspace.notebooks.get(uri)
        if notebook is None:
            _log.warning("a change of a notebook that is not open: %s", uri)
            return
        changes = params["change"].get("cells") or {}
        if changes.get("structure"):
            notebook = self._restructured(notebook, changes["structure"])
        for change in changes.get("textContent") or ():
            self._change_text(change)
        self._diagnostics.notebook_changed(notebook)

    def did_close(self, params: Json) -> None:
        notebook = self._workspace.notebooks.remove(params["notebookDocument"]["uri"])
        if notebook is not None:
            self._close_cells(notebook.cells)

    def _restructured(self, notebook: Notebook, structure: Json) -> Notebook:
        array = structure["array"]
        start, end = array["start"], array["start"] + array["deleteCount"]
        new = (cell["document"] for cell in array.get("cells") or ())
        cells = (*notebook.cells[:start], *new, *notebook.cells[end:])
        changed = dataclasses.replace(notebook, cells=cells)
        self._workspace.notebooks.put(changed)
        self._close_cells(cell["uri"] for cell in structure.get("didClose") or ())
        self._open_cells(changed, structure.get("didOpen") or ())
        return changed

    def _open_cells(self, notebook: Notebook, items: Iterable[Json]) -> None:
        for item in items:
            document = Document(
                uri=item["uri"],
                path=cell_path(notebook.path, item["uri"]),
                language=item.get("languageId", ""),
                version=item.get("version"),
                buffer=Buffer(item["text"], self._workspace.client.encoding),
                on_disk=False,
                notebook=notebook.uri,
            )
            self._workspace.put(document)

    def _change_text(self, change: Json) -> None:
        named = change["document"]
        document = self._workspace.documents.get(named["uri"])
        if document is None:
            _log.warning("a change of a cell that is not open: %s", named["uri"])
            return
        buffer = document.buffer.changed(change["changes"])
        self._workspace.put(dataclasses.replace(document, version=named.get("version"), buffer=buffer))

    def _close_cells(self, uris_: Iterable[str]) -> None:
        for uri in uris_:
            document = self._workspace.remove(uri)
            if document is not None:
                self._diagnostics.closed(document)

    def _path(self, uri: str) -> Path:
        return uris.to_path(uri) or self._workspace.unsaved_path(uri, ".ipynb")
