"""Starting the language server, and its loop: most answers do without pygls.

    incoming.py    answers what an editor sends all day, on bare JSON
    loading.py     imports pygls in a thread, once the first findings are out and the client is silent
    server.py      pygls: takes what is left

The session is one and the same.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import BinaryIO

from portside.lsp.inbox import Inbox
from portside.lsp.incoming import Incoming
from portside.lsp.loading import Loading
from portside.lsp.outbox import Outbox
from portside.lsp.session import Session


def serve(log_file: Path | None) -> None:
    """Serve the client on standard input and output until it ends the session."""
    # What is made up to the first findings stays: to look through it for garbage is time lost.
    gc.disable()
    _require_streams()
    _log_to(log_file)
    sink = _private_stdout()
    # Raw, since the interpreter at its end waits for locks that a buffer's reader holds.
    inbox, outbox = Inbox(sys.stdin.buffer.raw), Outbox(sink)  # type: ignore[union-attr]
    session, loading = Session(outbox, inbox), Loading()
    incoming = Incoming(session, inbox, outbox, lambda method: _answered(session, method, loading))
    inbox.start()
    try:
        body = incoming.unanswered()
    except BrokenPipeError:
        return
    if body is None:
        return
    loading.finish()
    from portside.lsp.server import take_over

    take_over(body, incoming, sink)


def _require_streams() -> None:
    """A client that closes standard error has nothing to lose; without the other two there is none."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stdin is None or sys.stdout is None:
        sys.stderr.write("error: the language server needs standard input and output; one is closed\n")
        sys.exit(2)


def _answered(session: Session, method: str, loading: Loading) -> None:
    loading.heard()
    if method == "initialize":
        session.warm_up()
    if method == ("textDocument/diagnostic" if session.client.pulls else "textDocument/didOpen"):
        loading.begin()
        session.learn()


def _private_stdout() -> BinaryIO:
    """Standard output for the protocol alone: a stray print goes to standard error and breaks nothing."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink


def _log_to(log_file: Path | None) -> None:
    if log_file is None:
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
        logging.getLogger().handlers[0].setLevel(logging.WARNING)
    else:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
        logging.basicConfig(level=logging.INFO, filename=log_file, format=form)
