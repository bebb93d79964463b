"""Notebooks in the editor: their cells are one module, and only what holds for a notebook is said."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import Editor, Json, pushing, span

NAMES = "!pip install vllm\nimport os as o, uvicorn\n"
USES = "uvicorn.run('a:b', port=int(o.environ['VLLM_PORT']))\n"
SETTING = "import os as o, uvicorn\n" + USES


class Notebook:
    """One that is open in the editor."""

    def __init__(self, editor: Editor, *cells: str, name: str = "a.ipynb", **params: Any) -> None:
        self.editor = editor
        self.uri = (editor.folder / name).as_uri()
        self.version = 1
        self.made = 0
        items = [self.item(text) for text in cells]
        document = {"uri": self.uri, "notebookType": "jupyter-notebook", "version": 1, **params}
        document["cells"] = [{"kind": 2, "document": item["uri"]} for item in items]
        editor.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": items})
        self.cells = [item["uri"] for item in items]

    def item(self, text: str, language: str = "python") -> Json:
        self.made += 1
        uri = self.uri.replace("file:", "vscode-notebook-cell:") + f"#W{self.made}"
        return {"uri": uri, "languageId": language, "version": 1, "text": text}

    def change(self, **cells: Any) -> None:
        self.version += 1
        named = {"uri": self.uri, "version": self.version}
        self.editor.notify(
            "notebookDocument/didChange", {"notebookDocument": named, "change": {"cells": cells}}
        )

    def type(self, cell: int, where: Json, text: str) -> None:
        document = {"uri": self.cells[cell], "version": self.version + 1}
        self.change(textContent=[{"document": document, "changes": [{"range": where, "text": text}]}])


def codes(editor: Editor, uri: str) -> list[tuple[str, int]]:
    return [(d["code"], d["range"]["start"]["line"]) for d in editor.diagnostics(uri)]


def test_what_one_cell_binds_the_next_one_uses(editor: Editor) -> None:
    offer = editor.initialize()["capabilities"]["notebookDocumentSync"]
    assert offer["notebookSelector"] == [{"notebook": "*", "cells": [{"language": "python"}]}]
    notebook = Notebook(editor, NAMES, "%%bash\nexport VLLM_PORT=1\n", "# here\n" + USES)
    assert [codes(editor, uri) for uri in notebook.cells] == [[], [], [("PS202", 1)]]
    notebook.type(0, span(1, 7, 9), "io")
    assert [codes(editor, uri) for uri in notebook.cells] == [[], [], []]


def test_an_edit_of_one_cell_shows_in_the_others(editor: Editor) -> None:
    editor.initialize()
    notebook = Notebook(editor, NAMES, USES)
    assert [codes(editor, uri) for uri in notebook.cells] == [[], [("PS202", 0)]]
    notebook.type(0, span(1, 7, 9), "io")
    editor.asked("workspace/diagnostic/refresh")
    assert codes(editor, notebook.cells[1]) == []


def test_a_client_that_does_not_pull_is_sent_what_each_cell_has(editor: Editor) -> None:
    editor.initialize(pushing())
    notebook = Notebook(editor, NAMES, USES)
    assert [len(editor.published(uri, 1)) for uri in notebook.cells] == [0, 1]
    notebook.type(0, span(1, 7, 9), "io")
    assert editor.published(notebook.cells[1], 1) == []
    editor.notify(
        "notebookDocument/didClose",
        {
            "notebookDocument": {"uri": notebook.uri},
            "cellTextDocuments": [{"uri": u} for u in notebook.cells],
        },
    )
    assert [editor.published(uri) for uri in notebook.cells] == [[], []]


def test_cells_are_added_moved_and_removed(editor: Editor) -> None:
    editor.initialize()
    notebook = Notebook(editor, USES)
    assert codes(editor, notebook.cells[0]) == []
    new = notebook.item(NAMES)
    array = {"start": 0, "deleteCount": 0, "cells": [{"kind": 2, "document": new["uri"]}]}
    notebook.change(structure={"array": array, "didOpen": [new]})
    assert codes(editor, notebook.cells[0]) == [("PS202", 0)]
    array = {"start": 0, "deleteCount": 1}
    notebook.change(structure={"array": array, "didClose": [{"uri": new["uri"]}]})
    assert codes(editor, notebook.cells[0]) == []
    assert codes(editor, new["uri"]) == []


def test_a_fix_changes_the_cell(editor: Editor) -> None:
    editor.initialize()
    notebook = Notebook(editor, "!ls\n", SETTING)
    cell = notebook.cells[1]
    actions = editor.actions(cell, editor.diagnostics(cell)[0]["range"])
    assert not [action for action in actions if action["kind"].startswith("source")]
    fix = next(action for action in actions if action["title"].startswith("Rename the variable"))
    (change,) = fix["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": cell, "version": 1}
    (edit,) = change["edits"]
    notebook.type(1, edit["range"], edit["newText"])
    assert codes(editor, cell) == []


def test_a_finding_is_ignored_in_its_cell(editor: Editor) -> None:
    editor.initialize()
    notebook = Notebook(editor, "x = 1\n", SETTING)
    cell = notebook.cells[1]
    actions = editor.actions(cell, editor.diagnostics(cell)[0]["range"])
    ignore = next(action for action in actions if action["title"].startswith("Ignore"))
    edit = ignore["edit"]["documentChanges"][0]["edits"][0]
    notebook.type(1, edit["range"], edit["newText"])
    assert codes(editor, cell) == []


def test_what_makes_no_sense_in_a_notebook_is_not_said(editor: Editor) -> None:
    editor.initialize()
    text = (
        "import uvicorn\nfrom vllm import LLM\nllm = LLM('m')\nuvicorn.run('a:b', port=8000, reload=True)\n"
    )
    # portside: ignore comments of rules that are silent here are not called idle, either.
    notebook = Notebook(editor, text + "x = 1  # portside: ignore[hardcoded-port]\n")
    assert codes(editor, notebook.cells[0]) == []
    wrong = Notebook(editor, "import uvicorn\nuvicorn.run('a:b', port=80000)\n", name="b.ipynb")
    assert codes(editor, wrong.cells[0]) == [("PS205", 1)]


@pytest.mark.parametrize("uri", ["untitled:Untitled-1.ipynb", "vscode-vfs://github/o/r/a.ipynb"])
def test_a_notebook_need_not_be_a_file(editor: Editor, uri: str) -> None:
    editor.initialize()
    cell = {
        "uri": "vscode-notebook-cell:Untitled-1#W0",
        "languageId": "python",
        "version": 1,
        "text": SETTING,
    }
    document = {
        "uri": uri,
        "notebookType": "x",
        "version": 1,
        "cells": [{"kind": 2, "document": cell["uri"]}],
    }
    editor.notify("notebookDocument/didOpen", {"notebookDocument": document, "cellTextDocuments": [cell]})
    assert codes(editor, cell["uri"]) == [("PS202", 1)]


def test_a_cell_of_a_client_that_knows_no_notebooks_is_checked_alone(editor: Editor) -> None:
    editor.initialize()
    uri = "vscode-notebook-cell:/work/a.ipynb#W0"
    editor.open("", "!ls\n" + SETTING + "from vllm import LLM\nllm = LLM('m')\n", uri=uri)
    assert codes(editor, uri) == [("PS202", 2)]


def test_settings_count_for_a_notebook(editor: Editor) -> None:
    (editor.folder / "portside.toml").write_text('[per-file-ignores]\n"*.ipynb" = ["vllm-port-misuse"]\n')
    editor.initialize()
    notebook = Notebook(editor, SETTING)
    assert codes(editor, notebook.cells[0]) == []
