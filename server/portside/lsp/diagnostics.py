"""Which diagnostics the client has of its open documents, and that it gets others when they change.

A client that pulls is never sent any of these: it is told to ask again. Any other is
sent them, once it has stopped for a moment: of ten versions typed in one go the last counts.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from portside.lsp.chores import Chores
from portside.lsp.convert import Json
from portside.lsp.documents import Document
from portside.lsp.kinds import is_checked
from portside.lsp.notebooks import Notebook
from portside.lsp.outbox import Outbox
from portside.lsp.preferences import Preferences
from portside.lsp.settings_mistakes import SettingsMistakes
from portside.lsp.workspace import Workspace

NOTHING = "none"
"""The result id of no diagnostics."""


def identity(items: Sequence[Json]) -> str:
    """The result id of these diagnostics: the same ones have the same id, in any session."""
    if not items:
        return NOTHING
    return hashlib.blake2b(repr(items).encode(), digest_size=8).hexdigest()


class Diagnostics:
    """Of open documents."""

    def __init__(
        self,
        workspace: Workspace,
        outbox: Outbox,
        chores: Chores,
        mistakes: SettingsMistakes,
        preferences: Callable[[Path], Preferences],
    ) -> None:
        self._workspace, self._outbox, self._chores = workspace, outbox, chores
        self._mistakes, self._preferences = mistakes, preferences
        self._shown: dict[str, str] = {}
        self._checked: set[str] = set()

    def items(self, document: Document) -> list[Json]:
        workspace = self._workspace
        if not document.is_python and self._mistakes.is_about(document.path):
            return self._mistakes.items(document.path)
        if not self._preferences(document.path).enable:
            return []
        found = workspace.findings(document)
        self._mistakes.show(workspace.projects.mistakes)
        return [workspace.convert.diagnostic(document, finding) for finding in found]

    def pull(self, uri: str, known: object) -> Json:
        """The report on a document. known: the result id that the client has."""
        document = self._workspace.documents.get(uri)
        items = self.items(document) if document is not None else []
        result = identity(items)
        if document is not None:
            self._shown[uri] = result
        if known == result:
            return {"kind": "unchanged", "resultId": result}
        return {"kind": "full", "resultId": result, "items": items}

    def changed(self, document: Document) -> None:
        """The document is new, or has a new text, by which a manifest may cease to be one."""
        was_checked = document.uri in self._checked
        if is_checked(document):
            self._checked.add(document.uri)
        elif was_checked:
            self._checked.remove(document.uri)
        else:
            return
        if not self._workspace.client.pulls:
            self._chores.call(f"publish {document.uri}", lambda: self._publish(document.uri))
        if not document.is_python:
            self._recheck_launch_files(document)

    def notebook_changed(self, notebook: Notebook) -> None:
        """What one cell binds the others use."""
        cells = self._workspace.notebooks.python_cells(notebook)
        self._workspace.forget([cell.uri for cell in cells])
        if self._workspace.client.pulls:
            self._chores.put("check the open documents again", self._rechecked())
        for cell in cells if not self._workspace.client.pulls else ():
            self._chores.call(f"publish {cell.uri}", functools.partial(self._publish, cell.uri))

    def closed(self, document: Document) -> None:
        self._chores.drop(f"publish {document.uri}")
        self._checked.discard(document.uri)
        if self._shown.pop(document.uri, None) is not None and not self._workspace.client.pulls:
            self._outbox.publish(document.uri, None, [])

    def recheck(self) -> None:
        """Check all documents again, since what they depend on may have changed."""
        self._workspace.forget()
        self._chores.put("check the open documents again", self._rechecked())

    def _recheck_launch_files(self, changed: Document) -> None:
        """Launch files speak of each other with every keystroke; what Python files say waits for a save."""
        documents = self._workspace.documents.open()
        others = [other.uri for other in documents if other.uri != changed.uri and not other.is_python]
        if others:
            self._workspace.forget(others)
            self._chores.put("check the open documents again", self._rechecked())

    def _rechecked(self) -> Iterator[None]:
        differs = False
        for document in self._workspace.documents.open():
            yield
            current = self._workspace.documents.get(document.uri)
            if current is not None and current.uri in self._shown:
                differs |= self._show_again(current)
        if differs and self._workspace.client.refreshes_diagnostics:
            self._outbox.request("workspace/diagnostic/refresh", None)

    def _show_again(self, document: Document) -> bool:
        """Whether the client has to ask for these diagnostics; one that doesn't pull is sent new ones."""
        items = self.items(document)
        if identity(items) == self._shown[document.uri]:
            return False
        if self._workspace.client.pulls:
            self._shown[document.uri] = identity(items)
            return True
        self._send(document, items)
        return False

    def _publish(self, uri: str) -> None:
        document = self._workspace.documents.get(uri)
        if document is not None:
            self._send(document, self.items(document))

    def _send(self, document: Document, items: list[Json]) -> None:
        self._shown[document.uri] = identity(items)
        self._outbox.publish(document.uri, document.version, items)
