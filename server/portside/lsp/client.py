"""What the editor said of itself when it started the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portside.lsp import uris
from portside.lsp.encoding import Encoding


@dataclass(frozen=True, slots=True)
class Client:
    """The abilities that answers depend on.

    pulls: it asks for diagnostics itself, so none have to be sent. related, annotations,
    document_changes, creates_files, resolves_edits, markdown: what an answer may contain.
    refreshes, watches: requests that may be sent to it. starts: its command that starts a launch target,
    the argument, in a terminal. folders: of the workspace, in its order.
    """

    encoding: Encoding = Encoding.UTF_16
    pulls: bool = False
    refreshes: bool = False
    watches: bool = False
    related: bool = False
    markdown: bool = True
    annotations: bool = False
    document_changes: bool = False
    creates_files: bool = False
    resolves_edits: bool = False
    literal_actions: bool = False
    starts: str | None = None
    prepares_renames: bool = False
    folders: tuple[Path, ...] = ()

    def with_folders(self, folders: tuple[Path, ...]) -> Client:
        return dataclasses.replace(self, folders=folders)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Client:
        """The client that sent these parameters of `initialize`."""
        said = _Said(params.get("capabilities") or {})
        document, edit = "textDocument", "workspace.workspaceEdit"
        return cls(
            encoding=Encoding.choose(said.at("general.positionEncodings") or ()),
            pulls=said.at(f"{document}.diagnostic") is not None,
            refreshes=bool(said.at("workspace.diagnostics.refreshSupport")),
            watches=bool(said.at("workspace.didChangeWatchedFiles.dynamicRegistration")),
            related=bool(said.at(f"{document}.publishDiagnostics.relatedInformation")),
            markdown="markdown" in (said.at(f"{document}.hover.contentFormat") or ["markdown"]),
            annotations=said.at(f"{edit}.changeAnnotationSupport") is not None,
            document_changes=bool(said.at(f"{edit}.documentChanges")),
            creates_files="create" in (said.at(f"{edit}.resourceOperations") or ()),
            resolves_edits="edit" in (said.at(f"{document}.codeAction.resolveSupport.properties") or ()),
            literal_actions=said.at(f"{document}.codeAction.codeActionLiteralSupport") is not None,
            starts=_start_command(params),
            prepares_renames=bool(said.at(f"{document}.rename.prepareSupport")),
            folders=_folders(params),
        )


class _Said:
    """Capabilities by dotted path; None where the client left one out, or left out what holds it."""

    def __init__(self, capabilities: Mapping[str, Any]) -> None:
        self._capabilities = capabilities

    def at(self, path: str) -> Any:
        value: Any = self._capabilities
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


def _start_command(params: Mapping[str, Any]) -> str | None:
    options = params.get("initializationOptions")
    named = options.get("startCommand") if isinstance(options, Mapping) else None
    return named if isinstance(named, str) else None


def _folders(params: Mapping[str, Any]) -> tuple[Path, ...]:
    """The workspace's folders; older clients name a single root instead."""
    named = [folder["uri"] for folder in params.get("workspaceFolders") or ()]
    if not named and params.get("rootUri"):
        named = [params["rootUri"]]
    paths = [path for path in map(uris.to_path, named) if path is not None]
    if not paths and params.get("rootPath"):
        paths = [Path(params["rootPath"])]
    return tuple(paths)
