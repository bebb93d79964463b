"""What the server sends of its own accord."""

from __future__ import annotations

import itertools
from typing import Any, BinaryIO

from portside.lsp.wire import write_message


class Outbox:
    """Writes notifications and requests to the client. Answers to these are of no interest to anyone."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._ids = itertools.count(1)

    def notify(self, method: str, params: dict[str, Any]) -> None:
        write_message(self._sink, {"method": method, "params": params})

    def publish(self, uri: str, version: int | None, diagnostics: list[dict[str, Any]]) -> None:
        """Send all diagnostics of a document. version: the one that they belong to, where it has any."""
        params: dict[str, Any] = {"uri": uri, "diagnostics": diagnostics}
        self.notify(
            "textDocument/publishDiagnostics", params if version is None else {**params, "version": version}
        )

    def request(self, method: str, params: dict[str, Any] | None) -> None:
        message: dict[str, Any] = {"id": f"portside-{next(self._ids)}", "method": method}
        write_message(self._sink, message if params is None else {**message, "params": params})
