"""`portside free`: end what holds a port, once the user has seen what that is."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from portside.cli.output import CLEAN, COULD_NOT_RUN, FOUND, complain, give_up, ink_for, say

if TYPE_CHECKING:
    from portside.devserver.ports.freeing import Freed, Freeing

_HELP = """Make PORT free: show who holds it, ask, end that process with what it started, and look again.

PORT is a number, or the path of a Unix socket. A process is asked to end (SIGINT or SIGTERM, as it obeys) and
killed after the grace, each time only if it still is the one that was shown. Never ended: Docker's and
Kubernetes' forwarders, processes of other users, what Portside itself runs in, systemd.

Without a terminal nothing is ended unless --yes is given, or it is proved to be left of a dev server of yours
that died.

With --only nothing is ended unless these pids, and no others, hold it: for a program that has shown them to
its user.

Exit code: 0 it is free, or --dry-run; 1 it is not; 2 nobody could be asked, or PORT is none.
"""


@click.command(help=_HELP, epilog="Linux only for now.")
@click.argument("port", metavar="PORT")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.option("--only", type=int, multiple=True, metavar="PID", help="Only if this holds it. Repeatable.")
@click.option(
    "--grace", type=click.FloatRange(min=0), metavar="S", help="Seconds before what is left is killed  [10]"
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
def free(
    port: str, dry_run: bool, yes: bool, only: tuple[int, ...], grace: float | None, output_format: str
) -> None:
    if not sys.platform.startswith("linux"):
        give_up("portside free reads /proc and netlink, which only Linux has")
    from portside.devserver.ports import freeing

    as_json = output_format == "json"
    found = _look(port, grace)
    if only:
        found = freeing.only(found, only)
    if not as_json:
        _show(found)
    if found.is_free or found.refused or dry_run:
        _finish(found, None, as_json, FOUND if found.refused and not dry_run else CLEAN)
    if not (yes or found.proved):
        _ask(as_json)
    freed = freeing.carry_out(found, grace)
    if not as_json:
        _show_outcome(freed)
    _finish(found, freed, as_json, CLEAN if freed.now.is_free else FOUND)


def _look(port: str, grace_s: float | None) -> Freeing:
    from portside.devserver.ports import freeing

    if "/" in port:
        return freeing.of_path(port, grace_s)
    if not port.isdigit() or not 0 < int(port) <= 65535:
        give_up(f"{port} is no port: they go from 1 to 65535")
    return freeing.of_port(int(port), grace_s)


def _show(found: Freeing) -> None:
    ink = ink_for(sys.stdout)
    mark = ink.good("✓") if found.is_free else ink.removed("✗")
    rows = [
        *found.rows,
        *(("to do", step) for step in found.steps),
        *(("not done", reason) for reason in found.refused if reason != found.text),
    ]
    say("".join((f"{mark} {found.text}\n", *(f"  {label:<9} {text}\n" for label, text in rows))))


def _ask(as_json: bool) -> None:
    """Returns if the user wants it."""
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain("nobody can be asked here: --yes does it, --dry-run only says what would be done")
        sys.exit(COULD_NOT_RUN)
    try:
        if click.confirm("  Do that?", default=False):
            return
    except click.Abort:
        say("\n")
    say("  nothing was done\n")
    sys.exit(FOUND)


def _show_outcome(freed: Freed) -> None:
    ink = ink_for(sys.stdout)
    pids = ", ".join(map(str, freed.ended))
    ended = f"; ended pid {pids}" if pids else ""
    if freed.now.is_free:
        say(f"{ink.good('✓')} {_name(freed.now)} is free{ended}\n")
        return
    say(f"{ink.removed('✗')} {_name(freed.now)} is still taken{ended}\n")
    say("".join(f"  {label:<9} {text}\n" for label, text in freed.now.rows))
    for pid in freed.left:
        say(f"  {'left':<9} pid {pid} could not be ended\n")


def _name(found: Freeing) -> str:
    return found.name if "/" in found.name else f"port {found.name}"


def _finish(found: Freeing, freed: Freed | None, as_json: bool, code: int) -> None:
    if as_json:
        from portside.devserver.ports.conflict_lines import holder_fields

        now = freed.now if freed else found
        fields = {
            "name": found.name,
            "state": found.state,
            "text": found.text,
            "holders": [holder_fields(holder) for holder in found.occupancy.holders],
            "unseen": list(found.occupancy.unseen),
            "steps": list(found.steps),
            "refused": list(found.refused),
            "done": freed is not None,
            "ended": list(freed.ended) if freed else [],
            "left": list(freed.left) if freed else [],
            "free": now.is_free,
        }
        say(json.dumps(fields, indent=2) + "\n")
    sys.exit(code)
