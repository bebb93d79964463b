"""Which Python runs the user's app."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Interpreter:
    """path: what is started, symbolic links kept (a virtual environment is found by them). source: why.

    before: words in front of it (`uv run`), the first one a path. options: its own (`-X dev`).
    """

    path: str
    source: str
    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.before, self.path, *self.options)


def find(chosen: str | None, folder: Path) -> Interpreter | None:
    """The interpreter to use; None where the chosen one, or any at all, can't be found."""
    if chosen:
        found = shutil.which(_in_folder(chosen, folder))
        return Interpreter(os.path.abspath(found), "--python") if found else None
    return next(_candidates(folder), None)


def folders_of_programs(chosen: str | None, folder: Path, path: str) -> list[str]:
    """Where a command such as `uvicorn` is looked for: the chosen environment, the folder's, the path."""
    own = [Path(found.path).parent for found in [find(chosen, folder)] if chosen and found]
    if not os.environ.get("VIRTUAL_ENV"):
        own += [folder / name / "bin" for name in (".venv", "venv")]
    return [*map(str, own), *path.split(os.pathsep), str(Path(sys.executable).parent)]


# `#!/path/python`, `#!/usr/bin/env python`; where the path is too long for a kernel, pip and uv have
# the shell execute a quoted one in the second line.
_SHEBANG = re.compile(rb"#!\s*(\S+)[ \t]*(\S*)[^\n]*\n(?:'{3}exec' (\"[^\"]+\"|\S+) )?")


def of_script(path: str) -> str | None:
    """The Python that the script's first lines name; None where it is no Python script."""
    try:
        with open(path, "rb") as file:
            match = _SHEBANG.match(file.read(1024))
    except OSError:
        return None
    if match is None:
        return None
    program, argument, quoted = (os.fsdecode(part or b"") for part in match.groups())
    if quoted:
        program = quoted.strip('"')
    elif os.path.basename(program) == "env":
        program = shutil.which(argument) or ""
    return program if "python" in os.path.basename(program) and os.path.exists(program) else None


OLDEST = (3, 9)
"""What of Portside runs in the app's Python needs this one."""


def is_too_old(python: str) -> bool:
    """Whether the name of the executable says that it is older than what we can run in."""
    match = re.fullmatch(r"python(\d)(?:\.(\d+))?", os.path.basename(os.path.realpath(python)))
    return match is not None and (int(match[1]), int(match[2] or 99)) < OLDEST


def _in_folder(chosen: str, folder: Path) -> str:
    path = folder / Path(chosen).expanduser()
    if path.is_dir():  # an environment instead of its interpreter
        return str(path / "bin" / "python")
    return str(path) if os.sep in chosen else chosen


def _candidates(folder: Path) -> Iterator[Interpreter]:
    if active := os.environ.get("VIRTUAL_ENV"):
        yield from _environment(Path(active), "VIRTUAL_ENV")
    for name in (".venv", "venv"):
        yield from _environment(folder / name, name)
    if importlib.util.find_spec("uvicorn") is not None:
        yield Interpreter(sys.executable, "Portside's own")
    for name in ("python3", "python"):
        if found := shutil.which(name):
            yield Interpreter(found, "PATH")


def _environment(root: Path, source: str) -> Iterator[Interpreter]:
    python = root / "bin" / "python"
    if python.exists():
        yield Interpreter(str(python.absolute()), source)
