"""debugpy in the worker: a client can attach, also after a reload."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

from .conftest import RAW_APP, Start, ask, free_port, wait_until, write
from .debugging.environments import bare_environment, without_own_debugpy


class Client:
    """As much of the debug adapter protocol as attaching takes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._file = self._socket.makefile("rb")
        self._number = 0

    def request(self, command: str, arguments: dict[str, Any]) -> int:
        self._number += 1
        body = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(body).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        return self._number

    def wait_for(self, kind: str, name: str) -> dict[str, Any]:
        while True:
            length = 0
            while (line := self._file.readline().strip()) != b"":
                length = int(line.partition(b":")[2])
            message: dict[str, Any] = json.loads(self._file.read(length))
            if message["type"] == kind and message.get("event", message.get("command")) == name:
                return message

    def attach(self) -> None:
        self.request("initialize", {"adapterID": "test", "clientID": "test"})
        assert self.wait_for("response", "initialize")["success"]
        self.request("attach", {"justMyCode": True})
        self.wait_for("event", "initialized")
        self.request("configurationDone", {})
        assert self.wait_for("response", "configurationDone")["success"]

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def attach(port: int) -> None:
    client = Client(port)
    client.attach()
    client.close()


def test_a_debugger_attaches_and_attaches_again_after_a_reload(serve: Start, project: Path) -> None:
    port = free_port()
    served = serve("app:app", "--debug", "--debug-port", str(port))
    assert served.wait_for("debugging")["port"] == port
    served.wait_for("ready", generation=1)
    attach(port)
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "2")
    attach(port)
    served.stop()
    served.assert_nothing_left()


def test_the_app_waits_for_the_debugger_where_that_is_asked_for(serve: Start) -> None:
    port = free_port()
    served = serve("app:app", "--debug-wait", "--debug-port", str(port))
    assert served.wait_for("debugging")["waits"] is True
    assert not [event for event in served.events if event["event"] == "loaded"]
    client = Client(port)
    client.attach()
    served.wait_for("ready")
    client.close()


def test_the_debuggers_port_is_checked_with_the_others(serve: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = serve("app:app", "--debug-port", str(port), "--on-conflict", "fail")
        assert served.process.wait(PATIENCE_S) == 2
    served.wait_for("end of output")
    assert str(port) in json.dumps(served.events)


def test_an_environment_without_debugpy_is_told_how_to_get_it(serve: Start, tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "bare")
    options = {"prefix": without_own_debugpy(tmp_path)}
    served = serve("app:app", "--debug", "--debug-port", str(free_port()), "--python", str(python), **options)
    failed = served.wait_for("failed")
    assert "debugpy is not installed there" in failed["message"]
    assert "-m pip install debugpy" in failed["message"]
    assert served.process.wait(PATIENCE_S) == 2


def test_portsides_own_debugpy_serves_an_environment_without_one(serve: Start, tmp_path: Path) -> None:
    port, python = free_port(), bare_environment(tmp_path / "bare")
    served = serve("app:app", "--debug", "--debug-port", str(port), "--python", str(python))
    served.wait_for("ready")
    attach(port)


def test_the_browser_is_opened_once_and_only_where_asked(serve: Start, project: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    code = f'open({str(opened)!r}, "a").write(sys.argv[1] + "\\n")'
    browser.write_text(f"#!{sys.executable}\nimport sys\n{code}\n")
    browser.chmod(0o755)
    served = serve("app:app", "--open", "--host", "0.0.0.0", env={"BROWSER": f"{browser} %s"})
    served.wait_for("ready", generation=1)
    wait_until(opened.is_file, "the browser")
    write(project / "app.py", RAW_APP.replace('"1"', '"2"'))
    served.wait_for("ready", generation=2)
    served.stop(signal.SIGINT)
    assert opened.read_text() == f"http://127.0.0.1:{served.port}\n"


def test_without_a_display_the_address_is_said_instead(serve: Start) -> None:
    hidden = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"), "")
    served = serve("app:app", "--open", env={**os.environ, **hidden})
    served.wait_for("ready")
    note = served.wait_for("note")
    assert f"the address is http://127.0.0.1:{served.port}" in note["text"]
