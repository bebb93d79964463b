"""The `portside` command: the composition root.

Each command lives in a module of its own and is imported only when it is called
for: `portside serve` has to hold the port before it can afford to import
anything that it does not need for that.
"""

from __future__ import annotations

import importlib

import click

from portside import __version__

_COMMANDS = {
    "check": "portside.cli.check:check",
    "explain": "portside.cli.explain:explain",
    "fix": "portside.cli.fix:fix",
    "free": "portside.cli.free:free",
    "logs": "portside.cli.logs:logs",
    "lsp": "portside.cli.lsp:lsp",
    "ports": "portside.cli.ports:ports",
    "ps": "portside.cli.ps:ps",
    "restart": "portside.cli.restart:restart",
    "rules": "portside.cli.rules:rules",
    "serve": "portside.cli.serve:serve",
    "stop": "portside.cli.stop:stop",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="portside")
def main() -> None:
    """Launch hygiene and a dev server for people who serve language models with vLLM."""
