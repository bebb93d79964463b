"""Which diagnostics an editor gets of its open documents, when, and how often."""

from __future__ import annotations

from typing import Any

from tests.lsp.editor import FULL, Editor, codes, pushing, span

IDLE = "x = 1  # portside: ignore[nothing-of-the-kind]\n"


def pull(editor: Editor, uri: str, known: str | None = None) -> dict[str, Any]:
    params: dict[str, Any] = {"textDocument": {"uri": uri}}
    result: dict[str, Any] = editor.request(
        "textDocument/diagnostic", params if known is None else {**params, "previousResultId": known}
    )
    return result


def test_what_has_not_changed_is_not_sent_again(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    first = pull(editor, uri)
    assert first["kind"] == "full"
    assert pull(editor, uri, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "\n"})
    moved = pull(editor, uri, first["resultId"])
    assert moved["kind"] == "full"
    assert moved["items"][0]["range"]["start"]["line"] == 1


def test_of_versions_typed_in_one_go_the_last_is_sent(editor: Editor) -> None:
    editor.initialize(pushing())
    uri = editor.open("a.py", IDLE)
    assert codes(editor.published(uri, 1)) == ["PS001"]
    for version in range(2, 200):
        editor.change(uri, version, {"range": span(0, 0, 0), "text": "\n"})
    last = editor.published(uri, 199)
    assert last[0]["range"]["start"]["line"] == 198
    assert len(editor.kept("textDocument/publishDiagnostics")) < 150


def test_a_client_that_pulls_is_told_to_ask_again_when_an_edit_changes_another_document(
    editor: Editor,
) -> None:
    editor.initialize()
    env = editor.open(".env", "VLLM_PORT=8000\n", language="dotenv")
    assert codes(editor.diagnostics(env)) == []
    text = "services:\n  llm:\n    image: vllm/vllm-openai\n    command: --model m\n"
    compose = editor.open("compose.yaml", text, language="dockercompose")
    assert codes(editor.diagnostics(compose)) == []
    editor.change(compose, 2, {"range": span(4, 0, 0), "text": "    env_file: .env\n"})
    editor.asked("workspace/diagnostic/refresh")
    assert codes(editor.diagnostics(env)) == ["PS202"]


def test_nobody_is_told_to_ask_again_where_nothing_has_changed(editor: Editor) -> None:
    editor.initialize({**FULL, "workspace": {**FULL["workspace"], "codeLens": {"refreshSupport": True}}})
    uri = editor.open("a.py", IDLE)
    editor.diagnostics(uri)
    editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    for _ in range(3):
        editor.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        # Sent when all documents have been looked at.
        editor.asked("workspace/codeLens/refresh")
    assert editor.kept("workspace/diagnostic/refresh") == []


def test_a_change_on_disk_is_sent_to_a_client_that_does_not_pull(editor: Editor) -> None:
    editor.initialize(pushing())
    module = editor.folder / "config.py"
    module.write_text("PORT = 8010\n")
    uri = editor.open("server.py", "import uvicorn\nimport config\n\nuvicorn.run('a:b', port=config.PORT)\n")
    assert "PS201" in codes(editor.published(uri, 1))
    module.write_text("import os\nPORT = int(os.environ['PORT'])\n")
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": module.as_uri(), "type": 2}]})
    assert "PS201" not in codes(editor.published(uri, 1))


def test_a_storm_of_changed_files_is_one_check(editor: Editor) -> None:
    editor.initialize(pushing())
    (editor.folder / "config.py").write_text("PORT = 8010\n")
    text = "import uvicorn\nimport config\n\nuvicorn.run('a:b', port=config.PORT)\n"
    uris = [editor.open(f"server_{number}.py", text) for number in range(5)]
    for uri in uris:
        assert "PS201" in codes(editor.published(uri, 1))
    (editor.folder / "config.py").write_text("PORT = None\n")
    event = [{"uri": (editor.folder / "config.py").as_uri(), "type": 2}]
    others = [{"uri": (editor.folder / f"f{n}.py").as_uri(), "type": 1} for n in range(100)]
    for _ in range(50):
        editor.notify("workspace/didChangeWatchedFiles", {"changes": event + others})
    for uri in uris:
        assert "PS201" not in codes(editor.published(uri, 1))
    assert editor.kept("textDocument/publishDiagnostics") == []


def test_a_closed_document_has_no_diagnostics(editor: Editor) -> None:
    editor.initialize(pushing())
    uri = editor.open("a.py", IDLE)
    editor.published(uri, 1)
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.published(uri) == []
    # One that never had any needs none to be taken back.
    other = editor.open("notes.md", "# Notes\n", language="markdown")
    editor.notify("textDocument/didClose", {"textDocument": {"uri": other}})
    again = editor.open("a.py", IDLE)
    assert codes(editor.published(again, 1)) == ["PS001"]
    assert editor.kept("textDocument/publishDiagnostics") == []


def test_open_settings_that_are_wrong_are_pulled_and_not_sent(editor: Editor) -> None:
    settings = editor.folder / "portside.toml"
    settings.write_text('ignore = ["unused-supression"]\n')
    editor.initialize()
    python = editor.open("a.py", "x = 1\n")
    assert editor.diagnostics(python) == []
    assert codes(editor.published(settings.as_uri())) == ["settings"]
    uri = editor.open("portside.toml", settings.read_text(), language="toml")
    assert editor.published(uri) == []
    assert codes(editor.diagnostics(uri)) == ["settings"]
    settings.write_text('ignore = ["unused-suppression"]\n')
    editor.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert editor.diagnostics(uri) == []


def test_a_client_that_knows_tags_gets_them(editor: Editor) -> None:
    document = {**FULL["textDocument"], "publishDiagnostics": {"tagSupport": {"valueSet": [1, 2]}}}
    editor.initialize({**FULL, "textDocument": document})
    uri = editor.open("a.py", IDLE)
    assert editor.diagnostics(uri)[0]["tags"] == [1]
    retired = editor.open("b.py", "from vllm.entrypoints.api_server import app\n")
    assert [d.get("tags") for d in editor.diagnostics(retired)] == [[2]]


def test_a_client_that_does_not_know_tags_gets_none(editor: Editor) -> None:
    editor.initialize()
    assert "tags" not in editor.diagnostics(editor.open("a.py", IDLE))[0]


def test_fix_all_goes_by_the_last_settings_that_could_be_read(editor: Editor) -> None:
    settings = editor.folder / "portside.toml"
    settings.write_text("")
    editor.initialize()
    uri = editor.open("a.py", "x = 1  # portside: ignore[PS201]\n")
    editor.diagnostics(uri)
    settings.write_text("ignore = [\n")
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": settings.as_uri(), "type": 2}]})
    (action,) = editor.actions(uri, span(0, 0, 0), only=["source.fixAll"])
    assert action["edit"]["documentChanges"][0]["edits"]
