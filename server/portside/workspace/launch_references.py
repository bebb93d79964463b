"""Who in the workspace runs a script: every Dockerfile, compose file, shell script, unit and page that does.

Documentation counts. A script whose main block is gone ends without a word when
somebody runs it as the README says.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from portside.launchfiles.resolution import files_run, means_another
from portside.launchfiles.script_references import ScriptReference, is_launch_file, script_references
from portside.launchfiles.variable_settings import lines_setting
from portside.lint.finding import Edit
from portside.lint.moved_command import MovedCommand
from portside.python.facts import LaunchMoves, LaunchReference
from portside.workspace.text_file import UnreadableFile, decode, read_bytes
from portside.workspace.walk import PYTHON_SUFFIXES, Excluded, nothing_excluded, paths_below

if TYPE_CHECKING:
    from portside.launchfiles.file_moves import FileMoves

# What people write by hand is smaller; a lock file or a data set in YAML is not.
_LARGEST_BYTES = 512 * 1024
# One of these stands in every line that runs Python; most files have none and are not read any further.
_SIGNS = (b".py", b"-m", b'"module"')


class LaunchIndex:
    """The launch files of a workspace, read once and again when told that they changed.

    Effect: the first question walks the workspace and reads its launch files.
    """

    def __init__(self, root: Path, excluded: Excluded = nothing_excluded) -> None:
        self._root = root.absolute()
        self._excluded = excluded
        self._overlays: dict[str, str] = {}
        self._by_file: dict[str, tuple[ScriptReference, ...]] = {}
        self._texts: dict[str, str] = {}
        self._python: defaultdict[str, set[str]] = defaultdict(set)
        self._walked = False

    def references_to(self, script: Path) -> tuple[ScriptReference, ...]:
        """The places that run this script, as far as can be told; too many rather than too few.

        Paths are relative to the workspace, with slashes, in the order of the files.
        """
        self._walk()
        relative = self._relative(script)
        return tuple(
            reference
            for path in sorted(self._by_file)
            for reference in self._by_file[path]
            if relative in self._files_run(reference, relative)
        )

    def references_of(self, script: str) -> tuple[ScriptReference, ...]:
        """The same for a script by its path from the workspace's root; only those that surely mean it."""
        found = self.references_to(self._root / script)
        return tuple(r for r in found if means_another(r, self._files_run(r, script)) is None)

    def text_of(self, path: str) -> str:
        """The text of a launch file, as it is in the editor; "" for one that is not there."""
        return self._text(path, signs=(b"",))

    def moves(self, script: Path, command: MovedCommand) -> LaunchMoves:
        """What it takes to have every place that runs this script start the command instead."""
        by_file = groupby(self.references_to(script), key=lambda reference: reference.path)
        found = [(path, self._file_moves(path, tuple(references), command)) for path, references in by_file]
        return LaunchMoves(
            tuple(
                Edit(str(self._root / path), change.span, change.text)
                for path, moves in found
                for change in moves.changes
            ),
            tuple(_plain(reference) for _, moves in found for reference in moves.changed),
            tuple((_plain(left.reference), left.reason) for _, moves in found for left in moves.left),
        )

    def _file_moves(
        self, path: str, references: tuple[ScriptReference, ...], command: MovedCommand
    ) -> FileMoves:
        # Loaded late: only a fix that somebody asks for gets here.
        from portside.launchfiles.file_moves import FileMoves, LeftLaunch, file_moves  # noqa: PLC0415

        runs = {reference: self._files_run(reference, command.script) for reference in references}
        doubts = {reference: means_another(reference, files) for reference, files in runs.items()}
        sure = tuple(reference for reference, doubt in doubts.items() if doubt is None)
        doubtful = tuple(LeftLaunch(reference, doubt) for reference, doubt in doubts.items() if doubt)

        def remaining(text: str) -> int:
            now = script_references(path, text)
            return sum(command.script in self._files_run(r, command.script) for r in now) - len(doubtful)

        moves = file_moves(path, self._texts.get(path, ""), sure, command, remaining)
        return FileMoves(moves.changes, moves.changed, (*moves.left, *doubtful))

    def _files_run(self, reference: ScriptReference, script: str) -> frozenset[str]:
        """The files of the script's name that the reference may run."""
        name = script.rpartition("/")[2]
        if name not in _file_names(reference):
            return frozenset()
        return files_run(reference, {*self._python.get(name, ()), script})

    def lines_setting(self, variable: str, paths: Iterable[str]) -> Iterator[tuple[str, int, str]]:
        """Path, line and text where these launch files, or a `.env` at the root, set the variable."""
        environment = {".env": self._text(".env", signs=(variable.encode(),))}
        texts = environment | {path: self._texts.get(path, "") for path in paths}
        for path, text in texts.items():
            yield from ((path, line, said) for line, said in lines_setting(variable, text))

    def changed(self, path: Path | None = None) -> None:
        """Forget what was known of a file that was written, made or removed; of all files without one."""
        if path is None:
            self._walked = False
            return
        relative = self._relative(path)
        if not self._walked:
            return
        if path.name.endswith(PYTHON_SUFFIXES):
            known = self._python[path.name]
            (known.add if path.exists() else known.discard)(relative)
        elif _may_launch(path.name):
            self._read(relative)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """The unsaved text of a launch file counts instead of the saved one; None for the saved one again."""
        relative = self._relative(path)
        if text is None:
            self._overlays.pop(relative, None)
        else:
            self._overlays[relative] = text
        if self._walked and _may_launch(path.name):
            self._read(relative)

    def _walk(self) -> None:
        if self._walked:
            return
        self._by_file.clear()
        self._python.clear()
        skipped = len(str(self._root).rstrip(os.sep)) + 1
        for path in paths_below(self._root, self._excluded, _is_of_interest):
            relative = path[skipped:].replace(os.sep, "/")
            if relative.endswith(PYTHON_SUFFIXES):
                self._python[relative.rpartition("/")[2]].add(relative)
            else:
                self._read(relative)
        for relative in self._overlays:
            self._read(relative)
        self._walked = True

    def _read(self, relative: str) -> None:
        text = self._text(relative)
        references = script_references(relative, text)
        if references:
            self._by_file[relative], self._texts[relative] = references, text
        else:
            self._by_file.pop(relative, None)

    def _text(self, relative: str, signs: tuple[bytes, ...] = _SIGNS) -> str:
        if relative in self._overlays:
            return self._overlays[relative]
        path = self._root / relative
        try:
            if path.stat().st_size > _LARGEST_BYTES:
                return ""
            data = read_bytes(path)
            return decode(path, data).text if any(sign in data for sign in signs) else ""
        except (OSError, UnreadableFile):
            return ""

    def _relative(self, path: Path) -> str:
        absolute = path if path.is_absolute() else self._root / path
        try:
            return absolute.relative_to(self._root).as_posix()
        except ValueError:
            return absolute.as_posix()


def _plain(reference: ScriptReference) -> LaunchReference:
    return LaunchReference(reference.path, reference.line, reference.text)


def _file_names(reference: ScriptReference) -> set[str]:
    if reference.module:
        return {reference.script.rpartition(".")[2] + ".py", "__main__.py"}
    return {reference.script.replace("\\", "/").rpartition("/")[2]}


def _is_of_interest(name: str) -> bool:
    return name.endswith(PYTHON_SUFFIXES) or _may_launch(name)


def _may_launch(name: str) -> bool:
    """By its name, or because a name without a suffix may be that of a shell script."""
    return is_launch_file(name) or "." not in name
