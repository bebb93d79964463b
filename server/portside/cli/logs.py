"""`portside logs`: what a dev server printed, also after its end."""

from __future__ import annotations

import os
import sys
import time

import click

from portside.cli.linux_only import require_linux

_LINES = 100
_LINES_HELP = f"The last N lines  [{_LINES}]"


@click.command(short_help="Show what a dev server printed.")
@click.argument("server", required=False, metavar="[NAME|PORT|PID]")
@click.option("-f", "--follow", is_flag=True, help="Go on until the server ends.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    default=_LINES,
    metavar="N",
    help=f"The last N lines  [{_LINES}]",
)
def logs(server: str | None, follow: bool, lines: int) -> None:
    """Show what a dev server's app printed: plain text, secrets masked.

    Without an argument it is the server of this folder that runs, or the last one that ran. The logs
    of the last ten servers that have ended are kept.
    """
    require_linux("logs")
    from portside.devserver.registry import log_reader

    found = log_reader.find(server)
    if isinstance(found, str):
        click.echo(found, err=True)
        sys.exit(2)
    record = found
    if record.ended_at is not None:
        from portside.cli.server_choice import span

        how = "was killed" if record.code is None else "ended"
        click.echo(f"({record.title} {how} {span(time.time() - record.ended_at)} ago)", err=True)
    try:
        for text in log_reader.read(record, lines, follow):
            sys.stdout.write(text)
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on; nothing to be flushed at exit
