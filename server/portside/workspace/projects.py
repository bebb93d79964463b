"""Folders of projects: what lies in them side by side has nothing to do with each other."""

from __future__ import annotations

import os

from portside.workspace.file_kinds import is_of_interest
from portside.workspace.presence import exists

_PAGE = ".md"


def holds_projects(folder: str) -> bool:
    """Whether repositories lie in it side by side, and nothing that would make it one project with them."""
    try:
        with os.scandir(folder) as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return False
    if not any(is_dir and exists(f"{folder}{os.sep}{name}{os.sep}.git") for name, is_dir in listed):
        return False
    files = (name for name, is_dir in listed if not is_dir and not name.endswith(_PAGE))
    return not any(map(is_of_interest, files))
