"""Whether the generation that says it serves does: it is asked over the socket, and tells its answer."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

from portside.devserver import events
from portside.devserver.console.narrator import Narrator
from portside.devserver.planning.plan import Plan
from portside.devserver.workers.prober import USUAL_PATHS, Prober


class Readiness:
    """post: takes the event that a generation has answered."""

    def __init__(self, plan: Plan, narrator: Narrator, post: Callable[[events.Event], None]) -> None:
        self._paths = USUAL_PATHS if plan.ready_path is None else (plan.ready_path,)
        self._is_chosen = plan.ready_path is not None
        self._narrator = narrator
        self._post = post
        self._prober: Prober | None = None
        self._answers = 0
        self._asked: dict[str, int] = {}

    def ask(self, generation: int, listener: socket.socket, tls: bool) -> None:
        """Until it answers, or another one is asked."""
        self.stop()
        token = secrets.token_hex(8)
        self._asked = {token: generation}
        self._answers = 0
        self._prober = Prober(listener, token, tls, self._paths, self._narrator.silent)

    def answered(self, token: str, status: int) -> None:
        """A worker says that it was asked with this token, and what it answered."""
        generation = self._asked.get(token)
        if generation is None:
            return
        self._answers += 1
        if status < 500:
            self.stop()
            self._asked = {}
            if self._is_chosen and status >= 400:
                self._narrator.note(f"it answers {status} to {self._paths[0]}, the path to be asked")
            self._post(events.Answered(generation))
        elif self._answers == len(self._paths):
            self._narrator.note(f"it accepts requests, but answers {status} to {', '.join(self._paths)}")

    def stop(self) -> None:
        if self._prober is not None:
            self._prober.stop()
