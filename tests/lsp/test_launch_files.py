"""Launch files in the editor: findings, fixes and comments there, by the file's name."""

from __future__ import annotations

import pytest
from tests.lsp.editor import FULL, Editor, codes, pushing, span

IDLE = "# portside: ignore[nothing-of-the-kind]\n"


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("Dockerfile", "dockerfile", "FROM a\n{}CMD vllm serve m\n"),
        ("docker-compose.yml", "dockercompose", "services:\n  {}  a:\n    image: b\n"),
        ("docker-compose.prod.yaml", "yaml", "services:\n  {}  a:\n    image: b\n"),
        ("k8s/vllm.yaml", "yaml", "apiVersion: v1\n{}kind: Pod\n"),
        ("start.sh", "shellscript", "{}vllm serve m\n"),
        ("Makefile", "makefile", "{}serve:\n\tvllm serve m\n"),
        ("vllm.service", "systemd-unit-file", "[Service]\n{}ExecStart=vllm serve m\n"),
        ("vllm.service", "ini", "[Service]\n{}ExecStart=vllm serve m\n"),
        (".env", "dotenv", "{}VLLM_PORT=1\n"),
        (".env.production", "plaintext", "{}VLLM_PORT=1\n"),
        ("Procfile", "procfile", "{}web: vllm serve m\n"),
    ],
)
def test_a_launch_file_is_known_by_its_name(editor: Editor, name: str, language: str, text: str) -> None:
    editor.initialize()
    uri = editor.open(name, text.replace("{}", IDLE), language=language)
    assert codes(editor.diagnostics(uri)) == ["PS001"]


def test_the_name_of_a_launch_file_counts_more_than_the_language(editor: Editor) -> None:
    """An older eglot says `python` of every file of a server that it also has for Python."""
    editor.initialize()
    uri = editor.open("start.sh", "VLLM_PORT=8000 vllm serve m\n", language="python")
    assert codes(editor.diagnostics(uri)) == ["PS202"]
    uri = editor.open("no_suffix", "#!/usr/bin/env python\n" + IDLE, language="python")
    assert codes(editor.diagnostics(uri)) == ["PS001"]


def test_a_client_without_markdown_gets_plain_text(editor: Editor) -> None:
    (editor.folder / "start.sh").write_text("vllm serve m --port 8010\n")
    document = {**FULL["textDocument"], "hover": {"contentFormat": ["plaintext"]}}
    editor.initialize({**FULL, "textDocument": document})
    uri = editor.open("server.py", APP + "\nimport uvicorn\n\nuvicorn.run(app, port=8010)\n")
    params = {"textDocument": {"uri": uri}, "position": _at(6, 24)}
    page = editor.request("textDocument/hover", params)["contents"]
    assert page["kind"] == "plaintext"
    assert page["value"].startswith("Port 8010 in this workspace's launch files\n")
    assert "- start.sh:1: " in page["value"]


def test_a_finding_in_a_launch_file_is_sent_and_its_fix_offered(editor: Editor) -> None:
    editor.initialize(pushing())
    uri = editor.open("Dockerfile", "FROM a\n" + IDLE, language="dockerfile")
    assert codes(editor.published(uri, 1)) == ["PS001"]
    action = editor.actions(uri, span(1, 20, 20))[0]
    assert action["title"] == "Remove the unused ignore comment"
    (change,) = action["edit"]["documentChanges"]
    assert change["edits"] == [{"range": {"start": _at(1, 0), "end": _at(2, 0)}, "newText": ""}]


APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
DOCKERFILE = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "{}", "--port", "8000"]\n'
COMPOSE = """\
services:
  api:
    build: .
    ports: ["8000:8000"]
  other:
    image: vllm/vllm-openai
    command: --model m --port 8000
"""


def test_a_finding_names_the_place_in_the_other_file(editor: Editor) -> None:
    (editor.folder / "server.py").write_text(APP)
    editor.initialize()
    uri = editor.open("Dockerfile", DOCKERFILE.replace("{}", "server:nothing"), language="dockerfile")
    (finding,) = [d for d in editor.diagnostics(uri) if d["code"] == "PS401"]
    assert finding["range"] == {"start": _at(3, 17), "end": _at(3, 31)}
    (related,) = finding["relatedInformation"]
    assert related["location"]["uri"] == (editor.folder / "server.py").as_uri()


def test_an_edit_of_one_launch_file_shows_in_the_others(editor: Editor) -> None:
    (editor.folder / "compose.yaml").write_text("")
    editor.initialize(pushing())
    env = editor.open(".env", "VLLM_PORT=8000\n", language="dotenv")
    assert codes(editor.published(env, 1)) == []
    text = "services:\n  llm:\n    image: vllm/vllm-openai\n    command: --model m\n"
    compose = editor.open("compose.yaml", text, language="dockercompose")
    assert codes(editor.published(compose, 1)) == []
    editor.change(compose, 2, {"range": span(4, 0, 0), "text": "    env_file: .env\n"})
    assert codes(editor.published(env, 1)) == ["PS202"]


def test_the_action_ignores_a_finding_with_a_comment_of_the_format(editor: Editor) -> None:
    editor.initialize()
    uri = editor.open("start.sh", "VLLM_PORT=8000 vllm serve m\n", language="shellscript")
    actions = editor.actions(uri, span(0, 2, 2))
    edits = {a["title"]: a["edit"]["documentChanges"][0]["edits"] for a in actions if "edit" in a}
    assert edits["Ignore vllm-port-misuse on this line"][0]["newText"] == (
        "# portside: ignore[vllm-port-misuse]\n"
    )
    assert edits["Rename the variable to `PORT`"][0]["newText"] == "PORT"


def test_hovering_over_a_port_tells_who_else_is_on_it(editor: Editor) -> None:
    for name, text in {"server.py": APP, "Dockerfile": DOCKERFILE.replace("{}", "server:app")}.items():
        (editor.folder / name).write_text(text)
    editor.initialize()
    uri = editor.open("compose.yaml", COMPOSE, language="dockercompose")
    params = {"textDocument": {"uri": uri}, "position": _at(6, 32)}
    page = editor.request("textDocument/hover", params)["contents"]["value"]
    assert page.startswith("**Port 8000** in this workspace's launch files")
    assert "[compose.yaml:4](" in page
    assert "service `api` is published on it, `uvicorn server:app`" in page
    assert "service `other` listens on it, inside its container" in page
    params["position"] = _at(5, 6)
    assert editor.request("textDocument/hover", params) is None


def test_hovering_over_a_port_in_python_tells_too(editor: Editor) -> None:
    (editor.folder / "start.sh").write_text("vllm serve m --port 8010\n")
    editor.initialize()
    uri = editor.open("server.py", APP + "\nimport uvicorn\n\nuvicorn.run(app, port=8010)\n")
    params = {"textDocument": {"uri": uri}, "position": _at(6, 24)}
    page = editor.request("textDocument/hover", params)["contents"]["value"]
    assert "[start.sh:1](" in page
    assert "hardcoded-port" in page


def test_hovering_over_a_port_that_a_script_has_from_a_module_tells_too(editor: Editor) -> None:
    server = "import uvicorn\nfrom config import PORT\n\nuvicorn.run('a:app', port=PORT)\n"
    (editor.folder / "server.py").write_text(server)
    (editor.folder / "start.sh").write_text("python server.py\n")
    editor.initialize()
    uri = editor.open("config.py", "HOST = 'a'\nPORT = 8010\n")
    params = {"textDocument": {"uri": uri}, "position": _at(1, 9)}
    (editor.folder / "config.py").write_text("PORT = 1\n")
    page = editor.request("textDocument/hover", params)["contents"]["value"]
    assert page.startswith("**Port 8010** in this workspace's launch files")
    assert "[start.sh:1](" in page
    params["position"] = _at(0, 2)
    assert editor.request("textDocument/hover", params) is None


def test_a_folder_that_is_renamed_takes_what_it_says_along(editor: Editor) -> None:
    (editor.folder / "old").mkdir()
    (editor.folder / "old/run.sh").write_text("uvicorn other:app --port 8000\n")
    editor.initialize()
    uri = editor.open("start.sh", "uvicorn server:app --port 8000\n", language="shellscript")
    params = {"textDocument": {"uri": uri}, "position": _at(0, 27)}
    assert "[old/run.sh:1](" in editor.request("textDocument/hover", params)["contents"]["value"]
    old, new = editor.folder / "old", editor.folder / "new"
    old.rename(new)
    editor.notify("workspace/didRenameFiles", {"files": [{"oldUri": old.as_uri(), "newUri": new.as_uri()}]})
    page = editor.request("textDocument/hover", params)["contents"]["value"]
    assert "[new/run.sh:1](" in page
    assert "old/run.sh" not in page
    (new / "run.sh").unlink()
    editor.notify("workspace/didDeleteFiles", {"files": [{"uri": (new / "run.sh").as_uri()}]})
    assert "run.sh" not in editor.request("textDocument/hover", params)["contents"]["value"]


def test_what_is_launched_can_be_run_from_a_lens(editor: Editor) -> None:
    (editor.folder / "core").mkdir()
    (editor.folder / "core" / "server.py").write_text(APP)
    editor.initialize(initializationOptions={"startCommand": "portside.startTarget"})
    uri = editor.open("start.sh", "cd core\nuvicorn server:app --port 8010\n", language="shellscript")
    (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lens["range"]["start"] == _at(1, 0)
    lens = editor.request("codeLens/resolve", lens)
    assert lens["command"]["command"] == "portside.startTarget"
    (target,) = lens["command"]["arguments"]
    assert (target["kind"], target["target"], target["port"]) == ("app", "server:app", 8010)
    assert target["cwd"] == str(editor.folder / "core")
    uri = editor.open("core/server.py", APP)
    (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lens["range"]["start"] == _at(2, 0)


def test_an_editor_that_can_debug_offers_that_beside_it(editor: Editor) -> None:
    (editor.folder / "server.py").write_text(APP)
    commands = {"startCommand": "portside.startTarget", "debugCommand": "portside.debugTarget"}
    editor.initialize(initializationOptions=commands)
    uri = editor.open("server.py", APP)
    lenses = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    start, debug = (editor.request("codeLens/resolve", lens) for lens in lenses)
    assert (start["command"]["command"], debug["command"]["command"]) == tuple(commands.values())
    assert start["command"]["arguments"] == debug["command"]["arguments"]
    assert start["range"] == debug["range"]


def test_an_editor_without_a_command_of_its_own_is_told_what_to_type(editor: Editor) -> None:
    (editor.folder / "server.py").write_text(APP)
    editor.initialize()
    uri = editor.open("Procfile", "web: uvicorn server:app --port $PORT\n", language="procfile")
    (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    lens = editor.request("codeLens/resolve", lens)
    command = {"command": lens["command"]["command"], "arguments": lens["command"]["arguments"]}
    editor.request("workspace/executeCommand", command)
    said = editor.notification("window/showMessage")["message"]
    assert said.endswith("portside serve server:app")


def _at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: vllm\nspec:\n  ports: [{port: 8000}]\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: server
spec:
  template:
    spec:
      containers:
        - name: server
          image: vllm/vllm-openai:v0.32.0
          args: [--model, m]
"""


def test_a_manifest_that_ceases_to_be_one_has_no_findings_and_gives_none_to_others(editor: Editor) -> None:
    editor.initialize(pushing())
    service = editor.open("k8s/service.yaml", SERVICE, language="yaml")
    deployment = editor.open("k8s/deployment.yaml", DEPLOYMENT, language="yaml")
    assert codes(editor.published(deployment, 1)) == ["PS206"]
    editor.change(deployment, 2, {"range": span(0, 0, 3), "text": ""})
    assert editor.published(deployment, 2) == []
    editor.change(deployment, 3, {"range": span(0, 0, 0), "text": "api"})
    assert codes(editor.published(deployment, 3)) == ["PS206"]
    editor.change(service, 2, {"range": span(0, 0, 3), "text": ""})
    assert editor.published(deployment, 3) == []


def test_a_variable_is_renamed_where_it_stands_now(editor: Editor) -> None:
    (editor.folder / ".env").write_text("MODEL=m\nVLLM_PORT=8000\n")
    (editor.folder / "compose.yaml").write_text(
        "services:\n  llm:\n    image: a\n    command: vllm serve m\n    env_file: .env\n"
    )
    editor.initialize()
    uri = editor.open(".env", "# not saved\nMODEL=m\nVLLM_PORT=8000\n", language="dotenv")
    (action,) = [a for a in editor.actions(uri, span(2, 1, 1)) if a["title"].startswith("Rename")]
    (change,) = action["edit"]["documentChanges"]
    assert [edit["range"] for edit in change["edits"]] == [span(2, 0, 9)]
