"""What stands around a command, and what one starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from portside.launchfiles.facts import Form, Launch, Setting, Unit
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.words import Word
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Around:
    """environment: what the command is given, of what the file says. folder: relative to the file's own.

    The others are as `Launch` has them.
    """

    form: Form
    environment: Mapping[str, Setting] = field(default_factory=dict)
    folder: str | None = None
    branches: tuple[tuple[int, int], ...] = ()
    background: bool = False
    stretch: str = ""
    elsewhere: bool = False
    env_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A shell script that is started: `./start.sh`, `bash start.sh`."""

    word: Word


@dataclass(frozen=True, slots=True)
class ShellText:
    """Text that a shell reads: the argument of `sh -c`, of `tmux new -d`."""

    text: Placed
    around: Around


Started = Launch | Unit | ScriptRun
"""A unit is a container: it has a network of its own, mostly, and ports that it publishes."""


def program_name(text: str) -> str:
    """`uvicorn` of `/opt/venv/bin/uvicorn` and `.venv/Scripts/uvicorn.exe`."""
    return text.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
