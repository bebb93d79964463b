"""Messages of the debug adapter protocol on a stream: a header with the length, then JSON.

https://microsoft.github.io/debug-adapter-protocol/overview#base-protocol
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

Message = dict[str, Any]


class Writer(Protocol):
    def write(self, data: bytes) -> None: ...


async def read(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None at the end, or where what comes is no message."""
    try:
        length = 0
        while line := (await reader.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            return None
        message = json.loads(await reader.readexactly(length))
    except (ValueError, OSError, asyncio.IncompleteReadError):
        return None
    return message if isinstance(message, dict) else None


def write(writer: Writer, message: Message) -> None:
    data = json.dumps(message).encode()
    writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
