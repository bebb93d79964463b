"""JSON-RPC messages on a pair of streams, as the protocol frames them."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO

# Behind whatever a broken message before it has left on the line.
_LENGTH = re.compile(rb"content-length: *(\d+) *\r?\n\Z", re.IGNORECASE)
# An editor that names more is out of its mind, and memory for it might be reserved before the first byte.
_MOST_BYTES = 1 << 30


class BrokenFraming(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """Nothing that follows on the stream can be understood."""


def read_body(stream: BinaryIO) -> bytes | None:
    """The next message, undecoded; None at the end of the stream. Raises BrokenFraming.

    stream: may be raw, that is, give less than it is asked for.
    """
    length = None
    while True:
        line = stream.readline()
        if not line:
            return None
        if line in {b"\r\n", b"\n"}:
            if length is not None:
                return _exactly(stream, length)
            continue
        found = _LENGTH.search(line)
        length = int(found[1]) if found else length
        if length is not None and length > _MOST_BYTES:
            raise BrokenFraming(f"a message of {length} bytes was announced")


def _exactly(stream: BinaryIO, length: int) -> bytes | None:
    body = stream.read(length)
    if body is None or len(body) == length:
        return body
    parts, missing = [body], length - len(body)
    while missing:
        part = stream.read(missing)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def write_message(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Send a message. Raises BrokenPipeError where nobody reads any more."""
    stream.write(frame(json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()))
    stream.flush()


def frame(body: bytes) -> bytes:
    """The message with its header."""
    return b"Content-Length: %d\r\n\r\n" % len(body) + body
