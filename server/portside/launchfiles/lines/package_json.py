"""package.json: the scripts that `npm run` starts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.commands.commands import start_placed
from portside.launchfiles.commands.started import Around
from portside.launchfiles.facts import Form, Format, LaunchFile, Unit
from portside.launchfiles.lines.json_reading import JsonObject, JsonText, parse
from portside.launchfiles.shell.shell_run import run
from portside.launchfiles.units import with_outcome
from portside.lint.source import Span

_TOGETHER = re.compile(r"\b(concurrently|run-p|npm-run-all2?|turbo)\b|[^&]&(?![&\w])")
_OTHERS = re.compile(
    r"(?:\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+|run-script\s+)?|\bnpm:|\byarn:|\bpnpm:)(?P<name>[\w:.-]+)"
)
_ALL = re.compile(r"\b(?:run-p|npm-run-all2?)\s+(?P<names>[^&|;]+)")


def read(path: str, text: str) -> LaunchFile:
    """One unit for each script."""
    root = parse(text)
    scripts = root.object("scripts") if isinstance(root, JsonObject) else None
    names = frozenset(key.text for key, _ in scripts.members) if scripts is not None else frozenset()
    units = [
        unit
        for key, value in (scripts.members if scripts is not None else ())
        if isinstance(value, JsonText)
        for unit in _units(key, value, names)
    ]
    return LaunchFile(path, Format.PACKAGE_JSON, tuple(units))


def _units(key: JsonText, value: JsonText, names: frozenset[str]) -> Iterator[Unit]:
    outcome = run(value.placed, Around(Form.JSON_TEXT, folder="."), start=start_placed)
    span = Span(key.span.start, value.span.end)
    unit = Unit("script", key.text, span, host_network=True, starts=_starts(value.text, names))
    yield from with_outcome(unit, outcome)


def _starts(text: str, names: frozenset[str]) -> tuple[str, ...]:
    """The scripts that it starts together."""
    if not _TOGETHER.search(text):
        return ()
    found = [match["name"] for match in _OTHERS.finditer(text)]
    found += [word for match in _ALL.finditer(text) for word in match["names"].split()]
    return tuple(dict.fromkeys(name for name in found if name in names))
