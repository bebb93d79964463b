"""`portside lsp`: the language server, on standard input and output."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Run the language server (for editors).")
@click.option("--log-file", type=click.Path(path_type=Path), metavar="PATH", help="Write what happens here.")
@click.option(
    "--stdio",
    is_flag=True,
    expose_value=False,
    help="Accepted, since some editors pass it: it is all there is.",
)
def lsp(log_file: Path | None) -> None:
    """Run the language server on standard input and output. Editors start this, people don't."""
    from portside.lsp.start import serve

    serve(log_file)
