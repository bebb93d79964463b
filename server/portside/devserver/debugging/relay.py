"""One port for the workers of all generations, each led to an adapter of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

_CHUNK = 65536


class Relay:
    """port: on loopback. to: the port of the adapter that takes the next worker; None to refuse it."""

    def __init__(self, to: Callable[[], Awaitable[int | None]]) -> None:
        self._to = to
        self._server: asyncio.Server
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            if _is_ours(writer.get_extra_info("peername")):
                await self._connect(reader, writer)
        except asyncio.CancelledError:
            pass  # the session is over
        finally:
            self._pumps.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = await self._to()
        if port is None:
            return
        with suppress(OSError):
            their_reader, their_writer = await asyncio.open_connection("127.0.0.1", port, limit=_CHUNK)
            try:
                await asyncio.gather(
                    _pump(reader, writer, their_writer), _pump(their_reader, their_writer, writer)
                )
            finally:
                their_writer.close()


async def _pump(reader: asyncio.StreamReader, back: asyncio.StreamWriter, to: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        _acknowledge_at_once(back)
        while data := await reader.read(_CHUNK):
            _acknowledge_at_once(back)
            to.write(data)
            await to.drain()
    to.close()


def _acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """A message of debugpy comes in two parts, and the second waits for this: 40 ms for each request else.

    The kernel forgets it again (tcp(7), TCP_QUICKACK).
    """
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _is_ours(peer: tuple[str, int]) -> bool:
    """Whether a process of this user connects: another one could pass itself off as the app.

    Where the kernel does not tell (no /proc/net/tcp), whoever reaches loopback is believed.
    """
    wanted = f"0100007F:{peer[1]:04X}"
    try:
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return True
    rows = (line.split() for line in lines)
    users = [int(row[7]) for row in rows if row[1] == wanted]
    return all(user == os.getuid() for user in users)
