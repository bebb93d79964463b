"""Where debugpy is: beside the app, or beside Portside (`portside[debug]`)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from portside.devserver.planning.interpreter import Interpreter

_PROBE_S = 20.0
_PROBE = "import importlib.util as u; s = u.find_spec('debugpy'); print(s.origin if s and s.origin else '')"


@dataclass(frozen=True, slots=True)
class Library:
    """folder: what holds the package. python: the words of an interpreter that can run its adapter."""

    folder: str
    python: tuple[str, ...]

    @property
    def adapter(self) -> list[str]:
        return [*self.python, str(Path(self.folder, "debugpy", "adapter"))]


def own() -> str | None:
    """The folder of Portside's own."""
    spec = importlib.util.find_spec("debugpy")
    return None if spec is None or spec.origin is None else str(Path(spec.origin).parent.parent)


def find(interpreter: Interpreter | None) -> Library | None:
    """The app's own, which fits its Python best, else Portside's."""
    if interpreter is not None and (folder := _beside(interpreter)):
        return Library(folder, interpreter.words)
    folder = own()
    return None if folder is None else Library(folder, (sys.executable,))


def _beside(interpreter: Interpreter) -> str | None:
    command = [*interpreter.words, "-c", _PROBE]
    try:
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    origin = os.fsdecode(done.stdout.strip())
    return str(Path(origin).parent.parent) if done.returncode == 0 and origin else None
