"""Lines of JSON over a Unix socket, with file descriptors beside them.

How the supervisor, the guardian's keepers and the workers talk to each other.
A message is one object; `fds` in it counts the descriptors that travel with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

_CHUNK = 65536
_MAX_DESCRIPTORS = 64


class Message(NamedTuple):
    """What arrived. fields: the object. fds: now owned by the receiver, close-on-exec."""

    fields: dict[str, Any]
    fds: list[int]

    @property
    def event(self) -> str:
        return str(self.fields.get("event", ""))


class Channel:
    """One end of a conversation. Sending is safe from every thread, receiving from one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._bytes = b""
        self._fds: list[int] = []
        self._sending = threading.Lock()
        self._ready: list[Message] = []
        self.is_over = False
        """Whether the other side is gone."""

    def fileno(self) -> int:
        return self._sock.fileno()

    def set_nonblocking(self) -> None:
        """For reading what may not be there; `send` then may fail instead of waiting."""
        self._sock.setblocking(False)

    def close(self) -> None:
        self._sock.close()

    def hang_up(self) -> None:
        """End the conversation, also for a thread of ours that waits for what comes."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def send(self, event: str, fds: Sequence[int] = (), **fields: Any) -> bool:
        """Whether the other side was still there to be told."""
        data = json.dumps({"event": event, "fds": len(fds), **fields}).encode() + b"\n"
        with self._sending:
            try:
                sent = socket.send_fds(self._sock, [data], list(fds)) if fds else 0
                self._sock.sendall(data[sent:])
            except (OSError, ValueError) as error:
                self.is_over = self.is_over or isinstance(error, ConnectionError)
                return False
        return True

    def receive(self) -> list[Message] | None:
        """What has come, once the socket is readable; None when the other side is gone.

        Raises ValueError for what is no message: only who lets others connect has to expect it.
        """
        try:
            data, fds, _, _ = socket.recv_fds(self._sock, _CHUNK, _MAX_DESCRIPTORS)
        except BlockingIOError:
            return []
        except OSError:
            data, fds = b"", []
        for descriptor in fds:
            os.set_inheritable(descriptor, False)  # recv_fds takes no heed of MSG_CMSG_CLOEXEC
        self._fds += fds
        if not data:
            self.is_over = True
            return None
        self._bytes += data
        *lines, self._bytes = self._bytes.split(b"\n")
        return [self._parse(line) for line in lines]

    def wait(self, timeout_s: float | None = None) -> Message | None:
        """The next message; None at the end of the conversation or after `timeout_s`."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._ready:
            rest = None if end is None else max(0.0, end - time.monotonic())
            poll = select.poll()  # select.select() knows no descriptors above 1,023
            poll.register(self._sock, select.POLLIN)
            if not poll.poll(None if rest is None else int(rest * 1000) + 1):
                return None
            messages = self.receive()
            if messages is None:
                return None
            self._ready = messages
        return self._ready.pop(0)

    def wait_for(self, event: str, timeout_s: float | None = None) -> Message | None:
        """The next message of this kind; what came before it is kept for `drain`."""
        before: list[Message] = []
        while True:
            message = self.wait(timeout_s)
            if message is None or message.event == event:
                self._ready = before + self._ready
                return message
            before.append(message)

    def drain(self) -> list[Message]:
        """Messages that came together with one that `wait` returned."""
        messages, self._ready = self._ready, []
        return messages

    def _parse(self, line: bytes) -> Message:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise ValueError(f"no message: {line[:80]!r}")
        count = int(fields.get("fds", 0))
        fds, self._fds = self._fds[:count], self._fds[count:]
        return Message(fields, fds)


def from_descriptor(descriptor: int) -> Channel:
    """The channel at an inherited descriptor, which no child of ours shall inherit."""
    sock = socket.socket(fileno=descriptor)
    with contextlib.suppress(OSError):
        sock.set_inheritable(False)
    return Channel(sock)


def pair() -> tuple[Channel, socket.socket]:
    """Our end of a new conversation, and the socket to give to the other side."""
    ours, theirs = socket.socketpair()
    return Channel(ours), theirs
