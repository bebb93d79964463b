"""What a run printed, as plain text in a file that is bounded and outlives the run.

    <state dir>/logs/<name>-<date>-<id>.log      and, once that is full, .log.1 with what was before

Writing is a thread's affair, and nobody waits for it: a full disk, or one that hangs,
costs lines of the log, and the log says how many.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from portside.devserver.registry import registry
from portside.knowledge import secrets

LIMIT = 8 << 20
"""Bytes in one file. There are two of them at most."""

_WAITING_LIMIT = 4 << 20
_LINE_LIMIT = 1 << 16
_RETRY_S = 5.0
_CLOSE_S = 2.0

_CONTROL = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, the cursor
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    rb"|\x1b[@-Z\\-_]|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
)


def path_for(label: str, run: str, began: float) -> Path:
    """Where the log of a run goes. label: what a person calls it."""
    name = re.sub(r"[^\w.-]+", "-", label).strip("-.")[:40] or "server"
    date = time.strftime("%Y%m%d-%H%M%S", time.localtime(began))
    return registry.state_folder() / "logs" / f"{name}-{date}-{run[:6]}.log"


def plain(line: bytes) -> str:
    """A line as it was left on the screen: no colours, of a progress bar the last state, no secrets."""
    line = _CONTROL.sub(b"", line.rstrip(b"\r\n"))
    return secrets.redact(line.rpartition(b"\r")[2].decode("utf-8", "replace"))


class RunLog:
    """Takes what was printed and never waits. trouble: is told, once, why nothing can be written."""

    def __init__(self, path: Path, trouble: Callable[[str], None]) -> None:
        self.path = path
        self._trouble = trouble
        self._told = False
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._size = 0
        self._missing = 0
        self._changed = threading.Condition()
        self._closing = False
        self._partial: dict[int, bytes] = {}
        self._file: int | None = None
        self._written = 0
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, data: bytes, source: int) -> None:
        """source: which stream it is of; lines are put together for each."""
        with self._changed:
            if self._size + len(data) > _WAITING_LIMIT:
                self._missing += data.count(b"\n")
                return
            self._waiting.append((data, source))
            self._size += len(data)
            self._changed.notify()

    def close(self) -> None:
        """Write what is there, as far as that goes in a moment."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                chunks, self._waiting, self._size = list(self._waiting), deque(), 0
                closing = self._closing
            lines = [line for chunk, source in chunks for line in self._lines(chunk, source)]
            if closing:
                lines += [plain(rest) for rest in self._partial.values() if rest]
            self._save(lines)
            if closing:
                self._close_file()
                return

    def _lines(self, data: bytes, source: int) -> list[str]:
        *lines, rest = (self._partial.pop(source, b"") + data).split(b"\n")
        if len(rest) > _LINE_LIMIT:
            # A bar that redraws itself for hours never ends its line.
            lines, rest = ([*lines, rest], b"") if b"\r" not in rest else (lines, rest.rpartition(b"\r")[2])
        self._partial[source] = rest
        return [plain(line) for line in lines]

    def _save(self, lines: list[str]) -> None:
        if not lines:
            return
        if self._file is None and time.monotonic() < self._retry_at:
            self._missing += len(lines)
            return
        if self._missing:
            lines = [f"(portside: {self._missing} lines are missing here)", *lines]
        try:
            self._append("".join(line + "\n" for line in lines).encode("utf-8", "replace"))
            self._missing = 0
        except OSError as error:
            self._missing += len(lines)
            self._give_up_for_now(error)

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._open()
        elif self._written + len(data) > LIMIT and self._written:
            self._close_file()
            os.replace(self.path, f"{self.path}.1")
            self._file = self._open()
        while data:
            count = os.write(self._file, data)
            self._written += count
            data = data[count:]

    def _open(self) -> int:
        self.path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._written = os.fstat(file).st_size
        return file

    def _close_file(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None

    def _give_up_for_now(self, error: OSError) -> None:
        self._close_file()
        self._retry_at = time.monotonic() + _RETRY_S
        if not self._told:
            self._told = True
            self._trouble(f"{self.path}: {error.strerror or error}")
