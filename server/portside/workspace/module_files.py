"""Which files of a workspace an import means. Reads names, imports nothing.

Paths are plain strings in here: in a large workspace this is asked hundreds of thousands of times.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from portside.records import dataclass
from portside.workspace.presence import entry_is_folder


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an import finds a module. files: those that run on the way to it, and it itself.

    folder: that of a package. is_folder_itself: whether no more than that is named, as by `from . import x`.
    is_sure: whether nothing further on is more likely meant.
    """

    files: tuple[str, ...]
    folder: str | None
    is_folder_itself: bool
    is_sure: bool


class ModuleFiles:
    """Effect: lists folders.

    steady: whether nothing changes while this lives, as when a command checks a tree once. Otherwise a
    folder that has changed is listed again.
    """

    def __init__(self, root: Path, *, steady: bool = False) -> None:
        self._root = str(root)
        self._steady = steady
        self._folders: dict[str, tuple[int, frozenset[str]]] = {}
        self._ways_up: dict[str, tuple[str, ...]] = {}
        self._paths: dict[str, Path] = {}
        self._home: tuple[str | Path | None, str] = (None, "")
        self._known: dict[tuple[str, str, str | None, Path], tuple[Path, ...]] = {}
        self._names_known: dict[tuple[str, str, str | None, str], tuple[str, ...]] = {}
        self._places_known: dict[tuple[str, str, str], tuple[_Place, ...]] = {}
        self._seen: dict[str, frozenset[str]] = {}
        self._homes: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._is_glance = False

    @contextlib.contextmanager
    def glance(self) -> Iterator[None]:
        """Meanwhile nothing changes: each folder is looked at once."""
        self._is_glance = True
        try:
            yield
        finally:
            self._is_glance = False
            if not self._steady:
                self._known.clear()
                self._names_known.clear()
                self._places_known.clear()
                self._homes.clear()
                self._seen.clear()

    def of_import(self, importer: Path, module: str, name: str | None, top: Path) -> tuple[Path, ...]:
        """The files that run when `importer` imports this: packages on the way, the module, a submodule."""
        key = (self._folder_of(importer), module, name, top)
        found = self._known.get(key)
        if found is None:
            found = tuple(map(self._path, self.names_of_import(importer, module, name, str(top))))
            if self._steady or self._is_glance:
                self._known[key] = found
        return found

    def names_of_import(
        self, importer: str | Path, module: str, name: str | None, top: str
    ) -> tuple[str, ...]:
        """The same as plain strings."""
        folder = self._folder_of(importer)
        if self._homes.get((folder, module.partition(".")[0], top)) == ():
            return ()  # as most are, whatever is taken from it
        key = (folder, module, name, top)
        found = self._names_known.get(key)
        if found is None:
            found = self._find(*key)
            if self._steady or self._is_glance:
                self._names_known[key] = found
        return found

    def _folder_of(self, importer: str | Path) -> str:
        # Files of one folder import much the same, and this is asked for all imports of a file in turn.
        if self._home[0] is not importer:
            self._home = importer, os.path.dirname(importer)  # noqa: PTH120 - see above
        return self._home[1]

    def _find(self, folder: str, module: str, name: str | None, top: str) -> tuple[str, ...]:
        doubtful: tuple[str, ...] = ()
        for place in self._places(folder, module, top):
            found = self._in_place(place, name)
            if found and place.is_sure:
                return found
            doubtful = doubtful or found
        return doubtful

    def _places(self, folder: str, module: str, top: str) -> Iterable[_Place]:
        """Where the module may be, the likeliest first. Of many, several names are taken in turn."""
        if not (self._steady or self._is_glance):
            return self._found_places(folder, module, top)
        key = (folder, module, top)
        known = self._places_known.get(key)
        if known is None:
            known = self._places_known[key] = tuple(self._found_places(folder, module, top))
        return known

    def _found_places(self, folder: str, module: str, top: str) -> Iterator[_Place]:
        parts = [part for part in module.split(".") if part]
        dots = len(module) - len(module.lstrip("."))
        starts = (_above(folder, dots - 1),) if dots else self._starts(folder, parts, top)
        for start in starts:
            below = self._below(start, parts)
            if below is not None:
                files, inside = below
                is_sure = bool(dots) or start == folder or not parts or not self._means_another(start, parts)
                yield _Place(files, inside, not parts, is_sure)

    def _in_place(self, place: _Place, name: str | None) -> tuple[str, ...]:
        """The files that run when this name is taken from the module there."""
        if place.folder is None:
            return place.files
        names = self._names(place.folder)
        if name is not None and f"{name}.py" in names:
            return (*place.files, f"{place.folder}{os.sep}{name}.py")
        if place.is_folder_itself and "__init__.py" in names:
            return (f"{place.folder}{os.sep}__init__.py",)
        return place.files

    def _means_another(self, start: str, parts: list[str]) -> bool:
        """Whether what has the name in this folder is no package, where one has to be, or its own package is.

        `engine/engine.py` is neither `engine.api.routes` nor, for `engine/api/server.py`, `engine`.
        """
        first, names = parts[0], self._names(start)
        if f"{first}/" in names:
            return False
        return len(parts) > 1 or (os.path.basename(start) == first and "__init__.py" in names)  # noqa: PTH119

    def _starts(self, folder: str, parts: list[str], top: str) -> tuple[str, ...]:
        """The folders that a file of this one may import a name of these parts from: those with the first."""
        if not parts:
            return (*self._searched(folder), top)
        if not (self._steady or self._is_glance):
            return (*self._with_sources(self._searched(folder)), top)
        key = (folder, parts[0], top)
        known = self._homes.get(key)
        if known is None:
            as_folder, as_file = f"{parts[0]}/", f"{parts[0]}.py"
            every = (*self._with_sources(self._searched(folder)), top)
            listed = ((start, self._names(start)) for start in every)
            known = tuple(start for start, names in listed if as_folder in names or as_file in names)
            self._homes[key] = known
        return known

    def _with_sources(self, folders: Iterable[str]) -> Iterator[str]:
        """The folders, each with its `src`: what is installed from there is imported by scripts beside it."""
        for folder in folders:
            yield folder
            if "src/" in self._names(folder):
                source = f"{folder}{os.sep}src"
                if "__init__.py" not in self._names(source):
                    yield source

    def _path(self, path: str) -> Path:
        known = self._paths.get(path)
        if known is None:
            known = self._paths[path] = Path(path)
        return known

    def _searched(self, folder: str) -> tuple[str, ...]:
        """Which folder the program starts in is not known: what lies beside the file, or nearest above."""
        known = self._ways_up.get(folder)
        if known is None:
            above = _above(folder, 1)
            inside = folder == self._root or folder.startswith(self._root.rstrip(os.sep) + os.sep)
            more = self._searched(above) if inside and folder != self._root else ()
            known = self._ways_up[folder] = (folder, *more) if inside else ()
        return known

    def _below(self, folder: str, parts: list[str]) -> tuple[tuple[str, ...], str | None] | None:
        """The files on the way to what has this name below the folder, and the folder that it is, if any."""
        found: list[str] = []
        for number, part in enumerate(parts, 1):
            names = self._names(folder)
            if f"{part}/" in names:
                folder = f"{folder}{os.sep}{part}"
                if "__init__.py" in self._names(folder):
                    found.append(f"{folder}{os.sep}__init__.py")
            elif f"{part}.py" in names and number == len(parts):
                # In a file there is no other: `app/mcp/server.py` has no `mcp.server.fastmcp`.
                return (*found, f"{folder}{os.sep}{part}.py"), None
            else:
                return None
        return tuple(found), folder

    def _names(self, folder: str) -> frozenset[str]:
        """The names in a folder, folders with a slash."""
        seen = self._seen.get(folder)
        if seen is None:
            seen = self._listed(folder)
            if self._steady or self._is_glance:
                self._seen[folder] = seen
        return seen

    def _listed(self, folder: str) -> frozenset[str]:
        known = self._folders.get(folder)
        if known is not None and self._steady:
            return known[1]
        try:
            changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 - see above
            if known is None or known[0] != changed:
                with os.scandir(folder) as entries:
                    names = frozenset(entry.name + "/" * entry_is_folder(entry) for entry in entries)
                known = self._folders[folder] = (changed, names)
        except OSError:
            known = (0, frozenset())
            if self._steady:
                self._folders[folder] = known
        return known[1]


def _above(folder: str, steps: int) -> str:
    for _ in range(steps):
        folder = os.path.dirname(folder)  # noqa: PTH120 - see above
    return folder
