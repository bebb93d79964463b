"""The pygls server: hands every message to the session's route for it. No decisions here.

Messages stay the JSON that they are: params go to the session, and results to the
client, without a detour through lsprotocol's classes.
"""

from __future__ import annotations

import gc
import io
import logging
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import cattrs
from lsprotocol import types
from pygls.io_ import StdoutWriter, run
from pygls.lsp.server import LanguageServer
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    LanguageServerProtocol,
    default_converter,
)

from portside import __version__
from portside.lsp.session import Session
from portside.lsp.wire import frame

# What pygls itself answers, with the classes that it knows for it.
_LIFE_CYCLE = frozenset({types.SHUTDOWN, types.EXIT, types.CANCEL_REQUEST, types.SET_TRACE})

_log = logging.getLogger(__name__)


def take_over(session: Session, body: bytes, source: BinaryIO, sink: BinaryIO) -> None:
    """Serve the session from this message on, until the client ends it.

    Raises SystemExit with the exit code that the protocol asks for.
    """
    server = LanguageServer("portside", __version__, protocol_cls=_Protocol, converter_factory=_converter)
    protocol = server.protocol
    protocol.set_writer(StdoutWriter(sink))
    for method, route in session.routes.items():
        protocol.fm.add_builtin_feature(method, _handler(method, route))
    # What is loaded by now stays: the collector, which would stop a keystroke to look at it, needn't.
    gc.collect()
    gc.freeze()
    run(threading.Event(), _Resumed(body, source), protocol, _log, _report)


class _Protocol(LanguageServerProtocol):
    """Knows no message's class but those of the life cycle: the others stay JSON."""

    # pygls keeps the answers in a cache, and so has another type for these two.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        return super().get_message_type(method) if method in _LIFE_CYCLE else None

    def handle_message(self, message: Any) -> None:
        """Of the client's answers only refusals are of interest: the session asks, not pygls."""
        if hasattr(message, "method"):
            super().handle_message(message)
        elif getattr(message, "error", None) is not None:
            _log.warning("the client refused request %s: %s", message.id, message.error.message)

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # noqa: ARG002
        return None


class _Resumed:
    """A stream from which one message was read already: it comes again, then the rest."""

    def __init__(self, body: bytes, stream: BinaryIO) -> None:
        self._first = io.BytesIO(frame(body))
        self._stream = stream

    def readline(self) -> bytes:
        return self._first.readline() or self._stream.readline()

    def read(self, size: int) -> bytes:
        return self._first.read(size) or self._stream.read(size)


def _handler(method: str, route: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The route, called with an empty object where a message has no params; failures are logged."""

    def handle(params: Any) -> Any:
        try:
            return route({} if params is None else params)
        except BrokenPipeError:
            raise
        except Exception:
            _log.exception("%s failed", method)
            raise

    return handle


def _report(error: Exception, _kind: object) -> None:
    _log.error("a message was not understood: %s", error)


def _converter() -> cattrs.Converter:
    converter: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]
    for kind in (JsonRPCRequestMessage, JsonRPCNotification, JsonRPCResponseMessage):
        converter.register_structure_hook(kind, _as_it_is)
    return converter


def _as_it_is(message: dict[str, Any], kind: type[Any]) -> Any:
    """The message with its params or result left as JSON; both may be absent where they are null."""
    absent = "result" if kind is JsonRPCResponseMessage else "params"
    return kind(**{absent: None, **message})
