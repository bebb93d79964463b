"""Documents as the client opens, changes and closes them."""

from __future__ import annotations

import dataclasses
import logging

from portside.lsp import uris
from portside.lsp.buffer import Buffer
from portside.lsp.convert import Json
from portside.lsp.diagnostics import Diagnostics
from portside.lsp.documents import Document
from portside.lsp.notebooks import Notebook
from portside.lsp.settings_mistakes import SettingsMistakes
from portside.lsp.workspace import Workspace

_CELL = "vscode-notebook-cell:"

_log = logging.getLogger(__name__)


class TextSync:
    """Keeps the workspace's documents what they are in the editor."""

    def __init__(self, workspace: Workspace, diagnostics: Diagnostics, mistakes: SettingsMistakes) -> None:
        self._workspace, self._diagnostics, self._mistakes = workspace, diagnostics, mistakes

    def did_open(self, params: Json) -> None:
        item = params["textDocument"]
        path = uris.to_path(item["uri"])
        if path is not None:
            self._workspace.make_way(path)
        document = Document(
            uri=item["uri"],
            path=path or self._workspace.unsaved_path(item["uri"], ".py"),
            language=item.get("languageId", ""),
            version=item.get("version"),
            buffer=Buffer(item["text"], self._workspace.client.encoding),
            on_disk=path is not None,
        )
        if item["uri"].startswith(_CELL):
            # Of a client that doesn't tell of notebooks: each cell is one.
            document = dataclasses.replace(document, notebook=item["uri"])
            self._workspace.notebooks.put(Notebook(item["uri"], document.path, (item["uri"],)))
        self._put(document)
        self._mistakes.opened(document.path)

    def did_change(self, params: Json) -> None:
        item = params["textDocument"]
        document = self._workspace.documents.get(item["uri"])
        if document is None:
            _log.warning("a change of a document that is not open: %s", item["uri"])
            return
        buffer = document.buffer.changed(params["contentChanges"])
        self._put(dataclasses.replace(document, version=item.get("version"), buffer=buffer))

    def did_close(self, params: Json) -> Document | None:
        document = self._workspace.remove(params["textDocument"]["uri"])
        self._workspace.notebooks.remove(params["textDocument"]["uri"])
        if document is not None:
            self._diagnostics.closed(document)
            self._mistakes.closed(document.path)
        return document

    def _put(self, document: Document) -> None:
        self._workspace.put(document)
        self._diagnostics.changed(document)
