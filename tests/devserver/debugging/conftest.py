"""A debugger under test: as much of an editor's side of the debug adapter protocol as a session takes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.devserver.conftest import is_alive, wait_until
from tests.patience import PATIENCE_S

Message = dict[str, Any]


class Editor:
    """Starts `portside debug-adapter` and keeps all that it says. `tree`: whatever it was seen to start."""

    def __init__(
        self, folder: Path, state: Path, prefix: tuple[str, ...] = (), *, terminals: bool = False
    ) -> None:
        self.temporary = state / "temporary"
        environment = {**os.environ, "PORTSIDE_STATE_DIR": str(state), "TMPDIR": str(self.temporary)}
        for name in ("PYTHONPATH", "VIRTUAL_ENV"):
            environment.pop(name, None)
        self._environment = environment
        self.temporary.mkdir(parents=True, exist_ok=True)
        self._log = (state / "debug-adapter.txt").open("wb")
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "portside", "debug-adapter"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self.said: list[Message] = []
        self.terminals: list[subprocess.Popen[bytes]] = []
        self._changed = threading.Condition()
        self._number = 0
        self._tree: dict[int, psutil.Process] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        offers = {"supportsRunInTerminalRequest": terminals}
        self.ask("initialize", adapterID="portside", clientID="test", pathFormat="path", **offers)

    # -- talking -----------------------------------------------------------------------

    def _send(self, message: Message) -> int:
        assert self.process.stdin is not None
        with self._changed:
            self._number += 1
            data = json.dumps({"seq": self._number, **message}).encode()
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
            self.process.stdin.flush()
            return self._number

    def begin(self, command: str, **arguments: Any) -> int:
        """Without waiting for the answer."""
        return self._send({"type": "request", "command": command, "arguments": arguments})

    def answer(self, number: int) -> Message:
        return self._wait(lambda each: each["type"] == "response" and each["request_seq"] == number)

    def ask(self, command: str, **arguments: Any) -> Message:
        """The body of the answer, which is a good one."""
        answer = self.answer(self.begin(command, **arguments))
        assert answer["success"], answer
        body: Message = answer.get("body") or {}
        return body

    def event(self, name: str, since: int = 0, **fields: Any) -> Message:
        """The body of the first such event after the first `since` messages."""

        def fits(message: Message) -> bool:
            if message["type"] != "event" or message["event"] != name:
                return False
            return fields.items() <= (message.get("body") or {}).items()

        found = self._wait(fits, since)
        body: Message = found.get("body") or {}
        return body

    def server(self, event: str, since: int = 0, **fields: Any) -> Message:
        """An event of the dev server's console."""
        return self.event("portsideServer", since, event=event, **fields)

    def _wait(self, fits: Callable[[Message], bool], since: int = 0) -> Message:
        def found() -> Message | None:
            return next((each for each in self.said[since:] if fits(each)), None)

        with self._changed:
            if self._changed.wait_for(found, PATIENCE_S):
                return found() or {}
        raise AssertionError(f"not said: {json.dumps(self.said[-12:], indent=1)}\n{self.log}")

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                length = int(line.partition(b":")[2])
            data = stream.read(length)
            if not length or len(data) < length:
                return
            message: Message = json.loads(data)
            if message["type"] == "request":
                self._run_in_terminal(message)
                continue
            with self._changed:
                self.said.append(message)
                self._changed.notify_all()

    def _run_in_terminal(self, request: Message) -> None:
        asked = request["arguments"]
        self.terminals.append(
            subprocess.Popen(
                asked["args"],
                cwd=asked["cwd"],
                env={**self._environment, **asked["env"]},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
            )
        )
        answer = {"request_seq": request["seq"], "command": request["command"], "success": True, "body": {}}
        self._send({"type": "response", **answer})

    # -- what an editor does -----------------------------------------------------------

    def launch(self, breakpoints: dict[Path, list[int]], **arguments: Any) -> None:
        """As an editor does: what it has set is sent once the adapter is ready for it."""
        number = self.begin("launch", **{"target": "app:app", "console": "internalConsole", **arguments})
        self.event("initialized")
        for path, lines in breakpoints.items():
            self.set_breakpoints(path, lines)
        self.ask("setExceptionBreakpoints", filters=["uncaught"])
        self.ask("configurationDone")
        answer = self.answer(number)
        assert answer["success"], answer

    def set_breakpoints(self, path: Path, lines: list[int]) -> list[Message]:
        source = {"path": str(path), "name": path.name}
        answer = self.ask("setBreakpoints", source=source, breakpoints=[{"line": line} for line in lines])
        found: list[Message] = answer["breakpoints"]
        return found

    def stopped_at(self, since: int = 0) -> tuple[int, Message]:
        """The thread that stopped, and its innermost frame."""
        thread = self.event("stopped", since)["threadId"]
        frames = self.ask("stackTrace", threadId=thread, startFrame=0, levels=1)["stackFrames"]
        return thread, frames[0]

    def variable(self, frame: Message, name: str) -> str:
        scopes = self.ask("scopes", frameId=frame["id"])["scopes"]
        found = self.ask("variables", variablesReference=scopes[0]["variablesReference"])["variables"]
        value: str = next(each["value"] for each in found if each["name"] == name)
        return value

    def evaluate(self, frame: Message, expression: str) -> str:
        answer = self.ask("evaluate", expression=expression, frameId=frame["id"])
        value: str = answer["result"]
        return value

    def stop(self) -> None:
        """As its button does."""
        self.tree()
        self.ask("terminate")
        self.event("terminated")
        self.ask("disconnect")
        assert self.process.wait(PATIENCE_S) == 0

    # -- what is left ------------------------------------------------------------------

    def tree(self) -> list[psutil.Process]:
        for process in [self.process, *self.terminals]:
            if process.poll() is None and process.pid not in self._tree:
                self._tree[process.pid] = psutil.Process(process.pid)
        for known in list(self._tree.values()):
            try:
                found = known.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            for child in found:
                self._tree.setdefault(child.pid, child)
        return [process for process in self._tree.values() if is_alive(process)]

    def assert_nothing_left(self) -> None:
        for terminal in self.terminals:
            terminal.wait(PATIENCE_S)
        wait_until(lambda: not self.tree(), "the end of all that was started")
        assert not list(self.temporary.glob("portside-debug-*"))

    def clean_up(self) -> None:
        self.tree()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for process in [self.process, *self.terminals]:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE_S)
        for left in self.tree():
            if is_alive(left):
                left.kill()
        self._reader.join(PATIENCE_S)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self._log.close()


Debug = Callable[..., Editor]


@pytest.fixture
def debug(tmp_path: Path, project: Path) -> Iterator[Debug]:
    """Start debuggers in the project; every one of them is ended after the test."""
    started: list[Editor] = []

    def start(*prefix: str, **options: Any) -> Editor:
        started.append(Editor(project, tmp_path / "state", prefix, **options))
        return started[-1]

    yield start
    for editor in started:
        editor.clean_up()
