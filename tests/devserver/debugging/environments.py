"""Environments without a debugger in them."""

from __future__ import annotations

import importlib.util
import sys
import venv
from pathlib import Path

from portside.devserver.planning import debugpy_library


def bare_environment(folder: Path) -> Path:
    """A Python that has uvicorn, and no debugpy."""
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in ("uvicorn", "click", "h11"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        (folder / "lib" / version / "site-packages" / name).symlink_to(Path(spec.origin).parent)
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
