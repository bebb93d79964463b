"""Findings of files that nobody has open: answered when they are known, and again when they are others."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.editor import Editor, pushing

from portside.lsp.outbox import Outbox
from portside.lsp.progress import Progress
from portside.lsp.wire import read_body

IDLE = "x = 1  # portside: ignore[nothing-of-the-kind]\n"


def ask(editor: Editor, known: list[dict[str, str]] | None = None, **params: Any) -> int:
    return editor.begin("workspace/diagnostic", {"previousResultIds": known or [], **params})


def found(result: dict[str, Any]) -> dict[str, list[str]]:
    return {item["uri"]: [d["code"] for d in item["items"]] for item in result["items"]}


def known(result: dict[str, Any]) -> list[dict[str, str]]:
    return [{"uri": item["uri"], "value": item["resultId"]} for item in result["items"]]


def write(editor: Editor, name: str, text: str) -> str:
    path = editor.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path.as_uri()


def test_files_with_findings_are_reported_and_no_others(editor: Editor) -> None:
    python = write(editor, "core/a.py", IDLE)
    shell = write(editor, "start.sh", "VLLM_PORT=8000 vllm serve m\n")
    write(editor, "clean.py", "import uvicorn\n")
    write(editor, "notes.md", IDLE)
    write(editor, ".venv/lib/b.py", IDLE)
    write(editor, "excluded/c.py", IDLE)
    write(editor, "portside.toml", 'exclude = ["excluded"]\n')
    opened = editor.initialize()
    assert opened["capabilities"]["diagnosticProvider"]["workspaceDiagnostics"] is True
    result = editor.result(ask(editor))
    assert found(result) == {python: ["PS001"], shell: ["PS202"]}
    assert {item["version"] for item in result["items"]} == {None}


def test_the_next_question_is_answered_when_something_has_changed(editor: Editor) -> None:
    first, second = write(editor, "a.py", IDLE), write(editor, "b.py", IDLE)
    editor.initialize()
    result = editor.result(ask(editor))
    question = ask(editor, known(result))
    # Meanwhile others are answered.
    assert editor.diagnostics(editor.open("c.py", "x = 1\n")) == []
    write(editor, "a.py", "x = 1\n")
    third = write(editor, "d.py", IDLE)
    assert not editor.has_answered(question)
    editor.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": first, "type": 2}, {"uri": third, "type": 1}]},
    )
    assert found(editor.result(question)) == {first: [], third: ["PS001"]}
    assert second not in found(editor.result(ask(editor, known(result)[:1])))[third]


def test_an_open_document_counts_as_it_is_in_the_editor(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    write(editor, "a.py", "x = 1\n")
    (item,) = editor.result(ask(editor))["items"]
    assert (item["uri"], item["version"], len(item["items"])) == (uri, 1, 1)
    pulled = editor.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    assert pulled["resultId"] == item["resultId"]


def test_a_client_that_takes_parts_gets_them(editor: Editor) -> None:
    uris = {write(editor, f"a{number}.py", IDLE) for number in range(60)}
    editor.initialize()
    question = ask(editor, partialResultToken="parts", workDoneToken="work")
    last = editor.result(question)
    values = [(m["params"]["token"], m["params"]["value"]) for m in editor.kept("$/progress")]
    parts = [value for token, value in values if token == "parts"]
    assert len(parts) == 2
    assert {uri for part in [*parts, last] for uri in found(part)} == uris
    kinds = [value["kind"] for token, value in values if token == "work"]
    assert (kinds[0], kinds[-1]) == ("begin", "end")


@pytest.mark.parametrize("held", [True, False], ids=["held", "being worked on"])
def test_a_question_is_taken_back(editor: Editor, held: bool) -> None:
    for number in range(3 if held else 400):
        write(editor, f"a{number}.py", IDLE)
    editor.initialize()
    if held:
        question = ask(editor, known(editor.result(ask(editor))))
        assert editor.diagnostics(editor.open("c.py", "x = 1\n")) == []
    else:
        question = ask(editor)
    editor.notify("$/cancelRequest", {"id": question})
    assert editor.result(question)["error"]["code"] == -32800
    assert len(editor.result(ask(editor))["items"]) >= 3


def test_questions_that_are_open_at_the_end_are_refused(editor: Editor) -> None:
    editor.initialize()
    editor.result(ask(editor))
    question = ask(editor)
    assert editor.diagnostics(editor.open("c.py", "x = 1\n")) == []
    assert editor.stop() == 0
    error = editor.result(question)["error"]
    assert (error["code"], error["data"]) == (-32802, {"retriggerRequest": False})


def test_the_user_may_choose_open_files_only(editor: Editor) -> None:
    write(editor, "a.py", IDLE)
    editor.initialize(initializationOptions={"diagnosticMode": "openFilesOnly"})
    assert editor.result(ask(editor)) == {"items": []}
    assert len(editor.diagnostics(editor.open("a.py", IDLE))) == 1


def test_a_client_that_does_not_pull_is_sent_them_where_its_user_wants_that(editor: Editor) -> None:
    closed, other = write(editor, "a.py", IDLE), write(editor, "b.py", IDLE)
    editor.initialize(pushing(), initializationOptions={"settings": {"diagnosticMode": "workspace"}})
    assert [len(editor.published(uri)) for uri in (closed, other)] == [1, 1]
    # Open it is sent by itself, and closed as one of the others again.
    uri = editor.open("a.py", "x = 1\n")
    assert editor.published(uri, 1) == []
    write(editor, "a.py", IDLE)
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.published(uri) == []
    assert len(editor.published(uri)) == 1


def test_work_that_is_shown_can_be_stopped(editor: Editor) -> None:
    for number in range(20):
        write(editor, f"a{number}.py", IDLE)
    editor.initialize()
    question = ask(editor, workDoneToken="work")
    editor.notify("window/workDoneProgress/cancel", {"token": "work"})
    assert editor.result(question)["error"]["code"] == -32802
    shown = [m["params"]["value"]["kind"] for m in editor.kept("$/progress")]
    assert shown in ([], ["begin", "end"])


def test_what_takes_long_is_shown_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("portside.lsp.progress.monotonic", lambda: now)
    sink = io.BytesIO()
    outbox = Outbox(sink)
    progress = Progress(outbox, "checking", None, may_create=True)
    now += 0.4
    progress.report("1 of 9 files", 11)
    assert sink.getvalue() == b""
    now += 0.4
    progress.report("2 of 9 files", 22)
    (request,) = messages(sink)
    assert request["method"] == "window/workDoneProgress/create"
    now += 0.4
    progress.report("3 of 9 files", 33)
    assert len(messages(sink)) == 1
    outbox.take_answer({"id": request["id"], "result": None})
    progress.report("4 of 9 files", 44)
    progress.end("9 files")
    progress.end("again")
    values = [message["params"]["value"] for message in messages(sink)[1:]]
    assert [value["kind"] for value in values] == ["begin", "report", "end"]
    assert values[1]["percentage"] == 44


def messages(sink: io.BytesIO) -> list[dict[str, Any]]:
    stream = io.BytesIO(sink.getvalue())
    return [json.loads(body) for body in iter(lambda: read_body(stream), None)]


def test_nested_folders_report_a_file_once(editor: Editor) -> None:
    uri = write(editor, "inner/a.py", IDLE)
    folders = [{"uri": folder.as_uri(), "name": "f"} for folder in (editor.folder, editor.folder / "inner")]
    editor.initialize(workspaceFolders=folders)
    assert found(editor.result(ask(editor))) == {uri: ["PS001"]}


def test_a_folder_that_is_added_is_looked_at(editor: Editor, tmp_path_factory: Any) -> None:
    other: Path = tmp_path_factory.mktemp("other")
    (other / "a.py").write_text(IDLE)
    editor.initialize()
    assert found(editor.result(ask(editor))) == {}
    question = ask(editor)
    added = [{"uri": other.as_uri(), "name": "other"}]
    editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": added, "removed": []}})
    result = editor.result(question)
    assert found(result) == {(other / "a.py").as_uri(): ["PS001"]}
    question = ask(editor, known(result))
    editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": added}})
    assert found(editor.result(question)) == {(other / "a.py").as_uri(): []}
