"""The generations of a session: one that waits for the next worker, those that have one.

`newest` is the last that was given the breakpoints; it answers what is about no thread in particular.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from portside.devserver.debugging.backend import Backend, BackendError
from portside.devserver.debugging.background import Background
from portside.devserver.debugging.breakpoints import Breakpoints
from portside.devserver.debugging.client import Client
from portside.devserver.debugging.framing import Message
from portside.devserver.debugging.identifiers import Identifiers
from portside.devserver.registry import identity
from portside.devserver.registry.identity import Identity

_RETRY_S = 0.2
_ATTACH_S = 10.0
"""An adapter whose worker is gone would have the session wait for a minute: another one is there by then."""
_SPARE_DELAY_S = 1.0
"""So that it does not start while the app does."""
_SILENT = frozenset({"initialized", "terminated", "exited", "debugpySockets", "debugpyAttach"})
"""Events of one process that the session does not share."""


class Generations:
    """trouble: takes what goes wrong, in words for the user."""

    def __init__(
        self,
        client: Client,
        identifiers: Identifiers,
        breakpoints: Breakpoints,
        trouble: Callable[[str], None],
    ) -> None:
        self._client = client
        self._identifiers = identifiers
        self._breakpoints = breakpoints
        self._trouble = trouble
        self._backends: dict[int, Backend] = {}
        self._waiting: asyncio.Task[Backend] | None = None
        self._making: set[asyncio.Task[Backend]] = set()
        self._background = Background()
        self._count = 0
        self._adapter: Sequence[str] = ()
        self._attach: Message = {}
        self._is_over = False
        self._going: set[Identity] = set()

    def __iter__(self) -> Iterator[Backend]:
        yield from [each for each in self._backends.values() if each.is_configured and not each.has_ended]

    def with_breakpoints(self) -> list[Backend]:
        """Those that are told of a breakpoint, in the order of their coming."""
        return [each for each in self._backends.values() if each.takes_breakpoints and not each.has_ended]

    @property
    def newest(self) -> Backend | None:
        return max(self, key=lambda backend: backend.number, default=None)

    def get(self, number: int) -> Backend | None:
        return next((backend for backend in self if backend.number == number), None)

    def begin(self, adapter: Sequence[str], attach: Message) -> None:
        """Have one wait for the first worker. adapter: the command of debugpy's. attach: for each of them."""
        self._adapter, self._attach = adapter, attach
        self._expect_next()

    async def follow(self, port: int, attach: Message, runs: Callable[[], bool]) -> None:
        """Attach to every generation that comes to listen there, until the server is over.

        attach: for each of them. runs: whether the server does.
        """
        while not self._is_over and runs():
            await self._wait_for_those_who_go()
            self._count += 1
            backend = Backend(self._count, self._heard)
            self._backends[backend.number] = backend
            try:
                await backend.connect(port, self._client.offers, attach)
            except BackendError:  # between two generations nothing listens
                del self._backends[backend.number]
                await backend.close()
            if self._is_over:  # since it was asked
                await backend.disconnect()
            began = asyncio.get_running_loop().time()
            while not backend.has_ended and backend.number in self._backends:
                await asyncio.sleep(_RETRY_S)
                is_late = asyncio.get_running_loop().time() - began > _ATTACH_S
                if backend.was_refused or (is_late and not backend.is_configured):
                    self._end(backend)
            await asyncio.sleep(_RETRY_S)

    async def let_go(self) -> None:
        """All workers go on without a debugger, and are followed no more: they are about to be replaced."""
        for backend in self:
            if backend.worker is not None:
                self._going.add(backend.worker)
            await backend.disconnect()

    async def _wait_for_those_who_go(self) -> None:
        """A worker that is being replaced listens for a debugger to its end."""
        end = asyncio.get_running_loop().time() + _ATTACH_S
        while any(map(identity.lives, self._going)) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_RETRY_S)
        self._going.clear()

    async def take(self) -> int | None:
        """A worker comes: the port of the adapter that is its own."""
        if self._is_over:
            return None
        waiting, self._waiting = self._waiting or self._start_one(), None
        try:
            backend = await waiting
        except BackendError as error:
            self._trouble(str(error))
            return None
        return backend.port

    async def close(self) -> None:
        """All of them let the app go on."""
        self._is_over = True
        spare, self._waiting = self._waiting, None
        if self._making:
            for task in self._making:
                task.cancel()
            await asyncio.wait(self._making)
        if spare is not None and not spare.cancelled() and spare.exception() is None:
            self._backends.pop(spare.result().number, None)
            await spare.result().drop()
        await asyncio.gather(*(backend.disconnect() for backend in list(self._backends.values())))

    async def _make(self) -> Backend:
        self._count += 1
        backend = Backend(self._count, self._heard)
        self._backends[backend.number] = backend
        try:
            await backend.start(self._adapter, self._client.offers)
            await backend.listen(self._attach)
        except BaseException:  # also where the session ends meanwhile
            self._backends.pop(backend.number, None)
            await backend.drop()
            raise
        return backend

    def _start_one(self) -> asyncio.Task[Backend]:
        task = asyncio.ensure_future(self._make())
        self._making.add(task)
        task.add_done_callback(self._made)
        return task

    def _made(self, task: asyncio.Task[Backend]) -> None:
        self._making.discard(task)
        if not task.cancelled():
            task.exception()  # whoever takes it sees it; this is for the one that nobody takes

    # -- what they say -----------------------------------------------------------------

    def _heard(self, backend: Backend, message: Message) -> None:
        event, body = message["event"], message.get("body") or {}
        if event == "initialized":
            self._background.begin(self._configure(backend))
        elif event in ("terminated", "portsideEnded"):
            self._end(backend)
        elif event == "breakpoint":
            self._retell(backend, body)
        elif event in _SILENT or (event == "output" and body.get("category") == "telemetry"):
            pass
        else:
            body = self._identifiers.outgoing(backend.number, body)
            if "hitBreakpointIds" in body:
                hit = self._breakpoints.hit(backend.number, body["hitBreakpointIds"])
                body = {**body, "hitBreakpointIds": hit}
            self._client.tell(event, body)

    async def _configure(self, backend: Backend) -> None:
        """It has its worker, which waits: everything is set before the app is imported."""
        backend.takes_breakpoints = True
        # All are sent before one is answered, so what the editor sets from now on comes after them.
        answers = [
            (backend.request(request["command"], request["arguments"]), numbers)
            for request, numbers in self._breakpoints.all()
        ]
        for answer, numbers in answers:
            for placed in self._breakpoints.placed(backend.number, numbers, await answer):
                self._client.tell("breakpoint", {"reason": "changed", "breakpoint": placed})
        await backend.configured()
        if self._adapter and self._waiting is None and not self._is_over:
            await asyncio.sleep(_SPARE_DELAY_S)
            self._expect_next()

    def _expect_next(self) -> None:
        if self._waiting is None and not self._is_over:
            self._waiting = self._start_one()

    def _retell(self, backend: Backend, body: Message) -> None:
        renamed = self._breakpoints.renamed(backend.number, body.get("breakpoint") or {})
        if renamed is not None and backend is self.newest:
            self._client.tell("breakpoint", {**body, "breakpoint": renamed})

    def _end(self, backend: Backend) -> None:
        if self._backends.pop(backend.number, None) is None:
            return
        for thread in self._identifiers.threads(backend.number):
            self._client.tell("thread", {"reason": "exited", "threadId": thread})
        self._identifiers.forget(backend.number)
        if backend.is_configured and self.newest is None:
            for unset in self._breakpoints.unset():
                self._client.tell("breakpoint", {"reason": "changed", "breakpoint": unset})
        self._background.begin(backend.disconnect())
