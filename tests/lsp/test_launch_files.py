"""Launch files in the editor: findings, fixes and comments there, by the file's name."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lsp.editor import Editor, pushing, span

IDLE = "# portside: ignore[nothing-of-the-kind]\n"


def codes(diagnostics: list[dict[str, Any]]) -> list[str]:
    return [diagnostic["code"] for diagnostic in diagnostics]


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


def test_a_finding_in_a_launch_file_is_sent_and_its_fix_offered(editor: Editor) -> None:
    editor.initialize(pushing())
    uri = editor.open("Dockerfile", "FROM a\n" + IDLE, language="dockerfile")
    assert codes(editor.published(uri, 1)) == ["PS001"]
    action = editor.actions(uri, span(1, 20, 20))[0]
    assert action["title"] == "Remove the unused ignore comment"
    (change,) = action["edit"]["documentChanges"]
    assert change["edits"] == [{"range": {"start": _at(1, 0), "end": _at(2, 0)}, "newText": ""}]


def _at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}
