"""What the client is told of the server's doings: log lines, and with `$/setTrace` each answer."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import Any

from portside.lsp.outbox import Json, Outbox

_TYPES = {logging.ERROR: 1, logging.WARNING: 2, logging.INFO: 3, logging.DEBUG: 4}
_LONGEST = 4000


class ClientLog(logging.Handler):
    """Sends each record's line as `window/logMessage`; tracebacks stay on standard error, or in the file."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(logging.INFO)
        self._outbox = outbox

    def listen(self) -> None:
        """Effect: what Portside logs, from information on, comes here from now on."""
        log = logging.getLogger("portside")
        log.setLevel(logging.INFO)
        log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        level = next((level for level in _TYPES if record.levelno >= level), logging.DEBUG)
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message = f"{message}: {type(error).__name__}: {error}"
        # Where nobody reads any more the next message finds out.
        with contextlib.suppress(OSError):
            self._outbox.notify("window/logMessage", {"type": _TYPES[level], "message": message})


class Trace:
    """Answers, with how long they took, for a client that asked for that."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._value = "off"

    def set(self, value: object) -> None:
        self._value = value if value in {"messages", "verbose"} else "off"

    def answered(
        self, method: str, request: Any, seconds: float, message: Json, outcome: Json | None
    ) -> None:
        """outcome: None where the answer follows later."""
        if self._value == "off" or method == "$/setTrace":
            return
        what = f"{method} ({request})" if request is not None else method
        how = "is being worked on" if outcome is None else "failed" if "error" in outcome else "was answered"
        if request is None:
            how = "was taken note of"
        params: Json = {"message": f"{what} {how} in {seconds * 1000:.1f} ms"}
        if self._value == "verbose":
            shown = {"params": message.get("params"), **(outcome or {})}
            params["verbose"] = json.dumps(shown, ensure_ascii=False)[:_LONGEST]
        self._outbox.notify("$/logTrace", params)
