"""`portside serve -- COMMAND …`: given the held socket where that is possible, watched where not."""

from __future__ import annotations

import http.client
import json
import socket
import sys
from pathlib import Path

import pytest
from tests.loopback import is_listening, low_port
from tests.patience import PATIENCE_S

from portside.devserver.ports.sockets import at_port

from .conftest import Served, Start, ask, wait_until, write

HTTP_SERVER = """\
import http.server, os, sys, time
time.sleep(float(sys.argv[2]))

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"first"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def notes(served: Served) -> str:
    return "\n".join(event["text"] for event in served.events if event["event"] == "note")


@pytest.fixture
def server(project: Path) -> Path:
    """A server of the standard library: `server.py PORT SECONDS-TO-LOAD`."""
    write(project / "server.py", HTTP_SERVER)
    return project / "server.py"


# -- uvicorn -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["uvicorn"], ["python", "-m", "uvicorn"]], ids=" ".join)
def test_a_uvicorn_command_serves_on_the_held_socket(serve: Start, project: Path, words: list[str]) -> None:
    port = low_port()
    command = [str(Path(sys.executable).parent / words[0]), *words[1:], "app:app", "--port", str(port)]
    served = serve("--", *command, "--reload", "--root-path", "/x", port=port, tell_port=False)
    claimed = served.wait_for("claimed")
    assert (claimed["port"], claimed["level"]) == (port, "held")
    served.wait_for("ready", generation=1)
    assert "uvicorn's reload is left aside: the dev server reloads" in notes(served)
    write(project / "app.py", (project / "app.py").read_text().replace("= VERSION", '= scope["root_path"]'))
    served.wait_for("ready", generation=2)
    assert ask(port) == (200, "/x")
    assert served.stop() == 0
    served.assert_nothing_left()


def test_the_users_port_counts_more_than_the_commands(serve: Start) -> None:
    served = serve("--", "uvicorn", "app:app", "--port", "1")
    served.wait_for("ready")
    assert ask(served.port) == (200, "1")


def test_a_unix_socket_is_watched(serve: Start, project: Path, tmp_path: Path) -> None:
    served = serve("--", "uvicorn", "app:app", "--uds", "s.sock", tell_port=False)
    assert served.wait_for("ready", generation=1)["url"] == f"unix:{project}/s.sock"
    assert "it listens on the Unix socket s.sock: no port is held" in notes(served)
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(project / "s.sock"))
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"1"
    connection.close()
    (record,) = wait_until(lambda: list((served.state / "servers").glob("*.json")), "the record")
    assert json.loads(record.read_text())["url"] == f"unix:{project}/s.sock"
    assert served.stop() == 0


# -- other Python servers ------------------------------------------------------------------


def test_any_python_server_is_given_the_held_socket(serve: Start, server: Path) -> None:
    port = low_port()
    served = serve(
        "--", sys.executable, "server.py", str(port), "1.5", "--port", str(port), port=port, tell_port=False
    )
    assert served.wait_for("claimed")["level"] == "held"
    status, body = ask(port)
    assert status == 503
    assert json.loads(body)["phase"] == "loading"
    served.wait_for("ready", generation=1)
    assert ask(port) == (200, "first")
    write(server, HTTP_SERVER.replace("first", "second"))
    served.wait_for("ready", generation=2)
    assert ask(port) == (200, "second")
    assert served.stop() == 0
    served.assert_nothing_left()


SHAPES = {
    # vLLM 0.7.3 to 0.33
    "bound early, passed as a socket": """
sock = create_server_socket(("", PORT))
asyncio.run(uvicorn.Server(uvicorn.Config(app, port=PORT)).serve(sockets=[sock]))
""",
    # vLLM 0.6.3 to 0.6.6
    "bound early, passed as a descriptor": """
sock = create_server_socket(("", PORT))
asyncio.run(uvicorn.Server(uvicorn.Config(app, port=PORT, fd=sock.fileno())).serve())
""",
    "bound for a moment": """
sock = create_server_socket(("", PORT))
sock.close()
uvicorn.run(app, port=PORT)
""",
    "looked at first": """
with socket.socket() as sock:
    assert sock.connect_ex(("127.0.0.1", PORT)) == 0  # it listens already
uvicorn.run(app, port=PORT)
""",
    "in a thread": """
server = uvicorn.Server(uvicorn.Config(app, port=PORT))
threading.Thread(target=server.run, daemon=True).start()
while True:
    time.sleep(0.1)
""",
    "in a forked child": """
child = multiprocessing.get_context("fork").Process(target=uvicorn.run, args=(app,), kwargs={"port": PORT})
child.start()
child.join()
""",
    "beside another one": """
def other():
    asyncio.run(uvicorn.Server(uvicorn.Config(app, port=OTHER)).serve())
threading.Thread(target=other, daemon=True).start()
while socket.socket().connect_ex(("127.0.0.1", OTHER)):
    time.sleep(0.05)
uvicorn.run(app, port=PORT)
""",
    "tried out with a listener": """
with socket.create_server(("127.0.0.1", PORT)):
    pass
uvicorn.run(app, port=PORT)
""",
    # hypercorn; vLLM with several API servers
    "on a socket that goes to a spawned child": """
sock = create_server_socket(("127.0.0.1", PORT))
child = multiprocessing.get_context("spawn").Process(target=serve_on, args=(sock,))
child.start()
child.join()
""",
}

SHAPE = """\
import asyncio, multiprocessing, socket, sys, threading, time
import uvicorn

def create_server_socket(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(address)
    return sock

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})

def serve_on(sock):
    asyncio.run(uvicorn.Server(uvicorn.Config(app)).serve(sockets=[sock]))

def main():
BODY

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_ways_to_serve_on_a_port(serve: Start, project: Path, shape: str) -> None:
    port, other = low_port(), low_port()
    body = shape.replace("PORT", str(port)).replace("OTHER", str(other))
    body = body.replace("SO_REUSE" + str(port), "SO_REUSEPORT")
    write(project / "server.py", SHAPE.replace("BODY", body.replace("\n", "\n    ")))
    served = serve("server.py", port=port)
    served.wait_for("ready", generation=1)
    assert ask(port) == (200, "served")
    assert "watched" not in notes(served)
    write(project / "server.py", (project / "server.py").read_text().replace("served", "again"))
    served.wait_for("ready", generation=2)
    assert ask(port) == (200, "again")
    assert served.stop() == 0
    served.assert_nothing_left()


# -- whose port it is ----------------------------------------------------------------------

COMPUTED = """\
import uvicorn
from app import app
uvicorn.run(app, port=int(open("port.txt").read()))
"""


def test_a_port_that_only_the_program_knows_is_held_once_it_asks(serve: Start, project: Path) -> None:
    port = low_port()
    (project / "port.txt").write_text(str(port))
    write(project / "server.py", COMPUTED)
    served = serve("server.py", port=port, tell_port=False)
    assert served.wait_for("claimed")["port"] == port
    assert served.wait_for("ready")["url"] == f"http://127.0.0.1:{port}"
    assert ask(port) == (200, "1")
    served.stop()
    served.assert_nothing_left()


@pytest.mark.parametrize(("told", "host"), [([], "0.0.0.0"), (["--host", "127.0.0.1"], "127.0.0.1")])
def test_a_host_that_only_the_program_knows(serve: Start, project: Path, told: list[str], host: str) -> None:
    port = low_port()
    launch = f"import uvicorn\nfrom app import app\nuvicorn.run(app, host=str('0.0.0.0'), port={port})\n"
    write(project / "server.py", launch)
    served = serve("server.py", *told, port=port, tell_port=False)
    served.wait_for("ready")
    assert ask(port) == (200, "1")
    assert [row.address for row in at_port(port) if row.is_listening] == [host]
    served.stop()
    served.assert_nothing_left()


def test_a_conflict_at_a_port_that_only_the_program_knows(serve: Start, project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        (project / "port.txt").write_text(str(port))
        write(project / "server.py", COMPUTED)
        served = serve("server.py", tell_port=False)
        assert served.wait_for("conflict")["port"] == port
        assert served.process.wait(PATIENCE_S) == 2


CHILD = """\
import subprocess, sys
subprocess.run([sys.executable, "server.py", "PORT", "0"])
"""


def test_a_child_that_takes_the_port_finds_it_free(serve: Start, project: Path, server: Path) -> None:
    port = low_port()
    write(project / "parent.py", CHILD.replace("PORT", str(port)))
    served = serve("parent.py", port=port)
    served.wait_for("ready", generation=1)
    assert f"which names port {port}: it is let go of, and watched" in notes(served)
    assert ask(port) == (200, "first")
    served.stop()
    served.assert_nothing_left()


CLEANER = """\
import subprocess, sys
import uvicorn
from app import app
subprocess.run([sys.executable, "-c", "import socket; socket.create_server(('127.0.0.1', PORT))"], check=True)
uvicorn.run(app, port=PORT)
"""


def test_a_port_that_was_let_go_of_is_held_again_once_a_server_asks(serve: Start, project: Path) -> None:
    """Some scripts end whoever has their port before they start: that must not be us."""
    port = low_port()
    write(project / "server.py", CLEANER.replace("PORT", str(port)))
    served = serve("server.py", port=port)
    served.wait_for("ready", generation=1)
    assert ask(port) == (200, "1")
    assert [event["level"] for event in served.events if event["event"] == "claimed"] == ["held", "held"]
    write(project / "app.py", (project / "app.py").read_text().replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    assert ask(port) == (200, "2")
    assert served.stop() == 0


# -- watched -------------------------------------------------------------------------------


def shell(project: Path, text: str) -> None:
    (project / "start.sh").write_text(text)


def test_a_watched_command_from_start_to_stop(serve: Start, project: Path, server: Path) -> None:
    port = low_port()
    shell(project, f"{sys.executable} server.py $PORT 0\n")
    served = serve("--", "bash", "start.sh", port=port)
    assert served.wait_for("claimed")["level"] == "watched"
    served.wait_for("ready", generation=1)
    assert ask(port) == (200, "first")
    write(server, HTTP_SERVER.replace("first", "second"))  # nobody named it
    shell(project, f"# edited\n{sys.executable} server.py $PORT 0\n")
    served.wait_for("ready", generation=2)
    assert ask(port) == (200, "second")
    assert served.stop() == 0
    served.assert_nothing_left()


@pytest.mark.parametrize(
    "command", [["bash", "start.sh"], ["uvicorn", "app:app", "--port"]], ids=["watched", "held"]
)
def test_a_command_is_told_of_the_port_that_it_got(
    serve: Start, project: Path, server: Path, command: list[str]
) -> None:
    shell(project, f"{sys.executable} server.py $PORT 0\n")
    with socket.create_server(("127.0.0.1", low_port())) as holder:
        port = holder.getsockname()[1]
        told = ["--port", str(port)] if command[-1] != "--port" else []
        words = [*command, str(port)] if not told else command
        served = serve(*told, "--on-conflict", "next", "--", *words, tell_port=False)
        got = served.wait_for("claimed")["port"]
        assert got != port
        assert served.wait_for("ready")["url"] == f"http://127.0.0.1:{got}"
        assert ask(got)[0] == 200
        assert served.stop() == 0


def test_any_port_will_do(serve: Start, project: Path, server: Path) -> None:
    shell(project, f"{sys.executable} server.py $PORT 0\n")
    served = serve("--port", "0", "--", "bash", "start.sh", tell_port=False)
    port = served.wait_for("claimed")["port"]
    served.wait_for("ready")
    assert ask(port) == (200, "first")


RUNNER = """\
#!/bin/sh
# As uv does it: its own words, then the program on the path of an environment.
[ "$1 $2" = "run --no-sync" ] || exit 9
shift 2
PATH=BIN:$PATH "$@"
"""


def test_a_runner_that_chooses_the_python(serve: Start, project: Path, tmp_path: Path) -> None:
    runner = tmp_path / "uv"
    runner.write_text(RUNNER.replace("BIN", str(Path(sys.executable).parent)))
    runner.chmod(0o755)
    served = serve("--", "env", "GREETING=hello", str(runner), "run", "--no-sync", "uvicorn", "app:app")
    assert served.wait_for("claimed")["level"] == "held"
    served.wait_for("ready", generation=1)
    text = (project / "app.py").read_text().replace('"1"', "os.environ['GREETING']")
    write(project / "app.py", f"import os\n{text}")
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "hello")
    assert served.stop() == 0
    served.assert_nothing_left()


def test_the_port_is_held_while_a_watched_command_does_not_run(serve: Start, project: Path) -> None:
    shell(project, "exit 0\n")
    served = serve("--", "bash", "start.sh")
    served.wait_for("ended", generation=1)
    wait_until(lambda: is_listening(served.port), "the port to be held again")
    assert ask(served.port)[0] == 503
    served.stop()
    served.assert_nothing_left()


def test_a_command_that_listens_elsewhere_is_found(serve: Start, project: Path, server: Path) -> None:
    port = low_port()
    shell(project, f"{sys.executable} server.py {port} 0\n")
    served = serve("--", "bash", "start.sh", port=port, tell_port=False)
    assert served.wait_for("ready")["url"] == f"http://127.0.0.1:{port}"
    assert "which port it listens on is not known before it does" in notes(served)
    served.stop()
    served.assert_nothing_left()


def test_who_does_not_mind_ctrl_c_is_asked_by_sigterm(serve: Start, project: Path) -> None:
    shell(
        project, "trap '' INT\ntrap 'touch told; exit' TERM\ntouch began\nwhile true; do sleep 0.05; done\n"
    )
    served = serve("--grace", "6", "--", "bash", "start.sh")
    wait_until((project / "began").exists, "the command")
    assert served.stop() == 0
    assert (project / "told").exists()
    served.assert_nothing_left()


def test_a_command_that_is_not_there_is_bad_usage(serve: Start) -> None:
    served = serve("--", "nowhere-to-be-found", "--port", "1")
    assert served.process.wait(PATIENCE_S) == 2
    served.wait_for("error", text="there is no command 'nowhere-to-be-found' here")


def test_a_command_of_the_settings(serve: Start, project: Path) -> None:
    (project / "portside.toml").write_text("[servers.api]\ncommand = 'uvicorn app:app --lifespan off'\n")
    served = serve("api")
    assert served.wait_for("starting")["name"] == "api"
    served.wait_for("ready")
    assert ask(served.port) == (200, "1")
