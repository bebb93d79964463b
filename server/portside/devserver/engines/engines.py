"""Keeps engines from one generation to the next: who asks for one is sent to the process that has it.

A worker connects to a socket of ours and says what its engine is made from. If there is such an engine, its
conversation is handed to that engine's host. If there is another one, that goes first, after those who use
it; then, or if there is none, a new host is started.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from portside.devserver.console.transcripts import Transcripts
from portside.devserver.engines.differences import differences, in_words
from portside.devserver.engines.kept import Kept
from portside.devserver.registry import control, registry
from portside.devserver.workers.processes import Worker
from portside.inside.channel import Channel, Message

_NEEDED = {"digest", "description", "holds", "environment", "folder", "model", "alone"}
STOP_S = 2.0
"""How long an engine may take to end by itself."""


class Hosts(Protocol):
    """Who starts processes."""

    def start_host(self, environment: Mapping[str, str], folder: str, user: int) -> Worker: ...

    def finish_host(self, host: Worker) -> None:
        """Its processes are gone."""


@dataclass(slots=True, eq=False)
class Wanted:
    """A worker that asks for an engine, and waits."""

    link: Channel
    sock: socket.socket
    pid: int
    fields: Mapping[str, Any]
    is_told: bool = False
    has_asked: bool = False


class Engines:
    """make_way: has the generation that serves go, for the worker with this pid; false: none will.

    transcripts: of what the engines print. emit: an event of the console. changed: called when the record of
    the engines may be another.
    """

    def __init__(
        self,
        run: str,
        selector: selectors.BaseSelector,
        hosts: Hosts,
        make_way: Callable[[int], bool],
        transcripts: Transcripts,
        emit: Callable[..., None],
        changed: Callable[[], None],
    ) -> None:
        self._selector = selector
        self._hosts = hosts
        self._make_way = make_way
        self._transcripts = transcripts
        self._last_words: list[str] = []
        """Of an engine that could not start."""
        self._emit = emit
        self._changed = changed
        self._kept: list[Kept] = []
        self._wanted: list[Wanted] = []
        self._is_over = False
        self._bereft: set[int] = set()
        """Workers whose engine was lost before they were attached to it."""
        path = control.socket_path(registry.servers_folder(), os.getpid(), run, "-engine")
        self._listener: socket.socket | None = None
        self.path: Path | None = None
        if path is not None:
            with suppress(OSError):
                self._listener, self.path = control.listen(path), path
                selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def members(self) -> tuple[Worker, ...]:
        return tuple(kept.process for kept in self._kept)

    def records(self) -> tuple[dict[str, Any], ...]:
        return tuple(kept.record() for kept in self._kept)

    def holds_for(self, pid: int | None) -> bool:
        """Whether this worker's engine is one of ours."""
        return any(pid in kept.users for kept in self._kept)

    def sources(self) -> tuple[int, ...]:
        """What the output of the engines comes out of."""
        return tuple(source for kept in self._kept for source in kept.process.sources)

    def printed_for(self, pid: int | None) -> list[str]:
        """By the engines that this worker uses or waited for; by one that could not start."""
        using = (kept for kept in self._kept if pid in kept.users or kept.phase == "failed")
        lines = (line for kept in using for line in self._transcripts.lines(kept.process.sources))
        return [*lines, *self._last_words]

    def renew(self) -> None:
        """The user wants them started again: for who attaches next."""
        for kept in self._kept:
            kept.outdated = kept.outdated or "its restart was asked for"

    def look(self) -> None:
        """A worker has ended: it may have been waiting for an engine that is still loading."""
        for kept in self._kept:
            kept.forget_dead_users()
        self._settle()

    def interrupt(self) -> None:
        """The server stops: nobody is to wait for an engine that is still loading."""
        self._is_over = True
        for wanted in list(self._wanted):
            self._receive(wanted)
        for kept in self._kept:
            if kept.phase == "starting":
                self._end(kept)

    # -- those who ask -----------------------------------------------------------------

    def _accept(self) -> None:
        with suppress(OSError):
            while self._listener is not None:
                self._admit(self._listener.accept()[0])

    def _admit(self, sock: socket.socket) -> None:
        pid = control.pid_of(sock)
        if pid is None or not control.is_ours(sock):
            sock.close()
            return
        sock.setblocking(True)
        link = Channel(sock)

        def on_readable() -> None:
            self._on_link(wanted)

        wanted = Wanted(link, sock, pid, {})
        self._selector.register(link, selectors.EVENT_READ, on_readable)

    def _on_link(self, wanted: Wanted) -> None:
        try:
            messages = wanted.link.receive()
        except ValueError:  # nobody of ours
            messages = None
        if messages is None:
            self._forget_wanted(wanted)
        for message in messages or []:
            if message.event == "attach" and not wanted.fields and message.fields.keys() >= _NEEDED:
                wanted.fields = message.fields
                self._receive(wanted)

    def _receive(self, wanted: Wanted) -> None:
        if self._is_over:
            wanted.link.send("failed", message="the dev server stops")
        elif wanted.pid in self._bereft:
            wanted.link.send("refused", reason="the process that was to keep it is gone")
        else:
            self._wanted.append(wanted)
            self._settle()
            return
        self._forget_wanted(wanted)

    def _forget_wanted(self, wanted: Wanted) -> None:
        if wanted in self._wanted:
            self._wanted.remove(wanted)
        with suppress(KeyError, ValueError):
            self._selector.unregister(wanted.link)
        wanted.link.close()

    def _settle(self) -> None:
        """Send everybody on who need not wait any more."""
        for wanted in list(self._wanted):
            kept = None if self._is_over else self._place(wanted)
            if kept is not None:
                kept.hand_over(wanted.sock, wanted.fields, wanted.pid)
                self._forget_wanted(wanted)
        self._changed()

    def _place(self, wanted: Wanted) -> Kept | None:
        """Where this worker is to attach; None: it has to wait."""
        others = [kept for kept in self._kept if kept.digest not in wanted.fields["holds"]]
        for kept in others:
            if kept.is_open and kept.digest == wanted.fields["digest"]:
                alone = bool(wanted.fields["alone"]) and bool(kept.users - {wanted.pid})
                return None if alone and self._has_way_made(wanted) else kept
        if not others:
            return self._start(wanted)
        return self._place_instead_of(others[0], wanted)

    def _place_instead_of(self, other: Kept, wanted: Wanted) -> Kept | None:
        if other.is_dead:
            other.process.end()
            return None
        self._tell_why(other, wanted)
        is_used = bool(other.users - {wanted.pid})
        if is_used and self._has_way_made(wanted):
            return None
        if is_used:  # by somebody who stays: both have to fit
            return self._start(wanted)
        self._end(other)
        return None

    def _has_way_made(self, wanted: Wanted) -> bool:
        """Whether those who use the engine are going."""
        wanted.has_asked = wanted.has_asked or self._make_way(wanted.pid)
        return wanted.has_asked

    def _tell_why(self, kept: Kept, wanted: Wanted) -> None:
        if wanted.is_told or kept.phase == "ending":
            return
        wanted.is_told = True
        found = differences(kept.description, wanted.fields["description"])
        reason = in_words(found) if found else kept.outdated
        self._emit("engine", phase="restarting", model=kept.model, key=kept.record()["key"], reason=reason)

    # -- their processes ---------------------------------------------------------------

    def _start(self, wanted: Wanted) -> Kept:
        fields = wanted.fields
        process = self._hosts.start_host(fields["environment"], fields["folder"], wanted.pid)
        self._last_words = []
        kept = Kept(process, fields["digest"], fields["description"], str(fields["model"]))
        self._kept.append(kept)
        self._selector.register(process.link, selectors.EVENT_READ, lambda: self._on_keeper(kept))
        self._selector.register(process.channel, selectors.EVENT_READ, lambda: self._on_host(kept))
        self._tell(kept, "starting")
        return kept

    def _on_keeper(self, kept: Kept) -> None:
        messages = kept.process.link.receive()
        for message in messages or []:
            if message.event == "started":
                kept.process.pid, kept.process.keeper = message.fields["pid"], message.fields["keeper"]
            elif message.event == "exited":
                kept.process.status = message.fields["status"]
        if messages is None:
            self._forget(kept)

    def _on_host(self, kept: Kept) -> None:
        messages = kept.process.channel.receive()
        if messages is None:
            self._selector.unregister(kept.process.channel)
        for message in messages or []:
            self._hear(kept, message)
        self._settle()

    def _hear(self, kept: Kept, message: Message) -> None:
        fields = message.fields
        if message.event == "hello":
            kept.pid, kept.folder = int(fields["pid"]), str(fields["folder"])
        elif message.event == "ready":
            kept.phase = "ready"
            self._tell(kept, "ready", seconds=round(time.monotonic() - kept.began, 3))
        elif message.event == "state":
            before = set(kept.attached)
            kept.hear_state(fields)
            for pid in set(kept.attached) - before:
                self._tell(kept, "attached", worker=pid)
        elif message.event == "failed":
            kept.phase = "failed"
            self._tell(kept, "failed", reason=str(fields["message"]))
        elif message.event == "lost":
            kept.phase = "lost"
            self._tell(kept, "lost", status=int(fields["status"]))

    def _tell(self, kept: Kept, phase: str, **more: Any) -> None:
        self._emit("engine", phase=phase, model=kept.model, key=kept.record()["key"], **more)

    def _end(self, kept: Kept) -> None:
        if kept.phase != "ending":
            kept.phase = "ending"
            kept.process.end(STOP_S)

    def _forget(self, kept: Kept) -> None:
        """Its processes are gone."""
        if kept.phase in ("starting", "ready") and not self._is_over:
            self._tell(kept, "lost", status=None)
        self._bereft |= kept.promised
        last_words = self._transcripts.take(kept.process.sources)
        if kept.phase == "failed":
            self._last_words = last_words
        self._kept.remove(kept)
        for channel in (kept.process.link, kept.process.channel):
            with suppress(KeyError, ValueError):
                self._selector.unregister(channel)
        kept.forget_files()
        self._hosts.finish_host(kept.process)
        self._settle()

    # -- the end -----------------------------------------------------------------------

    def close(self) -> None:
        """End them all, and wait for that as long as they may take. Nobody can attach any more."""
        self._is_over = True
        if self._listener is not None and self.path is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            control.remove(self.path)
        for wanted in list(self._wanted):
            self._forget_wanted(wanted)
        for kept in self._kept:
            self._end(kept)
        until = time.monotonic() + STOP_S + 1.0
        for kept in self._kept:
            while (rest := until - time.monotonic()) > 0 and kept.process.link.wait(rest) is not None:
                pass
            kept.forget_files()
