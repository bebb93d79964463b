"""`portside stop`: end a dev server, and see that nothing of it is left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from portside.cli.linux_only import require_linux

if TYPE_CHECKING:
    from portside.devserver.registry.server_stop import Outcome


@click.command(short_help="Stop a dev server; check that nothing is left.")
@click.argument("server", required=False, metavar="[NAME|PORT|PID]")
@click.option("--all", "everyone", is_flag=True, help="Stop every dev server of this user.")
def stop(server: str | None, everyone: bool) -> None:
    """Stop a dev server as Ctrl-C would, wait for it, and check that its processes and ports are gone.

    Without an argument it is the one of this folder, or the only one. Of a server that was killed
    it ends what is left.

    Exit codes: 0 nothing is left. 1 something is. 2 no such server.
    """
    require_linux("stop")
    from portside.cli.server_choice import choose
    from portside.devserver.registry import server_stop, servers

    found = servers.listing()
    if everyone and not found:
        click.echo("no dev server runs")
    chosen = found if everyone else [choose(found, server)]
    outcomes = []
    for one in chosen:
        outcomes.append(server_stop.stop(one))
        click.echo(_line(outcomes[-1]))
    sys.exit(0 if all(outcome.is_clean for outcome in outcomes) else 1)


def _line(outcome: Outcome) -> str:
    from portside.cli.server_choice import size

    record = outcome.record
    what = "what it had left is ended" if outcome.was_dead else "stopped"
    if outcome.forced:
        what = "did not stop in time and was ended"
    state = [_listed("process", "processes", outcome.left, "left") if outcome.left else "no process left"]
    if outcome.taken:
        state.append(_listed("port", "ports", outcome.taken, "still taken"))
    elif record.port:
        state.append(f"port {record.port} free")
    if outcome.gpu_memory:
        state.append(f"{size(outcome.gpu_memory)} of GPU memory still held")
    mark = "■" if outcome.is_clean else "✗"
    return f"{mark} {record.title}: {what} in {outcome.seconds:.2f} s: {', '.join(state)}"


def _listed(one: str, several: str, numbers: Sequence[int], what: str) -> str:
    return f"{one if len(numbers) == 1 else several} {', '.join(map(str, numbers))} {what}"
