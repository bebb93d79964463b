"""Which dev server is meant: by NAME, PORT or PID, or by the folder that the user is in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from portside.devserver.registry import servers
from portside.devserver.registry.servers import Server


def choose(found: Sequence[Server], word: str | None) -> Server:
    """The one server that is meant. Leaves with exit code 2 where there is none, or several."""
    if word is not None:
        meant = servers.matching(found, word)
        none = f"no dev server has the name, target, port or pid {word}"
    else:
        meant = servers.in_folder(found, Path.cwd())
        none = "no dev server runs"
    if not meant:
        _refuse(none)
    if len(meant) > 1:
        choices = ", ".join(f"{one.record.label} (port {one.record.port})" for one in meant)
        _refuse(f"which one? {choices}: give a port" if word else f"which one? {choices}")
    return meant[0]


def _refuse(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)


def span(seconds: float) -> str:
    """A stretch of time in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def size(count: int) -> str:
    """A number of bytes as a person says it."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f} GiB"
    return f"{max(1, round(count / (1 << 20)))} MiB"
