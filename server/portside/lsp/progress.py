"""Progress of long work, as the client shows it: under its own token, or one that it was asked to take."""

from __future__ import annotations

import itertools
from time import monotonic
from typing import Any

from portside.lsp.outbox import Json, Outbox

_REPORT_EVERY_S = 0.1
# What is over sooner needs no sign that it goes on.
_LONG_S = 0.5
_tokens = itertools.count(1)


class Progress:
    """Of one piece of work. token: the client's; None where it gave none.

    may_create: whether the client can be asked to show some of its own.
    """

    def __init__(self, outbox: Outbox, title: str, token: Any, *, may_create: bool) -> None:
        self._outbox, self._title = outbox, title
        self._began = self._reported = monotonic()
        self._may_create = may_create and token is None
        self._shown, self._over = False, False
        self.token = token
        if token is not None:
            self._begin()

    def report(self, message: str, percentage: int) -> None:
        now = monotonic()
        if self._may_create and now - self._began > _LONG_S:
            self._may_create = False
            self.token = f"portside-progress-{next(_tokens)}"
            self._outbox.request("window/workDoneProgress/create", {"token": self.token}, self._created)
        if self._shown and now - self._reported > _REPORT_EVERY_S:
            self._reported = now
            self._say({"kind": "report", "message": message, "percentage": percentage})

    def end(self, message: str) -> None:
        if self._shown and not self._over:
            self._say({"kind": "end", "message": message})
        self._over = True

    def _created(self, _result: Any) -> None:
        if not self._over:
            self._begin()

    def _begin(self) -> None:
        self._shown = True
        self._say({"kind": "begin", "title": self._title, "cancellable": True, "percentage": 0})

    def _say(self, value: Json) -> None:
        self._outbox.notify("$/progress", {"token": self.token, "value": value})
