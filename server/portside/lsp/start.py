"""Starting the language server: the first answers do not wait for pygls.

Importing pygls takes longer than everything else that it takes to show the first
findings, nearly all of it for classes that this server has no use for. So:

    greet    answers what an editor sends first (`initialize`, the opened files, the
             request for their diagnostics), on bare JSON
    load     imports pygls, in a thread that begins once the first findings are out
    serve    hands the streams and the session over to pygls, which stays in charge

The session is one and the same; whatever `greet` does not know waits for pygls.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from portside.lsp.outbox import Outbox
from portside.lsp.session import Session
from portside.lsp.wire import read_body, write_message

# What can be answered without pygls. Everything else, shutdown and exit too, is its business.
_GREETING = frozenset(
    {
        "initialize",
        "initialized",
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/diagnostic",
    }
)
_INTERNAL_ERROR = -32603

_log = logging.getLogger(__name__)


def serve(log_file: Path | None) -> None:
    """Serve the client on standard input and output until it ends the session."""
    _log_to(log_file)
    source, sink = sys.stdin.buffer, _private_stdout()
    session = Session(Outbox(sink))
    loading = threading.Thread(target=_load_pygls, name="load-pygls", daemon=True)
    try:
        body = _greet(session, source, sink, loading)
    except BrokenPipeError:
        return
    if body is None:
        return
    if not loading.is_alive() and loading.ident is None:
        loading.start()
    loading.join()
    from portside.lsp.server import take_over

    take_over(session, body, source, sink)


def _greet(session: Session, source: BinaryIO, sink: BinaryIO, loading: threading.Thread) -> bytes | None:
    """Answer the first messages; the first one that is not answered here, or None at the end."""
    while (body := read_body(source)) is not None:
        message = _decoded(body)
        if _is_answer(message):
            continue
        method = message.get("method")
        loaded = loading.ident is not None and not loading.is_alive()
        if method not in _GREETING or loaded:
            return body
        _answer(session, message, sink)
        if method == "initialize":
            session.warm_up()
        if loading.ident is None and _findings_are_out(session, method):
            loading.start()
    return None


def _is_answer(message: dict[str, Any]) -> bool:
    """Whether the client answers something that the session asked for; such an answer tells nothing."""
    return "id" in message and "method" not in message and "error" not in message


def _findings_are_out(session: Session, method: str) -> bool:
    """Whether the client has what it waits for first: after the request, if it is one to ask."""
    return method == ("textDocument/diagnostic" if session.client.pulls else "textDocument/didOpen")


def _decoded(body: bytes) -> dict[str, Any]:
    """The message; one that is no JSON object is left for pygls to complain about."""
    try:
        message = json.loads(body)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _answer(session: Session, message: dict[str, Any], sink: BinaryIO) -> None:
    method = message["method"]
    try:
        outcome: dict[str, Any] = {"result": session.routes[method](message.get("params") or {})}
    except BrokenPipeError:
        raise
    except Exception as error:
        _log.exception("%s failed", method)
        outcome = {"error": {"code": _INTERNAL_ERROR, "message": f"{type(error).__name__}: {error}"}}
    if "id" in message:
        write_message(sink, {"id": message["id"], **outcome})


def _load_pygls() -> None:
    import portside.lsp.server  # noqa: F401


def _private_stdout() -> BinaryIO:
    """Standard output for the protocol alone: a stray print goes to standard error and breaks nothing."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink


def _log_to(log_file: Path | None) -> None:
    if log_file is None:
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    else:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        logging.basicConfig(level=logging.INFO, filename=log_file, format=form)
