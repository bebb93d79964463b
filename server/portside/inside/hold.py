"""The supervisor's socket as this process sees it: which port it is, who in here gets it.

One server of the process takes it. That is the one that asks for its port; where
the port was not known beforehand, the first that asks for one of its own, and the
supervisor is told, which then holds that port instead.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable

from .channel import Channel
from .recipe import Learner

_ANSWER_S = 30.0
_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104
_ANYWHERE = frozenset({"", *_WILDCARDS, "localhost", "127.0.0.1", "::1"})


class Hold:
    """listeners: none, and port: None, while no port is held. aside: ports of the program's other servers."""

    def __init__(
        self, channel: Channel, listeners: list[socket.socket], port: int | None, aside: Iterable[int] = ()
    ) -> None:
        self._channel = channel
        self._aside = frozenset(aside)
        self._asking = threading.Lock()
        self._taken_in: int | None = None
        self.listeners = listeners
        self.port = port
        self.is_served = False
        """Whether a server that is not uvicorn accepts on it. Another one may take it after that one."""
        self.learner: Learner | None = None
        """Follows what the program imports, where that is wanted for the next one."""

    @property
    def is_taken(self) -> bool:
        return self._taken_in is not None

    @property
    def is_taken_here(self) -> bool:
        """False in a child that was forked off a process which had taken it."""
        return self._taken_in == os.getpid()

    @property
    def _is_to_be_had(self) -> bool:
        return bool(self.listeners) and (not self.is_taken or self.is_served)

    def take(self) -> None:
        self._taken_in = os.getpid()
        self.is_served = False

    def offers(self, host: str | None, port: int) -> bool:
        """Whether a server that asks for this address gets the socket. Effect: may change what is held."""
        if self._is_to_be_had and port == self.port and self._covers(host):
            return True
        if self.is_taken:
            return False
        return port not in self._aside and self._ask(host, port)

    def _covers(self, host: str | None) -> bool:
        """Whether who asks for this host gets no less than that with what is held."""
        own = {listener.getsockname()[0] for listener in self.listeners}
        return host not in _WILDCARDS or bool(own & _WILDCARDS)

    def _ask(self, host: str | None, port: int) -> bool:
        with self._asking:
            if not self._channel.send("asked", host=host, port=port):
                return False
            answer = self._channel.wait_for("held", _ANSWER_S)
            if answer is None or answer.fields["port"] is None:
                return False
            if answer.fds:
                self.listeners = [socket.socket(fileno=descriptor) for descriptor in answer.fds]
            self.port = int(answer.fields["port"])
            return bool(self.listeners)

    def give_up(self, why: str) -> None:
        """Have the supervisor let go of the port: somebody whom we can't give it to is going to bind it."""
        with self._asking:
            if self.is_taken or not self.listeners or not self._channel.send("yield", why=why):
                return
            self._channel.wait_for("yielded", _ANSWER_S)
            for listener in self.listeners:
                listener.close()
            self.listeners = []

    def listener_for(self, sock: socket.socket, address: object) -> socket.socket | None:
        """The held listener that stands for this bind; None where it is about another address."""
        if not self._is_to_be_had or not self._is_about_us(sock, address):
            return None
        for listener in self.listeners:
            if listener.family == sock.family and _listens_alike(listener, sock):
                return listener
        if sock.family == socket.AF_INET or sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            return None  # the other family's, which is nobody's
        self.give_up(f"the program binds port {self.port} in a way that the held socket can't stand for")
        return None

    def _is_about_us(self, sock: socket.socket, address: object) -> bool:
        if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
            return False
        if not isinstance(address, tuple) or len(address) < 2 or address[1] != self.port:
            return False
        own = {listener.getsockname()[0] for listener in self.listeners}
        return address[0] in _ANYWHERE or address[0] in own or bool(own & _WILDCARDS)

    def owns(self, sock: socket.socket | int) -> bool:
        """Whether this is a duplicate of a held listener."""
        try:
            inode = os.fstat(sock if isinstance(sock, int) else sock.fileno()).st_ino
            return any(os.fstat(listener.fileno()).st_ino == inode for listener in self.listeners)
        except OSError:
            return False


def _listens_alike(listener: socket.socket, sock: socket.socket) -> bool:
    """Not where the program means IPv4 and IPv6 in one socket, and the listener is for one of them."""
    if sock.family != socket.AF_INET6:
        return True
    only = socket.IPPROTO_IPV6, socket.IPV6_V6ONLY
    return listener.getsockopt(*only) == sock.getsockopt(*only) or listener.getsockname()[0] != "::"
