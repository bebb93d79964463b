"""Which settings count for a folder: those of the nearest file above it that has some."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from portside.settings.model import Settings, SettingsError
from portside.settings.read import SettingsTable, read_table
from portside.settings.validate import validated

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
    above it belongs to the folder that was opened.
    """

    def __init__(self, opened: Collection[Path] = ()) -> None:
        self._opened = opened
        self._found: dict[Path, Settings | SettingsError | None] = {}
        self._settings: dict[Path, Settings] = {}
        self._marked: dict[Path, Path | None] = {}

    def settings(self, start: Path) -> Settings:
        """See `load`."""
        absolute = Path(os.path.abspath(start))  # noqa: PTH100 - links stay links
        return self.of_folder(absolute if absolute.is_dir() else absolute.parent)

    def of_folder(self, folder: Path) -> Settings:
        """The settings that count in this folder, an absolute path. Raises SettingsError."""
        known = self._settings.get(folder)
        if known is None:
            known = self._settings[folder] = self._find(folder) or Settings(self._project_root(folder))
        return known

    def _find(self, folder: Path) -> Settings | None:
        if folder not in self._found:
            try:
                self._found[folder] = self._read(folder)
            except SettingsError as error:
                self._found[folder] = error
        found = self._found[folder]
        if isinstance(found, SettingsError):
            raise found
        return found

    def _read(self, folder: Path) -> Settings | None:
        table = _table_in(folder)
        if table is not None:
            return validated(table)
        return self._find(folder.parent) if folder.parent != folder else None

    def _project_root(self, folder: Path) -> Path:
        """The nearest folder that looks like the top of a project, else the one that was opened."""
        marked = self._marked_above(folder)
        if marked is not None:
            return marked
        around = [top for top in self._opened if top == folder or top in folder.parents]
        if around:
            return min(around, key=lambda top: len(top.parts))
        # A package never is where imports begin.
        while os.path.isfile(folder / "__init__.py") and folder.parent != folder:  # noqa: PTH113 - as below
            folder = folder.parent
        return folder

    def _marked_above(self, folder: Path) -> Path | None:
        if folder not in self._marked:
            if _is_marked(folder):
                self._marked[folder] = folder
            else:
                above = folder.parent
                self._marked[folder] = self._marked_above(above) if above != folder else None
        return self._marked[folder]


def _table_in(folder: Path) -> SettingsTable | None:
    for name in FILE_NAMES:
        # Unlike Path.is_file this answers no, and does not raise, in a folder that may not be read.
        if os.path.isfile(f"{folder}{os.sep}{name}"):  # noqa: PTH113
            table = read_table(folder / name)
            if table is not None:
                return table
    return None


def _is_marked(folder: Path) -> bool:
    return any(os.path.exists(f"{folder}{os.sep}{marker}") for marker in _ROOT_MARKERS)  # noqa: PTH110 - as above
