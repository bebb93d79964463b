"""Documents that share a name: files, older versions of them, unsaved texts, and one file under two URIs."""

from __future__ import annotations

import pytest
from tests.lsp.editor import Editor, codes, pushing, span

ENGINE = "from vllm import LLM\nllm = LLM('m')\n"
APP = "from fastapi import FastAPI\nimport engine\napp = FastAPI()\n"
IDLE = "port = 8000  # portside: ignore[PS201]\n"


def imports_an_engine(editor: Editor, app: str) -> bool:
    """Asked anew, since a check that nothing has changed for is not made again."""
    editor.change(app, 2, {"text": APP + "\n"})
    return "PS302" in codes(editor.diagnostics(app))


@pytest.mark.parametrize(
    "uri",
    [
        "git:/work/engine.py",
        "fugitive:///work/.git//0/engine.py",
        "untitled:engine.py",
        "vscode-vfs://a/b/engine.py",
    ],
)
@pytest.mark.parametrize("is_open", [True, False], ids=["the file is open", "the file is closed"])
def test_what_is_no_file_takes_no_files_place(editor: Editor, uri: str, is_open: bool) -> None:
    (editor.folder / "engine.py").write_text(ENGINE)
    editor.initialize()
    app = editor.open("app.py", APP)
    if is_open:
        editor.open("engine.py", ENGINE)
    editor.open("", "x = 1\n", uri=uri)
    assert imports_an_engine(editor, app)
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert imports_an_engine(editor, app)


def test_a_fix_changes_the_document_that_it_was_found_in(editor: Editor) -> None:
    """Whichever was first: an unsaved text, or the file of the same name."""
    editor.initialize(pushing())
    uris = [editor.open("", f"# {IDLE}{IDLE}", uri="untitled:a.py")]
    uris += [editor.open("a.py", IDLE)]
    uris += [editor.open("", IDLE, uri="untitled:other/a.py")]
    for uri, line in zip(uris, (1, 0, 0), strict=True):
        [action, *_] = editor.actions(uri, span(line, 30, 30))
        [change] = action["edit"]["documentChanges"]
        assert change["textDocument"]["uri"] == uri
        assert change["edits"][0]["range"]["start"]["line"] == line


def test_a_new_file_takes_its_name_from_an_unsaved_text(editor: Editor) -> None:
    editor.initialize()
    app = editor.open("app.py", APP)
    unsaved = editor.open("", IDLE, uri="untitled:engine.py")
    (editor.folder / "engine.py").write_text(ENGINE)
    created = {"files": [{"uri": (editor.folder / "engine.py").as_uri()}]}
    editor.notify("workspace/didCreateFiles", created)
    assert imports_an_engine(editor, app)
    assert codes(editor.diagnostics(unsaved)) == ["PS001"]


def test_a_file_under_two_uris_is_open_until_both_are_closed(editor: Editor) -> None:
    editor.initialize()
    app = editor.open("app.py", APP)
    (editor.folder / "engine.py").write_text("x = 1\n")
    for name in ("engine.py", "%65ngine.py"):
        editor.open("", ENGINE, uri=f"{editor.folder.as_uri()}/{name}")
    assert imports_an_engine(editor, app)
    for name, is_still_open in (("%65ngine.py", True), ("engine.py", False)):
        document = {"uri": f"{editor.folder.as_uri()}/{name}"}
        editor.notify("textDocument/didClose", {"textDocument": document})
        assert imports_an_engine(editor, app) is is_still_open
