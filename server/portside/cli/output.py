"""What the commands say besides their results, and whether they say it in colour."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from portside.report.ink import Ink

if TYPE_CHECKING:  # commands that need no settings are not to wait for them
    from portside.settings import SettingsError

CLEAN = 0
FOUND = 1
COULD_NOT_RUN = 2


def ink_for(stream: TextIO) -> Ink:
    """Colour on terminals only; https://no-color.org counts, and so does FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return Ink(False)
    if os.environ.get("FORCE_COLOR"):
        return Ink(True)
    return Ink(stream.isatty() and os.environ.get("TERM") != "dumb")


def say(text: str) -> None:
    """Write to standard output, as it is: whoever made the text decided on colour."""
    # A console may be unable to print a character of the user's code; that must not end the command.
    if isinstance(sys.stdout.errors, str) and sys.stdout.errors == "strict":
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    click.echo(text, nl=False, color=True)


def tell(text: str) -> None:
    """Write a line to standard error; where that can't be, the exit code has to do."""
    try:
        click.echo(text, err=True)
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO) -> None:
    """Have what this stream still holds go nowhere: it can't be written, also when Python ends."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def warn(message: str) -> None:
    tell(f"warning: {message}")


def complain(message: str) -> None:
    tell(f"error: {message}")


def complain_of_bug(path: str, error: Exception) -> None:
    """Say that Portside itself failed on this file, and where in Portside."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    complain(
        f"{path}: Portside failed on this file with {type(error).__name__}: {error}{place}; "
        "this is a bug in Portside, please report it"
    )


def read_stdin() -> bytes:
    """All of standard input. Ends the command where there is none."""
    if sys.stdin is None:
        give_up("standard input can't be read: it is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        give_up(f"standard input can't be read: {error.strerror}")


def give_up(message: str) -> NoReturn:
    complain(message)
    sys.exit(COULD_NOT_RUN)


def give_up_on_settings(error: SettingsError) -> NoReturn:
    for mistake in error.mistakes:
        complain(str(mistake))
    sys.exit(COULD_NOT_RUN)
