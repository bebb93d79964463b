"""The command as a user runs it: a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Portside = Callable[..., Outcome]


@pytest.fixture
def portside(tmp_path: Path) -> Portside:
    """Runs `portside` with these arguments. `stdin` and environment variables by keyword."""

    def run(*arguments: str, stdin: bytes | None = None, **environment: str) -> Outcome:
        inherited = {
            name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}
        }
        done = subprocess.run(
            [sys.executable, "-I", "-m", "portside", *arguments],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            cwd=tmp_path,
            env={**inherited, "PYTHONIOENCODING": "utf-8", **environment},
            timeout=PATIENCE_S,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


SERVER = """\
import uvicorn
from fastapi import FastAPI
import vllm

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8010)
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A server that launches itself: PS101, and PS201 on its port."""
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path
