"""What the client sends: answered right here, on bare JSON, as far as the session has an answer.

That is every message but those of the protocol's life cycle, which pygls knows better
(server.py). Nothing is gained by having it read the others: it makes an object of every
part of a message, and its loading takes longer than a file's first check.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, BinaryIO

from portside.lsp.refusal import REQUEST_FAILED, Refusal
from portside.lsp.session import Session
from portside.lsp.wire import read_body, write_message

_INTERNAL_ERROR = -32603
_INVALID_REQUEST = -32600
# Notifications that may be ignored. One takes a request back; each is answered before the next is read.
_OPTIONAL = "$/"

_log = logging.getLogger(__name__)


class Incoming:
    """The messages of one client, in order.

    answered: called with the method of each that was answered.
    """

    def __init__(
        self, session: Session, source: BinaryIO, sink: BinaryIO, answered: Callable[[str], None]
    ) -> None:
        self._session, self._source, self._sink = session, source, sink
        self._answered = answered
        self._shut_down = False

    def unanswered(self) -> bytes | None:
        """Answers what comes; the next message that isn't answered here, undecoded, or None at the end."""
        while (body := read_body(self._source)) is not None:
            message = _decoded(body)
            method = message.get("method")
            if method is None and "id" in message:
                _note(message)
            elif not isinstance(method, str):
                return body
            elif self._shut_down and method != "exit":
                self._refuse(message)
            elif method in self._session.routes:
                self._answer(method, message)
                self._answered(method)
            elif "id" in message or not method.startswith(_OPTIONAL):
                self._shut_down = method == "shutdown"
                return body
        return None

    def _refuse(self, message: dict[str, Any]) -> None:
        """What comes after the request to shut down is an error; pygls would leave it without an answer."""
        if "id" in message:
            error = {"code": _INVALID_REQUEST, "message": "the server is shutting down"}
            write_message(self._sink, {"id": message["id"], "error": error})

    def _answer(self, method: str, message: dict[str, Any]) -> None:
        try:
            outcome: dict[str, Any] = {"result": self._session.routes[method](message.get("params") or {})}
        except BrokenPipeError:
            raise
        except Refusal as refusal:
            outcome = {"error": {"code": REQUEST_FAILED, "message": str(refusal)}}
        except Exception as error:
            _log.exception("%s failed", method)
            outcome = {"error": {"code": _INTERNAL_ERROR, "message": f"{type(error).__name__}: {error}"}}
        if "id" in message:
            write_message(self._sink, {"id": message["id"], **outcome})


def _note(answer: dict[str, Any]) -> None:
    """Of the client's answers only refusals are of interest."""
    if answer.get("error") is not None:
        error = answer["error"]
        said = error.get("message") if isinstance(error, dict) else error
        _log.warning("the client refused request %s: %s", answer["id"], said)


def _decoded(body: bytes) -> dict[str, Any]:
    """The message; one that is no JSON object is left for pygls to complain about."""
    try:
        message = json.loads(body)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
