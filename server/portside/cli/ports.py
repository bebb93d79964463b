"""`portside ports`: who listens where, what is the matter with a port, what the project's servers need."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, TypeAlias

import click

from portside.cli.output import CLEAN, COULD_NOT_RUN, FOUND, give_up, give_up_on_settings, ink_for, say

if TYPE_CHECKING:
    from portside.devserver.ports.port_report import PortReport
    from portside.devserver.ports.port_table import Row
    from portside.devserver.ports.project_ports import PlanRow
    from portside.devserver.ports.unix_files import SocketFile
    from portside.settings import Settings

_HELP = """Say who listens where, your dev servers first, and which ports this project's servers will open.

With PORTS (numbers, or paths of Unix sockets): what is the matter with each of them.

With --plan: who listens where according to the launch files below this folder and to its settings, and how
each port stands now.

Exit code: 0; with PORTS 1 where one can't be had, with --plan 1 where two want the same port at the same
time; 2 where it could not be found out.

\b
  portside ports
  portside ports 8000 8010
  portside ports /tmp/vllm.sock
  portside ports --plan
"""


@click.command(help=_HELP, epilog="Linux only for now.")
@click.argument("ports", nargs=-1, metavar="[PORTS]...")
@click.option("--host", default="127.0.0.1", metavar="HOST", help="Where PORTS are wanted  [127.0.0.1]")
@click.option("--watch", is_flag=True, help="Go on, and show what changes, until Ctrl-C.")
@click.option("--all", "everything", is_flag=True, help="Also what others hold, and each port for itself.")
@click.option("--plan", "planned", is_flag=True, help="Who listens where according to the launch files.")
@click.option(
    "--output-format",
    type=click.Choice(["text", "json", "mermaid"]),
    default="text",
    help="mermaid: with --plan, a graph for documentation.",
)
def ports(
    ports: tuple[str, ...], host: str, watch: bool, everything: bool, planned: bool, output_format: str
) -> None:
    if not sys.platform.startswith("linux"):
        give_up("portside ports reads /proc and netlink, which only Linux has")
    if planned and (ports or watch):
        raise click.UsageError("--plan goes with neither PORTS nor --watch")
    if output_format == "mermaid" and not planned:
        raise click.UsageError("mermaid is a format of --plan")
    as_json = output_format == "json"
    if planned:
        from portside.cli import ports_plan

        sys.exit(ports_plan.show(_settings(), output_format))
    elif watch:
        from portside.cli import ports_watch

        ports_watch.watch(
            lambda: named(ports, host) if ports else listing(everything=everything),
            lambda: entries(ports, host, everything=everything),
            as_json=as_json,
        )
    elif ports:
        found = reports(ports, host)
        fields = [summary(one)[1] for one in found]
        say(json.dumps(fields, indent=2) + "\n" if as_json else "".join(map(_lines, found)))
        sys.exit(_code(found))
    elif as_json:
        rows, plan = _tables(everything)
        content = {"ports": [row.fields() for row in rows], "plan": [row.fields() for row in plan]}
        say(json.dumps(content) + "\n")
    else:
        say(listing(everything=everything))


def here() -> str:
    return os.getcwd()  # noqa: PTH109 (pathlib is not needed otherwise)


# -- one port ----------------------------------------------------------------------------------

Report: TypeAlias = "PortReport | SocketFile"


def named(words: tuple[str, ...], host: str) -> str:
    """What is the matter with each of these ports and paths."""
    return "".join(map(_lines, reports(words, host)))


def reports(words: tuple[str, ...], host: str) -> list[Report]:
    return [_report(word, host) for word in words]


def _report(word: str, host: str) -> Report:
    if word.lstrip("-").isdigit():
        from portside.devserver.ports import port_report

        return port_report.report(host, int(word))
    if "/" not in word:
        give_up(f"{word!r} is neither a port nor the path of a Unix socket")
    from portside.devserver.ports import unix_files

    return unix_files.look(word)


def _code(found: list[Report]) -> int:
    if any(one.state_name in ("invalid", "unknown host") for one in found):
        return COULD_NOT_RUN
    return CLEAN if all(one.is_free for one in found) else FOUND


def summary(found: Report) -> tuple[str, dict[str, object]]:
    """A line that changes only with the facts, and these as data."""
    pids = [f"pid {holder.pid}" for holder in found.occupancy.holders]
    return f"{found.text}{': ' if pids else ''}{', '.join(pids)}", found.fields()


def _lines(found: Report) -> str:
    ink = ink_for(sys.stdout)
    mark = ink.good("✓") if found.is_free else ink.removed("✗")
    rows = list(found.rows())
    if not found.is_free and found.can_be_freed:
        rows.append(("you can", f"free it: portside free {found.name}"))
    return "".join((f"{mark} {found.text}\n", *(f"  {label:<9} {line}\n" for label, line in rows)))


def entries(words: tuple[str, ...], host: str, *, everything: bool) -> dict[str, dict[str, object]]:
    """Each line that can come and go, with the same as data."""
    if words:
        return dict(map(summary, reports(words, host)))
    from portside.cli.ports_text import plain_lines
    from portside.devserver.ports import port_table

    rows = port_table.table(here(), everything=everything)
    return {line: row.fields() for row in rows for line in plain_lines(row)}


# -- all ports ---------------------------------------------------------------------------------


def listing(*, everything: bool) -> str:
    """The table of ports and the plan of this project, as they are now."""
    from portside.cli import ports_text

    return ports_text.text(*_tables(everything), ink_for(sys.stdout))


def _tables(everything: bool) -> tuple[list[Row], list[PlanRow]]:
    from portside.devserver.ports import port_table

    settings = _settings()
    rows = port_table.table(here(), everything=everything)
    if settings is None or not settings.servers:
        return rows, []
    from portside.devserver.ports import project_ports

    return rows, project_ports.plan(settings)


def _settings() -> Settings | None:
    """None where no file can hold any: the reader takes a moment to load."""
    from pathlib import Path

    folder = Path.cwd()
    names = ("portside.toml", "pyproject.toml")
    if not any((above / name).is_file() for above in (folder, *folder.parents) for name in names):
        return None
    from portside.settings import SettingsError, load

    try:
        return load(folder)
    except SettingsError as error:
        give_up_on_settings(error)
