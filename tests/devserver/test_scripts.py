"""Scripts as they stand: their own uvicorn.run gets the held socket, and nothing else is different."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.cli.serve import _address
from portside.devserver.planning.plan import Choice, PortSource, Target

from .conftest import Start, ask, can_listen, free_port, write

SCRIPT = """\
import sys
import uvicorn

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    facts = (__name__, __file__, sys.argv, sys.path[0], __spec__, sys.modules["__main__"].app is app)
    body = repr(facts).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

if __name__ == "__main__":
    LAUNCH
    print("after the server", file=sys.stderr, flush=True)
"""

LAUNCHES = {
    "uvicorn.run": "uvicorn.run(app, port={port})",
    "Server.run": "uvicorn.Server(uvicorn.Config(app, port={port})).run()",
    "Server.serve": "import asyncio; asyncio.run(uvicorn.Server(uvicorn.Config(app, port={port})).serve())",
    "bound by the config": (
        "c = uvicorn.Config(app, port={port})\n    uvicorn.Server(c).run(sockets=[c.bind_socket()])"
    ),
    "an import string": "uvicorn.run('server:app', port={port}, reload=True)",
    "several workers": "uvicorn.run(app, port={port}, workers=3)",
}


@pytest.mark.parametrize("launch", LAUNCHES.values(), ids=LAUNCHES)
def test_its_own_launch_gets_the_held_socket(serve: Start, project: Path, launch: str) -> None:
    asked = free_port()
    write(project / "server.py", SCRIPT.replace("LAUNCH", launch.format(port=asked)))
    served = serve("server.py")
    served.wait_for("ready", generation=1)
    status, _ = ask(served.port)
    assert status == 200
    assert can_listen(asked)
    notes = [event["text"] for event in served.events if event["event"] == "note"]
    assert f"the script asks for port {asked}; it is served on {served.port}" in notes
    assert served.stop() == 0
    assert "after the server" in served.log
    served.assert_nothing_left()


def test_it_runs_as_python_would_run_it(serve: Start, project: Path) -> None:
    (project / "core").mkdir()
    write(project / "core" / "server.py", SCRIPT.replace("LAUNCH", "uvicorn.run(app)"))
    served = serve("core/server.py", "--", "--model", "x y")
    served.wait_for("ready", generation=1)
    name, file, argv, first, spec, same = ast.literal_eval(ask(served.port)[1])
    assert name == "__main__"
    assert file == str(project / "core" / "server.py")
    assert argv == ["core/server.py", "--model", "x y"]
    assert (first, spec, same) == (str(project / "core"), None, True)


SPAWNING = """\
import multiprocessing, os, sys
import uvicorn

def work(queue):
    import __main__
    queue.put((__main__.__name__, __name__, sys.argv, "_portside_inside" in sys.modules))

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=work, args=(queue,))
    child.start()
    body = repr(queue.get(timeout=60)).encode()
    child.join()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

GUARD
    uvicorn.run(app, port=PORT)
"""


def test_a_spawned_child_runs_the_script_again_as_a_module(serve: Start, project: Path) -> None:
    text = SPAWNING.replace("GUARD", 'if __name__ == "__main__":').replace("PORT", "8000")
    write(project / "server.py", text)
    served = serve("server.py", "--", "--model", "x")
    served.wait_for("ready", generation=1)
    status, body = ask(served.port, "/spawn")
    assert status == 200
    assert ast.literal_eval(body) == ("__mp_main__", "__mp_main__", ["server.py", "--model", "x"], False)


def test_a_missing_guard_fails_as_it_does_in_plain_python(serve: Start, project: Path) -> None:
    text = """\
import multiprocessing
import uvicorn

def work():
    pass

child = multiprocessing.get_context("spawn").Process(target=work)
child.start()
child.join()
assert child.exitcode == 0, f"the child failed: {child.exitcode}"
uvicorn.run(None)
"""
    write(project / "server.py", text)
    plain = subprocess.run(
        [sys.executable, "server.py"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert "An attempt has been made to start a new process before the" in plain.stderr
    served = serve("server.py", "--no-reload")
    assert served.process.wait(PATIENCE_S) == 1
    assert "An attempt has been made to start a new process before the" in served.log
    assert "AssertionError: the child failed: 1" in str(served.wait_for("failed")["message"])


def test_a_script_that_is_saved_is_run_again(serve: Start, project: Path) -> None:
    write(project / "server.py", SCRIPT.replace("LAUNCH", "uvicorn.run(app)"))
    served = serve("server.py", "--", "a")
    served.wait_for("ready", generation=1)
    text = SCRIPT.replace("LAUNCH", "uvicorn.run(app)").replace("repr(facts)", "'new'")
    write(project / "server.py", text)
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "new")


@pytest.mark.parametrize(
    ("launch", "asked", "address"),
    [
        ('uvicorn.run(app, host="0.0.0.0", port=8123)', None, ("0.0.0.0", 8123, PortSource.PROGRAM)),
        ('uvicorn.run(app, host="0.0.0.0", port=8123)', 9, ("0.0.0.0", 9, PortSource.USER)),
        ("uvicorn.run(app)", None, ("127.0.0.1", 8000, PortSource.PROGRAM)),
        ("uvicorn.run(app, port=find_one())", None, ("127.0.0.1", 0, PortSource.UNKNOWN)),
        ("other_server(app)", None, ("127.0.0.1", 0, PortSource.UNKNOWN)),
    ],
    ids=["its own", "the user's", "uvicorn's default", "computed", "no uvicorn"],
)
def test_which_port_is_held_for_a_script(
    project: Path, launch: str, asked: int | None, address: tuple[str, int, PortSource]
) -> None:
    write(project / "server.py", SCRIPT.replace("LAUNCH", launch))
    target = Target("script", "server.py")
    found = _address(target, Choice("server.py"), project, {"host": None, "port": asked})
    assert found[:3] == address


def test_a_script_that_ends_by_itself_ends_the_run(serve: Start, project: Path) -> None:
    write(project / "server.py", "print('done')\n")
    served = serve("server.py", "--no-reload")
    assert served.process.wait(PATIENCE_S) == 0
    served.wait_for("ended", generation=1)
    served.assert_nothing_left()


def test_a_script_that_is_not_there_is_bad_usage(serve: Start, project: Path) -> None:
    write(project / "server.py", "import uvicorn\nif __name__ == '__main__':\n    uvicorn.run('app:app')\n")
    served = serve("sever.py")
    assert served.process.wait(PATIENCE_S) == 2
    served.wait_for("error", text="there is no script sever.py here; did you mean `server.py`?")
