"""Which of the adapters that come to listen at a port a session attaches to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from portside.devserver.debugging import framing, generations
from portside.devserver.debugging.breakpoints import Breakpoints
from portside.devserver.debugging.client import Client
from portside.devserver.debugging.framing import Message
from portside.devserver.debugging.generations import Generations
from portside.devserver.debugging.identifiers import Identifiers


class Editor:
    """Does not mind what it is told."""

    def write(self, data: bytes) -> None:
        pass


class Adapter:
    """Plays debugpy's. first: what the first connection's `attach` comes to: silence, a refusal, an end."""

    def __init__(self, first: str) -> None:
        self.connections = 0
        self._first = first

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        how = self._first if self.connections == 1 else ""
        attach: Message = {}
        while (message := await framing.read(reader)) is not None:
            if message["command"] != "attach":
                answer(writer, message)
            elif how == "an end":
                break
            elif how == "a refusal":
                answer(writer, message, success=False)
            elif not how:
                attach = message
                framing.write(writer, {"type": "event", "event": "initialized"})
            if message["command"] == "configurationDone":
                answer(writer, attach)
        writer.close()


def answer(writer: asyncio.StreamWriter, message: Message, **fields: Any) -> None:
    response = {"type": "response", "request_seq": message["seq"], "command": message["command"]}
    framing.write(writer, {"success": True, **response, **fields})


@pytest.mark.parametrize("first", ["silence", "a refusal", "an end"])
def test_an_adapter_whose_worker_does_not_come_is_left_for_the_next(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "_ATTACH_S", 0.5)
    adapter = Adapter(first)
    asyncio.run(attached(adapter))
    assert adapter.connections > 1


async def attached(adapter: Adapter) -> None:
    """Until a generation is attached to."""
    server = await asyncio.start_server(adapter.serve, "127.0.0.1", 0)
    client = Client(asyncio.StreamReader(), Editor())
    found = Generations(client, Identifiers(), Breakpoints(), print)
    following = asyncio.ensure_future(found.follow(server.sockets[0].getsockname()[1], {}, lambda: True))
    await asyncio.wait_for(until(lambda: found.newest is not None), PATIENCE_S)
    await found.close()
    await following
    server.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)
