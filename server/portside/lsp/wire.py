"""JSON-RPC messages on a pair of streams, as the protocol frames them."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def read_body(stream: BinaryIO) -> bytes | None:
    """The next message, undecoded; None at the end of the stream."""
    length = None
    while True:
        line = stream.readline()
        if not line:
            return None
        if line in {b"\r\n", b"\n"}:
            if length is not None:
                body = stream.read(length)
                return body if len(body) == length else None
            continue
        found = _LENGTH.match(line)
        length = int(found[1]) if found else length


def write_message(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Send a message. Raises BrokenPipeError where nobody reads any more."""
    stream.write(frame(json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()))
    stream.flush()


def frame(body: bytes) -> bytes:
    """The message with its header."""
    return b"Content-Length: %d\r\n\r\n" % len(body) + body
