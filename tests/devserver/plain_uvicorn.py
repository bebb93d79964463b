"""uvicorn alone, for environments that have nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PURE = ("uvicorn", "click", "h11", "typing_extensions")
"""What uvicorn needs at the least; all of it runs on any Python."""


def link_into(folder: Path) -> None:
    """Have the folder, one that Python imports from, hold it."""
    for name in _PURE:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
