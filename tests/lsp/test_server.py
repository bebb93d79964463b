"""The server as an editor sees it: a process that speaks the protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types
from tests.lsp.editor import FULL, Editor, codes, pushing, span
from tests.patience import PATIENCE_S

# A finding that needs nothing but a comment, whose fix is to take the comment out.
IDLE = "x = 1  # portside: ignore[nothing-of-the-kind]\n"
IDLE_SPAN = span(0, 26, 45)
SERVER = """\
import uvicorn
from fastapi import FastAPI

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8010)
"""


def where(diagnostics: list[dict[str, Any]], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(d["range"] for d in diagnostics if d["code"] == code)
    return found


def test_what_the_server_offers_is_valid_and_what_was_negotiated(editor: Editor) -> None:
    result = editor.initialize()
    offer = converters.get_converter().structure(result, types.InitializeResult)
    assert offer.capabilities.position_encoding == types.PositionEncodingKind.Utf16
    assert offer.capabilities.diagnostic_provider is not None
    assert result["capabilities"]["textDocumentSync"]["change"] == types.TextDocumentSyncKind.Incremental
    assert editor.stop() == 0


def test_a_client_that_pulls_gets_diagnostics_for_the_asking(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    result = editor.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    converters.get_converter().structure(result, types.RelatedFullDocumentDiagnosticReport)
    assert [(d["range"], d["code"], d["source"]) for d in result["items"]] == [
        (IDLE_SPAN, "PS001", "portside")
    ]
    assert result["items"][0]["codeDescription"]["href"].endswith("unused-suppression.md")


def test_a_client_that_does_not_pull_is_sent_diagnostics_of_every_version(editor: Editor) -> None:
    result = editor.initialize(pushing())
    assert "diagnosticProvider" not in result["capabilities"]
    uri = editor.open("a.py", IDLE)
    assert codes(editor.published(uri, 1)) == ["PS001"]
    editor.change(uri, 2, {"range": span(0, 0, 45), "text": ""})
    assert editor.published(uri, 2) == []
    editor.change(uri, 3, {"text": "\n" + IDLE})
    assert where(editor.published(uri, 3), "PS001")["start"]["line"] == 1
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.published(uri) == []


def test_a_server_file_has_its_findings_as_you_type(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("server.py", SERVER)
    before = editor.diagnostics(uri)
    assert {"PS101", "PS201"} <= set(codes(before))
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "# 😀\n"})
    after = editor.diagnostics(uri)
    assert where(after, "PS101")["start"]["line"] == where(before, "PS101")["start"]["line"] + 1


@pytest.mark.parametrize(("encoding", "start"), [("utf-8", 15), ("utf-16", 12), ("utf-32", 11)])
def test_positions_count_what_the_client_counts(editor: Editor, encoding: str, start: int) -> None:
    editor.initialize({**FULL, "general": {"positionEncodings": [encoding]}})
    uri = editor.open("a.py", "# ok\r\n" + "x='é😀'     # portside: ignore[nothing-of-the-kind]\r\n")
    found = editor.diagnostics(uri)[0]["range"]
    word = len("# portside: ignore[")
    assert found == span(1, start + word, start + word + len("nothing-of-the-kind"))


def test_a_form_feed_and_strange_line_ends_shift_nothing(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", "a = 1\x0c\nb = '\u2028'\r" + IDLE)
    assert where(editor.diagnostics(uri), "PS001")["start"]["line"] == 2
    # The new line end joins the old one: still one line.
    editor.change(uri, 2, {"range": span(2, 0, 0), "text": "\n"})
    assert where(editor.diagnostics(uri), "PS001")["start"]["line"] == 2


def test_a_quick_fix_carries_its_diagnostic_and_the_version(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    shown = {**editor.diagnostics(uri)[0], "data": {"kept": "by the client"}}
    actions = editor.actions(uri, IDLE_SPAN, diagnostics=[shown])
    converters.get_converter().structure(actions, list[types.CodeAction])
    fix = next(action for action in actions if action.get("isPreferred"))
    assert fix["diagnostics"] == [shown]
    change = fix["edit"]["documentChanges"][0]
    assert change["textDocument"] == {"uri": uri, "version": 1}
    assert change["edits"] == [{"range": span(0, 5, 46), "newText": ""}]


def test_an_unsafe_fix_is_not_preferred_and_is_made_in_one_step(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", "x = 1  # portside: ignore[unused-supression]\n")
    actions = editor.actions(uri, span(0, 30, 30))
    change = next(action for action in actions if action["title"] == "Change to unused-suppression")
    assert "isPreferred" not in change
    annotation = next(iter(change["edit"]["changeAnnotations"].values()))
    assert annotation["needsConfirmation"] is False
    edit = change["edit"]["documentChanges"][0]["edits"][0]
    assert edit["annotationId"] in change["edit"]["changeAnnotations"]


def test_a_client_without_document_changes_gets_changes_by_uri(editor: Editor) -> None:
    editor.initialize({**FULL, "workspace": {}})
    uri = editor.open("a.py", IDLE)
    fix = editor.actions(uri, IDLE_SPAN)[0]
    assert list(fix["edit"]) == ["changes"]
    assert list(fix["edit"]["changes"]) == [uri]


def test_the_launch_fix_is_offered_under_its_name(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("server.py", SERVER)
    launch = where(editor.diagnostics(uri), "PS101")
    titles = [action["title"] for action in editor.actions(uri, launch, only=["quickfix"])]
    assert "Fix: launch via uvicorn CLI" in titles
    assert "Ignore uvicorn-run-in-main on this line" in titles


def test_a_byte_order_mark_hides_no_fix_and_stays(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("server.py", "\ufeff" + SERVER)
    launch = where(editor.diagnostics(uri), "PS101")
    fix = editor.actions(uri, launch, only=["quickfix"])[0]
    assert fix["title"] == "Fix: launch via uvicorn CLI"
    fix = fix if "edit" in fix else editor.request("codeAction/resolve", fix)
    edits = fix["edit"]["documentChanges"][0]["edits"]
    assert min((edit["range"]["start"]["line"], edit["range"]["start"]["character"]) for edit in edits) == (
        0,
        1,
    )


def test_a_fix_that_ends_two_findings_is_offered_once_for_both(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("server.py", SERVER.replace("run(app", 'run("server:app"'))
    launch = where(editor.diagnostics(uri), "PS101")
    actions = editor.actions(uri, launch, only=["quickfix"])
    fixes = [action for action in actions if action["title"] == "Fix: launch via uvicorn CLI"]
    assert [[d["code"] for d in fix["diagnostics"]] for fix in fixes] == [["PS101", "PS104"]]
    assert "command" in fixes[0]


def test_after_the_launch_fix_the_editor_says_how_to_start_and_what_still_runs_the_script(
    editor: Editor,
) -> None:
    editor.initialize()
    (editor.folder / "run.sh").write_text("torchrun server.py\n")
    fix = launch_fix(editor)
    editor.request("workspace/executeCommand", fix["command"])
    shown = editor.notification("window/showMessage")["message"]
    assert shown.startswith("Start it with: uvicorn server:app ")
    assert "`run.sh:1` still runs the script: `torchrun` starts it" in shown


def launch_fix(editor: Editor) -> dict[str, Any]:
    uri = editor.open("server.py", SERVER)
    launch = where(editor.diagnostics(uri), "PS101")
    actions = editor.actions(uri, launch, only=["quickfix"])
    fix = next(action for action in actions if action["title"] == "Fix: launch via uvicorn CLI")
    return fix if "edit" in fix else editor.request("codeAction/resolve", fix)


def test_the_launch_fix_is_one_edit_for_all_files_that_start_the_script(editor: Editor) -> None:
    editor.initialize()
    (editor.folder / "Procfile").write_text("web: python server.py\n")
    opened = editor.open("run.sh", "# unsaved\npython server.py\n", language="shellscript")
    edit = launch_fix(editor)["edit"]
    changes = {change["textDocument"]["uri"]: change for change in edit["documentChanges"]}
    assert {uri.rpartition("/")[2] for uri in changes} == {"server.py", "Procfile", "run.sh"}
    assert changes[opened]["textDocument"]["version"] == 1
    assert changes[opened]["edits"][0]["range"]["start"] == {"line": 1, "character": 0}
    assert "changeAnnotations" not in edit


def test_an_unsafe_fix_of_several_files_asks_to_be_looked_at(editor: Editor) -> None:
    editor.initialize()
    (editor.folder / "run.sh").write_text("torchrun server.py\npython server.py\n")
    edit = launch_fix(editor)["edit"]
    (annotation,) = edit["changeAnnotations"].values()
    assert annotation["needsConfirmation"] is True
    assert "`run.sh:1` still runs the script" in annotation["description"]


def test_ignoring_a_finding_ends_it(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("server.py", SERVER)
    launch = where(editor.diagnostics(uri), "PS101")
    actions = editor.actions(uri, launch)
    ignore = next(a for a in actions if a["title"] == "Ignore uvicorn-run-in-main on this line")
    edit = ignore["edit"]["documentChanges"][0]["edits"][0]
    editor.change(uri, 2, {"range": edit["range"], "text": edit["newText"]})
    assert "PS101" not in codes(editor.diagnostics(uri))


def test_fix_all_comes_when_asked_for_and_applies_every_safe_fix(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE + "y = 2\n" + IDLE)
    actions = editor.actions(uri, span(0, 0, 0), only=["source.fixAll"])
    assert [action["kind"] for action in actions] == ["source.fixAll.portside"]
    edit = actions[0]["edit"]["documentChanges"][0]["edits"][0]
    editor.change(uri, 2, {"range": edit["range"], "text": edit["newText"]})
    assert editor.diagnostics(uri) == []


def test_fix_all_in_a_menu_of_everything_is_worked_out_only_when_chosen(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    action = next(a for a in editor.actions(uri, IDLE_SPAN) if a["kind"] == "source.fixAll.portside")
    assert "edit" not in action
    assert "edit" in editor.request("codeAction/resolve", action)


def test_only_the_kinds_that_are_asked_for_are_offered(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    assert editor.actions(uri, IDLE_SPAN, only=["refactor"]) == []
    assert {a["kind"] for a in editor.actions(uri, IDLE_SPAN, only=["quickfix"])} == {"quickfix"}


def test_the_rules_page_shows_on_its_finding_and_nowhere_else(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 30}}
    page = editor.request("textDocument/hover", params)
    assert page["contents"]["kind"] == "markdown"
    assert "Why it matters" in page["contents"]["value"]
    assert page["range"] == IDLE_SPAN
    params["position"] = {"line": 0, "character": 0}
    assert editor.request("textDocument/hover", params) is None


def test_a_mistake_in_the_settings_shows_in_them_and_the_last_good_ones_stay(editor: Editor) -> None:
    settings = editor.folder / "pyproject.toml"
    settings.write_text('[tool.portside]\nignore = ["unused-suppression"]\n')
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    assert editor.diagnostics(uri) == []
    settings.write_text('[tool.portside]\n\nignore = ["unused-supression"]\n')
    event = {"changes": [{"uri": settings.as_uri(), "type": 2}]}
    editor.notify("workspace/didChangeWatchedFiles", event)
    mistakes = editor.published(settings.as_uri())
    assert mistakes[0]["range"]["start"]["line"] == 2
    assert "did you mean `unused-suppression`" in mistakes[0]["message"]
    assert "pyproject.toml:3" in editor.notification("window/showMessage")["message"]
    assert editor.diagnostics(uri) == []
    settings.write_text("[tool.portside]\n")
    editor.notify("workspace/didChangeWatchedFiles", event)
    assert editor.published(settings.as_uri()) == []
    assert codes(editor.diagnostics(uri)) == ["PS001"]


def test_changed_settings_make_a_pulling_client_ask_again(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    editor.diagnostics(uri)
    registration = editor.asked("client/registerCapability")
    assert registration["params"]["registrations"][0]["method"] == "workspace/didChangeWatchedFiles"
    settings = editor.folder / "portside.toml"
    settings.write_text('ignore = ["PS001"]\n')
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": settings.as_uri(), "type": 1}]})
    editor.asked("workspace/diagnostic/refresh")
    assert editor.diagnostics(uri) == []


def test_every_folder_of_the_workspace_has_its_own_settings(editor: Editor) -> None:
    (editor.folder / "strict").mkdir()
    (editor.folder / "lax").mkdir()
    (editor.folder / "lax" / "portside.toml").write_text('ignore = ["ALL"]\n')
    folders = [{"uri": (editor.folder / name).as_uri(), "name": name} for name in ("strict", "lax")]
    editor.initialize(workspaceFolders=folders)
    assert codes(editor.diagnostics(editor.open("strict/a.py", IDLE))) == ["PS001"]
    assert editor.diagnostics(editor.open("lax/a.py", IDLE)) == []


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "vscode-vfs://github/o/r/a.py", "vscode-remote://[a]/b.py"]
)
def test_a_document_without_a_file_is_checked_all_the_same(editor: Editor, uri: str) -> None:
    editor.initialize()
    editor.open("", IDLE, uri=uri)
    assert codes(editor.diagnostics(uri)) == ["PS001"]
    assert editor.actions(uri, IDLE_SPAN)[0]["edit"]["documentChanges"][0]["textDocument"]["uri"] == uri


def test_a_document_of_another_language_is_left_alone(editor: Editor) -> None:
    editor.initialize()
    assert editor.diagnostics(editor.open("notes.md", IDLE, language="markdown")) == []
    assert editor.diagnostics(editor.open("values.yaml", "a: 1\n" + IDLE, language="yaml")) == []


def test_a_folder_may_vanish_under_an_open_document(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("sub/a.py", IDLE)
    (editor.folder / "sub" / "a.py").unlink()
    (editor.folder / "sub").rmdir()
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "\n"})
    assert codes(editor.diagnostics(uri)) == ["PS001"]


def test_a_document_that_was_never_opened_has_no_answers(editor: Editor) -> None:
    editor.initialize()
    uri = (editor.folder / "never.py").as_uri()
    assert editor.diagnostics(uri) == []
    assert editor.actions(uri, span(0, 0, 0)) == []
    editor.change(uri, 2, {"text": "x"})
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.diagnostics(uri) == []


def test_nonsense_is_refused_and_the_server_lives_on(unchecked_editor: Editor) -> None:
    editor = unchecked_editor
    editor.initialize()
    assert "error" in editor.request("textDocument/diagnostic", {"no": "document"})
    assert "error" in editor.request("no/suchMethod", {})
    editor.notify("$/unknown", {})
    assert "error" in editor.request("textDocument/codeAction", [])
    assert codes(editor.diagnostics(editor.open("a.py", IDLE))) == ["PS001"]
    assert editor.stop() == 0


def test_after_the_shutdown_nothing_is_answered_any_more(unchecked_editor: Editor) -> None:
    editor = unchecked_editor
    editor.initialize()
    uri = editor.open("a.py", IDLE)
    assert codes(editor.diagnostics(uri)) == ["PS001"]
    editor.notify("$/cancelRequest", {"id": 1})
    editor.request("shutdown", None)
    assert "error" in editor.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    editor.notify("exit", None)
    assert editor.process.wait(PATIENCE_S) == 0


def test_code_of_the_workspace_is_never_imported(editor: Editor) -> None:
    for name in ("ast.py", "tree_sitter.py", "sitecustomize.py", "click.py"):
        (editor.folder / name).write_text(f"open({str(editor.folder / 'imported')!r}, 'w')\n")
    editor.initialize()
    assert codes(editor.diagnostics(editor.open("a.py", IDLE))) == ["PS001"]
    assert editor.stop() == 0
    assert not (editor.folder / "imported").exists()


def test_the_server_ends_with_its_editor(editor: Editor) -> None:
    editor.initialize()
    assert editor.process.stdin is not None
    editor.process.stdin.close()
    assert editor.process.wait(PATIENCE_S) == 0


def test_an_exit_without_a_shutdown_is_a_failure(editor: Editor) -> None:
    editor.initialize()
    editor.notify("exit", None)
    assert editor.process.wait(PATIENCE_S) == 1


def test_what_happens_is_logged_where_asked(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "portside.log"
    editor = Editor(tmp_path, "--log-file", str(log))
    try:
        editor.initialize()
        assert "error" in editor.request("textDocument/diagnostic", {"no": "document"})
        editor.stop()
    finally:
        editor.close()
    assert "textDocument/diagnostic failed" in log.read_text()


def test_launch_targets_are_found_without_importing_them(editor: Editor) -> None:
    editor.initialize()
    editor.open("core/server.py", SERVER)
    targets = editor.request("portside/launchTargets", {"folder": editor.folder.as_uri()})
    app = next(target for target in targets if target["kind"] == "app")
    assert app["target"] == "core.server:app"
    assert set(app) == {"name", "kind", "target", "path", "line", "host", "port", "appDir", "cwd"}
    assert app["name"] is None
    assert editor.request("portside/launchTargets", {"folder": "file:///gone/for/ever"}) == []


def test_a_launch_target_comes_with_what_the_settings_say_of_it(editor: Editor) -> None:
    editor.initialize()
    editor.open("core/server.py", SERVER)
    section = '[tool.portside.servers.api]\napp = "core.server:app"\nhost = "0.0.0.0"\nport = 8011\n'
    (editor.folder / "pyproject.toml").write_text(section)
    targets = editor.request("portside/launchTargets", {"folder": editor.folder.as_uri()})
    app = next(target for target in targets if target["kind"] == "app")
    assert (app["name"], app["host"], app["port"]) == ("api", "0.0.0.0", 8011)
    assert app["cwd"] == str(editor.folder)
