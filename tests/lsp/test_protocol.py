"""What goes wrong between an editor and a server, and that the session outlives it or ends as it should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import FULL, Editor, pushing, span
from tests.patience import PATIENCE_S

IDLE = "x = 1  # portside: ignore[nothing-of-the-kind]\n"


def works(editor: Editor, name: str = "works.py") -> bool:
    return [d["code"] for d in editor.diagnostics(editor.open(name, IDLE))] == ["PS001"]


# What is no message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"", -32700),
        (b'{"method":' + b"[" * 100_000 + b"]" * 100_000 + b"}", -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":7,"method":"shutdown"}]', -32600),
        (b'"text"', -32600),
        (b'{"jsonrpc":"2.0","id":7,"method":5}', -32600),
    ],
)
def test_nonsense_is_refused(unchecked_editor: Editor, body: bytes, code: int) -> None:
    editor = unchecked_editor
    editor.initialize()
    editor.send_body(body)
    answer = editor.wait_for(lambda message: message.get("id", "") is None)
    assert answer["error"]["code"] == code
    assert works(editor)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 5 \r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}}}}",
        b"content-length:2\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\nabcd",
        b"Content-Length: many\r\n\r\n{}",
        b"\r\n\r\n\r\n",
    ],
)
def test_strange_headers_end_nothing(unchecked_editor: Editor, header: bytes) -> None:
    editor = unchecked_editor
    editor.initialize()
    editor.send_raw(header)
    assert works(editor)


def test_an_announced_message_beyond_all_measure_ends_the_session(unchecked_editor: Editor) -> None:
    editor = unchecked_editor
    editor.initialize()
    assert works(editor)
    editor.send_raw(b"Content-Length: 99999999999999\r\n\r\n{")
    editor.process.wait(PATIENCE_S)
    editor.close()
    assert b"99999999999999 bytes" in editor.stderr


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/didOpen", {}),
        ("textDocument/didOpen", {"textDocument": {"uri": 5}}),
        ("textDocument/didChange", {"textDocument": {"uri": "x"}, "contentChanges": "?"}),
        ("textDocument/didClose", None),
        ("textDocument/didSave", {"textDocument": None}),
        ("workspace/didChangeWatchedFiles", {"changes": [{}]}),
        ("workspace/didChangeConfiguration", {"settings": 5}),
        ("workspace/didChangeWorkspaceFolders", {"event": None}),
        ("$/setTrace", {"value": ["?"]}),
        ("$/cancelRequest", {"id": {"no": "id"}}),
        ("$/cancelRequest", []),
        ("window/workDoneProgress/cancel", {}),
        ("workspace/executeCommand", {"command": "portside.tell"}),
        ("notebookDocument/didOpen", {"notebookDocument": {}}),
    ],
)
def test_wrong_parameters_end_nothing(unchecked_editor: Editor, method: str, params: Any) -> None:
    editor = unchecked_editor
    editor.initialize()
    editor.notify(method, params)
    editor.request(method, params)
    assert works(editor)


# The order of things


def test_nothing_is_answered_before_the_session_has_begun(unchecked_editor: Editor) -> None:
    editor = unchecked_editor
    answer = editor.request("textDocument/hover", {"textDocument": {"uri": "file:///a"}, "position": {}})
    assert answer["error"]["code"] == -32002
    editor.notify("textDocument/didOpen", {})
    editor.initialize()
    assert editor.request("initialize", {"capabilities": {}, "processId": None})["error"]["code"] == -32600
    assert works(editor)


def test_an_exit_before_anything_is_a_failure(editor: Editor) -> None:
    editor.notify("exit", None)
    assert editor.process.wait(PATIENCE_S) == 1


def test_a_request_that_was_taken_back_while_it_waited_is_not_answered(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE * 4000)
    waiting = [
        editor.begin("textDocument/codeAction", {**_at(uri), "context": {"diagnostics": []}})
        for _ in range(5)
    ]
    for request in waiting[1:]:
        editor.notify("$/cancelRequest", {"id": request})
    codes = [answer.get("error", {}).get("code") for answer in map(editor.answer, waiting)]
    assert codes[1:] == [-32800] * 4
    assert works(editor)


def test_a_request_that_is_worked_on_is_stopped(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE * 2000)
    assert len(editor.diagnostics(uri)) == 2000
    params = {**_at(uri, 2000), "context": {"diagnostics": [], "only": ["quickfix"]}}
    request = editor.begin("textDocument/codeAction", params)
    editor.notify("$/cancelRequest", {"id": request})
    assert editor.answer(request)["error"]["code"] == -32800


def test_an_action_for_an_older_text_is_not_worked_out(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    action = next(a for a in editor.actions(uri, span(0, 30, 30)) if a["kind"].startswith("source"))
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "\n"})
    assert editor.request("codeAction/resolve", action)["error"]["code"] == -32801


# The end


def test_the_server_ends_with_an_editor_whose_pipe_lives_on(tmp_path: Path) -> None:
    """The editor was killed, and a process of its holds the pipe open."""
    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    editor = Editor(tmp_path)
    try:
        editor.initialize(processId=holder.pid)
        assert works(editor)
        holder.kill()
        assert editor.process.wait(PATIENCE_S) == 0
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()  # type: ignore[union-attr]
        editor.close()
    assert b"has ended" in editor.stderr


def test_an_editor_that_is_not_of_this_machine_is_not_waited_for(editor: Editor) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    editor.initialize(processId=gone.pid)
    assert works(editor)
    assert editor.stop() == 0


# Sizes and names


def test_a_document_of_five_megabytes_is_checked(editor: Editor) -> None:
    editor.initialize()
    text = "value = [1, 2, 3]  # some text\n" * 160_000 + IDLE
    assert len(text) > 4_900_000
    uri = editor.open("large.py", text)
    assert [d["range"]["start"]["line"] for d in editor.diagnostics(uri)] == [160_000]
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "\n"})
    assert [d["range"]["start"]["line"] for d in editor.diagnostics(uri)] == [160_001]


@pytest.mark.parametrize(
    "uri",
    [
        "git:/work/a.py?%7B%22path%22%3A%22a.py%22%2C%22ref%22%3A%22~%22%7D",
        "gitlens://abc/a.py",
        "output:portside",
        "fugitive:///repo/.git//abc/a.py",
    ],
)
def test_older_versions_of_files_are_left_alone(editor: Editor, uri: str) -> None:
    editor.initialize()
    editor.open("", IDLE, uri=uri)
    assert editor.diagnostics(uri) == []
    assert editor.actions(uri, span(0, 30, 30)) == []


def test_a_file_outside_of_all_folders_is_checked_under_its_own_settings(
    editor: Editor, tmp_path_factory: Any
) -> None:
    elsewhere: Path = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "portside.toml").write_text('ignore = ["ALL"]\n')
    editor.initialize()
    uri = (elsewhere / "a.py").as_uri()
    (elsewhere / "a.py").write_text(IDLE)
    editor.open("", IDLE, uri=uri)
    assert editor.diagnostics(uri) == []
    assert works(editor)


def test_a_single_file_needs_no_folder(editor: Editor) -> None:
    editor.initialize(workspaceFolders=None)
    assert works(editor)
    assert editor.result(editor.begin("workspace/diagnostic", {"previousResultIds": []})) == {"items": []}


@pytest.mark.parametrize("name", ["häuser & co/ä 100%.py", "a#b?.py", "日本/サーバー.py", "a[1].py"])
def test_names_may_have_any_characters(editor: Editor, name: str) -> None:
    editor.initialize(pushing())
    (editor.folder / "portside.toml").write_text('[per-file-ignores]\n"never/*" = ["ALL"]\n')
    uri = editor.open(name, IDLE)
    assert len(editor.published(uri, 1)) == 1
    strange = uri.replace("%20", " ").replace("%26", "&")
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    editor.open("", IDLE, uri=strange)
    assert len(editor.published(strange, 1)) == 1


def test_an_astral_character_before_a_line_end_of_two_shifts_nothing(editor: Editor) -> None:
    for encoding, at in (("utf-8", 4), ("utf-16", 2), ("utf-32", 1)):
        fresh = Editor(editor.folder)
        try:
            fresh.initialize({**FULL, "general": {"positionEncodings": [encoding]}})
            uri = fresh.open("a.py", "#😀\r\n" + IDLE.replace("\n", "\r\n"))
            fresh.change(uri, 2, {"range": span(0, 1 + at, 1 + at), "text": "é😀\r\n#"})
            assert fresh.diagnostics(uri)[0]["range"]["start"]["line"] == 2
            action = fresh.actions(uri, span(2, 30, 30), only=["quickfix"])[0]
            edit = action["edit"]["documentChanges"][0]["edits"][0]
            fresh.change(uri, 3, {"range": edit["range"], "text": edit["newText"]})
            assert fresh.diagnostics(uri) == []
        finally:
            fresh.close()


# What the client is told


def test_a_client_that_asks_for_a_trace_gets_one(editor: Editor) -> None:
    editor.initialize(trace="messages")
    assert works(editor)
    lines = [m["params"]["message"] for m in editor.kept("$/logTrace")]
    assert any(line.startswith("textDocument/diagnostic (2) was answered in ") for line in lines)
    editor.notify("$/setTrace", {"value": "verbose"})
    editor.request("textDocument/hover", {**_position(editor), "position": {"line": 0, "character": 0}})
    verbose = editor.wait_for(lambda message: "verbose" in (message.get("params") or {}))["params"]["verbose"]
    assert json.loads(verbose)["params"]["position"] == {"line": 0, "character": 0}
    editor.notify("$/setTrace", {"value": "off"})
    editor.kept("$/logTrace")
    assert works(editor, "more.py")
    assert editor.kept("$/logTrace") == []


def test_the_log_is_sent_with_its_levels(unchecked_editor: Editor) -> None:
    editor = unchecked_editor
    editor.initialize()
    first = editor.notification("window/logMessage")
    assert first["type"] == 3
    assert str(editor.folder) in first["message"]
    editor.request("textDocument/diagnostic", {"no": "document"})
    failed = editor.notification("window/logMessage")
    assert failed == {"type": 1, "message": "textDocument/diagnostic failed: KeyError: 'textDocument'"}
    editor.change("file:///never", 1, {"text": ""})
    assert editor.notification("window/logMessage")["type"] == 2


def _at(uri: str, last: int = 0) -> dict[str, Any]:
    where = {"start": {"line": 0, "character": 0}, "end": {"line": last, "character": 0}}
    return {"textDocument": {"uri": uri}, "range": where}


def _position(editor: Editor) -> dict[str, Any]:
    return {"textDocument": {"uri": (editor.folder / "works.py").as_uri()}}
