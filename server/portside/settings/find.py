"""Which settings count for a folder: those of the nearest file above it that has some."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from portside.settings.model import Settings, SettingsError
from portside.settings.read import read_table
from portside.settings.validate import validated
from portside.workspace.presence import exists, is_file, is_folder
from portside.workspace.projects import holds_projects

# Where both lie in one folder the one that is only Portside's counts.
FILE_NAMES = ("portside.toml", "pyproject.toml")
# What marks the top of a project that has no settings.
_ROOT_MARKERS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg")


def load(start: Path) -> Settings:
    """The settings that count for `start`, a file or a folder.

    Raises SettingsError with every mistake of the file that counts.
    """
    return SettingsFinder().settings(start)


class SettingsFinder:
    """Finds and keeps the settings of many folders; every file is read once.

    opened: the folders, absolute, that the user works in. A file without any sign of a project
    above it belongs to the folder that was opened, or, where repositories lie in that side by side, to
    the one below it.
    """

    def __init__(self, opened: Collection[Path] = ()) -> None:
        self._opened = tuple(map(str, opened))
        self._found: dict[str, Settings | SettingsError | None] = {}
        self._settings: dict[str, Settings] = {}
        self._without: dict[str, Settings] = {}
        self._marked: dict[str, str | None] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._holding: dict[str, bool] = {}

    def settings(self, start: Path) -> Settings:
        """See `load`."""
        absolute = Path(os.path.abspath(start))  # noqa: PTH100 - links stay links
        return self.of_folder(absolute if is_folder(absolute) else absolute.parent)

    def of_walked(self, folder: str) -> Settings:
        """As `of_folder`, of one that a walk lists: another listing answers all that is asked of it."""
        if folder not in self._settings:
            with contextlib.suppress(OSError):
                self._names[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 - strings, see below
        return self.of_folder(folder)

    def of_folder(self, folder: Path | str) -> Settings:
        """The settings that count in this folder, an absolute path. Raises SettingsError."""
        # Plain strings below: a walk asks this for each folder of a large tree.
        path = str(folder)
        known = self._settings.get(path)
        if known is None:
            known = self._settings[path] = self._find(path) or self._none_for(path)
        return known

    def _none_for(self, folder: str) -> Settings:
        marked = self._marked_above(folder)
        root = self._unmarked_root(folder) if marked is None else marked
        if root not in self._without:
            self._without[root] = Settings(Path(root), is_guess=marked is None)
        return self._without[root]

    def _find(self, folder: str) -> Settings | None:
        if folder not in self._found:
            try:
                self._found[folder] = self._read(folder)
            except SettingsError as error:
                self._found[folder] = error
        found = self._found[folder]
        if isinstance(found, SettingsError):
            raise found
        return found

    def _read(self, folder: str) -> Settings | None:
        for name in FILE_NAMES:
            table = read_table(Path(folder, name)) if self._is_there(folder, name) else None
            if table is not None:
                return validated(table)
        above = os.path.dirname(folder)  # noqa: PTH120
        return self._find(above) if above != folder else None

    def _unmarked_root(self, folder: str) -> str:
        """The folder that was opened; else this one, or that of the package that it is."""
        around = [top for top in self._opened if f"{folder}{os.sep}".startswith(top.rstrip(os.sep) + os.sep)]
        if around:
            return self._project_below(min(around, key=len), folder)
        # A package never is where imports begin.
        while self._is_file(folder, "__init__.py") and os.path.dirname(folder) != folder:  # noqa: PTH120
            folder = os.path.dirname(folder)  # noqa: PTH120
        return folder

    def _project_below(self, top: str, folder: str) -> str:
        """The top, or the first folder on the way from it that is not there to hold projects."""
        while top != folder and self._holds_projects(top):
            inside = top.rstrip(os.sep) + os.sep
            top = inside + folder[len(inside) :].partition(os.sep)[0]
        return top

    def _holds_projects(self, folder: str) -> bool:
        if folder not in self._holding:
            self._holding[folder] = holds_projects(folder)
        return self._holding[folder]

    def _marked_above(self, folder: str) -> str | None:
        if folder not in self._marked:
            above = os.path.dirname(folder)  # noqa: PTH120
            if any(self._has(folder, marker) for marker in _ROOT_MARKERS):
                self._marked[folder] = folder
            else:
                self._marked[folder] = self._marked_above(above) if above != folder else None
        return self._marked[folder]

    def _is_there(self, folder: str, name: str) -> bool:
        """Also where it is no file, or a link that leads nowhere: reading it says so."""
        names = self._names.get(folder)
        return os.path.lexists(f"{folder}{os.sep}{name}") if names is None else name in names

    def _is_file(self, folder: str, name: str) -> bool:
        return self._has(folder, name) and is_file(f"{folder}{os.sep}{name}")

    def _has(self, folder: str, name: str) -> bool:
        names = self._names.get(folder)
        return exists(f"{folder}{os.sep}{name}") if names is None else name in names
