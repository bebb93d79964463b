"""A dev server that runs already, with debugpy listening in it: which one a debugger is to attach to."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from portside.devserver.registry import servers
from portside.devserver.registry.registry import Record
from portside.devserver.registry.servers import Server


class NotFoundError(Exception):
    """None can be attached to; in words for the user."""


def find(word: str | None, folder: Path) -> Record:
    """The server that is meant by a name, a target, a port or a pid; else the one of the folder.

    Raises NotFoundError.
    """
    found = [server for server in servers.listing() if server.is_running]
    meant = servers.matching(found, word) if word else servers.in_folder(found, folder)
    if not meant:
        raise NotFoundError(
            f"No dev server has the name, target, port or pid {word}." if word else "No dev server runs."
        )
    ready = [server for server in meant if server.record.debug_port is not None]
    if len(ready) > 1:
        raise NotFoundError(f"Which one? {_choices(ready)}: name one with `server`.")
    if not ready:
        raise NotFoundError(_without_debugger(meant))
    return ready[0].record


def _choices(found: Sequence[Server]) -> str:
    return ", ".join(f"{one.record.label} (port {one.record.port})" for one in found)


def _without_debugger(found: Sequence[Server]) -> str:
    if len(found) > 1:
        return f"None of these was started with `--debug`: {_choices(found)}."
    record = found[0].record
    command = shlex.join([*(record.command or ("portside", "serve", record.target)), "--debug"])
    return (
        f"{record.label} (port {record.port}) was started without `--debug`. Start it with `{command}`, "
        "or debug it with `request: launch`, which starts it under the debugger."
    )
