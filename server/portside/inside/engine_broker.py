"""Stands between one EngineCore and the workers that come and go: passes frames on, and cleans up after them.

    worker ROUTER (binds) ◄─ DEALER, with the engine's identity ─┐
                                                                 ├ broker ┤ ROUTER (binds) ◄─ DEALER engine
    worker PULL (binds)   ◄─ PUSH ───────────────────────────────┘        │ PULL (binds), one a slot ◄─ PUSH

The engine was told of as many clients as there are slots. Each worker has one of them:

    free ─► clearing ─► taken ─► fencing ─► free

clearing: what the last one left (a pause, sleep, adapters, caches) is taken back. fencing: the worker is
gone, its requests are aborted, and an answer comes for every slot's own last call once nothing of theirs can
come any more. The engine says READY once; it is recorded, and said again to each worker.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from . import engine_hooks
from .channel import Channel, Message
from .engine_frames import ABORT, ADD, UTILITY, Frames
from .engine_wires import Wires

SLOTS = 8
_CLEARING_S = 120.0
"""How long an engine may take to answer before a worker has to start its own. A step of it may be long."""
_REPORT_S = 1.0
_FIRST_CALL = 1 << 62
"""Clients number their calls by the clock, below this."""

Report = Callable[[dict[str, Any]], None]


class Slot:
    """One client of the engine, in turn."""

    def __init__(self, number: int, out: Any) -> None:
        self.number = number
        self.out = out
        self.state = "free"
        self.pid = 0
        self.link: Channel | None = None
        self.request: dict[str, Any] = {}
        self.dealers: dict[bytes, Any] = {}
        self.push: Any = None
        self.requests: set[str] = set()
        self.awaited: set[int] = set()
        self.until = 0.0


class Broker:
    """supervisor: says who wants to attach. report: is told the state, now and then."""

    def __init__(
        self, wires: Wires, core: Any, outs: Sequence[Any], ready: dict[bytes, bytes], frames: Frames
    ) -> None:
        self._wires = wires
        self._again = wires.zmq.Again
        self._dont_wait = wires.zmq.DONTWAIT
        self._core = core
        self._ready = ready
        self._frames = frames
        self._slots = [Slot(number, out) for number, out in enumerate(outs)]
        self._waiting: list[tuple[Channel, dict[str, Any]]] = []
        self._handlers: dict[Any, Callable[[], None]] = {}
        self._poller = wires.zmq.Poller()
        self._calls = _FIRST_CALL
        self._is_over = False
        self._stale_cache = False
        self._left: set[str] = set()
        self._has_adapters = False
        self._reported: dict[str, Any] = {}
        self._is_changed = True
        """Whether there may be more to tell than was told."""
        self._report_at = 0.0
        self.blocks: int | None = None
        """What the launch said of the size of the cache; up to 0.19 no message to the clients does."""
        self.altered: str | None = None
        """A call by which a worker has changed what the engine is."""
        for slot in self._slots:
            self._on(slot.out, lambda slot=slot: self._from_engine(slot))  # type: ignore[misc]

    def run(self, supervisor: Channel, sentinels: Sequence[int], has_adapters: bool, report: Report) -> bool:
        """Until the engine dies (True) or the supervisor is gone."""
        self._has_adapters = has_adapters
        died: list[int] = []
        self._on(supervisor.fileno(), lambda: self._hear(supervisor))
        for sentinel in sentinels:
            self._on(sentinel, lambda: died.append(1))
        self._tell(report)
        while not (self._is_over or died):
            for source, _ in self._poller.poll(self._patience_ms()):
                handler = self._handlers.get(source)
                if handler is not None:
                    handler()
            self._refuse_late()
            self._tell(report)
        if died:
            self._tell_dead()
        for link in [*(slot.link for slot in self._slots), *(link for link, _ in self._waiting)]:
            if link is not None:
                link.close()
        return bool(died)

    def close(self) -> None:
        """Once what the workers were told last has been sent."""
        self._wires.close()

    def _on(self, source: Any, handler: Callable[[], None]) -> None:
        self._handlers[source] = handler
        self._poller.register(source, self._wires.zmq.POLLIN)

    def _off(self, source: Any) -> None:
        del self._handlers[source]
        self._poller.unregister(source)

    def _patience_ms(self) -> int | None:
        now = time.monotonic()
        times = [slot.until for slot in self._slots if slot.state == "clearing"]
        if self._is_changed:
            times.append(self._report_at)
        return int(max(0.0, min(times) - now) * 1000) + 1 if times else None

    # -- those who come ----------------------------------------------------------------

    def _hear(self, supervisor: Channel) -> None:
        messages = supervisor.receive()
        if messages is None:
            self._is_over = True
            return
        for message in messages:
            if message.event == "attach":
                self.admit(message)

    def admit(self, message: Message) -> None:
        """A worker wants to attach; its conversation is what comes with the message."""
        link = Channel(socket.socket(fileno=message.fds[0]))
        self._waiting.append((link, message.fields))
        self._seat()

    def _seat(self) -> None:
        for slot in self._slots:
            if slot.state == "free" and self._waiting:
                link, request = self._waiting.pop(0)
                self._clear(slot, link, request)

    def _clear(self, slot: Slot, link: Channel, request: dict[str, Any]) -> None:
        slot.link, slot.request, slot.pid = link, request, int(request.get("pid", 0))
        slot.state, slot.until = "clearing", time.monotonic() + _CLEARING_S
        self._on(link.fileno(), lambda: self._from_control(slot, link))
        calls = sorted(self._left)
        self._left.clear()
        if self._is_idle():
            calls.append("reset_prefix_cache")
        else:
            self._stale_cache = True
        if request.get("alone"):
            calls.append("reset_mm_cache")
        if self._has_adapters:
            calls.append("list_loras")
        for method in calls:
            self._call(slot, method)
        if not slot.awaited:
            self._open(slot)

    def _is_idle(self) -> bool:
        return not any(slot.requests for slot in self._slots)

    def _call(self, slot: Slot, method: str, *arguments: Any) -> None:
        self._calls += 1
        slot.awaited.add(self._calls)
        for identity in self._ready:
            self._core.send_multipart(
                [identity, *self._frames.call(slot.number, self._calls, method, *arguments)]
            )

    def _open(self, slot: Slot) -> None:
        assert slot.link is not None
        addresses = self._wires.fresh(slot.number)
        incoming, outgoing = (addresses[key] for key in engine_hooks.CLIENT_ADDRESSES)
        for identity, ready in self._ready.items():
            dealer = self._wires.socket("DEALER", incoming, binds=False, identity=identity)
            dealer.send(ready)
            slot.dealers[identity] = dealer
            self._on(dealer, lambda identity=identity: self._from_worker(slot, identity))  # type: ignore[misc]
        slot.push = self._wires.socket("PUSH", outgoing, binds=False)
        slot.state = "taken"
        slot.link.send("attached", slot=slot.number, addresses=addresses, blocks=self.blocks)
        self._is_changed, self._report_at = True, 0.0

    def _refuse_late(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.state == "clearing" and slot.until <= now and slot.link is not None:
                slot.link.send("refused", reason=f"the engine did not answer within {_CLEARING_S:.0f} s")
                self._leave(slot)

    # -- those who go ------------------------------------------------------------------

    def _from_control(self, slot: Slot, link: Channel) -> None:
        if link.receive() is None and slot.link is link:
            self._leave(slot)

    def _leave(self, slot: Slot) -> None:
        """Its worker is gone, or done with the engine: nothing of it stays in there."""
        assert slot.link is not None
        self._off(slot.link.fileno())
        slot.link.close()
        slot.link = None
        for dealer in slot.dealers.values():
            self._off(dealer)
            dealer.close()
        if slot.push is not None:
            slot.push.close()
        if slot.requests:
            for identity in self._ready:
                self._core.send_multipart([identity, *self._frames.abort(sorted(slot.requests))])
        slot.dealers, slot.push, slot.requests, slot.pid = {}, None, set(), 0
        slot.state = "fencing"
        self._call(slot, "is_sleeping")
        if self._stale_cache and self._is_idle():
            self._stale_cache = False
            self._call(slot, "reset_prefix_cache")
        self._is_changed, self._report_at = True, 0.0

    # -- frames ------------------------------------------------------------------------

    def _from_worker(self, slot: Slot, identity: bytes) -> None:
        dealer = slot.dealers[identity]
        core, again, dont_wait = self._core, self._again, self._dont_wait
        while True:
            try:
                frames = dealer.recv_multipart(dont_wait)
            except again:
                return
            core.send_multipart([identity, *frames])
            self._note(slot, frames)

    def _note(self, slot: Slot, frames: list[bytes]) -> None:
        kind = frames[0]
        self._is_changed = True
        if kind == ADD:
            slot.requests.add(self._frames.added(frames[1]))
        elif kind == ABORT:
            slot.requests.difference_update(self._frames.aborted(frames[1]))
        elif kind == UTILITY:
            call = self._frames.called(frames[1])
            if call.alters:
                self.altered = call.method
            elif call.method == "sleep":
                self._left.add("wake_up")
            elif call.method == "pause_scheduler":
                self._left.add("resume_scheduler")
            elif call.method in ("wake_up", "resume_scheduler"):
                self._left.discard(call.method)

    def _from_engine(self, slot: Slot) -> None:
        out, again, dont_wait = slot.out, self._again, self._dont_wait
        while True:
            try:
                frames = out.recv_multipart(dont_wait)
            except again:
                return
            if slot.state == "taken":
                slot.push.send_multipart(frames)
                if slot.requests and len(frames[0]) != len(engine_hooks.DEAD):
                    self._forget_finished(slot, frames[0])
            elif slot.awaited:
                self._hear_answer(slot, frames[0])

    def _forget_finished(self, slot: Slot, body: bytes) -> None:
        finished = self._frames.finished(body)
        if finished:
            slot.requests.difference_update(finished)
            self._is_changed = True

    def _hear_answer(self, slot: Slot, body: bytes) -> None:
        answer = None if body == engine_hooks.DEAD else self._frames.answer(body)
        if answer is None or answer.call not in slot.awaited:
            return
        slot.awaited.discard(answer.call)
        if slot.state == "clearing" and isinstance(answer.result, list):
            for adapter in answer.result:  # of list_loras, which alone answers with a list
                self._call(slot, "remove_lora", adapter)
        if slot.awaited:
            return
        if slot.state == "clearing":
            self._open(slot)
        elif slot.state == "fencing":
            slot.state = "free"
            self._seat()

    def _tell_dead(self) -> None:
        """EngineCore itself says nothing when it is killed."""
        for slot in self._slots:
            if slot.push is not None:
                slot.push.setsockopt(self._wires.zmq.LINGER, 1000)
                try:
                    slot.push.send(engine_hooks.DEAD, self._dont_wait)
                except OSError as error:
                    if error.errno != errno.EAGAIN:
                        raise
                slot.push.close()

    # -- what is told ------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        return {
            "attached": [slot.pid for slot in self._slots if slot.state == "taken"],
            "in_flight": sum(len(slot.requests) for slot in self._slots),
            "altered": self.altered,
            "pid": os.getpid(),
        }

    def _tell(self, report: Report) -> None:
        """At most once in a while, but of those who come and go at once."""
        now = time.monotonic()
        if not self._is_changed or now < self._report_at:
            return
        self._is_changed = False
        state = self._state()
        if state != self._reported:
            self._reported = state
            self._report_at = now + _REPORT_S
            report(state)
