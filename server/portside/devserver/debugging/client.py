"""The editor's end of a debug session: what it asks for is given to handlers, what it is told is numbered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from portside.devserver.debugging import framing
from portside.devserver.debugging.background import Background
from portside.devserver.debugging.framing import Message

Handler = Callable[[Message], Awaitable[None]]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: framing.Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._background = Background()
        self.offers: Message = {}
        """What it said of itself in `initialize`."""

    async def serve(self, handle: Handler) -> None:
        """Until it leaves. Requests are begun in their order, and may end in another."""
        while (message := await framing.read(self._reader)) is not None:
            if message.get("type") == "response":
                answer = self._asked.pop(message.get("request_seq", 0), None)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            elif message.get("type") == "request":
                self._background.begin(handle(message))
        for answer in self._asked.values():
            answer.cancel()

    def respond(self, request: Message, body: Any = None) -> None:
        self._send("response", self._answer(request, success=True), body)

    def refuse(self, request: Message, text: str, **more: Any) -> None:
        """more: of the protocol's `error`, such as a url with more about it."""
        answer = {**self._answer(request, success=False), "message": text}
        error = {"id": 1, "format": text.replace("{", "(").replace("}", ")"), "showUser": True, **more}
        self._send("response", answer, {"error": error})

    def tell(self, event: str, body: Any = None) -> None:
        self._send("event", {"event": event}, body)

    async def ask(self, command: str, arguments: Message) -> Message:
        number = self._send("request", {"command": command, "arguments": arguments}, None)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        return await answer

    @staticmethod
    def _answer(request: Message, *, success: bool) -> Message:
        return {"request_seq": request["seq"], "command": request["command"], "success": success}

    def _send(self, kind: str, fields: Message, body: Any) -> int:
        number = next(self._numbers)
        message = {"seq": number, "type": kind, **fields}
        framing.write(self._writer, message if body is None else {**message, "body": body})
        return number
