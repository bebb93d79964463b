"""The user's program, in the user's interpreter, on the socket that the supervisor holds.

Told over its channel: `prepare(names)` what to import while it waits, `check(files)`
what to compile, `load(...)` what to run. Tells: hello, prepared, checked, stale, began, asked, yield,
note, debugging, loaded, serving, answered, modules, learnt, idle, quiet, retiring, failed.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import socket
import sys
import tokenize
import traceback
from typing import Any, NamedTuple, NoReturn

from . import binding, bytecode, children, debugger, hook, modules, preload, programs, recipe
from .channel import Channel, Message, from_descriptor
from .hold import Hold
from .serving import Serving

_BOOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "boot.py")


class Warmth(NamedTuple):
    """What a zygote has done before it forked."""

    followed: recipe.Followed
    before: preload.Fingerprint


def main(descriptor: int, warmth: Warmth | None = None) -> None:
    """Wait for what to run, run it, and leave as a program of its own would."""
    channel = from_descriptor(descriptor)
    channel.send("hello", pid=os.getpid(), python=sys.version.split()[0])
    bytecode.distrust_young_sources()
    worker = Worker(channel, warmth)
    request = worker.wait_for_load()
    if request is not None:
        worker.run(request)


class Worker:
    def __init__(self, channel: Channel, warmth: Warmth | None) -> None:
        self._channel = channel
        self._followed = None if warmth is None else warmth.followed
        self._before: preload.Fingerprint = {} if warmth is None else warmth.before
        self._errors: list[str] = []
        self._serving: Serving | None = None
        self._original_sigint = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait_for_load(self) -> Message | None:
        """The load request; None when the supervisor is gone or wants nothing any more."""
        while True:
            message = self._channel.wait()
            if message is None or message.event == "stop":
                return None
            if message.event == "prepare":
                preload.load([*message.fields["names"], *preload.LAZY])
                if message.fields.get("debug"):
                    debugger.prepare(message.fields["debug"])
                self._before = preload.fingerprint()
                modules.report()  # what is known of these files need not be found out later
                self._channel.send("prepared")
            elif message.event == "check":
                self._check(message.fields["files"])
            elif message.event == "load":
                return message

    def _check(self, files: list[str]) -> None:
        for path in files:
            error = _syntax_error(path)
            if error is not None:
                detail = "".join(traceback.format_exception_only(type(error), error))
                self._fail(error, detail)
                sys.stderr.write(detail)
                self._leave(1)
        self._channel.send("checked")

    def run(self, request: Message) -> None:
        fields = request.fields
        folder = fields["path"]
        if self._before:
            stale = preload.staleness(self._before, [folder])
            if stale is not None:
                self._give_way(stale)
        if not sys.stdout.isatty():
            # Lines of several processes meet in one pipe: each whole, and in order.
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, io.TextIOWrapper):
                    stream.reconfigure(line_buffering=True)
        listeners = [socket.socket(fileno=descriptor) for descriptor in request.fds]
        if fields.get("debug"):
            try:
                debugger.start(self._channel, fields["debug"])
            except debugger.DebuggerMissingError as missing:
                self._fail(missing, str(missing), no_debugpy=True)
                self._leave(1)
        hold = Hold(self._channel, listeners, fields["port"], fields["aside"])
        if fields["late"] is not None:
            hold.learner = recipe.Learner(self._followed, fields["late"], self._give_way)
        self._serving = Serving(self._channel, hold, debugged=bool(fields.get("debug")))
        signal.signal(signal.SIGINT, self._original_sigint)
        self._channel.send("began")
        self._collect_errors()
        if fields.get("debug"):
            debugger.run_to_the_end(lambda: self._run_reporting(fields, hold))
        else:
            self._run_reporting(fields, hold)

    def _run_reporting(self, fields: dict[str, Any], hold: Hold) -> None:
        if fields["kind"] != "command":
            hook.install(self._served())
            binding.install(hold, self._channel)
            children.install(hold)
            if fields["engines"] is not None:
                from . import engine_attach  # noqa: PLC0415  (only where it is asked for)

                engine_attach.install(fields["engines"], self._channel, lambda: self._tell_imports(hold))
        try:
            programs.run(fields, hold)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
            if code and not (self._served().started or hold.is_served):
                self._fail(None, "\n".join(self._errors))
            raise
        except KeyboardInterrupt:
            self._leave(130)
        except BaseException as error:
            detail = "".join(_user_traceback(error))
            with contextlib.suppress(Exception):  # a program may have closed it
                sys.stderr.write(detail)
            self._fail(error, detail)
            raise SystemExit(1) from None

    def _tell_imports(self, hold: Hold) -> None:
        """Of a new interpreter, before it waits for an engine to load: the next ones may be warm by then."""
        if hold.learner is not None and self._followed is None:
            self._channel.send("learnt", **hold.learner.recipe())

    def _served(self) -> Serving:
        assert self._serving is not None
        return self._serving

    def _collect_errors(self) -> None:
        """Uvicorn logs what went wrong in a lifespan and leaves with a status alone."""
        errors = self._errors

        class Collect(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                errors.append(logging.Formatter().format(record))
                del errors[:-5]

        logging.getLogger("uvicorn.error").addFilter(_tee(Collect(logging.ERROR)))

    def _fail(self, error: BaseException | None, detail: str, *, no_debugpy: bool = False) -> None:
        message = "".join(traceback.format_exception_only(type(error), error)).strip() if error else detail
        missing = isinstance(error, ModuleNotFoundError) and error.name == "uvicorn"
        files = _files_in(error) if error else []
        report = modules.report()
        report["files"] = sorted({*report["files"], *files})
        self._channel.send(
            "failed", message=message, detail=detail, no_uvicorn=missing, no_debugpy=no_debugpy, **report
        )

    def _give_way(self, reason: str) -> NoReturn:
        """To a new interpreter: what this one has imported is not what it would."""
        self._channel.send("stale", reason=reason)
        self._leave(0)

    def _leave(self, code: int) -> NoReturn:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _tee(handler: logging.Handler) -> Any:
    """A filter that keeps every record and shows errors to `handler`: uvicorn replaces handlers."""

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            handler.handle(record)
        return True

    return keep


# -- failures --------------------------------------------------------------------------


def _syntax_error(path: str) -> Exception | None:
    """Why this interpreter can't compile the file; None if it can, or if the file is gone."""
    try:
        with tokenize.open(path) as file:
            source = file.read()
        compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return error
    except OSError:
        return None
    return None


def _user_traceback(error: BaseException) -> list[str]:
    """The traceback as the user's own program would show it: without the frames that run it."""
    ours = os.path.dirname(_BOOT) + os.sep
    frame = error.__traceback__
    while frame is not None and os.path.realpath(frame.tb_frame.f_code.co_filename).startswith(ours):
        frame = frame.tb_next
    return traceback.format_exception(type(error), error, frame)


def _files_in(error: BaseException) -> list[str]:
    """Source files of the user's that the failure went through: an edit of them may cure it."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        files.append(error.filename)
    ours = os.path.dirname(_BOOT) + os.sep
    return [
        os.path.abspath(path)
        for path in files
        if os.path.isfile(path)
        and not preload.is_third_party(path)
        and not os.path.realpath(path).startswith(ours)
    ]
