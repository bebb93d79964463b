"""`portside restart`: have a dev server load the code anew."""

from __future__ import annotations

import sys

import click

from portside.cli.linux_only import require_linux


@click.command(short_help="Have a dev server load the code anew.")
@click.argument("server", required=False, metavar="[NAME|PORT|PID]")
def restart(server: str | None) -> None:
    """Reload a dev server as an edit would: the port stays, no request is refused.

    Exit codes: 0 it begins. 1 it does not answer. 2 no such server.
    """
    require_linux("restart")
    from portside.cli.server_choice import choose
    from portside.devserver.registry import control, servers

    running = [one for one in servers.listing() if one.is_running]
    record = choose(running, server).record
    answer = control.ask(record.control, "restart")
    if not (answer or {}).get("ok"):
        click.echo(f"{record.label} at {record.url} takes no orders: pid {record.pid}", err=True)
        sys.exit(1)
    click.echo(f"↻ {record.label} at {record.url} loads anew")
