"""A debug session: what the editor asks for, carried out on the dev server and its generations."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from portside.devserver.debugging import framing, running, served, telling
from portside.devserver.debugging.breakpoints import SETTERS, Breakpoints
from portside.devserver.debugging.capabilities import CAPABILITIES, attach_arguments
from portside.devserver.debugging.client import Client
from portside.devserver.debugging.framing import Message
from portside.devserver.debugging.generations import Generations
from portside.devserver.debugging.identifiers import Identifiers
from portside.devserver.debugging.relay import Relay
from portside.devserver.debugging.served import Served
from portside.devserver.planning import debugpy_library, interpreter
from portside.devserver.registry import control
from portside.devserver.registry.registry import Record

_HELLO_S = 60.0
_STOP_S = 20.0
"""Until a dev server that was asked to stop is asked once more: longer than its own grace."""


class Session:
    """python: the interpreter of the app, unless the launch request names one."""

    def __init__(self, reader: asyncio.StreamReader, writer: framing.Writer, python: str | None) -> None:
        self._client = Client(reader, writer)
        self._python = python
        self._identifiers = Identifiers()
        self._breakpoints = Breakpoints()
        self._generations = Generations(
            self._client, self._identifiers, self._breakpoints, self._say_important
        )
        self._relay = Relay(self._generations.take)
        self._served: Served | None = None
        self._configured = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None
        self._stays = False
        self._attached_to: Record | None = None
        self._following: asyncio.Future[None] | None = None
        self._left = asyncio.Event()
        self._handlers: dict[str, Callable[[Message, Message], Coroutine[Any, Any, None]]] = {
            "initialize": self._initialize,
            "launch": self._launch,
            "attach": self._attach,
            "configurationDone": self._start_now,
            "threads": self._threads,
            "restart": self._restart,
            "terminate": self._terminate,
            "disconnect": self._disconnect,
        }

    async def run(self) -> None:
        """Until the editor has left; then nothing that the session has started is left, either."""
        await self._relay.open()
        talking = asyncio.ensure_future(self._client.serve(self._handle))
        leaving = asyncio.ensure_future(self._left.wait())
        await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not self._stays:
            await self._stop()
        await self._generations.close()
        self._relay.close()
        if self._served is not None:
            self._served.close()
        for task in (talking, leaving, self._following):
            if task is not None:
                task.cancel()

    def leave(self) -> None:
        """As if the editor had left: `run` ends what there is, and itself."""
        self._left.set()

    async def _handle(self, request: Message) -> None:
        command, arguments = request["command"], request.get("arguments") or {}
        try:
            if command in SETTERS:
                await self._set(request, command, arguments)
            elif command in self._handlers:
                await self._handlers[command](request, arguments)
            else:
                await self._forward(request, command, arguments)
        except Exception as error:  # a bug of ours is not to leave the editor waiting
            self._client.refuse(request, f"{command}: {type(error).__name__}: {error}")
            raise

    # -- the beginning -----------------------------------------------------------------

    async def _initialize(self, request: Message, arguments: Message) -> None:
        self._client.offers = arguments
        self._client.respond(request, CAPABILITIES)

    async def _attach(self, request: Message, arguments: Message) -> None:
        """To a dev server that somebody started with `--debug`. It is never stopped from here."""
        word, folder = arguments.get("server"), Path(arguments.get("cwd") or os.getcwd())
        try:
            record = await asyncio.to_thread(running.find, str(word) if word else None, folder)
        except running.NotFoundError as error:
            self._client.refuse(request, str(error))
            return
        self._stays, self._attached_to = True, record
        self._client.tell("initialized")
        await self._configured.wait()
        self._client.respond(request)
        self._following = asyncio.ensure_future(self._follow(record, arguments))

    async def _follow(self, record: Record, arguments: Message) -> None:
        assert record.debug_port is not None
        given = {**attach_arguments(arguments), "justMyCode": arguments.get("justMyCode", True)}
        await self._generations.follow(record.debug_port, given, record.is_running)
        self._client.tell("terminated")

    async def _start_now(self, request: Message, _: Message) -> None:
        self._configured.set()
        self._client.respond(request)

    async def _launch(self, request: Message, arguments: Message) -> None:
        if not sys.platform.startswith("linux"):
            self._client.refuse(request, telling.LINUX_ONLY)
            return
        folder = Path(arguments.get("cwd") or os.getcwd())
        chosen = arguments.get("python") or self._python
        answer: dict[str, Any] = {"port": 0, "library": None}
        if not arguments.get("noDebug"):
            python = interpreter.find(chosen, folder)
            library = await asyncio.to_thread(debugpy_library.find, python)
            if library is None:
                path = python.path if python else "python3"
                self._client.tell("portsideDebugpyMissing", {"python": path})
                self._client.refuse(request, telling.missing(path))
                return
            self._generations.begin(library.adapter, attach_arguments(arguments))
            answer = {"port": self._relay.port, "library": library.folder}
        self._client.tell("initialized")
        await self._configured.wait()
        made = Served(answer, self._on_console, self._on_output)
        await made.listen()
        if self._stopping is not None:
            made.close()
            self._client.refuse(request, telling.NOT_BEGUN, showUser=False)
            self._client.tell("terminated")
            return
        self._served = made
        trouble = await self._start(made, arguments, chosen, str(folder))
        if trouble is not None:
            self._client.refuse(request, trouble)
        else:
            self._client.respond(request)

    async def _start(self, made: Served, arguments: Message, python: str | None, folder: str) -> str | None:
        """Why the dev server could not be started; None once it runs."""
        words = served.command(arguments, python, made.socket)
        environment = {key: str(value) for key, value in (arguments.get("env") or {}).items()}
        in_terminal = arguments.get("console") != "internalConsole"
        try:
            if in_terminal and self._client.offers.get("supportsRunInTerminalRequest"):
                await self._run_in_terminal(words, folder, environment, arguments)
            else:
                await made.spawn(words, folder, environment)
        except OSError as error:
            return f"portside serve could not be started: {error.strerror or error}"
        self._stopping_when_over(made)
        return None

    async def _run_in_terminal(
        self, words: list[str], folder: str, environment: Mapping[str, str], arguments: Message
    ) -> None:
        kind = "external" if arguments.get("console") == "externalTerminal" else "integrated"
        title = f"Debug {arguments.get('target') or 'dev server'}"
        asked = {"kind": kind, "title": title, "cwd": folder, "args": words, "env": dict(environment)}
        response = await self._client.ask("runInTerminal", asked)
        if not response.get("success"):
            raise OSError(0, f"the editor opened no terminal: {response.get('message')}")

    def _stopping_when_over(self, made: Served) -> None:
        async def watch() -> None:
            await asyncio.wait({made.ended}, timeout=_HELLO_S)
            if not made.is_there and not made.ended.done():
                self._say_important(telling.SILENT)
            await made.ended
            if not self._stays:
                self._client.tell("exited", {"exitCode": made.code or 0})
                self._client.tell("terminated")

        self._watching = asyncio.ensure_future(watch())

    # -- what is about the generations -------------------------------------------------

    async def _set(self, request: Message, command: str, arguments: Message) -> None:
        numbers = self._breakpoints.keep(command, arguments)
        pending = self._breakpoints.pending(numbers, arguments)
        body = None if command == "setExceptionBreakpoints" else {"breakpoints": pending}
        for backend in self._generations.with_breakpoints():
            response = await backend.request(command, arguments)
            placed = self._breakpoints.placed(backend.number, numbers, response)
            if body is not None and len(placed) == len(numbers):
                body = {"breakpoints": placed}  # the newest one's, which comes last
        self._client.respond(request, body)

    async def _threads(self, request: Message, _: Message) -> None:
        threads: list[Message] = []
        for backend in self._generations:
            response = await backend.request("threads", None)
            told = self._identifiers.outgoing(backend.number, response.get("body") or {}, "threads")
            threads += told.get("threads") or []
        self._client.respond(request, {"threads": threads})

    async def _forward(self, request: Message, command: str, arguments: Message) -> None:
        if self._identifiers.is_stale(arguments):
            self._client.refuse(request, telling.STALE, showUser=False)
            return
        owner, inner = self._identifiers.incoming(arguments)
        backend = self._generations.newest if owner is None else self._generations.get(owner)
        if backend is None:
            self._client.refuse(request, telling.NO_WORKER, showUser=False)
            return
        response = await backend.request(command, inner)
        if response.get("success"):
            body = self._identifiers.outgoing(backend.number, response.get("body"), command)
            self._client.respond(request, body)
        else:
            error = (response.get("body") or {}).get("error") or {}
            text = str(error.get("format") or response.get("message") or f"{command} failed")
            self._client.refuse(request, text, showUser=False)

    # -- the end -----------------------------------------------------------------------

    async def _restart(self, request: Message, _: Message) -> None:
        """A new generation, on the port that stays held."""
        await self._generations.let_go()  # what is held goes on, and can be replaced
        if self._served is not None:
            self._served.restart()
        elif self._attached_to is not None:
            await asyncio.to_thread(control.ask, self._attached_to.control, "restart")
        self._client.respond(request)

    async def _terminate(self, request: Message, _: Message) -> None:
        self._client.respond(request)
        await self._stop()
        if self._attached_to is not None:
            self._say_important(telling.LEFT)
            self._client.tell("terminated")

    async def _stop(self) -> None:
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop_once())
        elif self._served is not None and not self._stopping.done():
            self._served.interrupt()  # asked again: at once
        await asyncio.wait({self._stopping})

    async def _stop_once(self) -> None:
        self._configured.set()  # a launch that waits for it sees that it is over
        await self._generations.close()
        if self._served is None:
            return
        self._served.interrupt()
        done, _ = await asyncio.wait({self._served.ended}, timeout=_STOP_S)
        if not done:
            self._served.interrupt()
            await asyncio.wait({self._served.ended}, timeout=_STOP_S)

    async def _disconnect(self, request: Message, arguments: Message) -> None:
        if self._attached_to is not None or arguments.get("terminateDebuggee", True):
            await self._stop()
        else:
            self._stays = True
            if self._served is not None:
                await self._served.detach()
            await self._generations.close()
        self._client.respond(request)
        self.leave()

    # -- what the user is told ---------------------------------------------------------

    def _on_console(self, event: str, fields: dict[str, Any]) -> None:
        self._client.tell("portsideServer", {"event": event, **fields})
        said = telling.sentence(event, fields)
        if said is not None:
            category, text = said
            self._client.tell("output", {"category": category, "output": f"{text}\n"})

    def _on_output(self, text: str) -> None:
        self._client.tell("output", {"category": "stdout", "output": text})

    def _say_important(self, text: str) -> None:
        self._client.tell("output", {"category": "important", "output": f"{text}\n"})
