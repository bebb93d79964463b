"""A debug session with a real debugpy: breakpoints in a handler, before and after a reload."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.devserver.conftest import RAW_APP, ask, wait_until, write
from tests.loopback import can_listen, low_port
from tests.patience import PATIENCE_S

from .conftest import Debug, Editor, Message
from .environments import bare_environment, without_own_debugpy

BODY = RAW_APP.splitlines().index("    body = VERSION.encode()") + 1
"""The line in the handler that the tests stop at."""


class Request:
    """One that may be held: asked from another thread."""

    def __init__(self, port: int) -> None:
        self.answer: tuple[int, str] | None = None
        self._thread = threading.Thread(target=self._ask, args=(port,), daemon=True)
        self._thread.start()

    def _ask(self, port: int) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):  # its server was stopped
            self.answer = ask(port)

    def wait(self) -> tuple[int, str] | None:
        self._thread.join(PATIENCE_S)
        return self.answer


def begin(
    debug: Debug, project: Path, *, console: str = "internalConsole", **options: Any
) -> tuple[Editor, int]:
    """A session with a breakpoint in the handler, once the app is ready."""
    editor, port = debug(**options), low_port()
    editor.launch({project / "app.py": [BODY]}, arguments=["--port", str(port)], console=console)
    editor.server("ready", generation=1)
    return editor, port


def hold(editor: Editor, port: int) -> tuple[Request, int, Message]:
    since = len(editor.said)
    request = Request(port)
    thread, frame = editor.stopped_at(since)
    return request, thread, frame


@pytest.mark.parametrize("terminals", [False, True], ids=["debug console", "terminal"])
def test_a_breakpoint_in_a_handler_holds_before_and_after_a_reload(
    debug: Debug, project: Path, terminals: bool
) -> None:
    editor, port = debug(terminals=terminals), low_port()
    console = "integratedTerminal" if terminals else "internalConsole"
    editor.launch({project / "app.py": [BODY]}, arguments=["--port", str(port)], console=console)
    editor.server("ready", generation=1)
    for generation, version in ((1, "1"), (2, "2"), (3, "3")):
        if generation > 1:
            write(project / "app.py", RAW_APP.replace('"1"', f'"{version}"'))
            editor.server("ready", generation=generation)
        request, thread, frame = hold(editor, port)
        assert (frame["name"], frame["line"]) == ("app", BODY)
        assert editor.evaluate(frame, "VERSION") == f"'{version}'"
        editor.ask("continue", threadId=thread)
        assert request.wait() == (200, version)
    editor.stop()
    editor.assert_nothing_left()


def test_variables_are_read_and_changed_where_it_stands(debug: Debug, project: Path) -> None:
    editor, port = begin(debug, project)
    request, thread, frame = hold(editor, port)
    since = len(editor.said)
    editor.ask("next", threadId=thread)
    thread, frame = editor.stopped_at(since)
    assert frame["line"] == BODY + 1
    assert editor.variable(frame, "body") == "b'1'"
    editor.ask("evaluate", expression="body = b'one'", frameId=frame["id"], context="repl")
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "one")


def test_a_line_that_runs_at_import_is_stopped_at(debug: Debug, project: Path) -> None:
    editor = debug()
    editor.launch({project / "app.py": [2]}, arguments=["--port", str(low_port())])
    thread, frame = editor.stopped_at()
    assert (frame["name"], frame["line"]) == ("<module>", 2)
    editor.ask("continue", threadId=thread)
    editor.server("ready")


def test_a_breakpoint_is_unverified_until_a_worker_has_it(debug: Debug, project: Path) -> None:
    editor = debug()
    number = editor.begin("launch", target="app:app", console="internalConsole", arguments=["--port", "0"])
    editor.event("initialized")
    [pending] = editor.set_breakpoints(project / "app.py", [BODY])
    assert (pending["verified"], pending["line"]) == (False, BODY)
    editor.ask("configurationDone")
    assert editor.answer(number)["success"]
    placed = editor.event("breakpoint", reason="changed")["breakpoint"]
    assert (placed["id"], placed["verified"], placed["line"]) == (pending["id"], True, BODY)
    editor.server("ready")
    [later] = editor.set_breakpoints(project / "app.py", [BODY + 1])
    assert (later["verified"], later["line"]) == (True, BODY + 1)


def test_a_save_waits_while_the_debugger_holds_the_app(debug: Debug, project: Path) -> None:
    editor, port = debug(), low_port()
    editor.launch({project / "app.py": [BODY]}, arguments=["--port", str(port), "--grace", "0.2"])
    editor.server("ready", generation=1)
    request, thread, frame = hold(editor, port)
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))
    # Still there, though a worker that hangs would be killed by now.
    assert editor.evaluate(frame, "__import__('time').sleep(1) or VERSION") == "'1'"
    editor.set_breakpoints(project / "app.py", [])
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "1")
    editor.server("ready", generation=2)
    assert ask(port) == (200, "2")


def test_a_breakpoint_that_is_removed_while_a_worker_is_told_of_all_does_not_hold_it(
    debug: Debug, project: Path
) -> None:
    editor, port = debug(), low_port()
    others = {project / f"other_{number}.py": [1] for number in range(50)}  # to be told of them takes a while
    editor.launch({project / "app.py": [BODY], **others}, arguments=["--port", str(port)])
    editor.server("ready", generation=1)
    since = len(editor.said)
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))
    editor.event("breakpoint", since, reason="changed")
    assert editor.set_breakpoints(project / "app.py", []) == []
    editor.server("ready", generation=2)
    assert ask(port) == (200, "2")


def test_what_belonged_to_a_replaced_worker_is_refused(debug: Debug, project: Path) -> None:
    editor, port = begin(debug, project)
    request, thread, frame = hold(editor, port)
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "1")
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))

    def refusal() -> str:
        answer = editor.answer(editor.begin("scopes", frameId=frame["id"]))
        return str(answer.get("message", ""))

    wait_until(lambda: "a reload has replaced" in refusal(), "the end of the first generation")


def test_what_is_set_after_a_failed_start_counts_once_the_edit_mends_it(debug: Debug, project: Path) -> None:
    write(project / "app.py", "raise RuntimeError('not yet')\n")
    editor, port = debug(), low_port()
    editor.launch({}, arguments=["--port", str(port)])
    editor.server("failed")

    def is_pending() -> bool:
        return not editor.set_breakpoints(project / "app.py", [BODY])[0]["verified"]

    wait_until(is_pending, "the end of the worker")
    write(project / "app.py", RAW_APP)
    editor.server("ready")
    request, thread, _ = hold(editor, port)
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "1")


def test_restart_makes_a_new_generation_on_the_same_port(debug: Debug, project: Path) -> None:
    editor, port = begin(debug, project)
    _held, _, _ = hold(editor, port)
    editor.ask("restart")
    editor.server("ready", generation=2)
    request, thread, _ = hold(editor, port)
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "1")


@pytest.mark.parametrize("held", [False, True], ids=["running", "held at a breakpoint"])
def test_the_end_of_the_session_is_the_end_of_the_server(debug: Debug, project: Path, held: bool) -> None:
    editor, port = begin(debug, project)
    if held:
        hold(editor, port)
    editor.tree()
    editor.ask("disconnect")
    assert editor.process.wait(PATIENCE_S) == 0
    editor.assert_nothing_left()
    assert can_listen(port)


@pytest.mark.parametrize("terminals", [False, True], ids=["debug console", "terminal"])
@pytest.mark.parametrize("wait_s", [0, 0.05, 0.2, 0.4], ids=str)
@pytest.mark.parametrize("reached", ["launch", "initialized", "configurationDone"])
def test_a_session_can_be_stopped_while_its_server_starts(
    debug: Debug, project: Path, reached: str, wait_s: float, terminals: bool
) -> None:
    editor, port = debug(terminals=terminals), low_port()
    console = "integratedTerminal" if terminals else "internalConsole"
    launch = editor.begin("launch", target="app:app", console=console, arguments=["--port", str(port)])
    if reached != "launch":
        editor.event("initialized")
    if reached == "configurationDone":
        editor.ask("configurationDone")
    time.sleep(wait_s)
    editor.stop()
    assert "success" in editor.answer(launch)
    editor.assert_nothing_left()
    assert can_listen(port)


def test_a_debugger_that_detaches_leaves_the_server_running(debug: Debug, project: Path) -> None:
    editor, port = begin(debug, project, terminals=True, console="integratedTerminal")
    request, _, _ = hold(editor, port)
    editor.ask("disconnect", terminateDebuggee=False)
    assert editor.process.wait(PATIENCE_S) == 0
    assert request.wait() == (200, "1")
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))
    wait_until(lambda: ask(port) == (200, "2"), "the reload, without a debugger")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("held", [False, True], ids=["running", "held at a breakpoint"])
def test_a_debugger_that_is_killed_leaves_nothing_behind(
    debug: Debug, project: Path, held: bool, how: signal.Signals
) -> None:
    editor, port = begin(debug, project, terminals=True, console="integratedTerminal")
    if held:
        hold(editor, port)
    editor.tree()
    editor.process.send_signal(how)
    editor.assert_nothing_left()
    assert can_listen(port)


def test_an_editor_that_ends_the_debugger_when_it_has_its_answer_leaves_nothing_behind(
    debug: Debug, project: Path
) -> None:
    editor, port = begin(debug, project)
    editor.tree()
    editor.ask("disconnect", terminateDebuggee=True)
    editor.process.terminate()
    assert editor.process.wait(PATIENCE_S) == 0
    editor.assert_nothing_left()
    assert can_listen(port)


def test_a_server_that_is_killed_ends_the_session(debug: Debug, project: Path) -> None:
    editor, _ = begin(debug, project)
    served = next(one for one in editor.tree() if "serve" in one.cmdline())
    served.kill()
    editor.event("terminated")
    editor.ask("disconnect")
    editor.assert_nothing_left()


def test_a_taken_port_is_told_and_ends_the_session(debug: Debug, project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        editor = debug()
        editor.launch({}, arguments=["--port", str(port), "--on-conflict", "fail"])
        editor.event("terminated")
    assert editor.event("exited")["exitCode"] == 2
    assert any(str(port) in each["body"]["output"] for each in editor.said if each.get("event") == "output")


def test_without_debugging_the_server_runs_alone(debug: Debug, project: Path) -> None:
    editor, port = debug(), low_port()
    editor.launch({project / "app.py": [BODY]}, noDebug=True, arguments=["--port", str(port)])
    editor.server("ready")
    assert ask(port) == (200, "1")
    assert not any("debugpy" in " ".join(one.cmdline()) for one in editor.tree())
    editor.stop()
    editor.assert_nothing_left()


def test_an_environment_without_debugpy_is_debugged_with_portsides(
    debug: Debug, project: Path, tmp_path: Path
) -> None:
    editor, port = debug(), low_port()
    python = bare_environment(tmp_path / "bare")
    arguments = ["--port", str(port)]
    editor.launch({project / "app.py": [BODY]}, python=str(python), arguments=arguments)
    editor.server("ready", generation=1)
    request, thread, _ = hold(editor, port)
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "1")


def test_without_any_debugpy_the_user_reads_how_to_get_it(
    debug: Debug, project: Path, tmp_path: Path
) -> None:
    python = bare_environment(tmp_path / "bare")
    editor = debug(*without_own_debugpy(tmp_path))
    refused = editor.answer(editor.begin("launch", target="app:app", python=str(python)))
    assert refused["success"] is False
    assert f"{python} -m pip install debugpy" in refused["message"]
    assert editor.event("portsideDebugpyMissing") == {"python": str(python)}
    editor.ask("disconnect")
    editor.assert_nothing_left()
