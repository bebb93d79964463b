"""What the server sends: notifications, requests of its own, and answers that took their time."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from portside.lsp.wire import write_message

Json = dict[str, Any]

_log = logging.getLogger(__name__)


class Outbox:
    """Writes to the client; safe for threads, since a log's lines come from any."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self._asked: dict[str, tuple[str, Callable[[Any], None] | None]] = {}

    def send(self, message: Json) -> None:
        with self._lock:
            write_message(self._sink, message)

    def notify(self, method: str, params: Json) -> None:
        self.send({"method": method, "params": params})

    def publish(self, uri: str, version: int | None, diagnostics: list[Json]) -> None:
        """Send all diagnostics of a document. version: the one that they belong to, where it has any."""
        params: Json = {"uri": uri, "diagnostics": diagnostics}
        self.notify(
            "textDocument/publishDiagnostics", params if version is None else {**params, "version": version}
        )

    def request(self, method: str, params: Any, then: Callable[[Any], None] | None = None) -> None:
        """Ask the client. then: called with its result, and not at all where it refuses."""
        name = f"portside-{next(self._ids)}"
        self._asked[name] = (method, then)
        message: Json = {"id": name, "method": method}
        self.send(message if params is None else {**message, "params": params})

    def take_answer(self, answer: Json) -> None:
        """Something that the client says to a request of the server's."""
        method, then = self._asked.pop(str(answer.get("id")), ("", None))
        if answer.get("error") is not None:
            error = answer["error"]
            said = error.get("message") if isinstance(error, dict) else error
            _log.warning("the client refused request %s (%s): %s", answer["id"], method, said)
        elif then is not None:
            then(answer.get("result"))

    def answer(self, request: Any, result: Any) -> None:
        self.send({"id": request, "result": result})

    def refuse(self, request: Any, code: int, message: str, data: Json | None = None) -> None:
        error: Json = {"code": code, "message": message}
        self.send({"id": request, "error": error if data is None else {**error, "data": data}})
