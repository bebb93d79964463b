"""Ports for servers under test, each given to one test alone."""

from __future__ import annotations

import random
import socket
import sys

# Below what the kernel itself gives away on any platform, above what servers are known for.
_LOW = range(20000, 32000, 4)
_reserved: list[socket.socket] = []


def free_port() -> int:
    while True:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
            if _reserve(port):
                return port


def low_port() -> int:
    """One that the kernel gives to nobody who asks for any. Like the three after it nobody has it, or had."""
    from portside.devserver.ports import sockets

    while True:
        port = random.choice(_LOW)
        if _reserve(port) and not any(sockets.at_port(port + more) for more in range(4)):
            return port


def _reserve(port: int) -> bool:
    """Whether no other test has it, in this process or another; it is kept until the process ends."""
    if not sys.platform.startswith("linux"):
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0portside-test-port-{port}")  # abstract: gone with the process
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def can_listen(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen()
        except OSError:
            return False
        return True


def is_listening(port: int) -> bool:
    """Whether somebody does. Unlike an attempt of our own this is in nobody's way."""
    from portside.devserver.ports import sockets

    return any(row.is_listening for row in sockets.at_port(port))
