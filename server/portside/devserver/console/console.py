"""What the dev server says: plain lines, colours on a terminal, or one JSON object a line.

With `--output-format json` each line of standard output is an event, with `event`
and `time` (seconds since the epoch), and the app's own output goes to standard error:

    starting        target, python, interpreter (why that one), folder, name, level: as of `claimed`
    conflict        host, port (or path: of a Unix socket), state, text, unseen [users], hanging,
                    holders [{pid, command, user, mine, age_s, kind, note, inherited_from, guessed,
                    server, forwarder}], actions [{action: stop with pids, next, wait or another}],
                    planned {what, setting}: for another port of the run than its server's
    swept           target, url, folder: of a dead server whose remains were ended, processes
                    [{pid, command}], left [pids that could not be ended], memory_bytes,
                    gpu_memory_bytes, gpu_memory_held_bytes
    claimed         host, port, url, level: `held`, or `watched` where the command binds it itself
    loading         generation, changed [paths]
    step            generation, step: imports, startup, engine, download, weights, compile, cache,
                    graphs, warm-up; text, progress: from 0 to 1, or null, seconds: since the start,
                    eta_seconds: by earlier starts, or null
    loaded          generation, seconds: since the save, or the start
    serving         generation, seconds, pid: of the worker
    ready           generation, seconds, url, changed, status: of the answer
    failed          generation, message, detail, kept: the generation that serves on, or null,
                    port: or null, failure: null, or {name, happened, cause, evidence, line, process,
                    where: null or {file, line, function, source}, remedies [], rules [], count}
    crashed, ended  generation, message, failure: as above
    engine          phase: starting; ready, with seconds; attached, with worker: its pid; restarting, with
                    reason; failed, with reason; lost, with status: negative for a signal, or null; own,
                    with reason: why it is not kept; model and key, but for own
    warm            modules, seconds: imported once, for all generations from now on
    offer           what: `keep-engine`, model, seconds: of the last reload, for an engine that was there
    debugging       host, port: of debugpy, waits: whether the app waits for a client
    waiting         for: "edit", or "retry" with seconds
    note, error     text
    stopping        seconds: the grace
    forced
    stopped         code, seconds, left [pids that could not be ended], port (or null), port_free
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from portside.knowledge import secrets

if TYPE_CHECKING:
    from portside.devserver.console.screen import Screen

Fields = Mapping[str, Any]
Line = tuple[str, str, str]
"""A mark, the style that a terminal shows it in, and the text."""


class Console:
    """Writes events to standard output. A reader that went away costs the lines, not the server."""

    def __init__(self, output_format: str, folder: str) -> None:
        self._json = output_format == "json"
        self._folder = folder
        self._terminal = not self._json and sys.stdout.isatty()
        self.listener: Callable[[str, Fields], None] | None = None
        """Is told each event, too."""
        self.screen: Screen | None = None
        """Who else writes to the terminal; None before anything runs."""
        self.asks_at: str | None = None
        """The socket of an editor that asks the user for us: asking.py."""

    @property
    def is_live(self) -> bool:
        """Whether a line can be redrawn in place."""
        return self._terminal and os.environ.get("TERM", "dumb") != "dumb"

    @property
    def is_json(self) -> bool:
        return self._json

    def emit(self, event: str, **fields: Any) -> None:
        if self._json or self.listener is not None:
            shown = {key: redacted(value) for key, value in fields.items()}
            if self.listener is not None:
                self.listener(event, shown)
            if self._json:
                self._write(json.dumps({"event": event, "time": round(time.time(), 3), **shown}))
                return
        for mark, style, text in self._lines(event, fields):
            self._show(mark, style, secrets.redact(text))

    def error(self, text: str) -> None:
        """Why nothing can be run."""
        self.emit("error", text=text)

    def row(self, label: str, text: str) -> None:
        """A further line about what was said last; text output only."""
        if not self._json:
            self._show(" ", "", f"{label:<9} {secrets.redact(text)}")

    def _lines(self, event: str, fields: Fields) -> list[Line]:
        describe = _TEXT.get(event)
        if describe is None:
            return []
        changed = [_from(self._folder, path) for path in fields.get("changed", ())]
        return describe({**fields, "changed": changed})

    def _show(self, mark: str, style: str, text: str) -> None:
        if self.screen is None:
            self._print(mark, style, text)
            return
        with self.screen.interrupted():
            self._print(mark, style, text)

    def _print(self, mark: str, style: str, text: str) -> None:
        if not self._terminal:
            self._write(f"{mark} {text}")
            return
        from rich.console import Console as Terminal
        from rich.text import Text

        with suppress(OSError):
            Terminal(soft_wrap=True, highlight=False).print(Text.assemble((mark, style), " ", text))

    @staticmethod
    def _write(line: str) -> None:
        try:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding or "ascii"
            sys.stdout.write((line + "\n").encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()
        except OSError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def redacted(value: Any) -> Any:
    """The same with all keys and tokens masked."""
    if isinstance(value, str):
        return secrets.redact(value)
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in value]
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in value.items()}
    return value


def _starting(fields: Fields) -> list[Line]:
    with_python = f"   with {_from(os.getcwd(), fields['python'])} ({fields['interpreter']})"
    return [("●", "bold", fields["target"] + (with_python if fields.get("level") != "watched" else ""))]


def _from(folder: str, path: str) -> str:
    """The path as one would type it in the folder, where it lies below that."""
    return os.path.relpath(path, folder) if path.startswith(folder + os.sep) else path


def _swept(fields: Fields) -> list[Line]:
    """The first processes by name: what a person recognises them by."""
    shown = [f"{_program(one['command'])} (pid {one['pid']})" for one in fields["processes"]]
    what = f"{fields['target']} in {fields['folder']}: {_listing(shown)}"
    on_gpu = f", with {_gib(fields['gpu_memory_bytes'])} of GPU memory" if fields["gpu_memory_bytes"] else ""
    text = f"ended what a killed server had left, {what}{on_gpu}"
    lines = [("■", "yellow", text)]
    if fields["left"]:
        pids = ", ".join(map(str, fields["left"]))
        lines.append(("✗", "red", f"these of its processes could not be ended: {pids}"))
    if fields["gpu_memory_held_bytes"]:
        lines.append(("✗", "red", f"{_gib(fields['gpu_memory_held_bytes'])} of it is not free yet"))
    return lines


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _program(command: str) -> str:
    """A process as `ps` would name it: its program, not the path of it."""
    return os.path.basename(command.split(" ", 1)[0]) or "?"


def _claimed(fields: Fields) -> list[Line]:
    if fields.get("level") == "watched":
        text = f"port {fields['port']} is free, and watched: the command binds it itself   {fields['url']}"
        return [("✓", "green", text)]
    return [("✓", "green", f"holding port {fields['port']}: {fields['url']}")]


def _ready(fields: Fields) -> list[Line]:
    changed = fields["changed"]
    why = f"   {_listing(changed)}" if changed else f"   {fields['url']}"
    text = f"generation {fields['generation']} ready in {fields['seconds']:.2f} s{why}"
    return [("↻" if changed else "✓", "green", text)]


def _failed(fields: Fields) -> list[Line]:
    lines = str(fields["message"]).strip().splitlines() or ["it did not start"]
    kept = fields.get("kept")
    rest = f"generation {kept} serves on" if kept else "the port is kept" if fields["port"] else ""
    failure = fields.get("failure")
    if failure is not None and failure["remedies"]:
        lines = [failure["happened"]]
    return [
        ("✗", "red", lines[0]),
        *((" ", "", line) for line in lines[1:4]),
        *_why(failure),
        *([(" ", "", rest)] if rest else ()),
    ]


def _crashed(fields: Fields) -> list[Line]:
    text = f"generation {fields['generation']} crashed: {fields['message']}"
    failure = fields.get("failure")
    happened = [(" ", "", str(failure["happened"]))] if failure is not None else []
    return [("✗", "red", text), *happened, *_why(failure)]


def _why(failure: Mapping[str, Any] | None) -> list[Line]:
    """The rows below what happened: the user's line, the cause, what to do."""
    if failure is None:
        return []
    from portside.failures.wording import rows_of

    return [(" ", "", f"{label:<9} {text}") for label, text in rows_of(failure)]


def _ended(fields: Fields) -> list[Line]:
    return [("■", "yellow", f"generation {fields['generation']} ended by itself ({fields['message']})")]


def _waiting(fields: Fields) -> list[Line]:
    if fields["for"] == "edit":
        return [("…", "yellow", "waiting for an edit")]
    return [("…", "yellow", f"starting again in {fields['seconds']:.1f} s, or at the next edit")]


def _stopping(fields: Fields) -> list[Line]:
    return [("■", "yellow", f"stopping, within {fields['seconds']:g} s; Ctrl-C again ends it at once")]


def _stopped(fields: Fields) -> list[Line]:
    state = "free" if fields["port_free"] else "still taken"
    port = f"the port is {state}" if fields["port"] else ""
    if fields["left"]:
        pids = ", ".join(map(str, fields["left"]))
        text = f"stopped, but these processes could not be ended: {pids}"
        return [("✗", "red", "; ".join(filter(None, (text, port))))]
    text = f"stopped in {fields['seconds']:.2f} s: no process is left"
    return [("■", "green", ", ".join(filter(None, (text, port))))]


def _offer(fields: Fields) -> list[Line]:
    return [
        ("!", "yellow", f"{fields['seconds']:.1f} s of that went to loading the same engine again"),
        (" ", "", "--keep-engine keeps it from one edit to the next; in the settings: keep-engine = true"),
    ]


def _note(fields: Fields) -> list[Line]:
    return [("!", "yellow", str(fields["text"]))]


def _engine(fields: Fields) -> list[Line]:
    match fields["phase"]:
        case "starting":
            model = os.path.basename(fields["model"]) if os.path.isabs(fields["model"]) else fields["model"]
            return [("·", "dim", f"the engine loads {model}, to be kept over edits")]
        case "ready":
            return [("✓", "green", f"the engine is up after {fields['seconds']:.1f} s, and kept")]
        case "restarting":
            return [("↻", "yellow", f"the engine starts again: {fields['reason']}")]
        case "lost":
            return [("✗", "red", f"the engine is gone{_by(fields['status'])}; the next start loads it again")]
        case "own":
            return [("!", "yellow", f"the engine is not kept: {fields['reason']}")]
    return []


def _by(status: int | None) -> str:
    return f" (signal {-status})" if status and status < 0 else f" (status {status})" if status else ""


def _listing(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _debugging(fields: Fields) -> list[Line]:
    waits = "; the app waits for it" if fields["waits"] else ""
    return [("•", "cyan", f"a debugger can attach to {fields['host']}:{fields['port']}{waits}")]


def _step(fields: Fields) -> list[Line]:
    eta_s = fields["eta_seconds"]
    rest = f", about {eta_s:.0f} s to go" if eta_s else ""
    return [("·", "dim", f"{fields['text']}   (after {fields['seconds']:.1f} s{rest})")]


_TEXT: dict[str, Callable[[Fields], list[Line]]] = {
    "error": lambda fields: [("✗", "red", str(fields["text"]))],
    "starting": _starting,
    "swept": _swept,
    "claimed": _claimed,
    "debugging": _debugging,
    "step": _step,
    "engine": _engine,
    "ready": _ready,
    "failed": _failed,
    "crashed": _crashed,
    "ended": _ended,
    "waiting": _waiting,
    "note": _note,
    "offer": _offer,
    "forced": lambda _: [("■", "yellow", "ending it now")],
    "stopping": _stopping,
    "stopped": _stopped,
}
