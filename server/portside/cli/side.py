"""Work beside this process, in a copy of it: that has all that is loaded, and starts at once."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import NoReturn

_HEADER_BYTES = 8
_READ_BYTES = 1 << 20


def can_work_beside() -> bool:
    """Whether there is another processor, and nothing in this process that a copy would break."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    return len(os.sched_getaffinity(0)) > 1


class Side:
    """A copy of this process that makes values, which come here in their order.

    encode, decode: how a value travels. over: whether no more will come; whoever needs all has to look
    whether the last one did: the copy may have been killed.
    """

    def __init__(
        self,
        make: Callable[[], Iterable[object]],
        encode: Callable[[object], bytes],
        decode: Callable[[bytes], object],
    ) -> None:
        self._decode = decode
        self._buffer = bytearray()
        self.over = False
        self._reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._reader)
            _work(make, encode, writer)
        os.close(writer)

    def __enter__(self) -> Side:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._reader)
        if not self.over:
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def received(self, *, wait: bool) -> list[object]:
        """What has come since the last call. wait: for at least one, or the end."""
        values: list[object] = []
        while not self.over and (select.select([self._reader], [], [], 0)[0] or (wait and not values)):
            data = os.read(self._reader, _READ_BYTES)
            self.over = not data
            self._buffer += data
            values += self._whole()
        return values

    def _whole(self) -> Iterable[object]:
        """The values in the buffer that are complete."""
        while len(self._buffer) >= _HEADER_BYTES:
            end = _HEADER_BYTES + int.from_bytes(self._buffer[:_HEADER_BYTES], "big")
            if len(self._buffer) < end:
                return
            value = self._decode(bytes(self._buffer[_HEADER_BYTES:end]))
            del self._buffer[:end]
            yield value


def _work(make: Callable[[], Iterable[object]], encode: Callable[[object], bytes], writer: int) -> NoReturn:
    """The life of the copy. Ends without what a process does at its end: that is for the original."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for value in make():
            data = encode(value)
            _write(writer, len(data).to_bytes(_HEADER_BYTES, "big") + data)
        code = 0
    finally:
        os._exit(code)


def _write(writer: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(writer, rest) :]
