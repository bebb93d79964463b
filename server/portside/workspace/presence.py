"""Whether there is something at a path, asked so that it has an answer whatever lies there.

Path's own questions raise for links in a circle, names that are too long and folders that may
not be searched, each Python in other cases.
"""

from __future__ import annotations

import os
from pathlib import Path


def exists(path: Path | str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - see above


def is_file(path: Path | str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - see above


def is_folder(path: Path | str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - see above


def entry_is_folder(entry: os.DirEntry[str]) -> bool:
    """Links followed."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def entry_is_file(entry: os.DirEntry[str]) -> bool:
    """Links followed."""
    try:
        return entry.is_file()
    except OSError:
        return False
