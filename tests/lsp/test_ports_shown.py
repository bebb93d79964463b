"""What an editor shows within the text: the numbers behind names, links to what is launched, lenses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import FULL, Editor, Json, span

ON = {"initializationOptions": {"inlayHints": {"ports": True}}}
LAZY = {
    **FULL,
    "textDocument": {
        **FULL["textDocument"],
        "inlayHint": {"resolveSupport": {"properties": ["tooltip"]}},
    },
}
SERVER = "import uvicorn\nfrom config import settings\n\nuvicorn.run('a:b', port=settings.port)\n"
CONFIG = """\
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    port: int = 8010


settings = Settings()
"""


def hints(editor: Editor, uri: str, last: int = 100) -> list[Json]:
    params = {"textDocument": {"uri": uri}, "range": span(0, 0, 0) | {"end": {"line": last, "character": 0}}}
    found: list[Json] = editor.request("textDocument/inlayHint", params)
    return found


def test_the_number_behind_a_name_is_shown_with_where_it_is_from(editor: Editor) -> None:
    (editor.folder / "config.py").write_text(CONFIG)
    editor.initialize(**ON)
    uri = editor.open("server.py", SERVER)
    (hint,) = hints(editor, uri)
    assert (hint["label"], hint["position"], hint["paddingLeft"]) == (
        "8010",
        {"line": 3, "character": SERVER.splitlines()[3].index(")")},
        True,
    )
    assert hint["tooltip"]["value"].startswith(
        "**Port 8010**: the default, unless the environment sets `PORT`"
    )
    assert f"[config.py:5]({(editor.folder / 'config.py').as_uri()}#L5)" in hint["tooltip"]["value"]
    assert hints(editor, uri, last=2) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.py", "import uvicorn\nuvicorn.run('a:b', port=8000)\n", []),
        ("a.py", "import uvicorn\nPORT = 8000\nuvicorn.run('a:b', port=PORT)\n", ["8000"]),
        (
            "a.py",
            "import os, uvicorn\nuvicorn.run('a:b', port=int(os.environ.get('PORT', 8000)))\n",
            [],
        ),
        ("start.sh", "PORT=8000\nvllm serve m --port $PORT\n", ["8000"]),
        ("start.sh", "vllm serve m --port ${PORT:-8000}\n", []),
        ("start.sh", "vllm serve m --port $1\n", []),
        ("Dockerfile", "FROM a\nENV PORT=8000\nEXPOSE $PORT\nCMD vllm serve m --port $PORT\n", ["8000"] * 2),
    ],
)
def test_a_number_that_stands_there_is_not_shown_again(
    editor: Editor, name: str, text: str, expected: list[str]
) -> None:
    editor.initialize(**ON)
    uri = editor.open(name, text, language="python" if name.endswith("py") else "x")
    assert [hint["label"] for hint in hints(editor, uri)] == expected


def test_a_variable_of_another_file_counts(editor: Editor) -> None:
    (editor.folder / ".env").write_text("LLM_PORT=8123\n")
    editor.initialize(**ON)
    text = "services:\n  a:\n    image: vllm/vllm-openai\n    command: --model m --port ${LLM_PORT}\n"
    text += "    ports: ['8000:8000']\n"
    (hint,) = hints(editor, editor.open("compose.yaml", text, language="dockercompose"))
    assert hint["label"] == "8123"
    assert "[.env:1](" in hint["tooltip"]["value"]


def test_they_are_off_until_the_user_turns_them_on(editor: Editor) -> None:
    workspace = {**FULL["workspace"], "inlayHint": {"refreshSupport": True}, "configuration": True}
    editor.initialize({**FULL, "workspace": workspace})
    editor.settings(None, None)
    uri = editor.open("a.py", "import uvicorn\nPORT = 8000\nuvicorn.run('a:b', port=PORT)\n")
    assert hints(editor, uri) == []
    editor.notify("workspace/didChangeConfiguration", {"settings": None})
    editor.settings(None, {"inlayHints": {"ports": True}})
    editor.asked("workspace/inlayHint/refresh")
    assert [hint["label"] for hint in hints(editor, uri)] == ["8000"]


def test_the_tooltip_is_worked_out_when_it_shows(editor: Editor) -> None:
    editor.initialize(LAZY, **ON)
    uri = editor.open("start.sh", "PORT=8000\nvllm serve m --port $PORT\n", language="shellscript")
    (hint,) = hints(editor, uri)
    assert "tooltip" not in hint
    assert "[start.sh:1](" in editor.request("inlayHint/resolve", hint)["tooltip"]["value"]
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "\n"})
    assert editor.request("inlayHint/resolve", hint)["error"]["code"] == -32801


def test_what_is_launched_is_linked(editor: Editor) -> None:
    (editor.folder / "core").mkdir()
    (editor.folder / "core" / "server.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    editor.initialize()
    text = 'FROM a\nCOPY . .\nCMD ["uvicorn", "core.server:app"]\n'
    uri = editor.open("Dockerfile", text, language="dockerfile")
    (link,) = editor.request("textDocument/documentLink", {"textDocument": {"uri": uri}})
    assert link["target"] == (editor.folder / "core" / "server.py").as_uri()
    assert link["range"] == span(2, 17, 32)
    params = {"textDocument": {"uri": editor.open("a.py", "x = 1\n")}}
    assert editor.request("textDocument/documentLink", params) == []


def test_a_lens_is_worked_out_for_the_text_that_it_stands_in(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("server.py", "from fastapi import FastAPI\n\napp = FastAPI()\n")
    (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert "command" not in lens
    assert editor.request("codeLens/resolve", lens)["command"]["title"] == "▶ Run with portside serve"
    editor.change(uri, 2, {"range": span(0, 0, 0), "text": "\n"})
    assert editor.request("codeLens/resolve", lens)["error"]["code"] == -32801


def test_lenses_can_be_turned_off(editor: Editor) -> None:
    editor.initialize(initializationOptions={"settings": {"codeLens.enable": False}})
    uri = editor.open("server.py", "from fastapi import FastAPI\n\napp = FastAPI()\n")
    assert editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []


def test_a_folder_can_be_silenced(editor: Editor) -> None:
    for name in ("loud", "quiet"):
        (editor.folder / name).mkdir()
    folders = [{"uri": (editor.folder / name).as_uri(), "name": name} for name in ("loud", "quiet")]
    workspace = {
        **FULL["workspace"],
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
    }
    editor.initialize({**FULL, "workspace": workspace}, workspaceFolders=folders)
    registered = editor.asked("client/registerCapability")["params"]["registrations"]
    assert {one["method"]: one["registerOptions"] for one in registered}[
        "workspace/didChangeConfiguration"
    ] == {"section": "portside"}
    editor.settings(None, {"enable": True}, {"enable": False})
    idle = "x = 1  # portside: ignore[nothing-of-the-kind]\n"
    loud, quiet = editor.open("loud/a.py", idle), editor.open("quiet/a.py", idle)
    assert [len(editor.diagnostics(uri)) for uri in (loud, quiet)] == [1, 0]
    assert editor.actions(quiet, span(0, 30, 30)) == []
    params: dict[str, Any] = {"textDocument": {"uri": quiet}, "position": {"line": 0, "character": 30}}
    assert editor.request("textDocument/hover", params) is None
