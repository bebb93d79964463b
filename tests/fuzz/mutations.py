"""Python files as accidents leave them: cut short, merged, pasted twice, saved by another editor.

Everything follows from one `random.Random`, so a number is enough to have an input again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

_TOKENS = (
    *(b"(", b")", b"[", b"]", b"{", b"}", b'"', b"'", b"'''", b'"""', b"\\", b"\\\n", b"\\\r\n", b"#", b":"),
    *(b"*", b"**", b"@", b";", b",", b"=", b":=", b"->", b"f'{", b"lambda ", b"async ", b"await ", b"yield "),
    *(b"global app\n", b"nonlocal x\n", b"del app\n", b"import uvicorn\n", b"from . import x\n", b"import *"),
    *(b"uvicorn.run(", b"app.run(port=8000)\n", b"LLM('m')\n", b"if __name__ == '__main__':\n", b"else:\n"),
    *(
        b"try:\n",
        b"except:\n",
        b"with open(x) as f:\n",
        b"match x:\n",
        b"    case ",
        b"class A:\n",
        b"def f():\n",
    ),
    *(
        b"return\n",
        b"raise\n",
        b"pass\n",
        b"...",
        b"port=8000, ",
        b"# portside: ignore[PS101]\n",
        b"\0",
        b"\x1a",
    ),
)
_SPACES = (b" ", b"    ", b"\t", b"\x0c", b"\xc2\xa0", b"\xe3\x80\x80", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"")
_NEWLINES = (b"\n", b"\r\n", b"\r", b"\r\r\n", b"\n\r", b"\n\n\n", b"\x0b", b"\x1c", b"\xc2\x85")
_FOREIGN = (b"\xff\xfe", b"\xe9", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x9a\x80", b"\xeb\xaa\xa8", b"\x80\x80")
_CODINGS = (b"latin-1", b"utf-8", b"cp949", b"utf-16", b"ascii", b"no-such-thing")


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after one to eight accidents."""
    data = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 2, 2, 3, 5, 8))):
        data = rng.choice(MUTATIONS)(rng, data, seeds)
    return data


# -- where -------------------------------------------------------------------------------


def _offset(rng: random.Random, data: bytes) -> int:
    return rng.randint(0, len(data))


def _range(rng: random.Random, data: bytes, longest: int) -> tuple[int, int]:
    start = _offset(rng, data)
    return start, min(len(data), start + rng.randint(0, longest))


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _line_range(rng: random.Random, lines: list[bytes], longest: int) -> tuple[int, int]:
    start = rng.randint(0, len(lines))
    return start, min(len(lines), start + rng.randint(1, longest))


# -- characters --------------------------------------------------------------------------


def cut_short(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data[: _offset(rng, data)]


def cut_out(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _range(rng, data, 60)
    return data[:start] + data[end:]


def put_in(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = _offset(rng, data)
    return data[:at] + rng.choice((*_TOKENS, *_SPACES, *_NEWLINES, *_FOREIGN)) + data[at:]


def put_in_before_a_word(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Where the grammar has a place for something, more often than anywhere."""
    words = data.split(b" ")
    at = rng.randint(0, len(words))
    return b" ".join([*words[:at], rng.choice(_TOKENS), *words[at:]])


def change_a_byte(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def double(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _range(rng, data, 200)
    return data[:end] + data[start:end] * rng.choice((1, 1, 3, 40)) + data[end:]


def rename(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """One name takes the place of another, everywhere or once."""
    names = [name for name in (b"app", b"main", b"args", b"port", b"engine", b"uvicorn") if name in data]
    if not names:
        return data
    new = rng.choice((b"app", b"main", b"x", b"self", b"_", "é모델".encode(), b"run", b"os", b"print"))
    return data.replace(rng.choice(names), new, rng.choice((1, 2, -1)))


# -- lines -------------------------------------------------------------------------------


def drop_lines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = _lines(data)
    start, end = _line_range(rng, lines, 4)
    return b"".join(lines[:start] + lines[end:])


def move_lines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = _lines(data)
    start, end = _line_range(rng, lines, 6)
    taken, rest = lines[start:end], lines[:start] + lines[end:]
    at = rng.randint(0, len(rest))
    return b"".join(rest[:at] + taken + rest[at:])


def indent(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = _lines(data)
    start, end = _line_range(rng, lines, 8)
    by = rng.choice((b" ", b"  ", b"    ", b"\t", b" \t"))
    return b"".join(by + line if start <= index < end else line for index, line in enumerate(lines))


def outdent(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = _lines(data)
    start, end = _line_range(rng, lines, 8)
    by = rng.choice((1, 2, 4, 100))
    kept = [line.lstrip() if by == 100 else line[min(by, len(line) - len(line.lstrip())) :] for line in lines]
    return b"".join(kept[start:end]).join((b"".join(lines[:start]), b"".join(lines[end:])))


def leave_a_merge(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = _lines(data)
    start, end = _line_range(rng, lines, 6)
    other = _lines(rng.choice(seeds))[:4]
    conflict = [b"<<<<<<< HEAD\n", *lines[start:end], b"=======\n", *other, b">>>>>>> feature/port\n"]
    return b"".join(lines[:start] + conflict + lines[end:])


def splice(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """The start of one file and the end of another."""
    other = rng.choice(seeds)
    return data[: _offset(rng, data)] + other[_offset(rng, other) :]


def append(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data + rng.choice(seeds)


# -- the whole file ----------------------------------------------------------------------


def other_newlines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data.replace(b"\n", rng.choice(_NEWLINES))


def mixed_newlines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return b"".join(line.rstrip(b"\n") + rng.choice(_NEWLINES[:4]) for line in _lines(data))


def tabs(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data.replace(b"    ", b"\t", rng.choice((1, 5, -1)))


def start_otherwise(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    coding = b"# -*- coding: " + rng.choice(_CODINGS) + b" -*-\n"
    return rng.choice((b"\xef\xbb\xbf", b"\x0c", b"#!/usr/bin/env python\n", coding, b"\n\n", b"\\\n")) + data


def no_last_newline(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data.rstrip() + rng.choice((b"", b"  ", b"\\", b"\t", b" # end"))


def nest_deeply(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at, depth = _offset(rng, data), rng.choice((10, 200, 3000))
    opening, closing = rng.choice(((b"(", b")"), (b"[", b"]"), (b"{1:", b"}"), (b"f(", b")"), (b"-", b"")))
    return data[:at] + opening * depth + b"x" + closing * depth + data[at:]


def lengthen_a_line(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Data in the source, as generated files have it."""
    at = data.rfind(b"\n", 0, _offset(rng, data)) + 1
    item = rng.choice((b"1, ", b"'port', ", b"uvicorn.x, ", b"{'port': 8000}, "))
    return data[:at] + b"DATA = [" + item * rng.choice((100, 3000)) + b"]\n" + data[at:]


def wrap_in_blocks(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    depth = rng.choice((1, 3, 30))
    head = rng.choice(
        (b"if x:\n", b"def f():\n", b"class A:\n", b"try:\n", b"async def g():\n", b"while 1:\n")
    )
    blocks = b"".join(b" " * level + head for level in range(depth))
    return blocks + b"".join(b" " * depth + line for line in _lines(data))


MUTATIONS: tuple[Mutation, ...] = (
    *(cut_short, cut_out, put_in, put_in_before_a_word, change_a_byte, double, rename),
    *(cut_out, put_in, put_in_before_a_word, rename, drop_lines, drop_lines, move_lines, move_lines),
    *(indent, outdent, leave_a_merge, splice, append, other_newlines, mixed_newlines, tabs),
    *(start_otherwise, no_last_newline, nest_deeply, lengthen_a_line, wrap_in_blocks),
)
