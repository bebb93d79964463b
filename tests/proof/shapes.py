"""Servers as people write them, one shape each. The ways come from public code, the code is our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

API = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}
"""


@dataclass(frozen=True)
class Movable:
    """A script that can be moved. command: what it becomes. gone, kept: text that the fix removes or leaves.

    environment: of both runs. arguments: how the script is run, if not by its path.
    factory: the name that a main block gets which becomes a function. serves: whether a function of
    the file goes on serving for others. prints: what both say when they have stopped.
    """

    id: str
    code: str
    command: str
    path: str = "server.py"
    files: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    folder: str = "."
    differs: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    runs_as_script: bool = True
    factory: str = "create_app"
    serves: bool = False
    prints: str = ""


@dataclass(frozen=True)
class Unmovable:
    """A script that can't be moved as it stands. blockers: each line, and a part of its reason."""

    id: str
    code: str
    blockers: tuple[tuple[int, str], ...]
    path: str = "server.py"
    files: Mapping[str, str] = field(default_factory=dict)
