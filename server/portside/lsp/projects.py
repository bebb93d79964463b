"""The projects of the workspace, each under its settings; mistakes in those never stop the server."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from portside.checking import Checker
from portside.settings import Settings, SettingsError, SettingsFinder


class Projects(Checker):
    """A checker that goes on with the last settings that were right, and keeps what is wrong with the new.

    mistakes: by settings file, what is wrong with it now.
    """

    def __init__(self, opened: Collection[Path] = (), *, fixes_later: bool = True) -> None:
        super().__init__(opened=opened, fixes_later=fixes_later)
        self._opened = opened
        self._last_good: dict[Path, Settings] = {}
        self.mistakes: dict[Path, SettingsError] = {}

    def settings(self, folder: Path) -> Settings:
        try:
            settings = super().settings(folder)
        except SettingsError as error:
            self.mistakes[error.file] = error
            return self._last_good.get(folder, Settings(error.file.parent))
        self._last_good[folder] = settings
        return settings

    def apart(self) -> Projects:
        """A checker for half-fixed texts, which has the settings in common with this one and nothing else."""
        other = Projects(self._opened, fixes_later=False)
        other._last_good = dict(self._last_good)
        return other

    def forget_settings(self) -> None:
        """Read the settings again when they are next needed."""
        self.mistakes.clear()
        self._finder = SettingsFinder(self._opened)

    def open(self, folders: Collection[Path]) -> None:
        """These are the folders of the workspace from now on."""
        self._opened = folders
        self.forget_settings()
