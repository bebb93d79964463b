"""One file for each running dev server of the user: what editors and other runs read.

    <state dir>/servers/<pid>.json    the record, replaced as a whole on each change
    <state dir>/servers/<pid>.sock    where it takes orders (control.py)
    <state dir>/trees/<id>.json       the processes it was seen to have (tree.py)
    <state dir>/logs/<id>.log         what its workers print (runlog.py)
    <state dir>/ended/<id>.json       the last few records of servers that have ended

A record counts while the process with its pid *and* start lives, on this boot and in
this pid namespace. One that its server could not take away tells what may be left of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from portside.devserver.registry import identity
from portside.devserver.registry.identity import Identity, Place

VERSION = 1
KEPT = 10
"""Records and logs of servers that have ended."""

_FOREIGN_DAYS = 30
_LOCK_S = 2.0


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


def servers_folder() -> Path:
    return state_folder() / "servers"


@dataclass(frozen=True, slots=True)
class Record:
    """A dev server. pid, created, ticks: of its supervisor. phase: claiming, loading, ready, reloading, …

    created: seconds since the epoch, for people; ticks: the same moment, for proof. session: the
    shell's that it was started from. guardian: pid, created and ticks. workers: pids of the
    generations, not of what waits for the next. ports: all that it listened on once it was ready.
    control: its socket. debug_port: where debugpy listens in the app. engines: those that are kept:
    model, key, phase (starting, ready, failed, lost, ending), pid of the host, attached [pids of workers],
    in_flight, memory in bytes. offer: what would have made the last reload shorter. ended_at, code: once
    it is over; code None when it was killed.
    """

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
    failure: dict[str, Any] | None = None
    version: int = VERSION
    id: str = field(default_factory=lambda: os.urandom(16).hex())
    started_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    phase_since: float = field(default_factory=time.time)
    ticks: int | None = None
    machine: str = ""
    boot: str = ""
    namespace: str = ""
    session: int | None = None
    command: tuple[str, ...] = ()
    guardian: dict[str, float] | None = None
    workers: tuple[int, ...] = ()
    ports: tuple[int, ...] = ()
    log: str | None = None
    control: str | None = None
    debug_port: int | None = None
    engines: tuple[dict[str, Any], ...] = ()
    offer: dict[str, Any] | None = None
    ended_at: float | None = None
    code: int | None = None

    @property
    def place(self) -> Place:
        return Place(self.machine, self.boot, self.namespace)

    @property
    def label(self) -> str:
        """What a person calls it: its name in the settings, else its target."""
        return self.name or self.target

    @property
    def title(self) -> str:
        """The label, with where it is reached, if that is known."""
        return f"{self.label} at {self.url}" if self.url else self.label

    def is_elsewhere(self, here: Place | None = None) -> bool:
        """Whether it is of another machine or another container: nothing can be said of it from here."""
        here = here or identity.here()
        if not self.machine:
            return False
        if self.machine != here.machine:
            return True
        return self.boot == here.boot and self.namespace != here.namespace

    def is_running(self) -> bool:
        if self.is_elsewhere():
            return False
        if self.ticks is not None and self.boot:
            same_boot = self.boot == identity.here().boot
            return same_boot and identity.lives(Identity(self.pid, self.ticks))
        return _lives_since(self.pid, self.created)


def _lives_since(pid: int, created: float) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


# -- reading -----------------------------------------------------------------------------


def records() -> list[Record]:
    """All records that can be read, of living servers and of dead ones."""
    return [record for _, record in stored()]


def stored() -> list[tuple[Path, Record]]:
    """The records with their files. A file that no record can be read from is passed over."""
    return [
        (path, record)
        for path in sorted(servers_folder().glob("*.json"))
        if isinstance(record := read(path), Record)
    ]


def has_dead() -> bool:
    """Whether there is a record of a server that does not run any more. Looks at no other process."""
    place = identity.here()
    return any(not record.is_elsewhere(place) and not record.is_running() for record in records())


def read(path: Path) -> Record | str | None:
    """The record in a file; why it is damaged; or None: it is gone, or not for this version to read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:
        return f"it is no JSON ({error})" if path.exists() else None
    if not isinstance(found, dict) or not isinstance(found.get("version"), int):
        return "it holds no record"
    if found["version"] != VERSION:
        return None
    try:
        return _parse(found)
    except (TypeError, ValueError) as error:
        return f"it holds no whole record ({error})"


_TUPLES = ("command", "workers", "ports", "engines")
_REQUIRED: dict[str, type | tuple[type, ...]] = {
    "pid": int,
    "created": (int, float),
    "folder": str,
    "target": str,
    "port": int,
    "id": str,
}


def _parse(found: dict[str, Any]) -> Record:
    for key, kind in _REQUIRED.items():
        if not isinstance(found.get(key), kind):
            raise ValueError(f"{key} is {found.get(key)!r}")
    known = {item.name for item in fields(Record)}
    values = {key: value for key, value in found.items() if key in known}
    for key in _TUPLES:
        values[key] = tuple(values.get(key) or ())
    return Record(**values)


def put_damaged_aside() -> list[tuple[Path, str]]:
    """Rename records that can't be read, so that they are met once: (where each is now, what is wrong).

    Records are replaced as a whole, so none that is only half there is still being written.
    """
    aside = []
    for path in sorted(servers_folder().glob("*.json")):
        found = read(path)
        if isinstance(found, str):
            with suppress(OSError):
                aside.append((path.replace(path.with_suffix(".unreadable")), found))
    return aside


# -- writing -----------------------------------------------------------------------------


def write_whole(path: Path, content: object) -> None:
    """Replace the file by this JSON; whoever reads sees the old or the new. Raises OSError."""
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", opener=_private) as file:
            json.dump(content, file)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def lock() -> Iterator[bool]:
    """One at a time tidies up; whether it is us. Who can't have it in time, or at all, does without."""
    try:
        servers_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        file = open(servers_folder() / ".lock", "w", opener=_private)  # noqa: SIM115  (closed below)
    except OSError:
        yield False
        return
    with file:
        yield _locked(file.fileno())


def _locked(descriptor: int) -> bool:
    import fcntl

    end = time.monotonic() + _LOCK_S
    with suppress(OSError):  # a file system without locks
        while time.monotonic() < end:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.01)
    return False


class Entry:
    """The own record of this server. A disk that is full or read-only costs the record, not the server.

    trouble: why the record could not be written last time, for the user to be told.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.trouble: str | None = None
        self.path = _free_path(record)
        self._write()

    def change(self, **changed: Any) -> None:
        """Set these fields; nothing is written where they have these values already."""
        if all(getattr(self.record, key) == value for key, value in changed.items()):
            return
        now = time.time()
        if changed.get("phase", self.record.phase) != self.record.phase:
            changed["phase_since"] = now
        self.record = replace(self.record, updated_at=now, **changed)
        self._write()

    def remove(self, code: int | None = None) -> None:
        """The server is over: its record goes to the ended ones."""
        self.record = replace(self.record, ended_at=time.time(), code=code)
        retire(self.path, self.record)

    def _write(self) -> None:
        try:
            write_whole(self.path, asdict(self.record))
            self.trouble = None
        except OSError as error:
            self.trouble = f"{self.path}: {error.strerror or error}"


def _free_path(record: Record) -> Path:
    """`<pid>.json`, unless a server of another container that shares this folder has the same pid."""
    path = servers_folder() / f"{record.pid}.json"
    other = read(path)
    if isinstance(other, Record) and other.is_elsewhere():
        return path.with_name(f"{record.pid}-{record.id[:8]}.json")
    return path


def retire(path: Path, record: Record) -> None:
    """Move a record to the ended ones, and forget the oldest of those."""
    with suppress(OSError):
        write_whole(state_folder() / "ended" / f"{record.id}.json", asdict(record))
    _unlink(path, path.with_suffix(".sock"), tree_path(record.id))
    _forget_old()


def tree_path(run: str) -> Path:
    return state_folder() / "trees" / f"{run}.json"


def ended() -> list[Record]:
    """Servers that have ended, the last one first."""
    found = [read(path) for path in (state_folder() / "ended").glob("*.json")]
    whole = [record for record in found if isinstance(record, Record)]
    return sorted(whole, key=lambda record: record.ended_at or record.updated_at, reverse=True)


def _forget_old() -> None:
    for record in ended()[KEPT:]:
        _unlink(state_folder() / "ended" / f"{record.id}.json")
        if record.log and Path(record.log).parent == state_folder() / "logs":
            _unlink(Path(record.log), Path(record.log + ".1"))


def forget_foreign() -> None:
    """Records of other machines and containers, once nothing has been heard of them for long."""
    place, oldest = identity.here(), time.time() - _FOREIGN_DAYS * 86400
    for path, record in stored():
        if record.is_elsewhere(place) and record.updated_at < oldest:
            retire(path, record)


def _unlink(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def own_record(folder: str, target: str, name: str | None, host: str, port: int, url: str) -> Record:
    """A record of this process as the supervisor of a server."""
    import psutil

    place, pid = identity.here(), os.getpid()
    own = identity.of(pid)
    return Record(
        pid=pid,
        created=psutil.Process(pid).create_time(),
        folder=folder,
        target=target,
        name=name,
        host=host,
        port=port,
        url=url,
        ticks=own.ticks if own else None,
        machine=place.machine,
        boot=place.boot,
        namespace=place.namespace,
        session=os.getsid(0) if hasattr(os, "getsid") else None,
    )
