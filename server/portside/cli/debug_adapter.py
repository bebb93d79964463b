"""`portside debug-adapter`: what an editor starts to debug a dev server."""

from __future__ import annotations

import click


@click.command(
    "debug-adapter",
    help="Debug a dev server from an editor: speaks the debug adapter protocol on standard input and output. "
    "The editor's configuration says what to serve; docs/editors.md has it for several.",
)
@click.option("--python", metavar="PATH", help="Interpreter, or environment, that runs the app.")
def debug_adapter(python: str | None) -> None:
    from portside.devserver.debugging import standard_streams

    standard_streams.run(python)
