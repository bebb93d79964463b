"""`python` and `uvicorn` that start at once, from a process that has the web framework (zygote.py)."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.patience import PATIENCE_S

SITE = Path(__file__).parent / "site"
ZYGOTE = Path(__file__).parents[2] / "scripts" / "launch_lab" / "zygote.py"
_IMPORTED = (
    "asyncio",
    "logging.config",
    "uvicorn.loops.auto",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "fastapi",
    "fastapi.responses",
    "fastapi.middleware.cors",
    "sitecustomize",
)


@functools.cache
def programs() -> Path:
    """The folder with them; on Windows the interpreter's. Effect: a process until this one ends."""
    if sys.platform == "win32":
        return Path(sys.executable).parent
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    address = folder / "asked"
    for name in ("python", "python3", "uvicorn"):
        real = Path(sys.executable).parent / name
        program = folder / name
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -ISs "{ZYGOTE}" ask "{address}" "{real}" "$@"\n'
        )
        program.chmod(0o755)
    environment = {
        name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ
    }
    process = subprocess.Popen(
        [sys.executable, ZYGOTE, "wait", address, SITE, *_IMPORTED],
        stdin=subprocess.PIPE,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    atexit.register(shutil.rmtree, folder)
    atexit.register(process.communicate)
    ends = time.monotonic() + PATIENCE_S
    while not address.exists():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < ends
        time.sleep(0.01)
    return folder
