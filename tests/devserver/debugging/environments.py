"""Environments without a debugger in them."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

from tests.devserver import plain_uvicorn

from portside.devserver.planning import debugpy_library


def bare_environment(folder: Path) -> Path:
    """A Python that has uvicorn, and no debugpy."""
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    plain_uvicorn.link_into(folder / "lib" / version / "site-packages")
    return folder / "bin" / "python"


def without_own_debugpy(folder: Path) -> tuple[str, ...]:
    """In front of a command of Portside: has it run as if debugpy were not installed beside it."""
    program = folder / "without_debugpy.py"
    name = debugpy_library.__name__
    program.write_text(
        f"import sys\nimport {name} as library\nlibrary.own = lambda: None\n"
        "from portside.cli import main\nmain(sys.argv[4:])\n"
    )
    return sys.executable, str(program)
