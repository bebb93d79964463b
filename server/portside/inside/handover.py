"""Open connections change hands between two generations of a server.

A client that keeps its connection would either get one more answer from the
old code, or lose a request that it sends just as the old server closes. So the
socket of a connection that waits for its next request is given to the new
server, with whatever the client may have sent meanwhile still unread in it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any


def release_idle(server: Any) -> list[int]:
    """Descriptors of connections between two requests, taken from uvicorn; the caller closes them."""
    taken = []
    for protocol in list(server.server_state.connections):
        transport = getattr(protocol, "transport", None)
        if transport is None or transport.is_closing() or not _is_idle(protocol, transport):
            continue
        descriptor = _release(protocol, transport)
        if descriptor is not None:
            taken.append(descriptor)
    return taken


def _is_idle(protocol: Any, transport: Any) -> bool:
    """Whether nothing of a request has been read and nothing of an answer is left to write.

    uvicorn has a keep-alive timer running exactly while it waits for the next request.
    A TLS connection has state of its own and stays.
    """
    if getattr(protocol, "timeout_keep_alive_task", None) is None:
        return False
    if transport.get_extra_info("sslcontext") is not None:
        return False
    return not transport.get_write_buffer_size()


def _release(protocol: Any, transport: Any) -> int | None:
    connection = transport.get_extra_info("socket")
    if connection is None:
        return None
    try:
        transport.pause_reading()
        descriptor = os.dup(connection.fileno())
    except (OSError, RuntimeError, ValueError):
        return None
    # close() closes this process's descriptor only: the connection lives on in the other.
    transport.close()
    return descriptor


async def adopt(server: Any, connection: socket.socket) -> None:
    """Serve this connection as if it had been accepted here."""
    loop = asyncio.get_running_loop()
    config = server.config

    def protocol() -> Any:
        return config.http_protocol_class(
            config=config, server_state=server.server_state, app_state=server.lifespan.state, _loop=loop
        )

    connection.setblocking(False)
    try:
        await loop.connect_accepted_socket(protocol, connection, ssl=config.ssl)
    except OSError:
        connection.close()
