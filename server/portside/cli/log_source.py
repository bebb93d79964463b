"""Where `portside explain` gets a log from: a file or standard input, in whatever encoding, line by line."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

_GZIP = b"\x1f\x8b"
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


@contextmanager
def opened(path: str) -> Iterator[Iterator[str]]:
    """The lines of the log. path: `-` for standard input. Raises OSError."""
    if path == "-":
        yield _decoded(sys.stdin.buffer)
        return
    with Path(path).open("rb") as file:
        yield _decoded(file)


def _decoded(raw: BinaryIO) -> Iterator[str]:
    """What can't be decoded is replaced: one broken line must not cost the rest."""
    head = _head(raw)
    if head.startswith(_GZIP):
        raw = cast("BinaryIO", gzip.GzipFile(fileobj=raw))
        head = _head(raw)
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="\n")


def _head(raw: BinaryIO) -> bytes:
    """Its first bytes, which stay to be read."""
    peek = getattr(raw, "peek", None)
    return bytes(peek(4)[:4]) if peek is not None else b""
