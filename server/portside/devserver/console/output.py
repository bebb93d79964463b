"""What workers print, on its way to the user and into the log of the run.

A thread of its own reads it: a terminal that is held (Ctrl-S) or a pipe that nobody
reads makes the worker wait, as it would without us, but never the supervisor.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import select
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

_CHUNK = 65536
_PIPE_SIZE = 1 << 20
_SETTLE_S = 1.0

Sink = Callable[[bytes, int], None]
"""Is given what was printed, and the descriptor of ours that it is meant for: 1 or 2."""


class Output:
    """show: brings it to the user. log: takes a copy; source numbers tell the streams apart.

    A source is known by a number of its own, never by its descriptor: that is closed as soon as its
    writers are gone, and may be another worker's by the time that somebody finishes with the source.
    """

    def __init__(self, show: Sink, log: Callable[[bytes, int], None] | None = None) -> None:
        self._show = show
        self._log = log
        self._selector = selectors.DefaultSelector()
        self._wakeup, receiving = socket.socketpair()
        self._wakeup.setblocking(False)
        receiving.setblocking(False)
        self._receiving = receiving
        self._selector.register(receiving, selectors.EVENT_READ)
        self._orders: deque[Callable[[], None]] = deque()
        self._numbers = itertools.count()
        self._descriptors: dict[int, int] = {}
        """Of the sources that are open; the thread's alone."""
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def open(self, target: int) -> tuple[int, int]:
        """A pipe: (where a worker writes, for the caller to close; the source that is read from now on).

        target: the descriptor of ours that it is shown on.
        """
        reading, writing = os.pipe()
        with suppress(OSError, AttributeError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        return writing, self.follow(reading, target)

    def follow(self, descriptor: int, target: int | None) -> int:
        """Show what comes out of this descriptor, which is ours to close from now on: a source.

        target: the descriptor of ours that it is shown on; None: it is read only.
        """
        source = next(self._numbers)

        def register() -> None:
            self._descriptors[source] = descriptor
            self._selector.register(descriptor, selectors.EVENT_READ, (source, target))

        self._order(register)
        return source

    def settle(self, sources: Sequence[int]) -> None:
        """Show what was printed in these so far. Returns when that is done, or takes too long."""
        done = threading.Event()

        def drain() -> None:
            for source in sources:
                while self._pass_on(source):
                    pass
            done.set()

        self._order(drain)
        done.wait(_SETTLE_S)

    def finish(self, sources: Sequence[int]) -> None:
        """Show what is left in these, and close them. Returns when that is done, or takes too long."""
        done = threading.Event()

        def drain() -> None:
            for source in sources:
                while self._pass_on(source):
                    pass
                self._close(source)
            done.set()

        self._order(drain)
        done.wait(_SETTLE_S)

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        with suppress(OSError):
            self._wakeup.send(b".")

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._receiving:
                    self._obey(self._receiving)
                else:
                    self._pass_on(key.data[0])

    def _obey(self, receiving: socket.socket) -> None:
        with suppress(BlockingIOError):
            receiving.recv(4096)
        while self._orders:
            self._orders.popleft()()

    def _pass_on(self, source: int) -> bool:
        """Whether there was something."""
        descriptor = self._descriptors.get(source)
        if descriptor is None:
            return False
        _, target = self._selector.get_key(descriptor).data
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(0):
            return False
        try:
            data = os.read(descriptor, _CHUNK)
        except OSError:  # a terminal whose other side everybody has closed
            data = b""
        if not data:
            self._close(source)
            return False
        if target is None:
            return True
        if self._log is not None:
            self._log(data, source)
        self._show(data, target)
        return True

    def _close(self, source: int) -> None:
        descriptor = self._descriptors.pop(source, None)
        if descriptor is not None:
            with suppress(KeyError, ValueError, OSError):
                self._selector.unregister(descriptor)
            with suppress(OSError):
                os.close(descriptor)


def write_through(data: bytes, target: int) -> None:
    """To our own descriptor, as it is. A reader that went away costs the text, not the server."""
    with suppress(OSError):
        while data:
            data = data[os.write(target, data) :]
