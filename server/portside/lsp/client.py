"""What the editor said of itself when it started the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portside.lsp import uris
from portside.lsp.encoding import Encoding
from portside.records import dataclass

_DIAGNOSTICS = ("publishDiagnostics", "diagnostic")


@dataclass(frozen=True, slots=True)
class Client:
    """The abilities that answers depend on.

    pulls: it asks for diagnostics itself, so none have to be sent. related, tags, annotations,
    document_changes, creates_files, resolves_edits, disabled_actions, markdown, hint_tooltips: what an answer
    may contain, or may leave for `…/resolve`. refreshes_…, watches, tells_settings, registers_settings,
    shows_progress: requests that may be sent to it. starts: its command that starts a launch target, the
    argument, in a terminal. debugs: one that debugs it. process: the editor's id. folders: of the workspace,
    in its order.
    """

    encoding: Encoding = Encoding.UTF_16
    pulls: bool = False
    refreshes_diagnostics: bool = False
    refreshes_lenses: bool = False
    refreshes_hints: bool = False
    watches: bool = False
    tells_settings: bool = False
    registers_settings: bool = False
    shows_progress: bool = False
    related: bool = False
    tags: frozenset[int] = frozenset()
    markdown: bool = True
    annotations: bool = False
    document_changes: bool = False
    creates_files: bool = False
    resolves_edits: bool = False
    disabled_actions: bool = False
    literal_actions: bool = False
    resolves_tooltips: bool = False
    prepares_renames: bool = False
    starts: str | None = None
    debugs: str | None = None
    process: int | None = None
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
            refreshes_diagnostics=bool(said.at("workspace.diagnostics.refreshSupport")),
            refreshes_lenses=bool(said.at("workspace.codeLens.refreshSupport")),
            refreshes_hints=bool(said.at("workspace.inlayHint.refreshSupport")),
            watches=bool(said.at("workspace.didChangeWatchedFiles.dynamicRegistration")),
            tells_settings=bool(said.at("workspace.configuration")),
            registers_settings=bool(said.at("workspace.didChangeConfiguration.dynamicRegistration")),
            shows_progress=bool(said.at("window.workDoneProgress")),
            related=said.either("relatedInformation"),
            tags=_tags(said),
            markdown="markdown" in (said.at(f"{document}.hover.contentFormat") or ["markdown"]),
            annotations=said.at(f"{edit}.changeAnnotationSupport") is not None,
            document_changes=bool(said.at(f"{edit}.documentChanges")),
            creates_files="create" in (said.at(f"{edit}.resourceOperations") or ()),
            resolves_edits="edit" in (said.at(f"{document}.codeAction.resolveSupport.properties") or ()),
            disabled_actions=bool(said.at(f"{document}.codeAction.disabledSupport")),
            literal_actions=said.at(f"{document}.codeAction.codeActionLiteralSupport") is not None,
            resolves_tooltips="tooltip" in (said.at(f"{document}.inlayHint.resolveSupport.properties") or ()),
            prepares_renames=bool(said.at(f"{document}.rename.prepareSupport")),
            starts=_command(params, "startCommand"),
            debugs=_command(params, "debugCommand"),
            process=params.get("processId"),
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

    def either(self, name: str) -> bool:
        """Something of diagnostics, said of those that the client pulls or of those that it is sent."""
        return any(bool(self.at(f"textDocument.{kind}.{name}")) for kind in _DIAGNOSTICS)


def _tags(said: _Said) -> frozenset[int]:
    """The tags that the client knows for diagnostics."""
    known = (said.at(f"textDocument.{kind}.tagSupport.valueSet") or () for kind in _DIAGNOSTICS)
    return frozenset(tag for tags in known for tag in tags)


def _command(params: Mapping[str, Any], option: str) -> str | None:
    options = params.get("initializationOptions")
    named = options.get(option) if isinstance(options, Mapping) else None
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
