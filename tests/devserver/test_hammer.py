"""Clients under load over many edits: nothing refused or failed, no old answer after a new one."""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.inside.serving import RETIRE_GRACE_S

from .conftest import RAW_APP, Start, ask, is_alive, version, wait_until, write

# More of them where somebody wants figures: PORTSIDE_TEST_EDITS=125 pytest tests/devserver/test_hammer.py -s
EDITS = int(os.environ.get("PORTSIDE_TEST_EDITS", "25"))
EVERY = 5
BREAKS: tuple[Callable[[str], str], ...] = (
    lambda text: text + "\ndef broken(:\n",
    lambda text: "import does_not_exist\n" + text,
    lambda text: text + "\nraise RuntimeError('at import')\n",
    lambda text: text.replace('"lifespan.startup.complete"', '"lifespan.startup.failed"'),
    lambda text: text + "\nimport os; os._exit(9)\n",
)


@dataclass(frozen=True)
class Answer:
    """One request: when it began and ended, on which kind of connection, and what came back."""

    began: float
    ended: float
    kept_alive: bool
    status: int
    body: str


class Client(threading.Thread):
    """Asks without a pause. kept_alive: on one connection for as long as the server lets it."""

    def __init__(self, port: int, kept_alive: bool, pause_s: float, answers: list[Answer]) -> None:
        super().__init__(daemon=True)
        self._port, self._kept_alive, self._pause_s = port, kept_alive, pause_s
        self._answers = answers
        self.stopped = threading.Event()

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        headers = {} if self._kept_alive else {"connection": "close"}
        while not self.stopped.wait(self._pause_s):
            began = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection(
                    "127.0.0.1", self._port, timeout=PATIENCE_S
                )
                connection.request("GET", "/", headers=headers)
                response = connection.getresponse()
                status, body = response.status, response.read().decode()
            except (OSError, http.client.HTTPException) as error:
                status, body = 0, repr(error)
                connection = None
            if connection is not None and connection.sock is None:
                connection = None
            self._answers.append(Answer(began, time.monotonic(), self._kept_alive, status, body))
        if connection is not None:
            connection.close()


@pytest.mark.timeout(180 + 5 * EDITS)
def test_nothing_is_refused_and_nothing_is_stale(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    answers: list[Answer] = []
    pauses = (0.001, 0.002, 0.02, 0.4)  # the slow ones have idle connections when the generations change
    clients = [
        Client(served.port, kept_alive, pause_s, answers)
        for kept_alive in (True, False)
        for pause_s in pauses
    ]
    for client in clients:
        client.start()
    good = [1]
    for number in range(2, EDITS + 2):
        broken = number % EVERY == 0
        text = version(number)
        write(project / "app.py", BREAKS[number // EVERY % len(BREAKS)](text) if broken else text)
        if broken:
            served.wait_for("failed", generation=number)
        else:
            good.append(number)
            served.wait_for("ready", generation=number)
            wait_until(partial(has_answered, answers, number), f"an answer of version {number}")
    for client in clients:
        client.stopped.set()
    for client in clients:
        client.join(PATIENCE_S)
    failed = Counter(
        (answer.status, answer.kept_alive, answer.body) for answer in answers if answer.status != 200
    )
    assert not failed, f"{failed} of {len(answers)}"
    assert sorted({int(answer.body) for answer in answers}) == good
    old = stale(answers)
    print(f"{len(answers)} requests over {EDITS} edits, {EDITS + 1 - len(good)} of them broken: ", end="")
    print(f"{failed.total()} failed, {len(old)} stale, the longest took {longest(answers):.3f} s")
    assert not old, f"{old[:5]} of {len(answers)}"
    assert served.stop() == 0
    served.assert_nothing_left()


def has_answered(answers: list[Answer], number: int) -> bool:
    return str(number) in {answer.body for answer in answers[-1000:]}


def longest(answers: list[Answer]) -> float:
    return max(answer.ended - answer.began for answer in answers)


def stale(answers: list[Answer]) -> list[Answer]:
    """Answers of an old version to requests that began after the first answer of a newer one had ended."""
    first: dict[int, float] = {}
    for answer in answers:
        number = int(answer.body)
        first[number] = min(first.get(number, answer.ended), answer.ended)
    return [
        answer
        for answer in answers
        if any(number > int(answer.body) and ended < answer.began for number, ended in first.items())
    ]


def test_a_request_in_progress_is_answered_by_the_code_that_began_it(serve: Start, project: Path) -> None:
    slow = RAW_APP.replace(
        "    body = VERSION",
        '    while scope["path"] == "/slow" and not os.path.exists("go on"):\n'
        '        open("begun", "w").close()\n'
        "        await asyncio.sleep(0.01)\n"
        "    body = VERSION",
    ).replace("import asyncio", "import asyncio, os")
    write(project / "app.py", slow)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(ask(served.port, "/slow")))
    asking.start()
    wait_until((project / "begun").exists, "the request")
    write(project / "app.py", slow.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "2")
    (project / "go on").touch()
    asking.join(PATIENCE_S)
    assert answers == [(200, "1")]


def test_a_connection_outlives_the_answer_that_took_longer_than_the_reload(
    serve: Start, project: Path
) -> None:
    """It was promised to stay open before anybody knew of the edit."""
    streaming = RAW_APP.replace(
        '    await send({"type": "http.response.body"',
        """\
    while scope["path"] == "/stream" and not os.path.exists("go on"):
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body\"""",
    ).replace("import asyncio", "import asyncio, os")
    write(project / "app.py", streaming)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)
    connection.request("GET", "/stream")
    response = connection.getresponse()
    write(project / "app.py", streaming.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    time.sleep(4 * RETIRE_GRACE_S)  # the old server is done with all others by then
    (project / "go on").touch()
    assert response.read() == b"1"
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"2"
    connection.close()


def test_a_connection_that_idles_goes_on_with_the_new_code(serve: Start, project: Path) -> None:
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"1"
    local = connection.sock.getsockname()
    write(project / "app.py", version(2))
    served.wait_for("ready", generation=2)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"2"
    assert connection.sock.getsockname() == local
    connection.close()


def test_an_endless_stream_does_not_hold_up_a_reload(serve: Start, project: Path) -> None:
    endless = RAW_APP.replace(
        'await send({"type": "http.response.body", "body": body})',
        """
    while scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": body})
""",
    ).replace('(b"content-length", str(len(body)).encode())', "")
    write(project / "app.py", endless)
    served = serve("app:app", "--grace", "1")
    served.wait_for("ready", generation=1)
    stream = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)
    stream.request("GET", "/stream")
    response = stream.getresponse()
    assert response.read(1) == b"x"
    worker = served.one("worker")
    write(project / "app.py", endless.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "2")
    wait_until(lambda: not is_alive(worker), "the end of the old worker")
    stream.close()
