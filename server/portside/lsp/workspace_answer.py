"""The answer to one `workspace/diagnostic`, as it comes together."""

from __future__ import annotations

from typing import Any

from portside.lsp.diagnostics import NOTHING
from portside.lsp.outbox import Json, Outbox
from portside.records import dataclass

_PART = 25


@dataclass(frozen=True, slots=True)
class Report:
    """The diagnostics of one file. version: None where it is not open."""

    uri: str
    version: int | None
    identity: str
    items: list[Json]


class Answer:
    """What the client does not know yet; in parts, where it takes them.

    request: its id. work_token: under which the client shows progress.
    """

    def __init__(self, outbox: Outbox, request: Any, params: Json) -> None:
        self._outbox = outbox
        self.request = request
        self.work_token = params.get("workDoneToken")
        self._part_token = params.get("partialResultToken")
        known = params.get("previousResultIds") or ()
        # The client asks for the first time: it is told also that there is nothing.
        self._is_first = not known
        self._known: dict[str, str] = {one["uri"]: one["value"] for one in known}
        self._missing: dict[str, str] = {}
        self._items: dict[str, Json] = {}
        self._has_sent = False

    @property
    def known(self) -> dict[str, str]:
        """The result ids that the client has of files with findings, what was sent meanwhile included."""
        return {uri: known for uri, known in self._known.items() if known != NOTHING}

    def begin(self) -> None:
        """All files are looked at from here on."""
        self._missing = self.known

    def take(self, report: Report) -> None:
        known = self._known.get(report.uri)
        self._missing.pop(report.uri, None)
        if known == report.identity or (known is None and not report.items):
            return
        self._known[report.uri] = report.identity
        self._add(_full(report))

    def finish(self) -> bool:
        """Answer, if there is anything to say; else the question stays open."""
        for uri in self._missing:
            self._known[uri] = NOTHING
            self._add(_full(Report(uri, None, NOTHING, [])))
        if not (self._items or self._has_sent or self._is_first):
            return False
        self._outbox.answer(self.request, {"items": list(self._items.values())})
        return True

    def _add(self, item: Json) -> None:
        self._items[item["uri"]] = item
        if self._part_token is not None and len(self._items) >= _PART:
            value = {"items": list(self._items.values())}
            self._outbox.notify("$/progress", {"token": self._part_token, "value": value})
            self._items, self._has_sent = {}, True


def _full(report: Report) -> Json:
    return {
        "kind": "full",
        "uri": report.uri,
        "version": report.version,
        "resultId": report.identity,
        "items": report.items,
    }
