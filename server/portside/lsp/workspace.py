"""What one client has open: its documents, the projects that they belong to, and what was found in them."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from portside.lint.finding import Finding
from portside.lsp.client import Client
from portside.lsp.convert import Converter
from portside.lsp.documents import Document, Documents
from portside.lsp.kinds import is_checked
from portside.lsp.notebooks import Notebooks
from portside.workspace.presence import exists

if TYPE_CHECKING:
    from portside.lsp.projects import Projects
    from portside.workspace.project import Project

# Whoever opens a whole disk waits at the first question instead.
_MOST_STEPS = 100_000


class Workspace:
    """Every answer starts here; knows no message and no transport."""

    def __init__(self) -> None:
        self.client = Client()
        self.documents = Documents()
        self.notebooks = Notebooks(self.documents)
        self._found: dict[str, tuple[Document, tuple[Finding, ...]]] = {}
        # Documents whose text the projects don't know yet. They learn of it when another
        # document is checked, since only that can depend on it: while one document is typed in,
        # nothing that was learned of the workspace has to be learned again.
        self._unshared: set[str] = set()

    @functools.cached_property
    def projects(self) -> Projects:
        # Loaded late: with all rules behind it this takes longer than to answer `initialize`.
        from portside.lsp.projects import Projects

        return Projects(self.client.folders)

    @property
    def convert(self) -> Converter:
        return Converter(self.client, self.documents)

    def warm_up(self) -> None:
        """Load what the first check needs."""
        for folder in self.client.folders:
            self.projects.project(folder / "any.py")

    def learn(self) -> Iterator[None]:
        """Look at what lies in the folders, in steps."""
        for folder in self.client.folders:
            steps = self.projects.project(folder / "any.py").learn()
            yield from itertools.islice(steps, _MOST_STEPS)

    def open_folders(self, folders: tuple[Path, ...]) -> None:
        """These are the folders of the workspace from now on."""
        self.client = self.client.with_folders(folders)
        self.projects.open(folders)

    # Documents

    def put(self, document: Document) -> None:
        self.documents.put(document)
        if document.on_disk:
            self._unshared.add(document.uri)  # nobody imports a cell, or an older version of a file

    def unsaved_path(self, uri: str, suffix: str) -> Path:
        """A name for what has no file, which no file has; in the first folder, whose settings then count."""
        name = uri.rpartition("/")[2].rpartition(":")[2] or "untitled"
        folder = self.client.folders[0] if self.client.folders else Path.cwd()
        return self._free_path(folder / (name if name.endswith(suffix) else name + suffix))

    def make_way(self, path: Path) -> None:
        """A file is there: a document without one that was given this name gets another."""
        document = self.documents.at(path)
        if document is not None and not document.on_disk:
            self.remove(document.uri)
            self.put(dataclasses.replace(document, path=self._free_path(path)))

    def _free_path(self, path: Path) -> Path:
        numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(1))
        names = itertools.chain([path], numbered)
        return next(name for name in names if self.documents.at(name) is None and not exists(name))

    def remove(self, uri: str) -> Document | None:
        """The document that was closed; from now on what is saved counts where others depend on it."""
        document = self.documents.remove(uri)
        self._found.pop(uri, None)
        if document is not None and document.on_disk:
            self._unshared.discard(uri)
            other = self.documents.at(document.path)
            self.projects.set_overlay(document.path, other.buffer.text if other else None)
        return document

    # What is known of them

    def findings(self, document: Document) -> tuple[Finding, ...]:
        """What is found in this version of the document; the check runs once per version.

        Of one that is not open nothing is kept.
        """
        known = self._found.get(document.uri)
        if known is not None and known[0] is document:
            return known[1]
        found = self._check(document) if is_checked(document) else ()
        if self._is_open(document):
            self._found[document.uri] = (document, found)
        return found

    def forget(self, uris: Collection[str] | None = None) -> None:
        """Check these documents again when they are next asked about, or all: what they depend on changed."""
        if uris is None:
            self._found.clear()
            self.notebooks.forget()
        else:
            self._found = {uri: found for uri, found in self._found.items() if uri not in uris}

    def project(self, document: Document) -> Project:
        return self.projects.project(document.path)

    def project_with_all_texts(self, document: Document) -> Project:
        """The document's project, which knows its unsaved text, too."""
        self.share_texts()
        return self.project(document)

    def share_texts(self, but: str = "") -> None:
        """Let the projects know the texts of all documents but this one."""
        for other in self._unshared - {but}:
            document = self.documents.get(other)
            if document is not None:
                self.projects.set_overlay(document.path, document.buffer.text)
        self._unshared &= {but}

    def _check(self, document: Document) -> tuple[Finding, ...]:
        self.share_texts(but=document.uri)
        if document.notebook is not None:
            return self.notebooks.findings(document, self.projects)
        source = document.buffer.source(str(document.path))
        return self.projects.check(document.path, source, keep=self._is_open(document)).findings

    def _is_open(self, document: Document) -> bool:
        return self.documents.get(document.uri) is document
