"""Which Python runs the user's app."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Interpreter:
    """path: what is started, symbolic links kept (a virtual environment is found by them). source: why."""

    path: str
    source: str


def find(chosen: str | None, folder: Path) -> Interpreter | None:
    """The interpreter to use; None where the chosen one, or any at all, can't be found."""
    if chosen:
        found = shutil.which(_in_folder(chosen, folder))
        return Interpreter(os.path.abspath(found), "--python") if found else None
    return next(_candidates(folder), None)


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
