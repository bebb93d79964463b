"""Open connections change hands between two generations of a server.

A client that keeps its connection would either get one more answer from the
old code, or lose a request that it sends just as the old server closes. So the
socket of a connection that waits for its next request is given to the new
server. Where the old one has already read that request, the bytes go with it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

HandOn = Callable[[int, bytes], None]
"""Takes a descriptor, which it does not keep, and what was read of the next request."""


def release(server: Any, hand_on: HandOn) -> None:
    """Give away each connection between two requests, and each of the others when its next request comes."""
    for protocol in list(server.server_state.connections):
        transport = getattr(protocol, "transport", None)
        if transport is None or transport.is_closing() or not _is_plain_http(protocol, transport):
            continue
        if _is_idle(protocol):
            _release(protocol, b"", hand_on)
        else:
            _guard(protocol, hand_on)


def is_answering(server: Any) -> bool:
    """Whether an answer is still under way on a connection that could be given away after it."""
    protocols = [
        one for one in server.server_state.connections if getattr(one, "transport", None) is not None
    ]
    open_ones = [one for one in protocols if not one.transport.is_closing()]
    return any(_is_plain_http(one, one.transport) and not _is_idle(one) for one in open_ones)


def _is_plain_http(protocol: Any, transport: Any) -> bool:
    """Whether it speaks HTTP/1.1 unencrypted: TLS and WebSockets have a state that can't be given away."""
    has_timer = hasattr(protocol, "timeout_keep_alive_task")
    return has_timer and hasattr(protocol, "cycle") and transport.get_extra_info("sslcontext") is None


def _is_idle(protocol: Any) -> bool:
    """Whether nothing of a request has been read and nothing of an answer is left to write."""
    if protocol.transport.get_write_buffer_size():
        return False
    # uvicorn has a keep-alive timer running exactly while it waits for the next request.
    return protocol.timeout_keep_alive_task is not None or _is_fresh(protocol)


def _is_fresh(protocol: Any) -> bool:
    """Whether not a byte of its first request has been read."""
    if protocol.cycle is not None or getattr(protocol, "headers", ()) is not None:
        return False
    parser = getattr(protocol, "conn", None)
    return parser is None or not parser.trailing_data[0]


def _guard(protocol: Any, hand_on: HandOn) -> None:
    """What comes while a request is in progress belongs to it; what comes after it is for the new code."""
    if "data_received" in vars(protocol):
        return
    original = protocol.data_received

    def data_received(data: bytes) -> None:
        if not protocol.transport.is_closing() and _is_idle(protocol) and _release(protocol, data, hand_on):
            return
        original(data)

    protocol.data_received = data_received
    protocol.transport.set_protocol(protocol)  # uvloop looks its methods up once


def _release(protocol: Any, data: bytes, hand_on: HandOn) -> bool:
    transport = protocol.transport
    connection = transport.get_extra_info("socket")
    if connection is None:
        return False
    try:
        transport.pause_reading()
        descriptor = os.dup(connection.fileno())
    except (OSError, RuntimeError, ValueError):
        return False
    hand_on(descriptor, data)
    os.close(descriptor)
    # close() closes this process's descriptor only: the connection lives on in the other.
    transport.close()
    return True


async def adopt(server: Any, connection: socket.socket, data: bytes) -> None:
    """Serve this connection as if it had been accepted here, and `data` had just come."""
    loop = asyncio.get_running_loop()
    config = server.config

    def make() -> Any:
        return config.http_protocol_class(
            config=config, server_state=server.server_state, app_state=server.lifespan.state, _loop=loop
        )

    connection.setblocking(False)
    protocol: Any | None = None
    try:
        _, protocol = await loop.connect_accepted_socket(make, connection, ssl=config.ssl)
    except OSError:
        connection.close()
    if data and protocol is not None:
        protocol.data_received(data)
