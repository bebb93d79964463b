"""Who has the port: the supervisor alone, a worker that was given its socket, or the program itself.

held      a worker runs the program and has the socket; what cannot be told from inside
(a server that only listens, a child's) is looked at from outside
watched   the program binds the port: let go of at the last moment, seen to be taken, held
again while nothing runs
unknown   nobody knew the port beforehand: held once the program asks for one, or found out
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from portside.devserver import events
from portside.devserver.callers.responder import Responder
from portside.devserver.console.console import Console
from portside.devserver.console.narrator import Narrator
from portside.devserver.holding import Holding
from portside.devserver.planning.plan import Plan
from portside.devserver.ports import ports
from portside.devserver.ports.outside import Outside, Seen
from portside.devserver.workers.prober import USUAL_PATHS
from portside.devserver.workers.processes import Worker

_UNANSWERED = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)


class Tenancy:
    """Runs in the supervisor's loop. post: an event. soon: from any thread, have the loop call this.

    answer: has the responder answer at the port, after so many seconds.
    """

    def __init__(
        self,
        plan: Plan,
        holding: Holding,
        responder: Responder,
        narrator: Narrator,
        console: Console,
        post: Callable[[events.Event], None],
        soon: Callable[[Callable[[], None]], None],
        answer: Callable[[float], None],
    ) -> None:
        self._plan = plan
        self._holding = holding
        self._responder = responder
        self._narrator = narrator
        self._console = console
        self._post = post
        self._soon = soon
        self._answer = answer
        self._paths = USUAL_PATHS if plan.ready_path is None else (plan.ready_path,)
        self._outside: Outside | None = None
        self._looked_at: Worker | None = None
        self.needs_it_free = False
        """Whether the program was seen to start something that binds the port itself."""

    # -- what happens to a worker ------------------------------------------------------

    def before_load(self, worker: Worker) -> None:
        """The last moment before the program runs: it gets the socket, or its port back."""
        worker.by_signal = self._plan.target.by_signal
        if self._plan.target.is_watched:
            turn_away(self._responder.stop())
            self._holding.let_go()
        elif self._holding.released:
            self._holding.take_back()

    def began(self, worker: Worker) -> None:
        worker.began = True
        worker.own_port = self._plan.target.is_watched
        if worker.own_port or not self._holding.claim.sockets:
            self.look(worker, everywhere=True)

    def ended(self, generation: int) -> None:
        if self._looked_at is not None and self._looked_at.generation == generation:
            self.stop()

    def let_go(self, worker: Worker, why: str, serves: bool) -> None:
        """A child of the program is going to bind the port. serves: whether another generation does."""
        self.needs_it_free = True
        if serves:
            self._narrator.note(f"{why}: another generation serves there, which the next reload ends first")
            worker.channel.send("yielded")
            return
        turn_away(self._responder.stop())
        self._holding.let_go()
        worker.own_port = True
        self._narrator.note(f"{why}: it is let go of, and watched")
        self.look(worker, everywhere=True)
        worker.channel.send("yielded")

    def asked(self, worker: Worker, generation: int, fields: dict[str, Any]) -> None:
        """A server of the program asks for another port than the one that is held, if one is."""
        holding, asked = self._holding, int(fields["port"])
        host = fields["host"] if isinstance(fields["host"], str) else holding.claim.host
        if holding.claim.sockets and (generation > 1 or not holding.may_move(host, asked)):
            if asked not in (0, holding.claim.port) and generation == 1:
                self._narrator.other_port(asked)
            worker.channel.send("held", port=holding.claim.port)
            return
        turn_away(self._responder.stop())
        refusal = holding.move(host, asked)
        if refusal is not None:
            self._refused(generation, refusal)
            return
        self.stop()
        worker.own_port = False
        self._narrator.claimed(holding.claim)
        self._answer(0.0)
        descriptors = [sock.fileno() for sock in holding.claim.sockets]
        worker.channel.send("held", fds=descriptors, port=holding.claim.port)

    def _refused(self, generation: int, refusal: ports.Refusal) -> None:
        from portside.devserver.ports import conflict

        conflict.tell(refusal, conflict.occupancy_of(refusal), self._console)
        self._narrator.fatal = refusal.text
        self._post(events.Failed(generation, refusal.text))

    # -- looking from outside ----------------------------------------------------------

    def look(self, worker: Worker, everywhere: bool) -> None:
        """Find out whether the server answers; with `everywhere`, first whether and where it listens."""
        self.stop()
        port = self._holding.claim.port or None

        def tell(seen: Seen) -> None:
            self._soon(lambda: self._on_seen(worker, seen))

        # All that we started is below us, whichever way the program came to run.
        root = os.getpid() if everywhere else None
        self._looked_at = worker
        self._outside = Outside(root, port, tell, self._paths, self._plan.uds)

    def stop(self) -> None:
        if self._outside is not None:
            self._outside.stop()
        self._outside = self._looked_at = None

    def _on_seen(self, worker: Worker, seen: Seen) -> None:
        generation, note = worker.generation, self._narrator.note
        if generation is None or worker is not self._looked_at:
            return
        match seen.what:
            case "listening" | "elsewhere":
                if seen.what == "elsewhere":
                    self._adopt_port(seen.port)
                self._serves_on_its_own(worker, generation)
            case "stolen":
                note(f"somebody else listens on port {seen.port} now: portside ports {seen.port}")
            case "failing":
                note(f"it accepts requests, but answers {seen.status} to {', '.join(self._paths)}")
            case _:
                if seen.what == "no http":
                    note(f"it listens on port {seen.port}, and does not speak HTTP")
                if not worker.serving:  # on a Unix socket nothing is seen before
                    self._serves_on_its_own(worker, generation)
                self._post(events.Answered(generation))

    def _serves_on_its_own(self, worker: Worker, generation: int) -> None:
        worker.own_port = worker.serving = True
        self._post(events.Served(generation))

    def _adopt_port(self, port: int) -> None:
        """The program listens where nobody held anything."""
        before = self._holding.claim.port
        if before:
            self._narrator.note(f"it listens on port {port}, not on {before}")
        self._holding.seen_at(port)
        self._narrator.found(self._holding.claim)

    # -- while nothing runs ------------------------------------------------------------

    def take_back(self) -> None:
        """The port is held again, and who asks is told why nothing runs."""
        if self._holding.released and self._holding.take_back() is None:
            turn_away(self._responder.stop())
            self._answer(0.0)


def turn_away(connections: Iterable[socket.socket]) -> None:
    """Answer what was taken from the held port and can't be given to anybody."""
    for connection in connections:
        with suppress(OSError):
            connection.sendall(_UNANSWERED)
        connection.close()
