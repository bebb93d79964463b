"""Asks a generation over the socket until it answers. Who answered is told by the worker, not by us."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from portside.inside import probe

USUAL_PATHS = ("/health", "/healthz", "/")
SILENCE_S = 10.0
_TIMEOUT_S = 5.0
_PAUSE_S = 0.5


class Prober:
    """One thread that asks until `stop`.

    token: what the worker recognises the request by. silent: is told, once, that nothing has
    answered for SILENCE_S: a server that says that it serves may be deaf, or blocked.
    """

    def __init__(
        self,
        listener: socket.socket,
        token: str,
        tls: bool,
        paths: Sequence[str],
        silent: Callable[[], None],
    ) -> None:
        self._address = _reachable(listener)
        self._family = listener.family
        self._token = token
        self._paths = paths
        self._silent = silent
        self._tls = tls
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        attempt, answered, began = 0, False, time.monotonic()
        while not self._stopped.is_set():
            with suppress(OSError):
                answered |= self._ask(self._paths[attempt % len(self._paths)])
            attempt += 1
            if not answered and time.monotonic() - began > SILENCE_S and not self._stopped.is_set():
                answered = True  # told once
                self._silent()
            self._stopped.wait(0.02 if attempt < len(self._paths) else _PAUSE_S)

    def _ask(self, path: str) -> bool:
        """Whether anything came back."""
        answered = False
        with socket.socket(self._family, socket.SOCK_STREAM) as plain:
            plain.settimeout(_TIMEOUT_S)
            plain.connect(self._address)
            with _encrypted(plain) if self._tls else plain as sock:
                sock.sendall(
                    f"GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: portside\r\naccept: */*\r\n"
                    f"{probe.HEADER.decode()}: {self._token}\r\nconnection: close\r\n\r\n".encode()
                )
                while sock.recv(65536) and not self._stopped.is_set():
                    answered = True
        return answered


def _encrypted(sock: socket.socket) -> ssl.SSLSocket:
    """The certificate of a server under development is whatever it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock, server_hostname="localhost")


def _reachable(listener: socket.socket) -> tuple[object, ...]:
    address: tuple[object, ...] = listener.getsockname()
    wildcard = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    return (wildcard.get(str(address[0]), address[0]), *address[1:])
