"""The session on this process's standard input and output."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from portside.devserver.debugging.session import Session

_LIMIT = 2**26


def run(python: str | None) -> None:
    asyncio.run(_run(python))


async def _run(python: str | None) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    session = Session(reader, _Output(os.dup(1)), python)

    def leave() -> None:
        loop.remove_signal_handler(signal.SIGTERM)  # a second one ends this at once
        session.leave()

    # Editors send one as soon as they have their answer to `disconnect`.
    with suppress(NotImplementedError):  # there is no such signal on Windows
        loop.add_signal_handler(signal.SIGTERM, leave)
    await session.run()


class _Output:
    """Writes whole messages, and waits while the editor does not read."""

    def __init__(self, descriptor: int) -> None:
        self._file = open(descriptor, "wb", buffering=0)  # noqa: SIM115  (as long as the process)

    def write(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._file.write(data) or 0 :]
        except (BrokenPipeError, ConnectionError):
            pass  # the editor has left; the end of standard input says so, too
