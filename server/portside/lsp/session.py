"""One editor's session: what answers each of its messages. Knows JSON, not transport.

`routes` maps each method of the protocol to what answers it, so that the same
answers serve before and after pygls is loaded (start.py). `later` maps those whose answer
takes its time, while other messages are answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portside import __version__
from portside.lsp import uris
from portside.lsp.actions import Actions
from portside.lsp.capabilities import SETTINGS_CHANGES, WATCHED_FILES, capabilities
from portside.lsp.chores import Chores
from portside.lsp.client import Client
from portside.lsp.commands import TELL
from portside.lsp.convert import Json
from portside.lsp.diagnostics import Diagnostics
from portside.lsp.documents import Document
from portside.lsp.hover import hover
from portside.lsp.inbox import Inbox
from portside.lsp.kinds import is_checked
from portside.lsp.layouts import Layouts
from portside.lsp.methods import LAUNCH_TARGETS
from portside.lsp.notebook_sync import NotebookSync
from portside.lsp.outbox import Outbox
from portside.lsp.port_rename import PortRename, is_number
from portside.lsp.preferences import EditorSettings
from portside.lsp.refusal import Outdated, Withdrawn
from portside.lsp.settings_mistakes import SettingsMistakes
from portside.lsp.text_sync import TextSync
from portside.lsp.trace import ClientLog, Trace
from portside.lsp.workspace import Workspace
from portside.lsp.workspace_diagnostics import WorkspaceDiagnostics

_log = logging.getLogger(__name__)


class Session:
    """What one client has open.

    is_withdrawn: whether the client has taken back the request that is being answered.
    """

    def __init__(self, outbox: Outbox, inbox: Inbox | None = None) -> None:
        self._outbox, self._inbox = outbox, inbox
        self.is_withdrawn: Callable[[], bool] = lambda: False
        self.chores = Chores()
        self.trace = Trace(outbox)
        self._workspace = Workspace()
        self._layouts = Layouts()
        self._settings = EditorSettings(outbox, self._preferences_changed)
        self._mistakes = SettingsMistakes(self._workspace, outbox)
        self._diagnostics = Diagnostics(
            self._workspace, outbox, self.chores, self._mistakes, self._settings.of
        )
        self._whole = WorkspaceDiagnostics(
            self._workspace, outbox, self.chores, self._diagnostics, self._settings.of
        )
        self._notebooks = NotebookSync(self._workspace, self._diagnostics)
        self._texts = TextSync(self._workspace, self._diagnostics, self._mistakes)
        self._has_asked_for: set[str] = set()
        self._learns = False
        self.later: Mapping[str, Callable[[Any, Json], None]] = {"workspace/diagnostic": self._whole.asked}
        self.routes: Mapping[str, Callable[[Json], Any]] = {
            "initialize": self.initialize,
            "initialized": self.initialized,
            "$/setTrace": lambda params: self.trace.set(params.get("value")),
            "textDocument/didOpen": self._texts.did_open,
            "textDocument/didChange": self._texts.did_change,
            "textDocument/didClose": self.did_close,
            "textDocument/didSave": self.did_save,
            "notebookDocument/didOpen": self._notebooks.did_open,
            "notebookDocument/didChange": self._notebooks.did_change,
            "notebookDocument/didSave": lambda _params: self._recheck(),
            "notebookDocument/didClose": self._notebooks.did_close,
            "textDocument/diagnostic": self.diagnostic,
            "textDocument/codeAction": self.code_action,
            "codeAction/resolve": self.resolve_code_action,
            "textDocument/hover": self.hover,
            "textDocument/codeLens": self.code_lens,
            "codeLens/resolve": self.resolve_code_lens,
            "textDocument/inlayHint": self.inlay_hint,
            "inlayHint/resolve": self.resolve_inlay_hint,
            "textDocument/documentLink": self.document_link,
            "textDocument/prepareRename": self.prepare_rename,
            "textDocument/rename": self.rename,
            "window/workDoneProgress/cancel": lambda params: self._whole.cancel_progress(params.get("token")),
            "workspace/didChangeWatchedFiles": self.did_change_watched_files,
            "workspace/didCreateFiles": self.did_move_files,
            "workspace/didRenameFiles": self.did_move_files,
            "workspace/didDeleteFiles": self.did_move_files,
            "workspace/didChangeConfiguration": self.did_change_configuration,
            "workspace/didChangeWorkspaceFolders": self.did_change_workspace_folders,
            "workspace/executeCommand": self.execute_command,
            LAUNCH_TARGETS: self.launch_targets,
        }

    @property
    def client(self) -> Client:
        return self._workspace.client

    # Life cycle

    def warm_up(self) -> None:
        """Load what the first check needs, while the client still reads the answer to `initialize`."""
        self._workspace.warm_up()

    def initialize(self, params: Json) -> Json:
        self._workspace.client = client = Client.of(params)
        self._workspace.documents.encoding = client.encoding
        self._settings.start(params.get("initializationOptions"))
        self.trace.set(params.get("trace"))
        return {
            "capabilities": capabilities(client),
            "serverInfo": {"name": "portside", "version": __version__},
        }

    def initialized(self, _params: Json) -> None:
        """Asks the client to tell of changed files and settings, where it can be asked."""
        ClientLog(self._outbox).listen()
        client = self.client
        registrations = [WATCHED_FILES] if client.watches else []
        registrations += [SETTINGS_CHANGES] if client.registers_settings else []
        if registrations:
            self._outbox.request("client/registerCapability", {"registrations": registrations})
        self._settings.ask(client)
        folders = ", ".join(map(str, client.folders)) or "no folder"
        _log.info("Portside %s serves %s", __version__, folders)
        self._whole.changed()
        if self._inbox is not None and client.process is not None:
            from portside.lsp.parent import watch

            watch(client.process, self._inbox.end)

    def learn(self) -> None:
        """Look around while the client is silent, so that the first hover of a port waits for nothing."""
        if not self._learns:
            self._learns = True
            self._look_around()

    def _look_around(self) -> None:
        self.chores.put("look around", self._workspace.learn(), patient=True)

    def withdraw(self, request: object) -> bool:
        """Stop working on a request; whether that was being done."""
        return self._whole.withdraw(request)

    def end(self) -> None:
        """Leave no request without an answer."""
        self._whole.end()

    # Documents

    def did_close(self, params: Json) -> None:
        closed = self._texts.did_close(params)
        if closed is not None:
            self._whole.closed(closed)
            self._recheck()

    def did_save(self, params: Json) -> None:
        path = uris.to_path(params["textDocument"]["uri"])
        if path is not None:
            self._changed_on_disk([path])

    # Answers

    def diagnostic(self, params: Json) -> Json:
        return self._diagnostics.pull(params["textDocument"]["uri"], params.get("previousResultId"))

    def code_action(self, params: Json) -> list[Json]:
        document = self._checked(params)
        if document is None:
            return []
        where, context = params["range"], params["context"]
        actions = self._actions().at(document, self._workspace.findings(document), where, context)
        if self.client.literal_actions:
            actions += self._port_rename().action(document, where, context.get("only"))
        return actions

    def resolve_code_action(self, action: Json) -> Json:
        if "data" not in action:
            return action
        document = self._same_version(action["data"])
        return self._actions().resolved(document, self._workspace.findings(document), action)

    def prepare_rename(self, params: Json) -> Json | None:
        document = self._document(params)
        return self._port_rename().range(document, params["position"]) if document else None

    def rename(self, params: Json) -> Json | None:
        document = self._document(params)
        if document is None:
            return None
        return self._port_rename().edit(document, params["position"], params["newName"])

    def hover(self, params: Json) -> Json | None:
        document = self._checked(params)
        if document is None:
            return None
        found = self._workspace.findings(document)
        # What this text says of a port, others have from it.
        if is_number(document.buffer.text, document.buffer.offset(params["position"])):
            self._workspace.share_texts()
        project = self._workspace.project(document)
        return hover(project, document, found, params["position"], markdown=self.client.markdown)

    def code_lens(self, params: Json) -> list[Json]:
        """A way to run each server that the document starts."""
        self._has_asked_for.add("codeLens")
        document = self._checked(params)
        if document is None or not document.on_disk or not self._settings.of(document.path).lenses:
            return []
        from portside.lsp.lenses import lenses

        return lenses(self._workspace.project(document), document, self.client.debugs)

    def resolve_code_lens(self, lens: Json) -> Json:
        document = self._same_version(lens.get("data"))
        from portside.lsp.lenses import resolved

        client = self.client
        return resolved(self._workspace.project(document), document, lens, client.starts, client.debugs)

    def inlay_hint(self, params: Json) -> list[Json]:
        """The numbers of ports that are written as names, where the user wants them."""
        self._has_asked_for.add("inlayHint")
        document = self._checked(params)
        if document is None or not self._settings.of(document.path).port_hints:
            return []
        from portside.lsp.port_hints import as_json, hints, within

        documents, resolves = self._workspace.documents, self.client.resolves_tooltips
        found = hints(self._workspace.project_with_all_texts(document), document)
        shown = within(document, found, params["range"])
        return [as_json(document, documents, hint, number, resolves=resolves) for number, hint in shown]

    def resolve_inlay_hint(self, shown: Json) -> Json:
        document = self._same_version(shown.get("data"))
        from portside.lsp.port_hints import hints, tooltip

        hint = hints(self._workspace.project(document), document)[shown["data"]["number"]]
        return {**shown, "tooltip": tooltip(document, self._workspace.documents, hint)}

    def document_link(self, params: Json) -> list[Json]:
        """From what a launch file starts to the file that it is."""
        document = self._checked(params)
        if document is None or document.is_python:
            return []
        from portside.lsp.launch_links import links

        return links(self._workspace.project(document), document)

    def launch_targets(self, params: Json) -> list[Json]:
        """What can be served from the folders that the request means; from all of them by default."""
        from portside.lsp.launch_targets import launch_targets

        return launch_targets(params or {}, self.client.folders)

    def execute_command(self, params: Json) -> None:
        if params["command"] == TELL:
            self._outbox.notify("window/showMessage", {"type": 3, "message": str(params["arguments"][0])})

    def _document(self, params: Json) -> Document | None:
        return self._workspace.documents.get(params["textDocument"]["uri"])

    def _checked(self, params: Json) -> Document | None:
        """The document, if it is one that Portside has something to say of."""
        document = self._document(params)
        if document is None or not is_checked(document) or not self._settings.of(document.path).enable:
            return None
        return document

    def _same_version(self, data: Any) -> Document:
        """The document that an answer was made for. Raises Outdated where it has changed since."""
        document = self._workspace.documents.get(data["uri"]) if isinstance(data, dict) else None
        if document is None or document.version != data["version"]:
            raise Outdated("the document has changed since")
        return document

    def _actions(self) -> Actions:
        workspace = self._workspace
        return Actions(
            workspace.convert,
            workspace.documents,
            self._layouts.of,
            self._stop_if_withdrawn,
            workspace.projects.apart,
        )

    def _port_rename(self) -> PortRename:
        workspace = self._workspace
        return PortRename(workspace.project_with_all_texts, workspace.documents, workspace.convert)

    def _stop_if_withdrawn(self) -> None:
        if self.is_withdrawn():
            raise Withdrawn("taken back")

    # The world outside

    def did_change_watched_files(self, params: Json) -> None:
        paths = [path for change in params["changes"] if (path := uris.to_path(change["uri"])) is not None]
        self._changed_on_disk(paths)

    def did_move_files(self, params: Json) -> None:
        """The user made, renamed or removed files or folders in the editor."""
        named = [one[key] for one in params["files"] for key in ("uri", "oldUri", "newUri") if key in one]
        self._changed_on_disk([path for uri in named if (path := uris.to_path(uri)) is not None])

    def did_change_configuration(self, params: Json) -> None:
        self._settings.sent(params.get("settings"), self.client)
        self._reload_settings()
        self._recheck()

    def did_change_workspace_folders(self, params: Json) -> None:
        event = params["event"]
        removed = {uris.to_path(folder["uri"]) for folder in event.get("removed") or ()}
        added = [uris.to_path(folder["uri"]) for folder in event.get("added") or ()]
        kept = [folder for folder in self.client.folders if folder not in removed]
        folders = (*kept, *(path for path in added if path is not None and path not in kept))
        self._workspace.open_folders(folders)
        self._settings.ask(self.client)
        self._recheck()

    def _changed_on_disk(self, paths: list[Path]) -> None:
        if any(_is_settings(path) for path in paths):
            self._reload_settings()
        for path in paths:
            self._workspace.make_way(path)
        self._workspace.projects.changed(paths)
        # Others may take something else from a file that was typed in, which then holds for that file, too.
        self._workspace.share_texts()
        self._recheck()

    def _preferences_changed(self) -> None:
        self._recheck()

    def _recheck(self) -> None:
        """What anything depends on may have changed. Nothing is checked before the client is silent."""
        self._diagnostics.recheck()
        self._whole.changed()
        if self._learns:
            self._look_around()
        client = self.client
        if client.refreshes_lenses and "codeLens" in self._has_asked_for:
            self._refresh("codeLens")
        if client.refreshes_hints and "inlayHint" in self._has_asked_for:
            self._refresh("inlayHint")

    def _refresh(self, what: str) -> None:
        method = f"workspace/{what}/refresh"
        self.chores.call(method, lambda: self._outbox.request(method, None))

    def _reload_settings(self) -> None:
        projects = self._workspace.projects
        projects.forget_settings()
        documents = self._workspace.documents.open()
        for folder in {*self.client.folders, *(document.path.parent for document in documents)}:
            projects.settings(folder)
        self._mistakes.show(projects.mistakes)


def _is_settings(path: Path) -> bool:
    from portside.settings.find import FILE_NAMES

    return path.name in FILE_NAMES
