"""`portside restart`: have a dev server load the code anew."""

from __future__ import annotations

import sys

import click

from portside.cli.linux_only import require_linux


@click.command(short_help="Have a dev server load the code anew.")
@click.argument("server", required=False, metavar="[NAME|PORT|PID]")
@click.option("--engine", is_flag=True, help="Load the engine anew, too, where the server keeps it.")
def restart(server: str | None, engine: bool) -> None:
    """Reload a dev server as an edit would: the port stays, no request is refused.

    With `--engine` a kept engine ends once nothing serves from it, and loads its model again.

    Exit codes: 0 it begins. 1 it does not answer, or keeps no engine. 2 no such server.
    """
    require_linux("restart")
    from portside.cli.server_choice import choose
    from portside.devserver.registry import control, servers

    running = [one for one in servers.listing() if one.is_running]
    chosen = choose(running, server)
    record = chosen.record
    if engine and not chosen.engines:
        click.echo(f"{record.title} keeps no engine: see portside serve --keep-engine", err=True)
        sys.exit(1)
    answer = control.ask(record.control, "restart-engine" if engine else "restart")
    if not (answer or {}).get("ok"):
        click.echo(f"{record.title} takes no orders: pid {record.pid}", err=True)
        sys.exit(1)
    click.echo(f"↻ {record.title} loads anew{', and its engine' if engine else ''}")
