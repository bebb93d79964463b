"""A debugger that listens in the worker: debugpy, from the user's environment."""

from __future__ import annotations

import os
from typing import Any

from .channel import Channel


class DebuggerMissingError(Exception):
    """debugpy is not installed in this interpreter."""


def listen(channel: Channel, request: dict[str, Any]) -> None:
    """Let a client attach, on loopback only. request: port, wait (whether to wait for the client)."""
    # It would warn that the standard library's modules have no source lines to stop at.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        import debugpy  # noqa: PLC0415  (only where it is asked for)
    except ImportError as error:
        raise DebuggerMissingError(str(error)) from None
    # The engine's own processes are not what is debugged, and starting them must not change.
    debugpy.configure(subProcess=False)
    host, port = debugpy.listen(("127.0.0.1", int(request["port"])))
    channel.send("debugging", host=host, port=port, waits=bool(request["wait"]))
    if request["wait"]:
        debugpy.wait_for_client()
