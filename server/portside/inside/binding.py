"""Has whatever binds the held port in this process get the held socket, whichever library it is.

`socket.socket.bind` is where hypercorn, gunicorn, aiohttp, Flask, tornado, vLLM and
http.server all come through. The descriptor under the caller's socket object is
replaced by the held one, so nothing else about the object changes. A server begins to
serve when it calls `listen`: that is held until the supervisor lets it in. (vLLM only
binds, minutes before uvicorn listens: nothing is said about that.)

uvloop and uvicorn do not come through here: see hook.py.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import types
from typing import Any

from . import modules
from .channel import Channel
from .hold import Hold
from .patching import on_import

_REPORT_S = 0.25


def install(hold: Hold, channel: Channel) -> None:
    """From now on a bind of the held port succeeds with the held socket."""
    socket_class: Any = socket.socket
    plain_bind, plain_listen = socket_class.bind, socket_class.listen
    plain_getsockopt = socket_class.getsockopt
    server = PlainServer(hold, channel)

    def bind(self: socket.socket, address: Any, /) -> None:
        listener = hold.listener_for(self, address)
        if listener is None:
            plain_bind(self, address)
            return
        os.dup2(listener.fileno(), self.fileno(), inheritable=self.get_inheritable())

    def listen(self: socket.socket, *arguments: Any) -> None:
        if not hold.is_taken and hold.owns(self):
            server.take()
            # Whether it blocks is a matter of the open file, which the supervisor shares.
            self.settimeout(self.gettimeout())
        plain_listen(self, *arguments)

    def getsockopt(self: socket.socket, level: int, option: int, *size: int) -> Any:
        # gunicorn does not call listen() on a socket that listens.
        asks = level == socket.SOL_SOCKET and option == getattr(socket, "SO_ACCEPTCONN", None)
        if asks and not hold.is_taken and hold.owns(self):
            return 0
        return plain_getsockopt(self, level, option, *size)

    socket_class.bind = bind
    socket_class.listen = listen
    socket_class.getsockopt = getsockopt
    _watch_spawning(hold, server)


def _watch_spawning(hold: Hold, server: PlainServer) -> None:
    """A socket that goes to a spawned child will be listened on there: hypercorn, several API servers."""

    def patch(module: types.ModuleType) -> None:
        popen: Any = module.Popen
        plain = popen.duplicate_for_child

        def duplicate_for_child(self: Any, descriptor: int) -> Any:
            if not hold.is_taken and hold.owns(descriptor):
                server.take()
            return plain(self, descriptor)

        popen.duplicate_for_child = duplicate_for_child

    on_import({"multiprocessing.popen_spawn_posix": patch, "multiprocessing.popen_forkserver": patch})


class PlainServer:
    """A server of which we know that it listens, and no more."""

    def __init__(self, hold: Hold, channel: Channel) -> None:
        self._hold = hold
        self._channel = channel

    def take(self) -> None:
        """Returns once the supervisor lets it accept; raises KeyboardInterrupt if it never does."""
        if self._hold.learner is not None:
            self._hold.learner.settle()
        self._hold.take()
        self._channel.send("loaded", status=None, plain=True, **modules.report())
        while True:
            message = self._channel.wait()
            if message is None or message.event == "stop":
                raise KeyboardInterrupt
            if message.event == "go":
                break
        self._hold.is_served = True
        self._channel.send("serving", tls=False, plain=True, pid=os.getpid())
        if self._hold.learner is not None:
            self._channel.send("learnt", **self._hold.learner.recipe())
        self._start_reporting()
        # gunicorn imports the app in its forked workers: those tell what they have imported.
        os.register_at_fork(after_in_child=self._start_reporting)

    def _start_reporting(self) -> None:
        # The interpreter may be on its way out.
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=self._report_on, name="portside", daemon=True).start()

    def _report_on(self) -> None:
        """What it imports from now on. It is spoken to by signals: the channel is not read here."""
        pause = threading.Event()
        known = 0
        while self._hold.is_served and not self._channel.is_over:
            known = self._report(known)
            pause.wait(_REPORT_S)

    def _report(self, known: int) -> int:
        count = modules.count()
        if count != known:
            self._channel.send("modules", **modules.report())
        return count
