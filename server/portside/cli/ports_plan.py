"""`portside ports --plan`: who listens where according to the files, beside what listens now."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portside.cli.output import CLEAN, FOUND, ink_for, say
from portside.cli.ports_text import table

if TYPE_CHECKING:
    from portside.devserver.ports.launch_plan import Listening
    from portside.settings import Settings

_HEAD = ("PORT", "WHO", "RUNS", "WHERE", "NOW")
_NOTHING = "no launch file below this folder says who listens on which port\n"


def show(settings: Settings | None, output_format: str) -> int:
    """Print the plan of the current folder; the exit code."""
    from portside.devserver.ports import launch_plan

    rows = launch_plan.of_folder(Path.cwd(), settings)
    if output_format == "json":
        say(json.dumps({"plan": [row.fields() for row in rows]}, indent=2) + "\n")
    elif output_format == "mermaid":
        from portside.cli.ports_graph import mermaid

        say(mermaid(rows))
    else:
        say(table(_HEAD, [_cells(row) for row in rows], ink_for(sys.stdout)) if rows else _NOTHING)
    return FOUND if any(row.against for row in rows) else CLEAN


def _cells(row: Listening) -> tuple[str, ...]:
    now = f"{row.now.text}; conflict: {', '.join(row.against)} too" if row.against else row.now.text
    return (_port(row), row.who, _runs(row), row.where, now)


def _port(row: Listening) -> str:
    return f"{row.port}-{row.port + row.count - 1}" if row.count > 1 else str(row.port)


def _runs(row: Listening) -> str:
    if row.what not in ("API", "published"):
        return row.what
    inner = f"{row.inner}: " if row.inner is not None and row.inner != row.port else ""
    return f"{inner}{row.runs}" if row.runs else f"{inner}its image" if row.what == "published" else ""
