"""Messages come whole from a pipe that gives them in pieces, or several at once."""

from __future__ import annotations

import io

import pytest

from portside.lsp.wire import Ahead, BrokenFraming, frame, read_body

BODIES = [b'{"id":1}', b"{}", b'{"text":"' + b"x" * 200_000 + b'"}', '{"ü":"\n"}'.encode()]


class Pipe(io.RawIOBase):
    """Gives so many bytes at most, whatever is asked for."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most = io.BytesIO(data), most
        self.reads = 0

    def read(self, size: int = -1, /) -> bytes:
        self.reads += 1
        return self._data.read(min(size, self._most) if size >= 0 else self._most)


@pytest.mark.parametrize("most", [1, 2, 7, 4096, 1 << 16, 1 << 30])
def test_each_message_comes_whole(most: int) -> None:
    ahead = Ahead(Pipe(b"".join(map(frame, BODIES)), most))
    assert [read_body(ahead) for _ in BODIES] == BODIES
    assert read_body(ahead) is None


def test_short_messages_take_one_read() -> None:
    pipe = Pipe(frame(BODIES[0]) + frame(BODIES[1]), 1 << 16)
    ahead = Ahead(pipe)
    assert (read_body(ahead), read_body(ahead), pipe.reads) == (BODIES[0], BODIES[1], 1)


@pytest.mark.parametrize("cut", [1, 5, 20, 24])
def test_a_message_that_breaks_off_is_none(cut: int) -> None:
    assert read_body(Ahead(Pipe(frame(b'{"id":1}')[:cut], 3))) is None


def test_what_nobody_sends_is_refused_before_it_is_read() -> None:
    with pytest.raises(BrokenFraming):
        read_body(Ahead(Pipe(b"Content-Length: 99999999999\r\n\r\n", 64)))
