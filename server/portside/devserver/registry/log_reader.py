"""Reading the log of a run: its end, and what comes, across the change to a new file."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from portside.devserver.registry import registry
from portside.devserver.registry.registry import Record

_POLL_S = 0.1


def find(word: str | None) -> Record | str:
    """The run that is meant, or why there is none: running ones before ended ones, new ones before old."""
    running = [record for record in registry.records() if record.is_running()]
    newest = sorted(running, key=lambda record: record.started_at, reverse=True)
    known = [record for record in (*newest, *registry.ended()) if record.log]
    if word is None:
        here = [record for record in known if Path(record.folder) == Path.cwd()]
        known = here or known
    elif word.isdigit():
        known = [record for record in known if int(word) in (record.port, record.pid)]
    else:
        known = [record for record in known if word in (record.name, record.target, record.id[:8])]
    if known:
        return known[0]
    return f"no log of a dev server named {word}" if word else "no dev server has left a log"


def read(record: Record, lines: int, follow: bool) -> Iterator[str]:
    """The last lines, each with its end; with `follow` also what comes until the server has ended."""
    assert record.log is not None
    path = Path(record.log)
    file = _open(path)
    yield from _last(path, file, lines)
    while follow:
        over = not record.is_running()  # looked at first: what it wrote before is still read
        file = file or _open(path)
        if file is not None:
            yield from iter(file.readline, "")
            if _is_replaced(path, file):
                yield from iter(file.readline, "")
                file.close()
                file = None
                continue
        if over:
            break
        time.sleep(_POLL_S)
    if file is not None:
        file.close()


def _open(path: Path) -> IO[str] | None:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _last(path: Path, file: IO[str] | None, lines: int) -> list[str]:
    """Of this file and of the one before it."""
    found: deque[str] = deque(maxlen=lines)
    before = _open(Path(f"{path}.1"))
    if before is not None:
        with before:
            found.extend(before)
    if file is not None:
        found.extend(file)
    return list(found)


def _is_replaced(path: Path, file: IO[str]) -> bool:
    try:
        return not os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except OSError:
        return False
