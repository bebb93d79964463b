"""Attaching to a dev server that runs already: one session over its reloads, and it is never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.devserver.conftest import RAW_APP, Start, ask, wait_until, write
from tests.loopback import free_port

from .conftest import Debug, Editor
from .test_session import BODY, Request


def attach(editor: Editor, app: Path, **arguments: Any) -> None:
    number = editor.begin("attach", **arguments)
    editor.event("initialized")
    editor.set_breakpoints(app, [BODY])
    editor.ask("configurationDone")
    assert editor.answer(number)["success"]


def hold(editor: Editor, port: int, since: int) -> tuple[Request, int]:
    """A request that the breakpoint holds. The worker has it soon after it has begun to listen."""
    editor.event("process", since)
    request = Request(port)
    thread, frame = editor.stopped_at(since)
    assert frame["line"] == BODY
    return request, thread


@pytest.mark.parametrize("named", ["port", "pid", "target", "folder"])
def test_a_breakpoint_holds_before_and_after_a_reload(
    serve: Start, debug: Debug, project: Path, named: str
) -> None:
    served = serve("app:app", "--debug", "--debug-port", str(free_port()))
    served.wait_for("ready", generation=1)
    words = {"port": served.port, "pid": served.process.pid, "target": "app:app", "folder": None}
    editor = debug()
    attach(editor, project / "app.py", server=words[named])
    for generation, version in ((1, "1"), (2, "2")):
        since = 0 if generation == 1 else len(editor.said)
        if generation > 1:
            write(project / "app.py", RAW_APP.replace('"1"', f'"{version}"'))
            served.wait_for("ready", generation=generation)
        request, thread = hold(editor, served.port, since)
        editor.ask("continue", threadId=thread)
        assert request.wait() == (200, version)
        if named != "port":
            break
    editor.ask("disconnect", terminateDebuggee=True)
    assert editor.process.wait() == 0
    assert ask(served.port)[0] == 200, "it was not stopped"
    served.stop()
    served.assert_nothing_left()


def test_the_session_ends_with_the_server(serve: Start, debug: Debug, project: Path) -> None:
    served = serve("app:app", "--debug", "--debug-port", str(free_port()))
    served.wait_for("ready", generation=1)
    editor = debug()
    attach(editor, project / "app.py")
    editor.event("process")
    served.stop()
    editor.event("terminated")
    editor.ask("disconnect")
    editor.assert_nothing_left()


def test_the_debuggers_restart_loads_the_code_anew(serve: Start, debug: Debug, project: Path) -> None:
    served = serve("app:app", "--debug", "--debug-port", str(free_port()))
    served.wait_for("ready", generation=1)
    editor = debug()
    attach(editor, project / "app.py", server=served.port)
    editor.event("process")
    since = len(editor.said)
    editor.ask("restart")
    served.wait_for("ready", generation=2)
    request, _ = hold(editor, served.port, since)
    editor.ask("terminate")
    editor.event("terminated")
    assert request.wait() == (200, "1"), "what was held goes on"
    editor.ask("disconnect")
    served.stop()


def test_a_server_without_a_debugger_is_named_with_what_to_do(
    serve: Start, debug: Debug, project: Path
) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    editor = debug()
    answer = editor.answer(editor.begin("attach", server=str(served.port)))
    assert not answer["success"]
    text = answer["body"]["error"]["format"]
    assert (
        f"app:app (port {served.port}) was started without `--debug`. Start it with `portside serve" in text
    )
    assert "`request: launch`" in text
    wait_until(lambda: ask(served.port)[0] == 200, "it serves on")
    served.stop()


def test_where_there_is_none_the_user_reads_that(debug: Debug) -> None:
    editor = debug()
    for word, said in ((None, "No dev server runs."), ("shop", "No dev server has the name, target, port")):
        answer = editor.answer(editor.begin("attach", server=word))
        assert answer["body"]["error"]["format"].startswith(said)
