"""Files that never cause a reload: what git ignores, caches, environments, hidden folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

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
    """Whether a .gitignore between the repository's root and the path says so; the nearest one wins."""
    verdict = False
    for parent in reversed(path.parents):
        spec = _spec(parent, _stamp(parent / ".gitignore"))
        if spec is None or _root(path.parent) not in (parent, *parent.parents):
            continue
        relative = path.relative_to(parent).as_posix() + ("/" if folder else "")
        match = spec.check_file(relative).include
        if match is not None:
            verdict = match
    return verdict


@lru_cache(maxsize=4096)
def _root(folder: Path) -> Path:
    """The root of the repository that holds the folder; the folder itself where there is none."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return folder


@lru_cache(maxsize=4096)
def _spec(folder: Path, stamp: int | None) -> GitIgnoreSpec | None:
    if stamp is None:
        return None
    text = (folder / ".gitignore").read_text(encoding="utf-8", errors="replace")
    return GitIgnoreSpec.from_lines(text.splitlines())


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
