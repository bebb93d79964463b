"""One file for each running dev server of the user: what editors and other runs read.

`<state dir>/servers/<pid>.json`, replaced as a whole on each change, removed at
the end. A record counts only while a process with its pid *and* create time lives.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

VERSION = 1


def state_folder() -> Path:
    """Where Portside keeps what it has to remember."""
    if own := os.environ.get("PORTSIDE_STATE_DIR"):
        return Path(own)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "portside"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "portside"
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "portside"


@dataclass(frozen=True, slots=True)
class Record:
    """A dev server. pid and created: of its supervisor. phase: claiming, loading, ready, reloading, …"""

    pid: int
    created: float
    folder: str
    target: str
    name: str | None
    host: str
    port: int
    url: str
    phase: str = "claiming"
    generation: int = 0
    message: str | None = None
    version: int = VERSION
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)

    def is_running(self) -> bool:
        try:
            return abs(psutil.Process(self.pid).create_time() - self.created) < 1.0
        except psutil.Error:
            return False


def records() -> list[Record]:
    """All records that can be read, of living servers and of dead ones."""
    found = []
    for path in sorted((state_folder() / "servers").glob("*.json")):
        with suppress(OSError, ValueError, TypeError):
            found.append(_parse(json.loads(path.read_text(encoding="utf-8"))))
    return found


def _parse(fields: dict[str, Any]) -> Record:
    if fields.get("version") != VERSION:
        raise ValueError("a record of another version")
    known = set(Record.__dataclass_fields__)
    return Record(**{key: value for key, value in fields.items() if key in known})


class Entry:
    """The own record of this server. A disk that is full or read-only costs the record, not the server."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._path = state_folder() / "servers" / f"{record.pid}.json"
        self._forget_the_dead()
        self._write()

    def update(self, phase: str, generation: int, message: str | None) -> None:
        before = (self._record.phase, self._record.generation, self._record.message)
        if before == (phase, generation, message):
            return
        self._record = replace(
            self._record, phase=phase, generation=generation, message=message, updated_at=time.time()
        )
        self._write()

    def remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        with suppress(OSError):
            state_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.write_text(json.dumps(asdict(self._record)), encoding="utf-8")
            temporary.replace(self._path)

    def _forget_the_dead(self) -> None:
        """Records of servers that were killed and could not remove them."""
        for record in records():
            if not record.is_running():
                with suppress(OSError):
                    (self._path.parent / f"{record.pid}.json").unlink()


def own_record(folder: str, target: str, name: str | None, host: str, port: int, url: str) -> Record:
    created = psutil.Process(os.getpid()).create_time()
    return Record(os.getpid(), created, folder, target, name, host, port, url)
