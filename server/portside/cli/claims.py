"""Work that several processes share: each takes the next piece when it has time for one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

_NUMBER_BYTES = 4
# What a pipe holds on every system.
MOST = 4096 // _NUMBER_BYTES


class Claims:
    """The numbers below `count`, for whoever asks first: this process, or a copy of it made later.

    They wait in a pipe, from which the kernel gives each to one reader. count: no more than `MOST`.
    """

    def __init__(self, count: int) -> None:
        assert count <= MOST
        self._reader, writer = os.pipe()
        os.write(writer, b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in range(count)))
        os.close(writer)

    def close(self) -> None:
        os.close(self._reader)

    def __iter__(self) -> Iterator[int]:
        while (number := self.next()) is not None:
            yield number

    def left(self) -> int:
        """How many nobody has taken yet. For systems that can copy a process."""
        import fcntl
        import termios

        waiting = fcntl.ioctl(self._reader, termios.FIONREAD, bytes(_NUMBER_BYTES))
        return int.from_bytes(waiting, sys.byteorder) // _NUMBER_BYTES

    def next(self) -> int | None:
        """The next one, which then is this process' own; None when all are taken."""
        data = os.read(self._reader, _NUMBER_BYTES)
        return int.from_bytes(data, "big") if data else None


def pieces(count: int, least: int = 1) -> list[range]:
    """So many things in pieces that can all be claimed, each of at least so many.

    Small ones, so that all who take some end at the same time.
    """
    size = max(least, -(-count // MOST))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]
