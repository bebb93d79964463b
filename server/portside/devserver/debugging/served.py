"""The dev server of a debug session: started, listened to, stopped. The other end is debug_link.py."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from portside.devserver.debugging.background import Background
from portside.inside import socket_folder

_REFUSED = 2
"""What `portside serve` leaves with when it could not begin."""
_SOCKET = "socket"


def command(arguments: Mapping[str, Any], python: str | None, socket: str) -> list[str]:
    """`portside serve …` for a launch request. The user's own words come last: they may hold a `--`."""
    target = arguments.get("target")
    words = [sys.executable, "-I", "-m", "portside", "serve", *([str(target)] if target else [])]
    words += ["--python", python] if python else []
    for option in ("host", "port"):
        words += [f"--{option}", str(arguments[option])] if arguments.get(option) is not None else []
    return [*words, "--debug-adapter", socket, *map(str, arguments.get("arguments") or ())]


class Served:
    """heard: takes each event of its console. wrote: what it prints, where it has no terminal."""

    def __init__(
        self,
        answer: Mapping[str, Any],
        heard: Callable[[str, dict[str, Any]], None],
        wrote: Callable[[str], None],
    ) -> None:
        self._answer = answer
        self._heard = heard
        self._wrote = wrote
        self._folder = Path(socket_folder.make("portside-debug-", longest_name=len(_SOCKET)))
        self._server: asyncio.Server
        self._writer: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._background = Background()
        self.pid: int | None = None
        self.code: int | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def socket(self) -> str:
        return str(self._folder / _SOCKET)

    async def listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._follow, self.socket, limit=2**24)

    async def spawn(self, words: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
        """Raises OSError."""
        self._process = await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._background.begin(self._show(self._process))

    @property
    def is_there(self) -> bool:
        """Whether it has said hello, and not ended since."""
        return self.pid is not None and not self.ended.done()

    def restart(self) -> None:
        self._send("restart")

    async def detach(self) -> None:
        """It goes on by itself, without a debugger from now on."""
        self._send("detach")
        if self._writer is not None:
            with suppress(OSError):
                await self._writer.drain()

    def interrupt(self) -> None:
        """As Ctrl-C in its terminal; a second one ends it at once.

        One that the terminal has not started yet finds nobody and ends; it counts as ended from now on.
        """
        if self.is_there and self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGINT)
        elif self._process is not None:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGINT)
        else:
            self.close()  # it finds nobody
            self._over()

    def close(self) -> None:
        """What still runs notices that nobody listens, and stops."""
        if self._writer is not None:
            self._writer.close()
        self._remove_socket()

    def _remove_socket(self) -> None:
        self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- what it says ------------------------------------------------------------------

    def _send(self, event: str, **fields: Any) -> None:
        if self._writer is not None:
            with suppress(OSError):
                self._writer.write(json.dumps({"event": event, "fds": 0, **fields}).encode() + b"\n")

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.close()  # there is one already
            return
        self._writer = writer
        self._remove_socket()  # nobody else is to come, and an editor may kill this process at any time
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                self._take(json.loads(line))
        writer.close()
        self._over()

    def _take(self, message: dict[str, Any]) -> None:
        if message["event"] == "hello":
            self.pid = int(message["pid"])
            self._send("debug", **self._answer)
        elif message["event"] == "console":
            name, fields = str(message["name"]), dict(message["fields"])
            if name in ("stopped", "error"):
                self.code = int(fields.get("code", _REFUSED))
            self._heard(name, fields)

    async def _show(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while data := await process.stdout.read(65536):
            self._wrote(data.decode(errors="replace"))
        self.code = await process.wait()
        self._over()

    def _over(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
