"""What a client gets that asks before anything can answer."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from portside.devserver import ports
from portside.devserver.ports import Claim
from portside.devserver.responder import Responder

from .conftest import RAW_APP, Start, ask, write


@pytest.fixture
def claim() -> Iterator[Claim]:
    result = ports.claim("127.0.0.1", 0)
    assert isinstance(result, Claim)
    yield result
    result.close()


@pytest.fixture
def responder(claim: Claim) -> Iterator[Responder]:
    responder = Responder(claim.sockets, lambda: {"phase": "loading"})
    yield responder
    responder.close()


def test_it_says_what_is_loading_and_closes(claim: Claim, responder: Responder) -> None:
    responder.start(0.0)
    connection = http.client.HTTPConnection("127.0.0.1", claim.port, timeout=30)
    connection.request("POST", "/v1/completions", body=b"x" * 100_000)
    response = connection.getresponse()
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert response.headers["connection"] == "close"
    assert json.loads(response.read()) == {"phase": "loading"}
    connection.close()
    assert responder.stop() == []


def test_it_lets_requests_wait_first(claim: Claim, responder: Responder) -> None:
    responder.start(60.0)
    with socket.create_connection(("127.0.0.1", claim.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert responder.stop() == []
        claim.sockets[0].setblocking(True)
        accepted, _ = claim.sockets[0].accept()
        assert accepted.recv(100) == b"GET / HTTP/1.1\r\n\r\n"
        accepted.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"\x16\x03\x01"], ids=["nothing", "half a head", "TLS"])
def test_what_it_can_not_answer_it_gives_back_whole(claim: Claim, responder: Responder, sent: bytes) -> None:
    responder.start(0.0)
    with (
        socket.create_connection(("127.0.0.1", claim.port)) as client,
        socket.create_connection(("127.0.0.1", claim.port)) as other,
    ):
        client.sendall(sent)
        other.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"503" in other.recv(4096)  # so the first one has been accepted, too
        (held,) = responder.stop()
        client.sendall(b"!")
        held.setblocking(True)
        assert held.recv(100) == sent + b"!"
        held.close()


def test_it_starts_again_after_a_stop(claim: Claim, responder: Responder) -> None:
    for _ in range(3):
        responder.start(0.0)
        assert ask(claim.port)[0] == 503
        responder.stop()


def test_a_slow_first_start_is_announced_and_nobody_is_refused(serve: Start, project: Path) -> None:
    write(project / "app.py", "import time; time.sleep(2.5)\n" + RAW_APP)
    served = serve("app:app")
    served.wait_for("claimed")
    statuses: list[int] = []
    stopped = threading.Event()

    def keep_asking() -> None:
        while not stopped.is_set():
            status, body = ask(served.port)
            statuses.append(status)
            if status == 503:
                assert json.loads(body)["phase"] == "loading"

    clients = [threading.Thread(target=keep_asking) for _ in range(4)]
    for client in clients:
        client.start()
    served.wait_for("ready")
    stopped.set()
    for client in clients:
        client.join(30)
    assert set(statuses) == {503, 200}
