"""Which of the adapters that come to listen at a port a session attaches to."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import debugpy
import psutil
import pytest
from tests.patience import PATIENCE_S

from portside.devserver.debugging import backend, framing, generations
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


# Beside turns of the loop, whose number until the adapter is there is the library's.
@pytest.mark.parametrize("wait_s", [0, 0.002, 0.02, 0.2, 1], ids=str)
@pytest.mark.parametrize("turns", range(8))
def test_an_adapter_that_has_no_worker_yet_is_ended_at_any_moment(
    turns: int, wait_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "_END_S", 2 * PATIENCE_S)  # it is not waited for
    of_other_tests = set(psutil.Process().children(recursive=True))
    asyncio.run(asyncio.wait_for(begun_and_closed(turns, wait_s), PATIENCE_S))
    assert set(psutil.Process().children(recursive=True)) <= of_other_tests


async def begun_and_closed(turns: int, wait_s: float) -> None:
    found = Generations(Client(asyncio.StreamReader(), Editor()), Identifiers(), Breakpoints(), print)
    found.begin([sys.executable, str(Path(debugpy.__file__).parent / "adapter")], {})
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.sleep(wait_s)
    await found.close()


def test_an_adapter_that_can_not_be_started_is_told_and_does_not_keep_the_others_from_their_end() -> None:
    said: list[str] = []
    asyncio.run(asyncio.wait_for(refused_and_closed(said), PATIENCE_S))
    assert said == [f"/nowhere/debugpy: {os.strerror(2)}"]


async def refused_and_closed(said: list[str]) -> None:
    found = Generations(Client(asyncio.StreamReader(), Editor()), Identifiers(), Breakpoints(), said.append)
    found.begin(["/nowhere/debugpy"], {})
    assert await found.take() is None
    await found.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)
