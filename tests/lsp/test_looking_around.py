"""What the server learns while the client is silent: the first question about all files is quick."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from portside.lsp.outbox import Outbox
from portside.lsp.session import Session
from portside.workspace import launch_texts

SERVER = "import uvicorn\n\nuvicorn.run('a:app', port=8000)\n"


def opened(folder: Path) -> tuple[Session, str]:
    """A session with `server.py` open, of which the client has the findings."""
    session = Session(Outbox(io.BytesIO()))
    capabilities = {"textDocument": {"diagnostic": {}}}
    session.initialize({"capabilities": capabilities, "rootUri": folder.as_uri()})
    uri = (folder / "server.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": SERVER}
    session.routes["textDocument/didOpen"]({"textDocument": item})
    session.diagnostic({"textDocument": {"uri": uri}})
    return session, uri


def idle(session: Session) -> int:
    """Let the server do all that waits for a pause; how many steps that took."""
    steps = 0
    while session.chores:
        session.chores.step()
        steps += 1
    return steps


def workspace(folder: Path) -> None:
    (folder / "server.py").write_text(SERVER)
    (folder / "start.sh").write_text("uvicorn other:app --port 8000\n")
    for number in range(5):
        (folder / f"module_{number}.py").write_text("import os\n")


def test_the_first_hover_of_a_port_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace(tmp_path)
    session, uri = opened(tmp_path)
    session.learn()
    assert idle(session) > 5

    def refuse(*_arguments: object) -> None:
        pytest.fail("the question walks or reads")

    monkeypatch.setattr(launch_texts, "paths_below", refuse)
    monkeypatch.setattr(launch_texts, "read_start", refuse)
    column = SERVER.splitlines()[2].index("8000")
    shown = session.hover({"textDocument": {"uri": uri}, "position": {"line": 2, "character": column}})
    assert shown is not None
    assert "start.sh" in str(shown["contents"])


def test_a_file_that_comes_meanwhile_is_known(tmp_path: Path) -> None:
    workspace(tmp_path)
    session, uri = opened(tmp_path)
    session.learn()
    session.chores.step()
    (tmp_path / "late.sh").write_text("vllm serve m --port 8000\n")
    session.did_change_watched_files({"changes": [{"uri": (tmp_path / "late.sh").as_uri(), "type": 1}]})
    idle(session)
    column = SERVER.splitlines()[2].index("8000")
    shown = session.hover({"textDocument": {"uri": uri}, "position": {"line": 2, "character": column}})
    assert "late.sh" in str(shown)


def test_it_looks_around_once(tmp_path: Path) -> None:
    workspace(tmp_path)
    session, _ = opened(tmp_path)
    session.learn()
    idle(session)
    session.learn()
    assert not session.chores
