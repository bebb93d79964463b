"""What a client gets that asks before anything can answer."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.devserver.callers.certificate import certificate_of
from portside.devserver.callers.loading_answer import Progress, answer
from portside.devserver.callers.responder import Responder
from portside.devserver.ports import ports
from portside.devserver.ports.ports import Claim

from .conftest import RAW_APP, Start, ask, wait_until, write

LOADING = Progress("loading", "app:app", step="weights", done=0.25, eta_s=12.4)


@pytest.fixture
def claim() -> Iterator[Claim]:
    result = ports.claim("127.0.0.1", 0)
    assert isinstance(result, Claim)
    yield result
    result.close()


@pytest.fixture
def responder(claim: Claim) -> Iterator[Responder]:
    responder = Responder(claim.sockets, lambda: LOADING)
    yield responder
    responder.close()


def test_it_says_what_is_loading_and_closes(claim: Claim, responder: Responder) -> None:
    responder.start(0.0)
    connection = http.client.HTTPConnection("127.0.0.1", claim.port, timeout=PATIENCE_S)
    connection.request("POST", "/v1/completions", body=b"x" * 100_000)
    response = connection.getresponse()
    assert (response.status, response.headers["retry-after"]) == (503, "13")
    assert response.headers["connection"] == "close"
    assert json.loads(response.read()) == {
        "phase": "loading",
        "message": None,
        "step": "weights",
        "progress": 0.25,
        "eta_seconds": 12.4,
        "retry_after_s": 13,
    }
    connection.close()
    assert responder.stop() == []


BROWSER = b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\r\n"


def test_a_browser_gets_a_page_that_asks_again_by_itself() -> None:
    failed = Progress("failed", "app:<app>", message="SyntaxError: <b>")
    head, _, body = answer(BROWSER, failed).decode().partition("\r\n\r\n")
    assert "text/html" in head
    assert f"content-length: {len(body.encode())}" in head
    assert '<meta http-equiv="refresh" content="1">' in body
    assert "app:&lt;app&gt; · failed" in body
    assert "SyntaxError: &lt;b&gt;" in body
    assert "<progress" not in body
    assert '<progress max="1" value="0.250">' in answer(BROWSER, LOADING).decode()


def test_a_head_request_gets_no_body() -> None:
    assert answer(b"HEAD / HTTP/1.1\r\n\r\n", LOADING).endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("eta_s", "seconds"), [(None, 1), (0.2, 1), (30.5, 31), (900.0, 60)])
def test_clients_are_told_when_to_ask_again(eta_s: float | None, seconds: int) -> None:
    assert Progress("loading", "app:app", eta_s=eta_s).retry_after_s == seconds


def test_a_websocket_that_asks_too_early_gets_an_answer_too(claim: Claim, responder: Responder) -> None:
    responder.start(0.0)
    with socket.create_connection(("127.0.0.1", claim.port), timeout=PATIENCE_S) as client:
        client.sendall(b"GET /ws HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_it_speaks_tls_with_the_certificate_of_the_server(claim: Claim, certificate: Path) -> None:
    arguments = ["--ssl-certfile=cert.pem", "--ssl-keyfile", "key.pem"]
    found = certificate_of(arguments, certificate)
    assert found is not None
    responder = Responder(claim.sockets, lambda: LOADING, found.context())
    responder.start(0.0)
    trusting = ssl.create_default_context(cafile=str(certificate / "ca.pem"))

    def status() -> int:
        connection = http.client.HTTPSConnection(
            "localhost", claim.port, timeout=PATIENCE_S, context=trusting
        )
        connection.request("GET", "/v1/models")
        found = connection.getresponse().status
        connection.close()
        return found

    try:
        for _ in range(40):  # more than are answered at a time, one after the other
            assert status() == 503
        # One that begins a handshake and says no more keeps nobody waiting.
        with socket.create_connection(("127.0.0.1", claim.port)) as client:
            client.sendall(b"\x16\x03\x01")
            assert status() == 503
        assert responder.stop() == []
    finally:
        responder.close()


@pytest.mark.parametrize("text", ["no certificate", None])
def test_without_a_usable_certificate_tls_waits_for_the_worker(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "cert.pem").write_text(text)
    found = certificate_of(["--ssl-certfile", "cert.pem"], tmp_path)
    assert found is not None
    assert found.context() is None
    assert certificate_of(["--ssl-certfile"], tmp_path) is None
    assert certificate_of(["--workers", "2"], tmp_path) is None


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
    write(
        project / "app.py", "import os, time\nwhile not os.path.exists('go on'): time.sleep(0.01)\n" + RAW_APP
    )
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
    wait_until(lambda: 503 in statuses, "an answer while it loads")
    (project / "go on").touch()
    wait_until(lambda: 200 in statuses, "an answer of the app")
    stopped.set()
    for client in clients:
        client.join(PATIENCE_S)
    assert set(statuses) == {503, 200}
