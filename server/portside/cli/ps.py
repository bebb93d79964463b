"""`portside ps`: the dev servers of this user, and what dead ones have left behind."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portside.cli.linux_only import require_linux

if TYPE_CHECKING:
    from portside.devserver.registry.servers import Engine, Server, Stranger


@click.command(short_help="List the running dev servers.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
def ps(output_format: str) -> None:
    """List all dev servers of this user, with their address, phase, processes and memory.

    Below a server stand the engines that it keeps (`--keep-engine`), with who uses them.

    What servers that were killed have left behind is listed as `dead`: `portside stop` ends it,
    and so does the next `portside serve`.
    """
    require_linux("ps")
    from portside.devserver.registry import servers

    found = servers.listing()
    if output_format == "json":
        click.echo(json.dumps([_fields(server) for server in found], indent=2))
        return
    if found:
        head, *rows = _table([_HEAD, *(_row(server) for server in found)]).splitlines()
        click.echo(head)
        for row, server in zip(rows, found, strict=True):
            click.echo("\n".join([row, *map(_engine, server.engines)]))
    else:
        click.echo("no dev server runs")
    for stranger in servers.strangers_on_gpu(found):
        click.echo(_on_gpu(stranger))


_HEAD = ("NAME", "URL", "PHASE", "SINCE", "PID", "WORKERS", "MEMORY", "FOLDER")


def _row(server: Server) -> tuple[str, ...]:
    from portside.cli.server_choice import size, span

    record = server.record
    memory = size(server.memory)
    if server.gpu_memory:
        memory += f" + {size(server.gpu_memory)} GPU"
    since = span(time.time() - (record.phase_since if server.is_running else record.updated_at))
    workers = server.workers if server.is_running else [process.pid for process in server.processes]
    return (
        record.label,
        record.url or "-",
        record.phase if server.is_running else "dead",
        since,
        str(record.pid) if server.is_running else "-",
        " ".join(map(str, workers)) or "-",
        memory,
        _short(record.folder),
    )


def _engine(engine: Engine) -> str:
    """A line below its server."""
    from portside.cli.server_choice import size

    users = "nobody is attached"
    if engine.workers:
        users = f"worker{'s' if len(engine.workers) > 1 else ''} {' '.join(map(str, engine.workers))}"
    busy = f"{engine.in_flight} request{'' if engine.in_flight == 1 else 's'} in flight"
    parts = [
        engine.phase,
        f"key {engine.key}",
        users,
        busy,
        *([size(engine.memory)] if engine.memory else []),
    ]
    return f"  engine {engine.model}: {', '.join(parts)}"


def _on_gpu(stranger: Stranger) -> str:
    from portside.cli.server_choice import size

    holder = stranger.holder
    held = size(holder.used) if holder.used else "memory"
    return f"GPU {holder.device}: {held} held by pid {holder.pid} of {stranger.user}: {stranger.command}"


def _short(folder: str) -> str:
    home = str(Path.home())
    return "~" + folder[len(home) :] if folder == home or folder.startswith(home + os.sep) else folder


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _fields(server: Server) -> dict[str, Any]:
    record = server.record
    return {
        "id": record.id,
        "name": record.name,
        "target": record.target,
        "url": record.url,
        "host": record.host,
        "port": record.port,
        "ports": list(server.ports),
        "phase": record.phase if server.is_running else "dead",
        "phase_since": record.phase_since,
        "started_at": record.started_at,
        "message": record.message,
        "folder": record.folder,
        "command": list(record.command),
        "pid": record.pid,
        "created": record.created,
        "guardian": int(record.guardian["pid"]) if record.guardian else None,
        "workers": list(server.workers),
        "processes": [process.pid for process in server.processes],
        "memory_bytes": server.memory,
        "gpu_memory_bytes": server.gpu_memory,
        "engines": [_engine_fields(engine) for engine in server.engines],
        "log": record.log,
        "control": record.control,
        "debug_port": record.debug_port,
    }


def _engine_fields(engine: Engine) -> dict[str, Any]:
    return {
        "model": engine.model,
        "key": engine.key,
        "phase": engine.phase,
        "pid": engine.pid,
        "workers": list(engine.workers),
        "in_flight": engine.in_flight,
        "memory_bytes": engine.memory,
    }
