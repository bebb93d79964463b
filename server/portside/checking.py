"""Checking files of many projects, each under the settings that count for it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from portside.lint.finding import Finding, LintResult, Severity
from portside.lint.selection import Selection
from portside.lint.source import SourceFile
from portside.settings import Settings, SettingsError, SettingsFinder
from portside.workspace.engine_mentions import MANY_FILES, EngineMentions, names_vllm
from portside.workspace.module_files import ModuleFiles
from portside.workspace.stopwatch import Stopwatch
from portside.workspace.survey import Survey
from portside.workspace.text_file import NOTEBOOK_SUFFIX, read_module
from portside.workspace.walk import Exclusion

if TYPE_CHECKING:
    from portside.workspace.project import Project


# A branch was switched: to look at everything again costs less than to look at each.
_MANY = 500


class Checker:
    """Checks files, and keeps what it learns about each project between two checks.

    select, ignore, severity: of a command line, by rule codes, on top of every project's settings.
    opened: the folders that the user works in. stands_in: the folder that commands are shown for;
    that of each project where None. steady: whether no file changes while this lives. stopwatch: what all
    checks together take. fixes_later: leave fixes that take time to whoever asks for them.
    survey: what somebody has learned of the files before, where none changes.
    """

    def __init__(
        self,
        select: frozenset[str] | None = None,
        ignore: frozenset[str] = frozenset(),
        severity: Mapping[str, Severity] = MappingProxyType({}),
        opened: Collection[Path] = (),
        stands_in: Path | None = None,
        *,
        fixes_later: bool = False,
        steady: bool = False,
    ) -> None:
        self._fixes_later = fixes_later
        self.stopwatch = Stopwatch()
        self.survey = Survey()
        self._opened = opened
        self._finder = SettingsFinder(opened)
        self._stands_in = stands_in
        self._steady = steady
        self._select, self._ignore, self._severity = select, ignore, severity
        self._overridden: dict[Path, Settings] = {}
        self._projects: dict[tuple[Path, str], Project] = {}
        self._overlays: dict[Path, str] = {}
        self._mentions: dict[Path, EngineMentions] = {}

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
        from portside.workspace.project import Project  # noqa: PLC0415 - see `load_rules`

        settings = self.settings(path.parent)
        key = (settings.root, settings.port_variable)
        if key not in self._projects:
            self._projects[key] = Project(
                settings.root,
                port_variable=settings.port_variable,
                is_guess=settings.is_guess,
                stopwatch=self.stopwatch,
                steady=self._steady,
                survey=self.survey if self._steady else None,
                around=lambda: self._project_around(settings.root),
            )
            for overlaid, text in self._overlays.items():
                if settings.root in overlaid.parents:
                    self._projects[key].set_overlay(overlaid, text)
        return self._projects[key]

    def _project_around(self, root: Path) -> Project | None:
        """The project of the opened folder, where that one lies in it."""
        above = [folder for folder in self._opened if folder in root.parents]
        try:
            found = (
                self.project(min(above, key=lambda folder: len(folder.parts)) / "any.py") if above else None
            )
        except SettingsError:
            return None
        return found if found is not None and found.root in root.parents else None

    def changed(self, paths: Collection[Path]) -> None:
        """These files, or all in these folders, were written, made or removed. Raises SettingsError."""
        for project, own in self._by_project(paths).items():
            if len(own) > _MANY:
                project.changed()
            else:
                for path in own:
                    project.changed(path)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """The unsaved text of a file counts where others import or run it; None for the saved one again.

        Raises SettingsError.
        """
        if text is None:
            self._overlays.pop(path, None)
        else:
            self._overlays[path] = text
        for project in self._by_project([path]):
            project.set_overlay(path, text)

    def _by_project(self, paths: Collection[Path]) -> dict[Project, list[Path]]:
        """The projects that read these files: their own, and those in whose folder that one lies."""
        found: dict[Project, list[Path]] = {}
        for path in paths:
            own = self.project(path)
            around = [project for project in self._projects.values() if project.root in path.parents]
            for project in dict.fromkeys((own, *around)):
                found.setdefault(project, []).append(path)
        return found

    def led_to_engines(self, passed_over: Iterable[str]) -> Iterator[str]:
        """Those of these files, which say nothing of vLLM, whose imports may make an engine nevertheless.

        To be asked once all files have been looked at.
        """
        if len(self.survey.imports) < MANY_FILES:
            yield from filter(self._imports_mention_vllm, passed_over)
            return
        makers = (file for file in self.survey.interesting if names_vllm(self.survey.imports.get(file, b"")))
        making = self._by_root(makers)
        for root, files in self._by_root(passed_over).items():
            is_whole = self._is_looked_at(root)
            if is_whole and root not in making:
                continue
            if not is_whole and len(files) < MANY_FILES:
                yield from filter(self._imports_mention_vllm, files)
            else:
                leading = self.project(Path(files[0])).leading_to_engine()
                yield from filter(leading.__contains__, files)

    def _by_root(self, files: Iterable[str]) -> dict[str, list[str]]:
        """The files by the top of their project, but those whose settings have mistakes."""
        in_folder: dict[str, list[str]] = {}
        for file in files:
            in_folder.setdefault(os.path.dirname(file), []).append(file)  # noqa: PTH120 - for many files
        found: dict[str, list[str]] = {}
        for folder, inside in in_folder.items():
            with contextlib.suppress(SettingsError):
                found.setdefault(str(self.settings(Path(folder)).root), []).extend(inside)
        return found

    def _is_looked_at(self, root: str) -> bool:
        """Whether all files of this project have been: else an engine may be made in one of the others."""
        inside = f"{root.rstrip(os.sep)}{os.sep}"
        return any(inside.startswith(top.rstrip(os.sep) + os.sep) for top in self.survey.walked)

    def _imports_mention_vllm(self, file: str) -> bool:
        path = Path(file)
        try:
            root = self.settings(path.parent).root
        except SettingsError:
            return False
        if root not in self._mentions:
            files = ModuleFiles(root, steady=True)
            self._mentions[root] = EngineMentions(
                files.names_of_import,
                lambda _: root,
                lambda _: True,
                read_module,
            )
        return self._mentions[root].lead_from(path, self.survey.imports.get(file, b""))

    def load_rules(self) -> None:
        """Import what checks take; finding the files and a first look at them do without."""
        from portside.workspace.project import load_rules  # noqa: PLC0415

        load_rules()

    def load_launch_files(self, names: Iterable[str]) -> None:
        """The same of what checks of launch files of these names take."""
        from portside.workspace.project import load_launch_files  # noqa: PLC0415

        load_launch_files(names)

    def excluded(self, folder: str) -> Exclusion | None:
        """What the settings exclude of what lies in this folder; None where they exclude nothing."""
        try:
            settings = self._finder.of_walked(folder)
        except SettingsError:
            return None  # reported where a file of that folder is checked
        return settings.excludes if settings.exclude else None

    def check(self, path: Path, text: str | SourceFile, *, keep: bool = True) -> LintResult:
        """What is to be said of this text as the content of that file. Raises SettingsError.

        keep: whether it is checked again soon, with a small change.
        """
        selection = self.settings(path.parent).selection_for(path)
        if path.suffix == NOTEBOOK_SUFFIX:
            selection = _of_notebooks(selection)
        project = self.project(path)
        result = project.check(path, text, selection, fixes_later=self._fixes_later, keep=keep)
        if self._stands_in is None or self._stands_in == project.root:
            return result
        folder = os.path.relpath(project.root, self._stands_in)
        return dataclasses.replace(result, findings=tuple(_run_from(f, folder) for f in result.findings))


def _of_notebooks(selection: Selection) -> Selection:
    """What holds for cells, too; the text is then that of all cells (`python/source/notebook.py`)."""
    from portside import rules  # noqa: PLC0415 - see `load_rules`

    codes = frozenset(rule.code for rule in rules.ALL if rule.in_notebooks and selection.enables(rule.code))
    return dataclasses.replace(selection, enabled=codes)


def _run_from(finding: Finding, folder: str) -> Finding:
    """The finding with the folder that its command holds in."""
    if finding.launch is None or finding.launch.command is None:
        return finding
    launch = dataclasses.replace(finding.launch, folder=folder)
    shown, holds = f"`{launch.command}`", f"`{launch.shell_command}`"
    fixes = tuple(
        dataclasses.replace(fix, notes=tuple(note.replace(shown, holds) for note in fix.notes))
        for fix in finding.fixes
    )
    return dataclasses.replace(finding, launch=launch, fixes=fixes)
