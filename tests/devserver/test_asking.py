"""An editor that started the dev server is asked what to do about a taken port, and nothing else is done."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.loopback import is_listening, low_port
from tests.patience import PATIENCE_S

from portside.devserver.ports import asking

from .conftest import Start, ask, wait_until, write
from .holding import Holding
from .test_conflicts import Screen, in_terminal

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="portside serve is for Linux")

Question = dict[str, Any]
Choose = Callable[[Question], Any]


class Editor:
    """Answers every question with what `choose` makes of it; None closes the connection."""

    def __init__(self, path: Path, choose: Choose) -> None:
        self.questions: list[Question] = []
        self.address = str(path)
        self._choose = choose
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with client, client.makefile("rwb") as file:
                line = file.readline()
                if not line:
                    return
                self.questions.append(json.loads(line))
                answer = self._choose(self.questions[-1])
                if answer is not None:
                    file.write(json.dumps(answer).encode() + b"\n")

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.address)
        self._thread.join(PATIENCE_S)
        self._listener.close()


@contextmanager
def editor(folder: Path, choose: Choose) -> Iterator[Editor]:
    found = Editor(folder / "ask", choose)
    yield found
    found.close()


@pytest.fixture
def port() -> int:
    return low_port()


def offer(question: Question, action: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in question["offers"] if one["action"] == action)
    return found


def test_the_question_says_who_holds_the_port_and_what_can_be_done(
    serve: Start, port: int, tmp_path: Path
) -> None:
    with Holding("listens", port) as holding, editor(tmp_path, lambda _: {"action": "quit"}) as asked:
        served = serve("app:app", port=port, env={"PORTSIDE_ASK": asked.address})
        assert served.process.wait(PATIENCE_S) == 2
        assert holding.process.poll() is None
    (question,) = asked.questions
    assert (question["event"], question["port"]) == ("conflict", port)
    assert question["holders"][0]["pid"] == holding.pid
    assert [one["action"] for one in question["offers"]] == ["next", "another", "stop", "wait"]
    assert offer(question, "stop")["pids"] == [holding.pid]


def test_the_port_that_was_offered_is_used(serve: Start, port: int, tmp_path: Path) -> None:
    with Holding("listens", port), editor(tmp_path, lambda question: offer(question, "next")) as asked:
        served = serve("app:app", port=port, env={"PORTSIDE_ASK": asked.address})
        served.wait_for("ready")
        other = offer(asked.questions[0], "next")["port"]
        assert served.wait_for("note")["text"] == f"using port {other} instead of {port}"
        assert ask(other) == (200, "1")


def test_another_port_that_is_taken_too_is_asked_about_again(serve: Start, port: int, tmp_path: Path) -> None:
    taken = low_port()

    def choose(question: Question) -> dict[str, Any]:
        return {"action": "another", "port": taken} if question["port"] == port else offer(question, "next")

    with Holding("listens", port), Holding("listens", taken), editor(tmp_path, choose) as asked:
        served = serve("app:app", port=port, env={"PORTSIDE_ASK": asked.address})
        served.wait_for("ready")
        assert [question["port"] for question in asked.questions] == [port, taken]


def test_the_process_that_was_shown_is_stopped(serve: Start, port: int, tmp_path: Path) -> None:
    with Holding("listens", port) as holding, editor(tmp_path, lambda _: {"action": "stop"}) as asked:
        served = serve("app:app", port=port, env={"PORTSIDE_ASK": asked.address})
        served.wait_for("ready")
        assert holding.process.wait(PATIENCE_S) == -signal.SIGINT
        assert ask(port) == (200, "1")


def test_it_waits_if_that_is_chosen(serve: Start, port: int, tmp_path: Path) -> None:
    with editor(tmp_path, lambda _: {"action": "wait"}) as asked:
        with Holding("listens", port):
            served = serve("app:app", port=port, env={"PORTSIDE_ASK": asked.address})
            served.wait_for("note")
        served.wait_for("ready")


@pytest.mark.parametrize(
    "answer",
    [
        {"action": "start"},
        {"action": "dance"},
        {"action": "next", "port": "all"},
        {"action": "next", "port": -1},
    ],
    ids=["not offered", "unknown", "no number", "no port"],
)
def test_what_was_not_offered_is_not_done(
    serve: Start, port: int, tmp_path: Path, answer: dict[str, Any]
) -> None:
    with Holding("listens", port) as holding, editor(tmp_path, lambda _: answer) as asked:
        served = serve("app:app", port=port, env={"PORTSIDE_ASK": asked.address})
        assert served.process.wait(PATIENCE_S) == 2
        assert holding.process.poll() is None


def test_a_policy_that_was_given_needs_no_question(serve: Start, port: int, tmp_path: Path) -> None:
    with Holding("listens", port), editor(tmp_path, lambda _: {"action": "quit"}) as asked:
        served = serve("app:app", "--on-conflict", "next", port=port, env={"PORTSIDE_ASK": asked.address})
        served.wait_for("ready")
        assert asked.questions == []


def test_the_terminal_is_asked_where_the_editor_gives_no_answer(
    project: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Holding("listens", port), editor(tmp_path, lambda _: None) as asked:
        monkeypatch.setenv("PORTSIDE_ASK", asked.address)
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        screen = Screen(master)
        screen.wait_for("[q] quit")
        os.write(master, b"q")
        assert process.wait(PATIENCE_S) == 2
        assert len(asked.questions) == 1
    os.close(master)


def test_the_app_does_not_inherit_where_to_ask(serve: Start, project: Path, tmp_path: Path) -> None:
    write(
        project / "app.py",
        "import os\nasync def app(scope, receive, send):\n"
        "    if scope['type'] != 'http':\n        return\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    body = str('PORTSIDE_ASK' in os.environ).encode()\n"
        "    await send({'type': 'http.response.body', 'body': body})\n",
    )
    served = serve("app:app", env={"PORTSIDE_ASK": str(tmp_path / "nobody")})
    served.wait_for("ready")
    assert ask(served.port) == (200, "False")


def test_nobody_listens_there() -> None:
    assert asking.ask("/nowhere/ask", {}) is None


def test_ctrl_c_ends_a_server_that_waits_for_an_answer(
    project: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thinking = threading.Event()

    def think(_: Question) -> None:
        thinking.wait(PATIENCE_S)

    with Holding("listens", port), editor(tmp_path, think) as asked:
        monkeypatch.setenv("PORTSIDE_ASK", asked.address)
        process, master = in_terminal(project, tmp_path, "app:app", "--port", str(port))
        wait_until(lambda: asked.questions, "the question")
        os.write(master, b"\x03")
        assert process.wait(PATIENCE_S) == 2
        thinking.set()
        assert is_listening(port)
    os.close(master)
