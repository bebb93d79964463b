"""Whether the app answers: asked in-process before the switch, over the socket after it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from .channel import Channel

PATH = "/health"
HEADER = b"x-portside-probe"
_TIMEOUT_S = 5.0
_clients: set[str] = set()


async def ask_in_process(server: Any) -> int | None:
    """The app's answer to one request, as a status; None if it gave none (an error, a timeout)."""
    config = server.config
    if not config.loaded or config.interface == "wsgi":
        return None
    answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await asyncio.sleep(_TIMEOUT_S)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not answered.done():
            answered.set_result(int(message["status"]))

    call = asyncio.ensure_future(config.loaded_app(_scope(server), receive, send))
    await asyncio.wait({call, answered}, timeout=_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
    if not call.done():
        # The rest of the body, a background task: they may take the moment they need.
        await asyncio.wait({call}, timeout=0.5)
    if not call.done():
        call.cancel()
    with contextlib.suppress(BaseException):
        await call
    return answered.result() if answered.done() else None


def _scope(server: Any) -> dict[str, Any]:
    config = server.config
    return {
        "type": "http",
        "asgi": {"version": config.asgi_version, "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https" if config.ssl else "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": config.root_path,
        "headers": [(b"host", b"localhost"), (b"user-agent", b"portside"), (b"accept", b"*/*")],
        "client": ("127.0.0.1", 0),
        "server": (config.host, config.port),
        "state": dict(getattr(server.lifespan, "state", {})),
    }


def watch(config: Any, channel: Channel, *, spares_app: bool = False) -> None:
    """Tell the supervisor when its probe has been answered here: `answered(token, status)`.

    The app is wrapped until then, and no longer. spares_app: the wrapper answers in its place.
    """
    app = config.loaded_app

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        token = _token(scope)
        if token is None:
            await app(scope, receive, send)
            return
        if scope.get("client"):
            _clients.add("{}:{}".format(*scope["client"]))
        if spares_app:
            config.loaded_app = app
            channel.send("answered", token=token, status=204)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def telling(message: Any) -> None:
            if message["type"] == "http.response.start":
                status = int(message["status"])
                if status < 500:
                    config.loaded_app = app
                channel.send("answered", token=token, status=status)
            await send(message)

        await app(scope, receive, telling)

    config.loaded_app = watching


def _token(scope: Any) -> str | None:
    if scope["type"] != "http":
        return None
    for name, value in scope["headers"]:
        if name == HEADER:
            return str(value.decode("latin-1"))
    return None


def hide_from_access_log() -> None:
    """The supervisor's own requests are not the user's traffic."""

    def keep(record: logging.LogRecord) -> bool:
        arguments = record.args
        return not (isinstance(arguments, tuple) and arguments and arguments[0] in _clients)

    logging.getLogger("uvicorn.access").addFilter(keep)
