"""How long an edit takes in an app that imports something heavy, beside `uvicorn --reload`, in turn.

    python scripts/bench/warm_imports.py --python ENVIRONMENT/bin/python [--imports vllm] [--edits 10]

The environment has uvicorn and what is imported. Each round starts each tool on a fresh copy of the app,
waits until everything that it prepares in the background is there, saves the app again and again, and asks
every 5 ms until the answer is that of the new code. Exits 1 where an edit is not answered within two minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

PATIENCE_S = 120.0
APP = """\
import {imports}

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({{"type": message["type"] + ".complete"}})
            if message["type"] == "lifespan.shutdown":
                return
    headers = [(b"content-length", b"{size}"), (b"connection", b"close")]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": b"{version}"}})
"""


class Answers:
    """What the server at this port says; nothing while it says nothing."""

    def __init__(self, port: int) -> None:
        self._port = port

    def now(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            return response.read().decode() if response.status == 200 else ""
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()

    def seconds_until(self, version: str) -> float:
        began = time.monotonic()
        while self.now() != version:
            if time.monotonic() - began > PATIENCE_S:
                sys.exit(f"no answer of version {version} within {PATIENCE_S:.0f} s")
            time.sleep(0.005)
        return time.monotonic() - began


def save(folder: Path, imports: str, version: str) -> None:
    """As an editor does: never half a file."""
    temporary = folder / "app.py.tmp"
    temporary.write_text(APP.format(imports=imports, size=len(version), version=version))
    temporary.replace(folder / "app.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def commands(python: str, port: int) -> dict[str, list[str]]:
    at = ["--host", "127.0.0.1", "--port", str(port)]
    return {
        "uvicorn --reload": [python, "-m", "uvicorn", "app:app", *at, "--reload", "--log-level", "warning"],
        "portside serve": [sys.executable, "-m", "portside", "serve", "app:app", *at, "--python", python],
    }


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PORTSIDE_STATE_DIR": str(folder / "state")}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def settle(process: subprocess.Popen[bytes]) -> None:
    """Wait until neither the tool nor what it started has used the processor for two seconds."""
    quiet_since, used = time.monotonic(), 0.0
    while time.monotonic() - quiet_since < 2.0:
        time.sleep(0.25)
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        now = 0.0
        for one in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                now += sum(one.cpu_times()[:2])
        if now - used > 0.05:
            quiet_since = time.monotonic()
        used = now


def measure(tool: str, python: str, imports: str, edits: int) -> tuple[float, list[float]]:
    """Seconds from the start to the first answer, and of each edit."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, port = Path(scratch), free_port()
        save(folder, imports, "first")
        answers = Answers(port)
        with running(commands(python, port)[tool], folder) as process:
            start = answers.seconds_until("first")
            found = []
            for number in range(edits):
                settle(process)
                save(folder, imports, f"edit-{number}")
                found.append(answers.seconds_until(f"edit-{number}"))
    return start, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", required=True, help="interpreter that has uvicorn and the imports")
    parser.add_argument("--imports", default="vllm")
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    starts: dict[str, list[float]] = {}
    edits: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for tool in commands(options.python, 0):
            start, found = measure(tool, options.python, options.imports, options.edits)
            starts.setdefault(tool, []).append(start)
            edits.setdefault(tool, []).extend(found)
    print(f"import {options.imports}: {options.rounds} rounds of {options.edits} edits\n")
    print("| | first answer | edit, median | longest |\n|---|---|---|---|")
    for tool, found in edits.items():
        start = statistics.median(starts[tool])
        print(f"| {tool} | {start:.2f} s | {statistics.median(found):.3f} s | {max(found):.3f} s |")
    ratio = statistics.median(edits["portside serve"]) / statistics.median(edits["uvicorn --reload"])
    print(f"\nportside to uvicorn, median edit: {ratio:.3f}")


if __name__ == "__main__":
    main()
