"""One server of the user's on the supervisor's socket: loaded, switched in, quiet, stopped.

    loaded    lifespan complete, a request answered in-process; nothing accepted yet
    serving   `go` came: accepts on the held socket
    quiet     `quiet` came: accepts nothing more, hands on idle connections,
              answers what it has with `connection: close`
    stopped   `retire` or `stop` came

All of it runs in the event loop of the user's server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from . import handover, modules, probe
from .channel import Channel, Message
from .hold import Hold

RETIRE_GRACE_S = 0.25
"""How long a quiet server waits for what was accepted but not read yet. Without it fresh requests fail."""

_POLL_S = 0.25


class Serving:
    """What this worker does with the socket. One server of the process takes it, the first."""

    def __init__(self, channel: Channel, hold: Hold, *, debugged: bool = False) -> None:
        self._channel = channel
        self._hold = hold
        self._debugged = debugged
        self._server: Any = None
        self._config: Any = None
        self._noted = False
        self._go: asyncio.Event
        self._tasks: list[asyncio.Future[Any]] = []
        self._adopted: list[tuple[socket.socket, bytes]] = []
        self.started = False
        self._retiring = False

    # -- what the hooks ask ------------------------------------------------------------

    def takes(self, config: Any, sockets: Sequence[socket.socket] | None = None) -> bool:
        """Whether this configuration's server is the one that gets the socket.

        sockets: what it was given to serve on. Others than ours are its own affair.
        """
        if self._config is None and self._is_for_us(config, sockets or ()):
            self._hold.take()
            self._config = config
        return self._config is config and self._hold.is_taken_here

    def _is_for_us(self, config: Any, sockets: Sequence[socket.socket]) -> bool:
        given = [*sockets, *([config.fd] if config.fd is not None else [])]
        if (
            given
        ):  # vLLM up to 0.6.6 passes the descriptor of the socket that it has bound, later ones the socket
            return not self._hold.is_taken and any(map(self._hold.owns, given))
        return config.uds is None and self._hold.offers(config.host, config.port)

    def is_about(self, host: Any, port: int) -> bool:
        """Whether a server at this address, made without uvicorn, is the one."""
        hold = self._hold
        return isinstance(host, str) and bool(hold.listeners) and not hold.is_taken and port == hold.port

    def bound_socket(self) -> socket.socket:
        """For a program that binds first and serves later."""
        return self._hold.listeners[0].dup()

    def configure(self, config: Any) -> None:
        """One process, reloaded by the dev server: not by uvicorn, and not several."""
        if (config.reload or config.workers > 1) and not self._noted:
            self._noted = True
            what = "reload" if config.reload else f"workers={config.workers}"
            self._channel.send(
                "note", text=f"uvicorn's {what} is left aside: the dev server reloads, with one worker"
            )
        config.reload = False
        config.workers = 1

    async def start(self, server: Any, original: Callable[..., Awaitable[None]]) -> None:
        """Uvicorn's own startup, held between the lifespan and the first accept until `go`."""
        if self._hold.learner is not None:
            self._hold.learner.settle()
        self._server = server
        self._go = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel.fileno(), self._on_readable)
        lifespan_startup = server.lifespan.startup

        async def startup_then_wait() -> None:
            await lifespan_startup()
            if not server.lifespan.should_exit:
                await self._loaded()

        server.lifespan.startup = startup_then_wait
        if threading.current_thread() is not threading.main_thread():
            _end_the_program_after(server)
        own = [listener.dup() for listener in self._hold.listeners]
        await original(server, sockets=own)
        if not server.started or server.lifespan.should_exit:
            return
        self._started()

    # -- steps -------------------------------------------------------------------------

    async def _loaded(self) -> None:
        server = self._server
        probe.hide_from_access_log()
        # A question of ours would be held at the user's breakpoints.
        status = None if self._debugged else await probe.ask_in_process(server)
        self._channel.send("loaded", status=status, **modules.report())
        for message in self._channel.drain():
            self._on_message(message)
        while not self._go.is_set():
            if server.should_exit:
                await server.lifespan.shutdown()
                raise SystemExit(0)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._go.wait(), _POLL_S)
        # Adopted connections are answered like accepted ones; uvicorn's dates them in its main loop.
        probe.watch(server.config, self._channel, spares_app=self._debugged)

    def _started(self) -> None:
        server = self._server
        self.started = True
        # uvloop reports a server whose listen() failed as serving, without sockets (0.19 to 0.23).
        deaf = any(None in (listener.sockets or [None]) for listener in server.servers)
        if deaf:
            self._channel.send("failed", message="the event loop is not listening", detail="", fatal=False)
            server.should_exit = True
            return
        config = server.config
        self._channel.send(
            "serving",
            tls=bool(config.ssl),
            certificate=config.ssl_certfile and os.fspath(config.ssl_certfile),
            key=config.ssl_keyfile and os.fspath(config.ssl_keyfile),
            pid=os.getpid(),
        )
        adopted, self._adopted = self._adopted, []
        for connection, data in adopted:
            self._adopt(connection, data)
        self._tasks.append(asyncio.ensure_future(self._tell_modules()))

    async def _tell_modules(self) -> None:
        """New modules that the app imports as it runs are watched from then on."""
        known = len(sys.modules)
        await asyncio.sleep(_POLL_S)  # nobody waits for this, and some wait to be answered
        if self._hold.learner is not None:
            self._channel.send("learnt", **self._hold.learner.recipe())
        while not self._server.should_exit:
            await asyncio.sleep(_POLL_S)
            if len(sys.modules) != known:
                known = len(sys.modules)
                self._channel.send("modules", **modules.report())

    def _on_readable(self) -> None:
        messages = self._channel.receive()
        if messages is None:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._server.should_exit = True
            return
        for message in messages:
            self._on_message(message)

    def _on_message(self, message: Message) -> None:
        event = message.event
        if event == "adopt":
            data = str(message.fields.get("data", "")).encode("latin-1")
            self._receive_connections(message.fds, data)
        elif event == "go":
            self._go.set()
        elif event == "quiet":
            self._tasks.append(asyncio.ensure_future(self._quiet()))
        elif event == "retire":
            self._tasks.append(asyncio.ensure_future(self._retire()))
        elif event == "stop":
            self._server.should_exit = True

    async def _quiet(self) -> None:
        server = self._server
        for listener in server.servers:
            listener.close()
        # uvicorn rebuilds default_headers from the encoded ones every second.
        closing = (b"connection", b"close")
        server.config.encoded_headers.append(closing)
        server.server_state.default_headers = [*server.server_state.default_headers, closing]
        self._hand_over()
        self._channel.send("quiet")

    def _hand_over(self) -> None:
        """Idle connections go on with the new generation: none is cut, none answered by old code."""
        handover.release(self._server, self._hand_on)

    def _hand_on(self, descriptor: int, data: bytes) -> None:
        self._channel.send("idle", fds=[descriptor], data=data.decode("latin-1"))

    async def _retire(self) -> None:
        if self._retiring:
            return
        self._retiring = True
        began = time.monotonic()
        while self._is_needed(time.monotonic() - began):
            await asyncio.sleep(RETIRE_GRACE_S / 10)
            self._hand_over()  # also what had been accepted before, and came to be only now
        self._channel.send("retiring", open=len(self._server.server_state.connections))
        self._server.should_exit = True

    def _is_needed(self, seconds: float) -> bool:
        """Whether there may be a connection to give away. seconds: since it was told to go.

        An answer that began before has promised its client that the connection stays. uvicorn closes it once
        it shuts down, and what the client sends at that moment would be lost.
        """
        if self._server.should_exit or seconds < RETIRE_GRACE_S:
            return not self._server.should_exit
        longest = getattr(self._config, "timeout_graceful_shutdown", None)  # uvicorn 0.22
        return handover.is_answering(self._server) and (longest is None or seconds < longest)

    def _receive_connections(self, descriptors: list[int], data: bytes) -> None:
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            if self.started:
                self._adopt(connection, data)
            else:
                self._adopted.append((connection, data))

    def _adopt(self, connection: socket.socket, data: bytes) -> None:
        self._tasks.append(asyncio.ensure_future(handover.adopt(self._server, connection, data)))


def _end_the_program_after(server: Any) -> None:
    """A server in a thread of the program: its end is not the program's, which Ctrl-C would have ended."""
    plain_shutdown = server.shutdown

    async def shutdown(sockets: list[socket.socket] | None = None) -> None:
        await plain_shutdown(sockets=sockets)
        os.kill(os.getpid(), signal.SIGINT)

    server.shutdown = shutdown
