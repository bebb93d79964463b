"""One generation of the app, as debugpy's adapter shows it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from portside.devserver.debugging import framing
from portside.devserver.debugging.framing import Message
from portside.devserver.registry import identity
from portside.devserver.registry.identity import Identity

_START_S = 30.0
_END_S = 2.0


class BackendError(Exception):
    """debugpy's adapter could not be started, or refused; in words for the user."""


class Backend:
    """number: of the generation, in the order of their coming. heard: takes every event."""

    def __init__(self, number: int, heard: Callable[[Backend, Message], None]) -> None:
        self.number = number
        self.port = 0
        self.takes_breakpoints = False
        """From when it is given them: whatever the editor sets from then on, it is told as well."""
        self.is_configured = False
        self.has_ended = False
        self.worker: Identity | None = None
        """Known once it is attached to."""
        self._heard = heard
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._listens: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._attached: asyncio.Future[Message] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self, command: Sequence[str], initialize: Message) -> None:
        """initialize: what the editor said of itself. Raises BackendError."""
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, limit=2**26
            )
        except OSError as error:
            raise BackendError(f"{command[0]}: {error.strerror or error}") from None
        assert self._process.stdout is not None
        await self._begin(self._process.stdout, self._process.stdin, initialize, " ".join(command))

    async def connect(self, port: int, initialize: Message, arguments: Message) -> None:
        """To the adapter that debugpy has started for an app in which it listens. Raises BackendError."""
        place = f"127.0.0.1:{port}"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
        except OSError as error:
            raise BackendError(f"{place}: {error.strerror or error}") from None
        await self._begin(reader, writer, initialize, place)
        self._attached = self.request("attach", arguments)

    async def _begin(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter | None,
        initialize: Message,
        called: str,
    ) -> None:
        self._writer = writer
        self._reading = asyncio.ensure_future(self._read(reader))
        try:
            response = await asyncio.wait_for(self.request("initialize", initialize), _START_S)
        except asyncio.TimeoutError:
            raise BackendError(f"debugpy's adapter does not answer: {called}") from None
        if not response.get("success"):
            raise BackendError(f"debugpy's adapter: {response.get('message')}")

    async def listen(self, arguments: Message) -> None:
        """Wait for a process of the app at `port`, which is known when this returns.

        Raises BackendError where the adapter does not listen in time.
        """
        listen = {"host": "127.0.0.1", "port": 0}
        self._attached = self.request("attach", {**arguments, "listen": listen})
        ready: set[asyncio.Future[Any]] = {self._listens, self._attached}
        await asyncio.wait(ready, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._listens.done():
            said = self._attached.result().get("message") if self._attached.done() else "no answer"
            raise BackendError(f"debugpy's adapter: {said}")
        self.port = self._listens.result()

    async def configured(self) -> None:
        """Everything is set: let the app go on."""
        await self.request("configurationDone", {})
        if self._attached is not None:
            await self._attached
        self.is_configured = True

    def request(self, command: str, arguments: Message | None) -> asyncio.Future[Message]:
        """The response; a failed one once the process is gone."""
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        if self.has_ended:
            answer.set_result(_gone(command))
            return answer
        self._waiting[number] = answer
        message: Message = {"seq": number, "type": "request", "command": command}
        self._send({**message, "arguments": arguments} if arguments is not None else message)
        return answer

    @property
    def was_refused(self) -> bool:
        """Whether the adapter has said no: its worker has gone, or does not come."""
        attached = self._attached
        return attached is not None and attached.done() and not attached.result().get("success")

    async def disconnect(self) -> None:
        """Let the app go on without a debugger; the adapter ends."""
        if self._writer is not None and not self.has_ended:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.request("disconnect", {"terminateDebuggee": False}), _END_S)
        await self.close()

    async def drop(self) -> None:
        """End an adapter to which no worker has come: it hears of nothing else while it waits for one."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self.close()

    async def close(self) -> None:
        if self._writer is None or self._reading is None:
            return
        with suppress(OSError, RuntimeError):
            self._writer.close()
        if self._process is not None:
            await self._end(self._process)
        await asyncio.wait({self._reading})

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except asyncio.TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _send(self, message: Message) -> None:
        assert self._writer is not None
        with suppress(OSError, RuntimeError):
            framing.write(self._writer, message)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while (message := await framing.read(reader)) is not None:
                self._take(message)
        self.has_ended = True
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(_gone("request"))
        self._heard(self, {"type": "event", "event": "portsideEnded"})

    def _take(self, message: Message) -> None:
        match message.get("type"):
            case "response":
                answer = self._waiting.pop(message["request_seq"], None)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case "event" if message["event"] == "debugpyWaitingForServer":
                if not self._listens.done():
                    self._listens.set_result(int(message["body"]["port"]))
            case "event":
                if message["event"] == "process":
                    self.worker = identity.of(int(message["body"]["systemProcessId"]))
                self._heard(self, message)
            case "request":  # of its processes; they are left alone
                self._send(
                    {
                        "seq": next(self._numbers),
                        "type": "response",
                        "request_seq": message["seq"],
                        "command": message["command"],
                        "success": False,
                        "message": "not supported",
                    }
                )


def _gone(command: str) -> Message:
    return {"type": "response", "command": command, "success": False, "message": "This worker has ended."}
