"""Files of environment variables for the worker: read as dotenv does, anew for each start.

What the shell has already set wins over them, as with uvicorn's `--env-file`; the settings' own
`env` wins over both.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EnvFileMistake:
    """Why a file can't be used. line: from 1; None for the file as a whole."""

    path: Path
    line: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


def read(paths: Sequence[Path], outside: Mapping[str, str]) -> dict[str, str] | EnvFileMistake:
    """The variables of all files, a later one winning, without those that are set outside."""
    found: dict[str, str] = {}
    for path in paths:
        values = _values(path)
        if isinstance(values, EnvFileMistake):
            return values
        found |= values
    return {name: value for name, value in found.items() if name not in outside}


def _values(path: Path) -> dict[str, str] | EnvFileMistake:
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return EnvFileMistake(path, error.object[: error.start].count(b"\n") + 1, "is not UTF-8")
    except FileNotFoundError:
        return EnvFileMistake(path, None, "there is no such file")
    except OSError as error:
        return EnvFileMistake(path, None, f"can't be read: {error.strerror or error}")
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            return EnvFileMistake(path, _line(text, binding.original.line, binding.original.string), _SHAPE)
        if "\0" in f"{binding.key}{binding.value}":
            return EnvFileMistake(path, binding.original.line, "holds a null character")
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


_SHAPE = "is not of the form NAME=value (a quote may not be closed)"


def _line(text: str, first: int, original: str) -> int:
    """A statement begins with the blank lines above it."""
    blank = len(original) - len(original.lstrip("\r\n"))
    return min(first + original[:blank].count("\n"), text.count("\n") + 1)


@dataclass(slots=True)
class Environment:
    """What each worker gets. current: as of the last time that all files could be read."""

    paths: tuple[Path, ...]
    own: Mapping[str, str]
    current: dict[str, str]

    def renew(self) -> EnvFileMistake | None:
        """Read the files again; a mistake leaves what was read before."""
        found = read(self.paths, os.environ)
        if isinstance(found, EnvFileMistake):
            return found
        self.current = {**found, **self.own}
        return None
