"""What the client sends: answered right here, on bare JSON, as far as the session has an answer.

That is every message of a well-behaved client; pygls knows what to do with any other
(server.py). Nothing is gained by having it read these: it makes an object of every part of a
message, its loading takes longer than a file's first check, and editors wait a second, no more, for the
answer to `shutdown`.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from portside.lsp.inbox import Inbox
from portside.lsp.outbox import Json, Outbox
from portside.lsp.refusal import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    NOT_INITIALIZED,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    Refusal,
    Withdrawn,
)
from portside.lsp.session import Session

# Notifications that may be ignored.
_OPTIONAL = "$/"
_CANCEL = "$/cancelRequest"

_log = logging.getLogger(__name__)


class Incoming:
    """The messages of one client, in order.

    answered: called with the method of each that was answered.
    """

    def __init__(
        self, session: Session, inbox: Inbox, outbox: Outbox, answered: Callable[[str], None]
    ) -> None:
        self._session, self._inbox, self._outbox = session, inbox, outbox
        self._answered = answered
        self._initialized = False
        self._shut_down = False

    def unanswered(self) -> bytes | None:
        """Answers what comes; the next message that isn't answered here, undecoded, or None at the end."""
        while (body := self._next()) is not None:
            message = self._decoded(body)
            if message is not None and not self._is_answered(message):
                return body
        if self._inbox.broken is not None:
            _log.error("%s, so the session ends here", self._inbox.broken)
        return None

    def _next(self) -> bytes | None:
        """The next message; whatever can wait is done while there is none."""
        chores = self._session.chores
        while chores:
            if self._inbox.has_any:
                break
            chores.step()
        return self._inbox.next()

    def _decoded(self, body: bytes) -> Json | None:
        """The message; None for what is none, and has been refused."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            _log.warning("a message is no JSON: %s", error)
            self._outbox.refuse(None, PARSE_ERROR, f"not JSON: {error}")
            return None
        if isinstance(message, dict) and isinstance(message.get("method", ""), str):
            return message
        self._outbox.refuse(None, INVALID_REQUEST, "a message is an object with a method")
        return None

    def _is_answered(self, message: Json) -> bool:
        method = message.get("method")
        if method is None:
            self._outbox.take_answer(message)
        elif method == _CANCEL and "id" not in message:
            self._withdraw(message.get("params"))
        elif method != "exit" and (reason := self._why_not(method)) is not None:
            if "id" in message:
                self._outbox.refuse(message["id"], *reason)
        elif method in self._session.routes or method in self._session.later:
            self._answer(method, message)
            self._answered(method)
        elif method == "shutdown":
            self._shut_down = True
            self._session.end()
            self._outbox.answer(message.get("id"), None)
        elif method == "exit":
            sys.exit(0 if self._shut_down else 1)
        elif "id" in message or not method.startswith(_OPTIONAL):
            return False
        return True

    def _why_not(self, method: str) -> tuple[int, str] | None:
        """Why a message has no place at this point of the session; pygls would leave it without an answer."""
        if self._shut_down:
            return INVALID_REQUEST, "the server is shutting down"
        if not self._initialized and method != "initialize":
            return NOT_INITIALIZED, "the session has not been initialized"
        if self._initialized and method == "initialize":
            return INVALID_REQUEST, "the session has been initialized already"
        self._initialized = True
        return None

    def _withdraw(self, params: object) -> None:
        """What is still waiting was refused when its turn came; what takes its time is stopped here."""
        request = params.get("id") if isinstance(params, dict) else None
        if not isinstance(request, (int, str)):
            return
        self._inbox.forget_withdrawn(request)
        if self._session.withdraw(request):
            self._outbox.refuse(request, REQUEST_CANCELLED, "taken back")

    def _answer(self, method: str, message: Json) -> None:
        request, began = message.get("id"), perf_counter()
        outcome = self._outcome(method, message, request)
        if outcome is not None and "id" in message:
            self._outbox.send({"id": request, **outcome})
        self._session.trace.answered(method, request, perf_counter() - began, message, outcome)

    def _outcome(self, method: str, message: Json, request: Any) -> Json | None:
        """The result or the error; None where the session answers later."""
        session = self._session
        session.is_withdrawn = lambda: self._inbox.is_withdrawn(request)
        try:
            if "id" in message and session.is_withdrawn():
                raise Withdrawn("taken back before its turn")
            params = message.get("params") or {}
            if method in session.later:
                session.later[method](request, params)
                return None
            return {"result": session.routes[method](params)}
        except BrokenPipeError:
            raise
        except Refusal as refusal:
            return {"error": {"code": refusal.code, "message": str(refusal)}}
        except Exception as error:
            _log.exception("%s failed", method)
            return {"error": {"code": INTERNAL_ERROR, "message": f"{type(error).__name__}: {error}"}}
