"""JSON-RPC messages on a pair of streams, as the protocol frames them."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO, Protocol

# Behind whatever a broken message before it has left on the line.
_LENGTH = re.compile(rb"content-length: *(\d+) *\r?\n\Z", re.IGNORECASE)
# An editor that names more is out of its mind, and memory for it might be reserved before the first byte.
_MOST_BYTES = 1 << 30
_AHEAD_BYTES = 1 << 16
_encoded = json.JSONEncoder(separators=(",", ":")).encode


class BrokenFraming(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """Nothing that follows on the stream can be understood."""


class Ahead:
    """A raw stream, read as far ahead as there is something: by itself it would give lines byte by byte.

    Holds no lock, unlike a buffered reader.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._data = b""
        self._at = 0

    def readline(self) -> bytes:
        """The next line; what is left where the stream ends within one, and nothing at its end."""
        while (end := self._data.find(b"\n", self._at) + 1) == 0:
            if not self._fill():
                end = len(self._data)
                break
        return self._taken(end)

    def read(self, size: int) -> bytes:
        """So many bytes, or less, as a raw stream does."""
        if self._at == len(self._data):
            return self._raw.read(size)
        return self._taken(min(self._at + size, len(self._data)))

    def _taken(self, end: int) -> bytes:
        start, self._at = self._at, end
        return self._data[start:end]

    def _fill(self) -> bool:
        more = self._raw.read(_AHEAD_BYTES)
        self._data, self._at = self._data[self._at :] + (more or b""), 0
        return bool(more)


class Stream(Protocol):
    """What messages are read from."""

    def readline(self) -> bytes: ...

    def read(self, size: int, /) -> bytes | None: ...


def read_body(stream: Stream) -> bytes | None:
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


def _exactly(stream: Stream, length: int) -> bytes | None:
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
    stream.write(frame(_encoded({"jsonrpc": "2.0", **message}).encode()))
    stream.flush()


def frame(body: bytes) -> bytes:
    """The message with its header."""
    return b"Content-Length: %d\r\n\r\n" % len(body) + body
