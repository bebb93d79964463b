"""Whether what the server sends is what the protocol allows, and no more than this client has said it knows.

The classes are lsprotocol's, generated from the specification's own model. A message has to survive
being made into them and back: a misspelt or invented member does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsprotocol import converters, types

Json = dict[str, Any]

_CONVERTER = converters.get_converter()
_ERROR_CODES = {code.value for code in (*types.ErrorCodes, *types.LSPErrorCodes)}
_NEEDED = {
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
    "workspace/configuration": "workspace.configuration",
    "window/workDoneProgress/create": "window.workDoneProgress",
    "client/registerCapability": None,
}
# `workspace/didChangeWatchedFiles` is said of a workspace, `textDocument/…` of documents.
_DYNAMIC = "{}.dynamicRegistration"


class Conformance:
    """Judges the messages of one session. complaints: what was wrong, one line each."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.capabilities: Json = {}
        self._asked: dict[Any, str] = {}
        self._open: set[str] = set()
        self._pulled: set[str] = set()

    def sent(self, message: Json) -> None:
        """The client says this."""
        method, params = message.get("method"), message.get("params")
        if method is not None and "id" in message:
            self._asked[message["id"]] = method
        if not isinstance(params, dict):
            return
        if method == "initialize":
            self.capabilities = self.capabilities or params["capabilities"]
        uri = (params.get("textDocument") or {}).get("uri")
        if method == "textDocument/didOpen":
            self._open.add(uri)
        elif method == "textDocument/didClose":
            self._open.discard(uri)
        elif method == "textDocument/diagnostic":
            self._pulled.add(uri)

    def received(self, message: Json) -> None:
        """The server says this."""
        try:
            self.complaints += self._complaints(message)
        except Exception as error:
            self.complaints.append(f"{type(error).__name__}: {error}: {message}")

    def _complaints(self, message: Json) -> Iterator[str]:
        if message.get("jsonrpc") != "2.0":
            yield f"no JSON-RPC 2.0: {message}"
        if "method" in message:
            yield from self._of_call(message)
        elif "error" in message:
            if message["error"]["code"] not in _ERROR_CODES:
                yield f"an error code of its own: {message}"
        else:
            yield from self._of_result(message)

    def _of_call(self, message: Json) -> Iterator[str]:
        method, params = message["method"], message.get("params")
        yield from _differences(message, types.METHOD_TO_TYPES[method][0])
        needed = _NEEDED.get(method)
        if needed is not None and not self._can(needed):
            yield f"{method}, for a client without {needed}"
        if method == "client/registerCapability":
            for registration in params["registrations"]:
                needed = _DYNAMIC.format(registration["method"].replace("/", "."))
                if not self._can(needed):
                    yield f"{registration['method']} registered, for a client without {needed}"
        if method == "textDocument/publishDiagnostics":
            yield from self._of_diagnostics(params["diagnostics"])
            if self._can("textDocument.diagnostic") and params["uri"] in self._open & self._pulled:
                yield f"diagnostics sent of a document that is pulled: {params['uri']}"

    def _of_result(self, message: Json) -> Iterator[str]:
        method = self._asked.get(message["id"], "")
        kinds = types.METHOD_TO_TYPES.get(method)
        if kinds is None or kinds[1] is None:
            return
        result = message["result"]
        if method == "textDocument/codeAction":
            # lsprotocol takes an action that has a command for a bare command.
            yield from (line for one in result for line in _differences(one, types.CodeAction))
        else:
            yield from _differences(message, kinds[1])
        if method == "textDocument/diagnostic":
            yield from self._of_diagnostics(result.get("items", ()))
        elif method == "textDocument/codeAction":
            for action in result:
                yield from self._of_action(action)
        elif method == "codeAction/resolve":
            yield from self._of_action(result)
        elif method == "textDocument/rename" and result is not None:
            yield from self._of_edit(result)

    def _of_diagnostics(self, diagnostics: list[Json]) -> Iterator[str]:
        for diagnostic in diagnostics:
            for name, member in (("relatedInformation",) * 2, ("tags", "tagSupport")):
                kinds = ("publishDiagnostics", "diagnostic")
                if name in diagnostic and not any(self._can(f"textDocument.{k}.{member}") for k in kinds):
                    yield f"{name}, for a client that does not know it"

    def _of_action(self, action: Json) -> Iterator[str]:
        if "disabled" in action and not self._can("textDocument.codeAction.disabledSupport"):
            yield "a disabled action, for a client that does not know any"
        resolves = "edit" in self._at("textDocument.codeAction.resolveSupport.properties", [])
        if not {"edit", "command", "disabled"} & action.keys() and not resolves:
            yield f"an action without its edit, for a client that can't resolve it: {action['title']}"
        if "edit" in action:
            yield from self._of_edit(action["edit"])

    def _of_edit(self, edit: Json) -> Iterator[str]:
        if "documentChanges" in edit and not self._can("workspace.workspaceEdit.documentChanges"):
            yield "document changes, for a client that does not know any"
        if "changeAnnotations" in edit and not self._can("workspace.workspaceEdit.changeAnnotationSupport"):
            yield "annotations, for a client that does not know any"
        operations = self._at("workspace.workspaceEdit.resourceOperations", [])
        for change in edit.get("documentChanges", ()):
            if "kind" in change and change["kind"] not in operations:
                yield f"{change['kind']}, for a client that does not know it"

    def _can(self, path: str) -> bool:
        value = self._at(path, None)
        return value is not None and value is not False

    def _at(self, path: str, default: Any) -> Any:
        value: Any = self.capabilities
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return default if value is None else value


def _differences(message: Json, kind: Any) -> Iterator[str]:
    back = _CONVERTER.unstructure(_CONVERTER.structure(message, kind))
    known, said = _bare(back), _bare(message)
    yield from (f"not what the protocol knows: {one}" for one in _differing(said, known, kind.__name__))


def _differing(said: Any, known: Any, where: str) -> Iterator[str]:
    if isinstance(said, dict) and isinstance(known, dict):
        for name in {**said, **known}:
            yield from _differing(said.get(name), known.get(name), f"{where}.{name}")
    elif isinstance(said, list) and isinstance(known, list) and len(said) == len(known):
        for number, (one, other) in enumerate(zip(said, known, strict=True)):
            yield from _differing(one, other, f"{where}[{number}]")
    elif said != known:
        yield f"{where}: {said!r}, understood as {known!r}"


def _bare(value: Any) -> Any:
    """Without members that are null, which mostly means the same as to leave them out."""
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if one is not None}
    return [_bare(one) for one in value] if isinstance(value, list) else value
