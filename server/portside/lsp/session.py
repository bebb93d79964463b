"""One editor's session: its documents, and what Portside says of them. Knows JSON, not transport.

`routes` maps each method of the protocol to what answers it, so that the same
answers serve before and after pygls is loaded (start.py).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portside import __version__
from portside.lint.finding import Finding
from portside.lsp import uris
from portside.lsp.actions import Actions
from portside.lsp.buffer import Buffer
from portside.lsp.capabilities import WATCHED_FILES, capabilities
from portside.lsp.client import Client
from portside.lsp.commands import TELL
from portside.lsp.convert import Converter, Json
from portside.lsp.documents import Document, Documents
from portside.lsp.hover import hover
from portside.lsp.kinds import is_checked
from portside.lsp.layouts import Layouts
from portside.lsp.methods import LAUNCH_TARGETS
from portside.lsp.outbox import Outbox
from portside.lsp.port_rename import PortRename, is_number
from portside.lsp.settings_mistakes import SettingsMistakes

if TYPE_CHECKING:
    from portside.lsp.projects import Projects
    from portside.workspace.project import Project

_log = logging.getLogger(__name__)


class Session:
    """What one client has open."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.client = Client()
        self._documents = Documents()
        self._found: dict[str, tuple[Document, tuple[Finding, ...]]] = {}
        # Documents whose text the projects don't know yet. They learn of it when another
        # document is checked, since only that can depend on it: while one document is typed in,
        # nothing that was learned of the workspace has to be learned again.
        self._unshared: set[str] = set()
        self._layouts = Layouts()
        self._mistakes = SettingsMistakes(self._documents, outbox)
        self.routes: Mapping[str, Callable[[Json], Any]] = {
            "initialize": self.initialize,
            "initialized": self.initialized,
            "textDocument/didOpen": self.did_open,
            "textDocument/didChange": self.did_change,
            "textDocument/didClose": self.did_close,
            "textDocument/didSave": self.did_save,
            "textDocument/diagnostic": self.diagnostic,
            "textDocument/codeAction": self.code_action,
            "codeAction/resolve": self.resolve_code_action,
            "textDocument/hover": self.hover,
            "textDocument/codeLens": self.code_lens,
            "textDocument/prepareRename": self.prepare_rename,
            "textDocument/rename": self.rename,
            "workspace/didChangeWatchedFiles": self.did_change_watched_files,
            "workspace/didChangeConfiguration": self.did_change_configuration,
            "workspace/didChangeWorkspaceFolders": self.did_change_workspace_folders,
            "workspace/executeCommand": self.execute_command,
            LAUNCH_TARGETS: self.launch_targets,
        }

    @functools.cached_property
    def _projects(self) -> Projects:
        # Loaded late: with all rules behind it this takes longer than to answer `initialize`.
        from portside.lsp.projects import Projects

        return Projects(self.client.folders)

    # Life cycle

    def warm_up(self) -> None:
        """Load what the first check needs, while the client still reads the answer to `initialize`."""
        for folder in self.client.folders:
            self._projects.project(folder / "any.py")

    def initialize(self, params: Json) -> Json:
        self.client = Client.of(params)
        self._documents.encoding = self.client.encoding
        return {
            "capabilities": capabilities(self.client),
            "serverInfo": {"name": "portside", "version": __version__},
        }

    def initialized(self, _params: Json) -> None:
        """Asks the client to tell of changed files, where it can be asked."""
        if self.client.watches:
            self._outbox.request("client/registerCapability", {"registrations": [WATCHED_FILES]})

    # Documents

    def did_open(self, params: Json) -> None:
        item = params["textDocument"]
        path = uris.to_path(item["uri"])
        document = Document(
            uri=item["uri"],
            path=path or self._untitled_path(item["uri"]),
            language=item.get("languageId", ""),
            version=item.get("version"),
            buffer=Buffer(item["text"], self.client.encoding),
            on_disk=path is not None,
        )
        self._put(document)

    def did_change(self, params: Json) -> None:
        item = params["textDocument"]
        document = self._documents.get(item["uri"])
        if document is None:
            _log.warning("a change of a document that is not open: %s", item["uri"])
            return
        buffer = document.buffer.changed(params["contentChanges"])
        self._put(
            Document(
                document.uri, document.path, document.language, item.get("version"), buffer, document.on_disk
            )
        )

    def did_close(self, params: Json) -> None:
        uri = params["textDocument"]["uri"]
        document = self._documents.remove(uri)
        self._found.pop(uri, None)
        if document is None:
            return
        self._unshared.discard(uri)
        self._projects.project(document.path).set_overlay(document.path, None)
        if not self.client.pulls:
            self._outbox.publish(uri, None, [])
        self._recheck_others(uri)

    def did_save(self, params: Json) -> None:
        uri = params["textDocument"]["uri"]
        path = uris.to_path(uri)
        if path is not None:
            self._projects.project(path).changed(path)
            if _is_settings(path):
                self._reload_settings()
        self._recheck_others(uri)

    def _put(self, document: Document) -> None:
        self._documents.put(document)
        self._unshared.add(document.uri)
        if not is_checked(document):
            return
        if not self.client.pulls:
            self._outbox.publish(document.uri, document.version, self._diagnostics(document))
        if not document.is_python:
            self._recheck_launch_files(document)

    def _recheck_launch_files(self, changed: Document) -> None:
        """Launch files speak of each other with every keystroke; what Python files say waits for a save."""
        others = [other for other in self._documents.open() if other is not changed and not other.is_python]
        for other in others:
            known = self._found.pop(other.uri, None)
            if not self.client.pulls and is_checked(other):
                before = known[1] if known is not None else None
                if self.findings(other) != before:
                    self._outbox.publish(other.uri, other.version, self._diagnostics(other))

    def _share_others(self, uri: str) -> None:
        """Let the projects know the texts of all documents but this one."""
        for other in self._unshared - {uri}:
            document = self._documents.get(other)
            if document is not None:
                project = self._projects.project(document.path)
                project.set_overlay(document.path, document.buffer.text)
        self._unshared &= {uri}

    def _untitled_path(self, uri: str) -> Path:
        """A name for what has no file; in the first folder, whose settings then count."""
        name = uri.rpartition("/")[2].rpartition(":")[2] or "untitled"
        folder = self.client.folders[0] if self.client.folders else Path.cwd()
        return folder / (name if name.endswith(".py") else f"{name}.py")

    # Answers

    def diagnostic(self, params: Json) -> Json:
        document = self._documents.get(params["textDocument"]["uri"])
        items = self._diagnostics(document) if document is not None else []
        return {"kind": "full", "items": items}

    def code_action(self, params: Json) -> list[Json]:
        document = self._documents.get(params["textDocument"]["uri"])
        if document is None:
            return []
        where, context = params["range"], params["context"]
        actions = self._actions().at(document, self.findings(document), where, context)
        if self.client.literal_actions:
            actions += self._port_rename().action(document, where, context.get("only"))
        return actions

    def resolve_code_action(self, action: Json) -> Json:
        document = self._documents.get((action.get("data") or {}).get("uri", ""))
        return action if document is None else self._actions().resolved(document, action)

    def prepare_rename(self, params: Json) -> Json | None:
        document = self._documents.get(params["textDocument"]["uri"])
        return self._port_rename().range(document, params["position"]) if document else None

    def rename(self, params: Json) -> Json | None:
        document = self._documents.get(params["textDocument"]["uri"])
        if document is None:
            return None
        return self._port_rename().edit(document, params["position"], params["newName"])

    def _port_rename(self) -> PortRename:
        return PortRename(
            self._project_with_all_texts, self._documents, Converter(self.client, self._documents)
        )

    def _project_with_all_texts(self, document: Document) -> Project:
        """The document's project, which knows its unsaved text, too."""
        self._share_others("")
        return self._projects.project(document.path)

    def hover(self, params: Json) -> Json | None:
        document = self._documents.get(params["textDocument"]["uri"])
        if document is None or not is_checked(document):
            return None
        found = self.findings(document)
        # What this text says of a port, others have from it.
        if is_number(document.buffer.text, document.buffer.offset(params["position"])):
            self._share_others("")
        project = self._projects.project(document.path)
        return hover(project, document, found, params["position"], markdown=self.client.markdown)

    def code_lens(self, params: Json) -> list[Json]:
        """A way to run each server that the document starts."""
        document = self._documents.get(params["textDocument"]["uri"])
        if document is None or not document.on_disk or not is_checked(document):
            return []
        from portside.lsp.lenses import lenses

        return lenses(self._projects.project(document.path), document, self.client.starts)

    def launch_targets(self, params: Json) -> list[Json]:
        """What can be served from the folders that the request means; from all of them by default."""
        from portside.lsp.launch_targets import launch_targets

        return launch_targets(params or {}, self.client.folders)

    def execute_command(self, params: Json) -> None:
        if params["command"] == TELL:
            self._outbox.notify("window/showMessage", {"type": 3, "message": str(params["arguments"][0])})

    def findings(self, document: Document) -> tuple[Finding, ...]:
        """What is found in this version of the document; the check runs once per version."""
        known = self._found.get(document.uri)
        if known is not None and known[0] is document:
            return known[1]
        found = self._check(document) if is_checked(document) else ()
        self._found[document.uri] = (document, found)
        return found

    def _check(self, document: Document) -> tuple[Finding, ...]:
        self._share_others(document.uri)
        result = self._projects.check(document.path, document.buffer.source(str(document.path)))
        self._mistakes.show(self._projects.mistakes)
        return result.findings

    def _diagnostics(self, document: Document) -> list[Json]:
        convert = Converter(self.client, self._documents)
        return [convert.diagnostic(document, finding) for finding in self.findings(document)]

    def _actions(self) -> Actions:
        return Actions(Converter(self.client, self._documents), self._documents, self._layouts.of)

    # The world outside

    def did_change_watched_files(self, params: Json) -> None:
        paths = [path for change in params["changes"] if (path := uris.to_path(change["uri"])) is not None]
        if any(_is_settings(path) for path in paths):
            self._reload_settings()
        for path in paths:
            self._projects.project(path).changed(path)
        self._recheck_others(None)

    def did_change_configuration(self, _params: Json) -> None:
        self._reload_settings()
        self._recheck_others(None)

    def did_change_workspace_folders(self, params: Json) -> None:
        event = params["event"]
        removed = {uris.to_path(folder["uri"]) for folder in event.get("removed") or ()}
        added = [uris.to_path(folder["uri"]) for folder in event.get("added") or ()]
        kept = [folder for folder in self.client.folders if folder not in removed]
        folders = (*kept, *(path for path in added if path is not None and path not in kept))
        self.client = self.client.with_folders(folders)
        self._projects.open(folders)
        self._recheck_others(None)

    def _recheck_others(self, uri: str | None) -> None:
        """Check all open documents again but this one, since what they depend on has changed."""
        self._found = {known: found for known, found in self._found.items() if known == uri}
        if self.client.pulls:
            if self.client.refreshes:
                self._outbox.request("workspace/diagnostic/refresh", None)
            return
        for document in self._documents.open():
            if document.uri != uri and is_checked(document):
                self._outbox.publish(document.uri, document.version, self._diagnostics(document))

    def _reload_settings(self) -> None:
        self._projects.forget_settings()
        for folder in {*self.client.folders, *(document.path.parent for document in self._documents.open())}:
            self._projects.settings(folder)
        self._mistakes.show(self._projects.mistakes)


def _is_settings(path: Path) -> bool:
    from portside.settings.find import FILE_NAMES

    return path.name in FILE_NAMES
