"""What the workspace tells about one launch file: the files around it, and where Python scripts listen.

The workspace answers (`workspace/launch_index.py`); tests answer with a mapping. Paths are relative to the
workspace, with slashes; a folder is "" at the top.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Protocol

from portside.launchfiles.facts import LaunchFile
from portside.lint.source import Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class ScriptPort:
    """A port that a Python script listens on, with certain arguments in a certain environment.

    number: None where its source does not tell. host: as far as it says. is_default: whether the
    environment or an option might say otherwise. written: where Python files write this number, as what it
    is or as what it is by default, with its quotes.
    """

    number: int | None
    host: str | None = None
    is_default: bool = False
    written: tuple[Place, ...] = ()


class Around(Protocol):
    """Questions that a graph asks; each answer is cheap the second time."""

    def file(self, path: str, /) -> LaunchFile | None:
        """What the launch file at this path says; None where there is none."""

    def in_folder(self, folder: str, /) -> Sequence[LaunchFile]:
        """The launch files right in this folder, in the order of their names."""

    def is_file(self, path: str, /) -> bool:
        """Whether the workspace has this file, whatever it is."""

    def ports_of(
        self, script: str, arguments: Sequence[str], environment: Mapping[str, str], /
    ) -> Sequence[ScriptPort]:
        """Where the Python script listens; nothing where it starts no server that can be seen."""

    def only_calls(self, script: str, /) -> bool:
        """Whether the Python script talks to servers, and certainly is none."""

    def line(self, path: str, span: Span, /) -> int:
        """The line, from 1, where the span begins."""

    def may_proxy(self, path: str, /) -> bool:
        """Whether the launch file names a proxy or a process manager, which may listen for others."""


class Alone:
    """Nothing is around: what a file says by itself."""

    def file(self, _path: str) -> LaunchFile | None:
        return None

    def in_folder(self, _folder: str) -> Sequence[LaunchFile]:
        return ()

    def is_file(self, _path: str) -> bool:
        return False

    def ports_of(
        self, _script: str, _arguments: Sequence[str], _environment: Mapping[str, str]
    ) -> Sequence[ScriptPort]:
        return ()

    def only_calls(self, _script: str) -> bool:
        return False

    def line(self, _path: str, _span: Span) -> int:
        return 0

    def may_proxy(self, _path: str) -> bool:
        return False


def folder_of(path: str) -> str:
    return posixpath.dirname(path)


def joined(folder: str, path: str) -> str | None:
    """The path as it is meant from the folder; None where it leads out of the workspace or is absolute."""
    if path.startswith(("/", "~", "$")):
        return None
    whole = posixpath.normpath(posixpath.join(folder, path))
    return None if whole.startswith("..") else "" if whole == "." else whole
