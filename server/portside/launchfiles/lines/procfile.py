"""Procfile: `web: uvicorn app:app --port $PORT`, read by honcho, foreman and Heroku."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.commands.commands import start_placed
from portside.launchfiles.commands.started import Around
from portside.launchfiles.facts import Form, Format, LaunchFile, Setting, Unit
from portside.launchfiles.shell.shell_run import run
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.units import with_outcome
from portside.lint.source import Span

_PROCESS = re.compile(
    r"^(?P<name>[A-Za-z0-9_-]+)[ \t]*:[ \t]*(?P<command>(?:[^\n\\]|\\\r?\n|\\.)+)", re.MULTILINE
)


def read(path: str, text: str) -> LaunchFile:
    """One unit for each process; all of them run together."""
    units = [unit for found in _PROCESS.finditer(text) for unit in _units(path, found)]
    return LaunchFile(path, Format.PROCFILE, tuple(units))


def _units(path: str, found: re.Match[str]) -> Iterator[Unit]:
    command = Placed.literal(found["command"].rstrip(), found.start("command"))
    # honcho, foreman and Heroku give each process a PORT of its own, and read the .env file beside.
    name = Span(*found.span("name"))
    environment = {"PORT": Setting("PORT", None, name, name)}
    outcome = run(command, Around(Form.SHELL, environment, "."), start=start_placed)
    unit = Unit(
        "process", found["name"], Span(*found.span()), group=path, host_network=True, env_files=(".env",)
    )
    yield from with_outcome(unit, outcome)
