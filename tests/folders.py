"""Folders with files, as tests describe them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def lay_out(root: Path, files: Mapping[str, str]) -> None:
    """Writes each text, byte for byte, to its path below `root`, which uses slashes."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
