"""The dev server's end of the conversation with `portside debug-adapter`, which has started it.

Over a Unix socket in a folder of the user's alone, in lines of JSON:

    from here    hello with a pid, where to connect to being asked; then each event of the console
    to here      debug with port and library; restart; detach
    the end      the debugger is gone, and the server was its: it stops. After detach it goes on.
"""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Callable, Mapping
from typing import Any

from portside.devserver import events
from portside.devserver.planning.plan import Debug
from portside.devserver.workers.fleet import Fleet
from portside.inside.channel import Channel

_ANSWER_S = 30.0


class DebugLink:
    """Raises OSError where nobody listens."""

    def __init__(self, path: str) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(_ANSWER_S)
        sock.connect(path)
        sock.settimeout(None)
        self._channel = Channel(sock)
        self._stays = False

    def ask(self, pid: int) -> Debug | None:
        """What the workers have to connect to; None: they are to run without. Raises OSError."""
        self._channel.send("hello", pid=pid)
        answer = self._channel.wait_for("debug", _ANSWER_S)
        if answer is None:
            raise TimeoutError(errno.ETIMEDOUT, "it does not answer")
        if not answer.fields["port"]:
            return None
        return Debug(int(answer.fields["port"]), connects=True, library=answer.fields.get("library"))

    def tell(self, event: str, fields: Mapping[str, Any]) -> None:
        """An event of the console."""
        if not self._stays:
            self._channel.send("console", name=event, fields=dict(fields))

    def follow(
        self, selector: selectors.BaseSelector, fleet: Fleet, post: Callable[[events.Event], None]
    ) -> None:
        """Obey what comes from now on, within somebody else's loop."""

        def on_readable() -> None:
            messages = self._channel.receive()
            for message in messages or []:
                if message.event == "restart":
                    post(events.RestartRequested())
                elif message.event == "detach":
                    self._stays, fleet.debug = True, None
            if messages is None:
                selector.unregister(self._channel)
                self._channel.close()
                fleet.debug = None
                if not self._stays:
                    post(events.StopRequested())

        selector.register(self._channel, selectors.EVENT_READ, on_readable)
