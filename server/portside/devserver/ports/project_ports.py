"""The ports that the servers of this project's settings will open, and how each stands now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portside.devserver.ports import holders, port_plan, ports
from portside.devserver.ports.conflict_lines import holder_fields
from portside.devserver.ports.holder_kinds import HolderKind
from portside.devserver.ports.holders import Occupancy
from portside.devserver.ports.ports import Refusal
from portside.devserver.ports.run import Run
from portside.knowledge import vllm_ports
from portside.knowledge.vllm_ports import PlannedPort
from portside.settings import ServerSettings, Settings

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 8000


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One port of one server. refusal: what is in its way. running: by the server's own dev server."""

    server: str
    planned: PlannedPort
    port: int
    refusal: Refusal | None
    occupancy: Occupancy
    running: bool
    text: str

    def fields(self) -> dict[str, object]:
        return {
            "server": self.server,
            "what": self.planned.what,
            "host": self.planned.host,
            "port": self.port,
            "setting": self.planned.setting or None,
            "default": self.planned.is_default,
            "moves": self.planned.moves,
            "running": self.running,
            "conflict": self.is_conflict,
            "state": self.refusal.state.value if self.refusal else "free",
            "text": self.text,
            "holders": [holder_fields(holder) for holder in self.occupancy.holders],
        }

    @property
    def is_conflict(self) -> bool:
        return self.refusal is not None and not self.running and not self.planned.moves


def plan(settings: Settings) -> list[PlanRow]:
    return [row for name, server in settings.servers.items() for row in _rows(name, server, settings.root)]


def run_of(server: ServerSettings, root: Path) -> Run:
    """Where it listens, as far as the settings and its command tell."""
    words = server.command or ()
    options = vllm_ports.options_of(words)
    given = options.get("port")
    said = int(given) if isinstance(given, str) and given.isdigit() else _DEFAULT_PORT
    host = server.host or options.get("host")
    return Run(
        host=host if isinstance(host, str) else _DEFAULT_HOST,
        port=said if server.port is None else server.port,
        words=words,
        environment={**os.environ, **_files(server, root), **server.env},
        folder=root,
    )


def _files(server: ServerSettings, root: Path) -> dict[str, str]:
    """What its env files say; nothing where one can't be read: `serve` tells of that."""
    if not server.env_file:
        return {}
    from portside.devserver.planning import env_files

    found = env_files.read([root / file for file in server.env_file], os.environ)
    return found if isinstance(found, dict) else {}


def _rows(name: str, server: ServerSettings, root: Path) -> Iterator[PlanRow]:
    run = run_of(server, root)
    api = PlannedPort("HTTP API", run.host, run.port)
    others = port_plan.of_run(run)
    found = {(one.planned, one.refusal.port): one for one in port_plan.troubles(others, run.port)}
    if run.port:
        yield _row(name, api, run.port, ports.probe(run.host, run.port), root)
    for planned in others:
        for port in planned.ports if not planned.mistake else (0,):
            trouble = found.get((planned, port))
            refusal = trouble.refusal if trouble else _where_it_moves_from(planned, port)
            yield _row(name, planned, port, refusal, root)


def _where_it_moves_from(planned: PlannedPort, port: int) -> Refusal | None:
    return ports.probe(planned.host, port) if planned.moves else None


def _row(name: str, planned: PlannedPort, port: int, refusal: Refusal | None, root: Path) -> PlanRow:
    taken = refusal is not None and refusal.taken
    occupancy = holders.occupancy(port, refusal.rows) if refusal and taken else holders.NOBODY
    running = any(
        holder.kind is HolderKind.SERVER and holder.server is not None and holder.server.folder == str(root)
        for holder in occupancy.holders
    )
    return PlanRow(
        name, planned, port, refusal, occupancy, running, _text(planned, refusal, occupancy, running)
    )


def _text(planned: PlannedPort, refusal: Refusal | None, occupancy: Occupancy, running: bool) -> str:
    if refusal is None:
        return "free"
    if running:
        return "in use by its own dev server"
    by = ", ".join(f"pid {holder.pid}" for holder in occupancy.holders)
    text = f"{refusal.state.value} by {by}" if by else refusal.text
    return f"{text}: vLLM takes the next" if planned.moves else text
