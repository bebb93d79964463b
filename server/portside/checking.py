"""Checking files of many projects, each under the settings that count for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from portside.lint.finding import LintResult, Severity
from portside.settings import Settings, SettingsFinder
from portside.workspace.project import Project
from portside.workspace.stopwatch import Stopwatch


class Checker:
    """Checks files, and keeps what it learns about each project between two checks.

    select, ignore, severity: of a command line, by rule codes, on top of every project's settings.
    stopwatch: what all checks together take.
    """

    def __init__(
        self,
        select: frozenset[str] | None = None,
        ignore: frozenset[str] = frozenset(),
        severity: Mapping[str, Severity] = MappingProxyType({}),
    ) -> None:
        self.stopwatch = Stopwatch()
        self._finder = SettingsFinder()
        self._select, self._ignore, self._severity = select, ignore, severity
        self._overridden: dict[Path, Settings] = {}
        self._projects: dict[tuple[Path, str], Project] = {}

    def settings(self, folder: Path) -> Settings:
        """What counts in this folder, an absolute path. Raises SettingsError."""
        settings = self._finder.of_folder(folder)
        if self._select is None and not self._ignore and not self._severity:
            return settings
        if folder not in self._overridden:
            self._overridden[folder] = settings.overridden(self._select, self._ignore, self._severity)
        return self._overridden[folder]

    def project(self, path: Path) -> Project:
        """The project that the file at this absolute path belongs to. Raises SettingsError."""
        settings = self.settings(path.parent)
        key = (settings.root, settings.port_variable)
        if key not in self._projects:
            self._projects[key] = Project(
                settings.root, port_variable=settings.port_variable, stopwatch=self.stopwatch
            )
        return self._projects[key]

    def check(self, path: Path, text: str) -> LintResult:
        """What is to be said of this text as the content of that file. Raises SettingsError."""
        selection = self.settings(path.parent).selection_for(path)
        return self.project(path).check(path, text, selection)
