"""The pygls server: what no client should send.

What the session answers never comes here (incoming.py).
"""

from __future__ import annotations

import io
import logging
import threading
from typing import Any, BinaryIO

import cattrs
from pygls.io_ import StdoutWriter, run
from pygls.lsp.server import LanguageServer
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    LanguageServerProtocol,
    default_converter,
)

from portside import __version__
from portside.lsp.incoming import Incoming
from portside.lsp.wire import frame

_log = logging.getLogger(__name__)


def take_over(body: bytes, incoming: Incoming, sink: BinaryIO) -> None:
    """Serve the client from this message on, until it ends the session."""
    server = LanguageServer("portside", __version__, protocol_cls=_Protocol, converter_factory=_converter)
    protocol = server.protocol
    protocol.set_writer(StdoutWriter(sink))
    run(threading.Event(), _Rest(body, incoming), protocol, _log, _report)


class _Protocol(LanguageServerProtocol):
    """Knows no message's class: all stay JSON."""

    # pygls keeps the answers in a cache, and so has another type for these two.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # noqa: ARG002
        return None

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # noqa: ARG002
        return None


class _Rest:
    """The stream of the messages that nobody has answered yet."""

    def __init__(self, body: bytes, incoming: Incoming) -> None:
        self._message = io.BytesIO(frame(body))
        self._incoming = incoming

    def readline(self) -> bytes:
        line = self._message.readline()
        if not line and (body := self._incoming.unanswered()) is not None:
            self._message = io.BytesIO(frame(body))
            line = self._message.readline()
        return line

    def read(self, size: int) -> bytes:
        return self._message.read(size)


def _report(error: Exception, _kind: object) -> None:
    _log.error("a message was not understood: %s", error)


def _converter() -> cattrs.Converter:
    converter: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]
    for kind in (JsonRPCRequestMessage, JsonRPCNotification):
        converter.register_structure_hook(kind, _as_it_is)
    return converter


def _as_it_is(message: dict[str, Any], kind: type[Any]) -> Any:
    """The message with its params left as JSON; they may be absent where they are null."""
    return kind(**{"params": None, **message})
