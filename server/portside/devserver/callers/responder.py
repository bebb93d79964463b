"""Answers on the held socket while no generation of the app can: 503, what is going on, come back.

It takes connections only once requests have waited for a while, and gives those
that it has not answered to the worker when that is ready.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from portside.devserver.callers.loading_answer import Progress, answer

_TLS_HANDSHAKE = 0x16
_LONGEST_HEAD = 65536
_LINGER_S = 1.0
# Handshakes at a time: each has a thread, and clients that only connect must not pile up.
_MOST_ENCRYPTED = 32
_ENCRYPTED_TIMEOUT_S = 5.0


class Responder:
    """One thread, from `start` to `stop`.

    describe: what an answer says. encryption: of the server that this stands in for; None where it
    has none, or where nobody knows yet.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        describe: Callable[[], Progress],
        encryption: ssl.SSLContext | None = None,
    ) -> None:
        self._listeners = listeners
        self._describe = describe
        self.encryption = encryption
        self._thread: threading.Thread | None = None
        self._stopping, self._wakeup = socket.socketpair()
        self._held: list[socket.socket] = []

    def start(self, patience_s: float) -> None:
        """Let requests wait for `patience_s`, then answer them."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(patience_s,), daemon=True)
            self._thread.start()

    def answer_at(self, listeners: Sequence[socket.socket]) -> None:
        """From the next `start` on."""
        self._listeners = listeners

    def stop(self) -> list[socket.socket]:
        """Connections that were taken and not answered; the caller owns them."""
        if self._thread is not None:
            self._wakeup.send(b".")
            self._thread.join()
            self._stopping.recv(64)
            self._thread = None
        held, self._held = self._held, []
        return held

    def close(self) -> None:
        """Stop for good."""
        for sock in (*self.stop(), self._stopping, self._wakeup):
            sock.close()

    def _run(self, patience_s: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stopping, selectors.EVENT_READ)
            if selector.select(patience_s):
                return
            for listener in self._listeners:
                listener.setblocking(False)  # the server before us may have wanted it otherwise
                selector.register(listener, selectors.EVENT_READ, "listener")
            _Round(selector, self._held, self._describe, self.encryption).run(self._stopping)


class _Round:
    """The connections of one period of answering. Those being read are in `reading`."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        held: list[socket.socket],
        describe: Callable[[], Progress],
        encryption: ssl.SSLContext | None,
    ) -> None:
        self._selector = selector
        self._held = held
        self._describe = describe
        self._encryption = encryption
        self._encrypted = threading.BoundedSemaphore(_MOST_ENCRYPTED)
        self._reading: set[socket.socket] = set()
        self._lingering: dict[socket.socket, float] = {}

    def run(self, stopping: socket.socket) -> None:
        while True:
            for key, _ in self._selector.select(0.2):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock is stopping:
                    return self._finish()
                if key.data == "listener":
                    self._accept(sock)
                elif sock in self._lingering:
                    self._drain(sock)
                else:
                    self._read(sock)
            self._drop(time.monotonic())

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            sock, _ = listener.accept()
            sock.setblocking(False)
            self._reading.add(sock)
            self._selector.register(sock, selectors.EVENT_READ)

    def _read(self, sock: socket.socket) -> None:
        """Look without taking: what is not answered here must still be whole for the worker."""
        try:
            data = sock.recv(_LONGEST_HEAD, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(sock)
            sock.close()
        elif data[0] == _TLS_HANDSHAKE:
            self._forget(sock)
            if self._encryption is None or not self._encrypted.acquire(blocking=False):
                self._held.append(sock)  # it waits for the worker, which has a certificate
            else:
                thread = threading.Thread(target=self._answer_encrypted, args=(sock, self._encryption))
                thread.daemon = True
                thread.start()
        elif b"\r\n\r\n" in data or len(data) == _LONGEST_HEAD:
            self._answer(sock, data)
        else:
            # Readable again only when there is more: what was looked at stays where it is.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)

    def _answer(self, sock: socket.socket, head: bytes) -> None:
        self._reading.discard(sock)
        try:
            sock.send(answer(head, self._describe()))
            # Closing with something unread would reset the connection under the answer.
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(sock)
            sock.close()
        else:
            self._lingering[sock] = time.monotonic() + _LINGER_S
            self._drain(sock)

    def _answer_encrypted(self, sock: socket.socket, encryption: ssl.SSLContext) -> None:
        """In a thread of its own: a handshake takes turns. What has begun is ended here, never handed on."""
        sock.settimeout(_ENCRYPTED_TIMEOUT_S)
        try:
            with encryption.wrap_socket(sock, server_side=True) as encrypted:
                self._answer_within(encrypted)
        except OSError:
            sock.close()
        finally:
            self._encrypted.release()

    def _answer_within(self, encrypted: ssl.SSLSocket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
            data = encrypted.recv(_LONGEST_HEAD)
            if not data:
                return
            head += data
        encrypted.sendall(answer(head, self._describe()))
        encrypted.unwrap()

    def _drain(self, sock: socket.socket) -> None:
        try:
            while sock.recv(_LONGEST_HEAD):
                pass
        except BlockingIOError:
            return
        except OSError:
            pass
        self._forget(sock)
        sock.close()

    def _drop(self, now: float) -> None:
        for sock in [sock for sock, until in self._lingering.items() if until < now]:
            self._forget(sock)
            sock.close()

    def _forget(self, sock: socket.socket) -> None:
        self._reading.discard(sock)
        self._lingering.pop(sock, None)
        with suppress(KeyError, ValueError):
            self._selector.unregister(sock)

    def _finish(self) -> None:
        for sock in self._reading:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            self._held.append(sock)
        for sock in self._lingering:
            self._drain_at_end(sock)

    def _drain_at_end(self, sock: socket.socket) -> None:
        with suppress(OSError):
            while sock.recv(_LONGEST_HEAD):
                pass
        sock.close()
