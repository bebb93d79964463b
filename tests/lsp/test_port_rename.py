"""A port renamed in the editor: in all files that mean it, and in none that merely look alike."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import FULL, Editor, span

from portside.lint.finding import Edit, apply_edits
from portside.lsp.buffer import Buffer
from portside.lsp.encoding import Encoding

DOCKERFILE = """\
FROM python:3.12
EXPOSE 8000
CMD ["uvicorn", "server:app", "--port", "8000"]
"""
COMPOSE = """\
services:
  api:
    build: .
    ports: ["8000:8000"]
    environment: {MOST: 8000}
  other:
    image: python
    command: uvicorn other:app --port 8000
"""


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def asked(uri: str, line: int, character: int, **more: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": at(line, character), **more}


def changed(edit: dict[str, Any], texts: dict[str, str]) -> dict[str, str]:
    """The texts, by the end of their URIs, as the edit leaves them."""
    after = dict(texts)
    for change in edit["documentChanges"]:
        name = next(name for name in texts if change["textDocument"]["uri"].endswith(f"/{name}"))
        buffer = Buffer(texts[name], Encoding.UTF_16)
        edits = [(buffer.span(one["range"]), one["newText"]) for one in change["edits"]]
        after[name] = apply_edits(texts[name], [Edit(name, where, text) for where, text in edits])
    return after


def test_a_port_is_renamed_in_all_files_that_mean_it(editor: Editor) -> None:
    (editor.folder / "compose.yaml").write_text(COMPOSE)
    editor.initialize()
    uri = editor.open("Dockerfile", DOCKERFILE, language="dockerfile")
    marked = editor.request("textDocument/prepareRename", asked(uri, 1, 9))
    assert marked == {"range": {"start": at(1, 7), "end": at(1, 11)}, "placeholder": "8000"}
    edit = editor.request("textDocument/rename", asked(uri, 1, 9, newName="9100"))
    texts = {"Dockerfile": DOCKERFILE, "compose.yaml": COMPOSE}
    after = changed(edit, texts)
    assert after["Dockerfile"] == DOCKERFILE.replace("8000", "9100")
    assert after["compose.yaml"] == COMPOSE.replace('"8000:8000"', '"8000:9100"')


def test_unsaved_texts_count_and_the_edit_is_for_their_versions(editor: Editor) -> None:
    (editor.folder / "compose.yaml").write_text(COMPOSE)
    editor.initialize()
    open_compose = editor.open("compose.yaml", "# a line more\n" + COMPOSE, language="yaml")
    uri = editor.open("Dockerfile", DOCKERFILE, language="dockerfile")
    edit = editor.request("textDocument/rename", asked(uri, 1, 9, newName="9100"))
    (change,) = [one for one in edit["documentChanges"] if one["textDocument"]["uri"] == open_compose]
    assert change["textDocument"]["version"] == 1
    assert [one["range"]["start"]["line"] for one in change["edits"]] == [4]


def test_the_published_side_is_a_port_of_its_own(editor: Editor) -> None:
    (editor.folder / "Dockerfile").write_text(DOCKERFILE)
    editor.initialize()
    uri = editor.open("compose.yaml", COMPOSE, language="yaml")
    edit = editor.request("textDocument/rename", asked(uri, 3, 14, newName="80"))
    after = changed(edit, {"compose.yaml": COMPOSE})
    assert after["compose.yaml"] == COMPOSE.replace('"8000:8000"', '"80:8000"')


@pytest.mark.parametrize(("line", "character"), [(4, 27), (0, 3)], ids=["another number", "a word"])
def test_what_is_no_port_is_not_renamed(editor: Editor, line: int, character: int) -> None:
    editor.initialize()
    uri = editor.open("compose.yaml", COMPOSE, language="yaml")
    assert editor.request("textDocument/prepareRename", asked(uri, line, character)) is None


def test_a_script_changes_with_what_starts_it(editor: Editor) -> None:
    script = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\nuvicorn.run(app, port=8000)\n"
    shell = "python server.py &\ncurl http://localhost:8000/health\n"
    (editor.folder / "run.sh").write_text(shell)
    editor.initialize()
    uri = editor.open("server.py", script)
    edit = editor.request("textDocument/rename", asked(uri, 4, 24, newName="9100"))
    after = changed(edit, {"server.py": script, "run.sh": shell})
    assert after == {"server.py": script.replace("8000", "9100"), "run.sh": shell.replace("8000", "9100")}


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (
            "uvicorn server:app --port 8000\n",
            "70000",
            "`70000` is no port: those are numbers from 1 to 65535.",
        ),
        ("uvicorn server:app --port 8000\n", "api", "`api` is no port: those are numbers from 1 to 65535."),
        (
            "uvicorn server:app &\ncurl http://localhost:8000/\n",
            "9100",
            "`uvicorn` takes 8000 by itself: say its port there first.",
        ),
    ],
)
def test_a_refusal_says_why(editor: Editor, text: str, name: str, said: str) -> None:
    editor.initialize()
    uri = editor.open("run.sh", text, language="shellscript")
    line = text.count("\n") - 1
    character = text.splitlines()[line].index("8000") + 1
    answer = editor.request("textDocument/rename", asked(uri, line, character, newName=name))
    assert answer["error"] == {"code": -32803, "message": said}


def test_an_action_takes_the_next_free_port(editor: Editor) -> None:
    compose = COMPOSE.replace("--port 8000", "--port 8001")
    (editor.folder / "compose.yaml").write_text(compose)
    editor.initialize()
    uri = editor.open("Dockerfile", DOCKERFILE, language="dockerfile")
    titles = [action["title"] for action in editor.actions(uri, span(1, 8, 8))]
    assert "Change port 8000 to 8002 in all 3 places" in titles
    assert not editor.actions(uri, span(0, 2, 2), only=["refactor"])
    assert editor.actions(uri, span(2, 43, 43), only=["refactor"])


def test_a_client_without_versions_and_annotations_gets_plain_changes(editor: Editor) -> None:
    workspace = {**FULL["workspace"], "workspaceEdit": {}}
    editor.initialize({**FULL, "workspace": workspace})
    uri = editor.open("Dockerfile", DOCKERFILE, language="dockerfile")
    edit = editor.request("textDocument/rename", asked(uri, 1, 9, newName="9100"))
    assert list(edit) == ["changes"]
    assert len(edit["changes"][uri]) == 2
