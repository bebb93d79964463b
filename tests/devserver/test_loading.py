"""From the first second on somebody answers, and what says "ready" is true."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import ssl
import threading
from pathlib import Path

from tests.patience import PATIENCE_S

from portside.devserver.ports.sockets import at_port
from portside.devserver.ports.tcp_socket import TcpState

from .conftest import RAW_APP, Start, ask, free_port, wait_until, write

# Loads until the test lets it go on.
GATE = "go on"
SLOW = (
    f"""\
import os, time
while not os.path.exists("{GATE}"):
    time.sleep(0.01)
"""
    + RAW_APP
)


def test_the_port_answers_before_the_app_is_there(serve: Start, project: Path) -> None:
    write(project / "app.py", SLOW)
    port = free_port()
    serve("app:app", port=port)

    def connected() -> http.client.HTTPConnection | None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return None
        return connection

    connection: http.client.HTTPConnection = wait_until(connected, "the port to be held")
    connection.request("GET", "/", headers={"accept": "text/html"})
    response = connection.getresponse()
    body = response.read().decode()
    assert response.status == 503
    assert "app:app · loading" in body
    connection.close()


def test_requests_wait_where_that_is_wanted(serve: Start, project: Path) -> None:
    write(project / "app.py", SLOW)
    served = serve("app:app", "--while-loading", "wait")
    served.wait_for("claimed")
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(ask(served.port)))
    asking.start()
    wait_until(lambda: asking_at(served.port), "the request")
    (project / GATE).touch()
    asking.join(PATIENCE_S)
    assert answers == [(200, "1")]


def asking_at(port: int) -> bool:
    """Whether a client is connected."""
    return any(row.state is TcpState.ESTABLISHED for row in at_port(port))


def test_what_failed_is_answered_even_then(serve: Start, project: Path) -> None:
    write(project / "app.py", "raise RuntimeError('no weights')\n")
    served = serve("app:app", "--while-loading", "wait")
    served.wait_for("failed")
    status, body = ask(served.port)
    assert status == 503
    assert "no weights" in json.loads(body)["message"]


def test_tls_is_spoken_while_it_loads_and_by_the_app(serve: Start, project: Path, certificate: Path) -> None:
    write(project / "app.py", SLOW)
    options = ("--ssl-certfile", str(certificate / "cert.pem"), "--ssl-keyfile", str(certificate / "key.pem"))
    served = serve("app:app", "--", *options)
    served.wait_for("claimed")
    trusting = ssl.create_default_context(cafile=str(certificate / "ca.pem"))

    def status() -> int:
        connection = http.client.HTTPSConnection(
            "localhost", served.port, timeout=PATIENCE_S, context=trusting
        )
        connection.request("GET", "/", headers={"connection": "close"})
        found = connection.getresponse().status
        connection.close()
        return found

    assert status() == 503
    (project / GATE).touch()
    served.wait_for("ready", generation=1)
    assert status() == 200
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    assert status() == 200


def test_the_configured_path_decides_when_it_is_ready(serve: Start, project: Path) -> None:
    flag = project / "loaded"
    busy = RAW_APP.replace(
        "    headers = [",
        f'    if scope["path"] == "/ready" and not __import__("os").path.exists({str(flag)!r}):\n'
        '        await send({"type": "http.response.start", "status": 503, "headers": []})\n'
        '        await send({"type": "http.response.body", "body": b""})\n'
        "        return\n"
        "    headers = [",
    )
    write(project / "app.py", busy)
    served = serve("app:app", "--ready-path", "/ready")
    served.wait_for("serving", generation=1)
    assert ask(served.port) == (200, "1")
    note = served.wait_for("note")
    assert note["text"] == "it accepts requests, but answers 503 to /ready"
    assert not [event for event in served.events if event["event"] == "ready"]
    flag.touch()
    served.wait_for("ready", generation=1)


def test_a_path_that_is_not_there_is_said(serve: Start, project: Path) -> None:
    write(
        project / "app.py",
        RAW_APP.replace('"status": 200', '"status": 404 if scope["path"] == "/x" else 200'),
    )
    served = serve("app:app", "--ready-path", "/x")
    served.wait_for("ready", generation=1)
    assert served.wait_for("note")["text"] == "it answers 404 to /x, the path to be asked"


CHAT = """
from fastapi import FastAPI, WebSocket

app = FastAPI()


@app.get("/")
def root():
    return "1"


@app.websocket("/chat")
async def chat(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())
"""


def opened(port: int) -> socket.socket:
    """A WebSocket on /chat: RFC 6455, by hand."""
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        f"GET /chat HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    assert head.startswith(b"HTTP/1.1 101 "), head
    return client


def test_a_websocket_is_told_that_the_service_restarts(serve: Start, project: Path) -> None:
    write(project / "app.py", CHAT)
    served = serve("app:app")
    served.wait_for("ready", generation=1)
    client = opened(served.port)
    write(project / "app.py", CHAT.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    frame = client.recv(4096)
    assert frame[0] == 0x88  # a closing frame
    assert int.from_bytes(frame[2:4], "big") == 1012  # service restart
    client.close()
    opened(served.port).close()


def test_a_client_that_says_nothing_holds_up_nobody(serve: Start, project: Path) -> None:
    write(project / "app.py", SLOW)
    served = serve("app:app")
    served.wait_for("claimed")
    silent = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(50)]
    statuses: list[int] = []
    asking = [threading.Thread(target=lambda: statuses.append(ask(served.port)[0])) for _ in range(10)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(PATIENCE_S)
    assert statuses == [503] * 10
    (project / GATE).touch()
    served.wait_for("ready", generation=1)
    silent[0].sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    silent[0].settimeout(PATIENCE_S)
    assert silent[0].recv(4096).startswith(b"HTTP/1.1 200 ")  # it has been waiting since before the app
    for client in silent:
        client.close()


def test_a_server_that_answers_nobody_is_not_called_ready(serve: Start, project: Path) -> None:
    blocked = RAW_APP.replace(
        "    body = VERSION",
        "    import os, time\n"
        '    while scope["client"][1] and not os.path.exists("go on"):\n'
        "        time.sleep(0.02)\n"
        "    body = VERSION",
    )
    write(project / "app.py", blocked)
    served = serve("app:app")
    assert "nothing answers" in served.wait_for("note")["text"]
    assert not [event for event in served.events if event["event"] == "ready"]
    (project / "go on").touch()
    served.wait_for("ready", generation=1)
