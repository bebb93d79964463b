"""Clients that ask without a pause while the app is edited and broken: who gets no answer, who an old one."""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine_bench.serving import PATIENCE_S, Server, running, save, settle, wait_until

THREADS = 8
FAILING_LIFESPAN = """
@asynccontextmanager
async def lifespan(app):
    raise RuntimeError("broken")
    yield

app.router.lifespan_context = lifespan
"""
BROKEN = {
    "syntax error": ("", "\ndef broken(:\n"),
    "missing module": ("import does_not_exist\n", ""),
    "exception on import": ("", "\nraise RuntimeError('broken')\n"),
    "exception in lifespan": ("", FAILING_LIFESPAN),
    "end of the process": ("import os\n", "\nos._exit(3)\n"),
}


@dataclass
class Answer:
    began: float
    ended: float
    version: str
    trouble: str = ""


class Client(threading.Thread):
    """Every second one keeps its connection, every fourth one has tokens streamed."""

    def __init__(self, number: int, port: int) -> None:
        super().__init__(daemon=True)
        self._keeps, self._streams, self._port = number % 2 == 1, number % 4 == 3, port
        self._connection: http.client.HTTPConnection | None = None
        self.is_over = False
        self.answers: list[Answer] = []

    def run(self) -> None:
        while not self.is_over:
            began = time.monotonic()
            try:
                version, trouble = self._ask(), ""
            except (OSError, http.client.HTTPException, ValueError) as error:
                version, trouble = "", f"{type(error).__name__}: {error}"
                self._connection = None
            self.answers.append(Answer(began, time.monotonic(), version, trouble))

    def _ask(self) -> str:
        connection = self._connection or http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=PATIENCE_S
        )
        path, headers = ("/generate?count=8" if self._streams else "/"), {}
        if not self._keeps:
            headers["connection"] = "close"
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        self._connection = connection if self._keeps and connection.sock is not None else None
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        version, *tokens = body.split()
        if self._streams and len(tokens) != 8:
            raise ValueError(f"{len(tokens)} of 8 tokens")
        return version


def report(installed: Path, edits: int, every: int = 4) -> bool:
    """Whether nobody was refused, and nobody got an old answer. every: so many edits, one is broken."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save(folder, "0")
        with running("portside serve --keep-engine", installed, folder) as server:
            server.wait_for_token("0")
            settle(server)
            clients = [Client(number, server.port) for number in range(THREADS)]
            for client in clients:
                client.start()
            saved = _edit(server, folder, edits, every)
            time.sleep(1.0)
            for client in clients:
                client.is_over = True
            for client in clients:
                client.join(PATIENCE_S)
            wait_until(lambda: server.engine()["in_flight"] == 0, "nothing in flight")
    answers = [answer for client in clients for answer in client.answers]
    return _judge(answers, saved, edits)


def _edit(server: Server, folder: Path, edits: int, every: int) -> dict[str, float]:
    """When each edit that can serve was saved, by version."""
    saved, kinds = {"0": time.monotonic()}, list(BROKEN.values())
    for number in range(1, edits + 1):
        if number % every == 0:
            before, after = kinds[number // every % len(kinds)]
            save(folder, str(number), before, after)
            time.sleep(1.5)  # as long as a person would look at the failure
            continue
        saved[str(number)] = time.monotonic()
        save(folder, str(number))
        server.wait_for(str(number))
    return saved


def _judge(answers: list[Answer], saved: dict[str, float], edits: int) -> bool:
    failed = [answer for answer in answers if answer.trouble]
    first = {
        version: min((a.ended for a in answers if a.version == version), default=0.0) for version in saved
    }
    order = list(saved)
    stale = [
        answer
        for answer in answers
        if not answer.trouble
        and (at := order.index(answer.version) + 1) < len(order)
        and any(0.0 < first[later] < answer.began for later in order[at:])
    ]
    longest = max(answer.ended - answer.began for answer in answers)
    broken = edits - len(saved) + 1
    print(
        f"{THREADS} clients, {edits} edits, {broken} of them broken: {len(answers)} requests, "
        f"{len(failed)} failed, {len(stale)} with an old answer after the first new one, "
        f"the longest took {longest:.3f} s; nothing is in flight afterwards"
    )
    for trouble, count in Counter(answer.trouble for answer in failed).most_common(8):
        print(f"  {count} times {trouble}")
    return not failed and not stale
