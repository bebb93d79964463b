"""Files that never cause a reload: what git ignores, caches, environments, hidden folders."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from portside.workspace.git_ignore import Ignores, changed_at, ignore_file, ignored

_PRUNED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "venv", "env"})
_MOST_FOLDERS = 4000


def source_folders(roots: Iterable[Path]) -> list[str]:
    """The folders at and below these in which source can be, nearest first, ignored ones left out."""
    found: dict[str, None] = {}
    queue = [root.resolve() for root in roots]
    while queue and len(found) < _MOST_FOLDERS:
        folder = queue.pop(0)
        if str(folder) in found:
            continue
        found[str(folder)] = None
        queue += _below(folder)
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False) or entry.name in _PRUNED or entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if not (path / "pyvenv.cfg").exists() and not is_ignored(path, folder=True):
            yield path


def is_ignored(path: Path, folder: bool = False) -> bool:
    """Whether a .gitignore between the repository's root and the path says so, of it or of a folder above."""
    root = _root(path.parent)
    ignores: Ignores = ()
    way = [parent for parent in reversed(path.parents) if root in (parent, *parent.parents)]
    for outer, inner in itertools.pairwise([*way, path]):
        ignores = (*ignores, *_ignore_file(outer, changed_at(outer)))
        if ignored(str(inner), folder or inner is not path, ignores):
            return True
    return False


@lru_cache(maxsize=4096)
def _root(folder: Path) -> Path:
    """The root of the repository that holds the folder; the folder itself where there is none."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return folder


@lru_cache(maxsize=4096)
def _ignore_file(folder: Path, stamp: int | None) -> Ignores:
    return () if stamp is None else ignore_file(str(folder))
