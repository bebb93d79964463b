"""debugpy in the worker: it listens for a debugger, or connects to an adapter that waits for it.

Of the user's environment; where that has none, the one that Portside brings along.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from .channel import Channel

_HOST = "127.0.0.1"
_POLL_S = 0.1
_SUSPENDED = 2
"""pydevd's STATE_SUSPEND: _pydevd_bundle/pydevd_constants.py of debugpy 1.8."""


class DebuggerMissingError(Exception):
    """debugpy is not installed in this interpreter."""


def start(channel: Channel, request: dict[str, Any]) -> None:
    """Let the user debug what runs here, over loopback only.

    request: port; connect: to what listens there, else listen there; wait: for the debugger before
    anything of the user's runs; library: a folder to take debugpy from where there is none here.
    """
    _allow_frozen_modules()
    debugpy = _import(request.get("library"))
    # The engine's own processes are not what is debugged, and starting them must not change.
    debugpy.configure(subProcess=False)
    if request.get("connect"):
        try:
            debugpy.connect((_HOST, int(request["port"])))
        except OSError:  # its user has left
            channel.send("note", text="the debugger went away before the app was loaded")
            return
    else:
        host, port = debugpy.listen((_HOST, int(request["port"])))
        channel.send("debugging", host=host, port=port, waits=bool(request["wait"]))
    _watch(channel)
    if request["wait"]:
        debugpy.wait_for_client()


def prepare(request: dict[str, Any]) -> None:
    """Have the debugger in memory before it is asked for: its import is most of a reload."""
    _allow_frozen_modules()
    with contextlib.suppress(ImportError, DebuggerMissingError):
        _import(request.get("library"))
        importlib.import_module("debugpy.server.api")


def run_to_the_end(program: Callable[[], None]) -> NoReturn:
    """Run it, and leave as Python would, but for the interpreter's own end.

    Now and then pydevd's threads keep Python 3.11 from coming to that for as long as it is let.
    """
    code = 0
    try:
        program()
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        if isinstance(leave.code, str):
            sys.stderr.write(leave.code + "\n")
    for thread in threading.enumerate():
        if not (thread.daemon or thread is threading.current_thread()):
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _allow_frozen_modules() -> None:
    """It would warn that the standard library's modules have no source lines to stop at."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def _import(library: str | None) -> Any:
    try:
        import debugpy  # noqa: PLC0415  (only where it is asked for)
    except ImportError as error:
        if library is None:
            raise DebuggerMissingError(str(error)) from None
        return _import_from(library)
    return debugpy


def _import_from(library: str) -> Any:
    """The package alone: nothing else of that folder is to be found by the app."""
    sys.path.insert(0, library)
    try:
        return _import(None)
    finally:
        sys.path.remove(library)


def _watch(channel: Channel) -> None:
    thread = threading.Thread(target=_tell_when_held, args=(channel,), daemon=True, name="portside.debugger")
    # How pydevd marks threads of its own: neither traced nor held.
    thread.__dict__.update(pydev_do_not_trace=True, is_pydev_daemon_thread=True)
    thread.start()


def _tell_when_held(channel: Channel) -> None:
    """`held` when the debugger stops the app, `released` when it goes on: a held app is no app that hangs."""
    told = False
    while True:
        time.sleep(_POLL_S)
        held = any(map(_is_held, threading.enumerate()))
        if held != told:
            told = held
            if not channel.send("held" if held else "released"):
                return


def _is_held(thread: threading.Thread) -> bool:
    state = getattr(getattr(thread, "additional_info", None), "pydev_state", None)
    return state == _SUSPENDED
