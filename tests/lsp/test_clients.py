"""A day's work with each editor, as it says what it can do: nothing it is sent is beyond that.

`clients/` holds the parameters of `initialize`: of Neovim 0.7 as it sends them, of eglot, Helix and Zed as
their sources write them (eglot.el, helix-lsp/src/client.rs, crates/lsp), of VS Code and Neovim 0.11 by what
they are known to do; without what has nothing to do with this server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Editor, Json, span

CLIENTS = sorted((Path(__file__).parent / "clients").glob("*.json"))
SERVER = """\
import uvicorn
from fastapi import FastAPI

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8010)
"""
UNMOVABLE = SERVER.replace(
    "    uvicorn.run(app", "    import sys\n    uvicorn.run(app, log_config=sys.argv[1]"
)
COMPOSE = "services:\n  api:\n    build: .\n    ports: ['8010:8010']\n    command: python server.py\n"


@pytest.fixture(params=CLIENTS, ids=lambda path: path.stem)
def client(request: pytest.FixtureRequest, editor: Editor) -> Iterator[Editor]:
    params = json.loads(request.param.read_text())
    capabilities = params.pop("capabilities")
    (editor.folder / "Dockerfile").write_text('FROM python:3.12\nCOPY . .\nCMD ["python", "server.py"]\n')
    editor.initialize(capabilities, **params)
    if capabilities["workspace"].get("configuration"):
        editor.settings({"inlayHints": {"ports": True}}, None)
    yield editor
    assert editor.stop() == 0


def pulls(client: Editor) -> bool:
    return "diagnostic" in client.conformance.capabilities["textDocument"]


def found(client: Editor, uri: str, version: int = 1) -> list[Json]:
    return client.diagnostics(uri) if pulls(client) else client.published(uri, version)


def test_a_days_work(client: Editor) -> None:
    uri = client.open("server.py", SERVER)
    diagnostics = found(client, uri)
    launch = next(d for d in diagnostics if d["code"] == "PS101")
    for action in client.actions(uri, launch["range"], diagnostics=[launch]):
        if "edit" not in action and "disabled" not in action:
            assert client.request("codeAction/resolve", action)["edit"]
    position = {"textDocument": {"uri": uri}, "position": launch["range"]["start"]}
    assert "Why it matters" in client.request("textDocument/hover", position)["contents"]["value"]
    whole = {"textDocument": {"uri": uri}, "range": span(0, 0, 0) | {"end": {"line": 9, "character": 0}}}
    client.request("textDocument/inlayHint", whole)
    for lens in client.request("textDocument/codeLens", {"textDocument": {"uri": uri}}):
        assert client.request("codeLens/resolve", lens)["command"]["title"]

    compose = client.open("compose.yaml", COMPOSE, language="yaml")
    found(client, compose)
    port = {"textDocument": {"uri": compose}, "position": {"line": 3, "character": 19}}
    client.request("textDocument/prepareRename", port)
    edit = client.request("textDocument/rename", {**port, "newName": "8011"})
    assert edit.get("changes") or edit.get("documentChanges")
    client.request("textDocument/documentLink", {"textDocument": {"uri": compose}})
    client.change(compose, 2, {"range": span(1, 0, 0), "text": "  # é😀\n"})
    found(client, compose, 2)
    client.notify("textDocument/didSave", {"textDocument": {"uri": compose}})
    if pulls(client):
        result = client.request("workspace/diagnostic", {"previousResultIds": []})
        assert uri in {item["uri"] for item in result["items"]}
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    if not pulls(client):
        assert client.published(uri) == []


def test_why_a_fix_is_not_offered_is_said_where_that_can_be_shown(client: Editor) -> None:
    uri = client.open("server.py", UNMOVABLE)
    launch = next(d for d in found(client, uri) if d["code"] == "PS101")
    actions = client.actions(uri, launch["range"], diagnostics=[launch])
    reasons: list[Any] = [action["disabled"]["reason"] for action in actions if "disabled" in action]
    shows = client.conformance.capabilities["textDocument"]["codeAction"].get("disabledSupport")
    offered = [action for action in actions if action["title"].startswith("Fix: launch")]
    assert bool(reasons) == bool(shows and not [a for a in offered if "disabled" not in a])
