"""The files below a folder that are the user's own: what git ignores and tools made is left out."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path

from portside.records import dataclass
from portside.workspace.git_ignore import Ignores, ignore_file, ignore_files_above, ignored
from portside.workspace.presence import entry_is_file
from portside.workspace.text_file import read_start

PYTHON_SUFFIXES = (".py", ".pyw")
# Folders of tools, environments and build results; virtual environments of any name go by their pyvenv.cfg.
SKIPPED_FOLDERS = frozenset(
    {
        "__pycache__", "__pypackages__", "_build", "build", "buck-out", "dist", "node_modules",
        "site-packages", "venv",
        ".bzr", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d",
        ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv",
    }
)  # fmt: skip

# What tools write there is no package itself; a package of that name is somebody's source.
_BUILT = frozenset({"build", "dist"})

Exclusion = Callable[[str, bool], bool]
"""Whether a path is excluded; the second argument says whether it is a folder."""

Excluded = Callable[[str], "Exclusion | None"]
"""What settings exclude of what lies in this folder, asked once for each; None where they exclude nothing."""


def nothing_excluded(_folder: str) -> None:
    """For walks on which no settings count."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk came to. left_out: as in `paths_below`."""

    files: tuple[str, ...]
    left_out: frozenset[str]


_NAME_OF = attrgetter("name")


def python_files(folder: Path, excluded: Excluded = nothing_excluded) -> Iterator[Path]:
    """Every Python file below the folder, as `paths_below` goes about it."""
    return map(Path, paths_below(folder, excluded, lambda name: name.endswith(PYTHON_SUFFIXES)))


def paths_below(
    folder: Path,
    excluded: Excluded,
    wanted: Callable[[str], bool],
    left_out: set[str] | None = None,
    unlisted: list[str] | None = None,
    *,
    most: float = math.inf,
) -> Iterator[str]:
    """The files below the folder whose name (no folders) is wanted, sorted by path, folder by folder.

    The folder itself is searched whatever ignores it: the user named it. Links to
    folders aren't followed. What can't be listed is left out. Plain strings: most files of a
    large tree are only looked at once. left_out: gets the names of the folders that are not searched, and
    of the wanted files that are not given. unlisted: gets the folders that can't be listed, in that order.
    most: how many folders and wanted files there may be before no other folder is gone into.
    """
    top = os.path.abspath(folder)  # noqa: PTH100 - links stay links
    ignores = ignore_files_above(top) or ()
    search = _Search(
        excluded,
        wanted,
        left_out if left_out is not None else set(),
        unlisted if unlisted is not None else [],
        most,
    )
    yield from _walk(top, search.entries(top) or [], ignores, search)


def is_below(folder: str, path: str, excluded: Excluded) -> bool:
    """Whether `paths_below` would come to this file below the folder. Both absolute."""
    top = folder.rstrip(os.sep)
    ignores = ignore_files_above(top) or ()
    *folders, _ = Path(path[len(top) + 1 :]).parts
    here = top
    for name in folders:
        inside = f"{here}{os.sep}{name}"
        if _is_skipped(name, inside) or os.path.islink(inside):  # noqa: PTH114 - see below
            return False
        ignores = (*ignores, *ignore_file(here))
        exclusion = excluded(here)
        if ignored(inside, True, ignores) or (exclusion is not None and exclusion(inside, True)):
            return False
        here = inside
        if os.path.exists(f"{here}{os.sep}pyvenv.cfg") or is_worktree(f"{here}{os.sep}.git"):  # noqa: PTH110 - many
            return False
    ignores, exclusion = (*ignores, *ignore_file(here)), excluded(here)
    return not ignored(path, False, ignores) and not (exclusion is not None and exclusion(path, False))


@dataclass(slots=True)
class _Search:
    """What `paths_below` was asked. left: of `most`, what is left."""

    excluded: Excluded
    wanted: Callable[[str], bool]
    left_out: set[str]
    unlisted: list[str]
    left: float

    def entries(self, folder: str) -> list[os.DirEntry[str]] | None:
        """What is right in the folder; None where that is too much."""
        if self.left <= 0:
            return None
        self.left -= 1
        try:
            with os.scandir(folder) as found:
                return sorted(found, key=_NAME_OF)
        except OSError:
            self.unlisted.append(folder)
            return []


def _walk(folder: str, entries: list[os.DirEntry[str]], inherited: Ignores, search: _Search) -> Iterator[str]:
    wanted, left_out = search.wanted, search.left_out
    ignores = inherited
    if any(entry.name == ".gitignore" for entry in entries):
        ignores = (*inherited, *ignore_file(folder))
    exclusion = search.excluded(folder)
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder:
            is_left_out = _is_skipped(entry.name, entry.path)
        else:
            is_left_out = not (wanted(entry.name) and entry_is_file(entry))
        if is_left_out:
            if is_folder or entry.is_symlink():
                left_out.add(entry.name)
        elif (ignores and ignored(entry.path, is_folder, ignores)) or (
            exclusion is not None and exclusion(entry.path, is_folder)
        ):
            left_out.add(entry.name)
        elif not is_folder:
            search.left -= 1
            yield entry.path
        elif (inside := search.entries(entry.path)) is None or _is_apart(inside):
            left_out.add(entry.name)
        else:
            yield from _walk(entry.path, inside, ignores, search)


def _is_skipped(name: str, path: str) -> bool:
    if name not in SKIPPED_FOLDERS:
        return False
    return not (name in _BUILT and os.path.isfile(f"{path}{os.sep}__init__.py"))  # noqa: PTH113 - as above


def _is_apart(entries: list[os.DirEntry[str]]) -> bool:
    """Whether these are those of a virtual environment, or of a working tree of the same repository."""
    return any(
        entry.name == "pyvenv.cfg" or (entry.name == ".git" and is_worktree(entry.path)) for entry in entries
    )


def is_worktree(path: str) -> bool:
    """Whether `.git` at this path is that of `git worktree add`: all of its files are those of a branch."""
    data = read_start(path, 4096)  # nothing of a folder, as in every clone
    return data is not None and re.match(rb"gitdir:.*[/\\]worktrees[/\\]", data) is not None
