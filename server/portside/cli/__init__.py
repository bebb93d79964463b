"""The `portside` command: the composition root.

Each command lives in a module of its own and is imported only when it is called
for: `portside serve` has to hold the port before it can afford to import
anything that it does not need for that.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

from portside import __version__

_COMMANDS = {
    "check": "portside.cli.check:check",
    "debug-adapter": "portside.cli.debug_adapter:debug_adapter",
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

_LEAVES_BY_ITSELF = "serve"
"""Says itself what a Ctrl-C does; in every other command it is a KeyboardInterrupt."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        if not gc.isenabled():  # since the start of the process (__main__.py)
            gc.freeze()
            gc.enable()
        if cmd_name != _LEAVES_BY_ITSELF and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """A command that Ctrl-C ends has found nothing out: no exit code of its own says so."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _end_as_interrupted()

    def main(self, *args: Any, **extra: Any) -> Any:
        try:
            return super().main(*args, **extra)
        except BrokenPipeError:
            raise  # who reads it has seen enough
        except OSError as error:
            if not _leaves_output() and not _is_of_output(error):
                raise
            from portside.cli import output

            output.give_up(f"the output can't be written: {error.strerror}")


def _is_of_output(error: OSError) -> bool:
    """Whether a full disk took no output that isn't kept for later: a file that is written has a name."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF, errno.EIO)
    return error.errno in full and error.filename is None


def _leaves_output() -> bool:
    """Whether there is output that can't be written; it goes nowhere then, also when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        from portside.cli import output

        output.abandon(sys.stdout)
        return True
    return False


def _end_as_interrupted() -> NoReturn:
    """As the signal would have, which tells a shell's script to end too: 130."""
    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(130)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="portside")
def main() -> None:
    """Launch hygiene and a dev server for people who serve language models with vLLM."""
