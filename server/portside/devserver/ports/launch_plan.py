"""The ports of a folder's launch files and settings, beside who has them now."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portside.devserver.ports import holders, ports, project_ports
from portside.devserver.ports.conflict_lines import holder_fields
from portside.devserver.ports.holders import NOBODY, Occupancy
from portside.devserver.ports.project_ports import PlanRow
from portside.launchfiles.graph.claims import Claim
from portside.launchfiles.graph.plan import Planned, planned
from portside.settings import Settings
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.walk import Excluded, nothing_excluded

_ALL = ("", "*", "[::]", "::", "0.0.0.0")  # noqa: S104 (what files say)


@dataclass(frozen=True, slots=True)
class Now:
    """How a port stands. state: as `portside ports PORT` calls it; "" for one of no machine."""

    state: str
    text: str
    occupancy: Occupancy = NOBODY


@dataclass(frozen=True, slots=True)
class Listening:
    """One line of the plan.

    path, line: where the port is written; line 0 for a file as a whole. file: whose reading told of it.
    inner: the port in the container. through: the other files on the way to what listens. against: who wants
    the port at the same time.
    """

    port: int
    count: int
    who: str
    network: str
    runs: str
    what: str
    path: str
    line: int
    now: Now
    against: tuple[str, ...] = ()
    inner: int | None = None
    through: tuple[str, ...] = ()
    file: str = ""

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path

    def fields(self) -> dict[str, object]:
        return {
            "port": self.port,
            "count": self.count,
            "who": self.who,
            "network": self.network or "machine",
            "runs": self.runs or None,
            "what": self.what,
            "container_port": self.inner,
            "path": self.path,
            "line": self.line,
            "through": list(self.through),
            "conflicts_with": list(self.against),
            "state": self.now.state or None,
            "text": self.now.text,
            "holders": [holder_fields(holder) for holder in self.now.occupancy.holders],
        }


def of_folder(folder: Path, settings: Settings | None) -> list[Listening]:
    """What listens according to all launch files below, and to the settings' servers; by port."""
    files = LaunchIndex(LaunchTexts(folder, _exclusion(settings)))
    known: dict[tuple[str, int], Now] = {}
    rows = [_row(files, one, known) for one in planned(files, files.all())]
    if settings is not None and settings.file is not None:
        rows += _of_settings(settings, folder)
    return sorted(rows, key=lambda row: (row.network != "", row.port, row.path, row.line))


def _exclusion(settings: Settings | None) -> Excluded:
    if settings is None or not settings.exclude:
        return nothing_excluded
    excludes = settings.excludes
    return lambda _folder: lambda path, is_folder: excludes(Path(path), folder=is_folder)


def _row(files: LaunchIndex, one: Planned, known: dict[tuple[str, int], Now]) -> Listening:
    claim = one.claim
    now = _now(claim, known) if one.on_machine else Now("", f"in {one.network}")
    return Listening(
        claim.number,
        claim.count,
        claim.who,
        one.network,
        "nobody" if claim.unanswered else one.runs,
        claim.what,
        claim.place.path,
        files.line(claim.place.path, claim.place.span),
        now,
        tuple(_against(files, other) for other in one.against),
        claim.inner,
        one.through,
        one.path,
    )


def _against(files: LaunchIndex, claim: Claim) -> str:
    return f"{claim.who} ({claim.place.path}:{files.line(claim.place.path, claim.place.span)})"


def _now(claim: Claim, known: dict[tuple[str, int], Now]) -> Now:
    """How the first port stands; each is tried once, however many files name it."""
    key = (_host(claim), claim.number)
    if key not in known:
        known[key] = _tried(*key)
    return known[key]


def _host(claim: Claim) -> str:
    """Where to try: no name server is asked about hosts that only a container or another machine knows."""
    address = claim.address
    if address is not None and address in _ALL:
        return "0.0.0.0"  # noqa: S104 (tried, and let go at once)
    try:
        return str(ipaddress.ip_address((address or "127.0.0.1").strip("[]")))
    except ValueError:
        return "127.0.0.1"


def _tried(host: str, port: int) -> Now:
    refusal = ports.probe(host, port)
    if refusal is None:
        return Now("free", "free")
    if not refusal.taken:
        return Now(refusal.state.value, refusal.text)
    occupancy = holders.occupancy(port, refusal.rows)
    by = ", ".join(f"{_program(one.command)} (pid {one.pid})" for one in occupancy.holders)
    return Now(refusal.state.value, f"held by {by}" if by else refusal.state.value, occupancy)


def _program(command: str) -> str:
    return os.path.basename(command.partition(" ")[0])


def _of_settings(settings: Settings, folder: Path) -> Iterator[Listening]:
    file = settings.file
    if file is None:
        return
    path = file.relative_to(folder).as_posix() if folder in file.parents else str(file)
    for row in project_ports.plan(settings):
        if row.port:
            yield _of_server(row, path)


def _of_server(row: PlanRow, path: str) -> Listening:
    state = row.refusal.state.value if row.refusal else "free"
    now = Now(state, row.text, row.occupancy)
    what = "API" if row.planned.what == "HTTP API" else row.planned.what
    return Listening(row.port, 1, f"server `{row.server}`", "", "", what, path, 0, now, file=path)
