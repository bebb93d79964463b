"""Who in the workspace runs a script: every Dockerfile, compose file, shell script, unit and page that does.

Documentation counts. A script whose main block is gone ends without a word when
somebody runs it as the README says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from portside.launchfiles.names import kind_of, may_name_scripts, name_of
from portside.lint.finding import Edit
from portside.lint.moved_command import MovedCommand
from portside.python.facts import LaunchMoves, LaunchReference
from portside.records import dataclass
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts

if TYPE_CHECKING:
    from portside.launchfiles.commands.script_references import ScriptReference
    from portside.launchfiles.moving.file_moves import FileMoves

# One of these stands in every line that runs Python; most files have none and are not read any further.
_SIGNS = (b".py", b"-m", b'"module"')
# One of these stands in Python that starts processes. In turn: for the first two, its imports tell mostly.
_STARTERS = (b"subprocess", b"runpy")
_STARTS = re.compile(rb"os\.(?:system|popen|exec|spawn)")
_OS = re.compile(rb"\bos\b")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a file runs, and the text that this was found in."""

    references: tuple[ScriptReference, ...]
    text: str


class ScriptRunners:
    """Kept as the texts are, each file read again once it has changed.

    seen: the lines with imports of Python files that somebody has read already, where nothing changes.
    Effect: the first question has the workspace walked, and reads what may run a script.
    """

    def __init__(
        self, texts: LaunchTexts, files: LaunchIndex, seen: Mapping[str, bytes] = MappingProxyType({})
    ) -> None:
        self._texts, self._files, self._seen = texts, files, seen
        self._known: dict[str, _Entry] = {}
        self._read: set[str] = set()
        self._has_all = False
        texts.tell(self._forget)

    def references_to(self, script: Path) -> tuple[ScriptReference, ...]:
        """The places that run this script, as far as can be told; too many rather than too few.

        Paths are relative to the workspace, with slashes, in the order of the files.
        """
        self._read_again()
        relative = self._texts.relative(script)
        return tuple(
            reference
            for path in sorted(self._known)
            for reference in self._known[path].references
            if path != relative and relative in self._files_run(reference, relative)
        )

    def references_of(self, script: str) -> tuple[ScriptReference, ...]:
        """The same for a script by its path from the workspace's root; only those that surely mean it."""
        found = self.references_to(self._texts.root / script)
        if not found:
            return ()
        from portside.launchfiles.graph.resolution import means_another

        return tuple(r for r in found if means_another(r, self._files_run(r, script)) is None)

    def outside_of(self, folder: Path, script: Path) -> tuple[LaunchReference, ...]:
        """Those of them that lie outside of a folder, with their paths seen from there."""
        below = f"{self._texts.relative(folder)}/"
        return tuple(
            LaunchReference(
                Path(os.path.relpath(self._texts.root / found.path, folder)).as_posix(),
                found.line,
                found.text,
            )
            for found in self.references_of(self._texts.relative(script))
            if not found.path.startswith(below)
        )

    def moves(self, script: Path, command: MovedCommand) -> LaunchMoves:
        """What it takes to have every place that runs this script start the command instead."""
        by_file = groupby(self.references_to(script), key=lambda reference: reference.path)
        found = [(path, self._file_moves(path, tuple(references), command)) for path, references in by_file]
        return LaunchMoves(
            tuple(
                Edit(str(self._texts.root / path), change.span, change.text)
                for path, moves in found
                for change in moves.changes
            ),
            tuple(_plain(reference) for _, moves in found for reference in moves.changed),
            tuple((_plain(left.reference), left.reason) for _, moves in found for left in moves.left),
        )

    def _file_moves(
        self, path: str, references: tuple[ScriptReference, ...], command: MovedCommand
    ) -> FileMoves:
        from portside.launchfiles.commands.script_references import script_references
        from portside.launchfiles.graph.resolution import means_another
        from portside.launchfiles.moving.file_moves import FileMoves, LeftLaunch, file_moves

        runs = {reference: self._files_run(reference, command.script) for reference in references}
        doubts = {reference: means_another(reference, files) for reference, files in runs.items()}
        sure = tuple(reference for reference, doubt in doubts.items() if doubt is None)
        doubtful = tuple(LeftLaunch(reference, doubt) for reference, doubt in doubts.items() if doubt)

        from portside.launchfiles.reading import read

        def remaining(text: str) -> int:
            now = script_references(path, text, read(path, text))
            return sum(command.script in self._files_run(r, command.script) for r in now) - len(doubtful)

        moves = file_moves(path, self._known[path].text, sure, command, remaining)
        return FileMoves(moves.changes, moves.changed, (*moves.left, *doubtful))

    def _files_run(self, reference: ScriptReference, script: str) -> frozenset[str]:
        """The files of the script's name that the reference may run."""
        name = name_of(script)
        if name not in _file_names(reference):
            return frozenset()
        from portside.launchfiles.graph.resolution import files_run

        return files_run(reference, {*self._texts.python().get(name, ()), script})

    def lines_setting(self, variable: str, paths: Iterable[str]) -> Iterator[tuple[str, int, str]]:
        """Path, line and text where these launch files, or a `.env` at the root, set the variable."""
        from portside.launchfiles.text.variable_settings import lines_setting

        environment = {".env": self._texts.text(".env") or ""}
        launching = (path for path in paths if path in self._known and kind_of(name_of(path)) is not None)
        texts = environment | {path: self._known[path].text for path in launching}
        for path, text in texts.items():
            yield from ((path, line, said) for line, said in lines_setting(variable, text))

    def _forget(self, path: str | None) -> None:
        self._has_all = False
        if path is None:
            self._known.clear()
            self._read.clear()
        else:
            self._known.pop(path, None)
            self._read.discard(path)

    def learn(self) -> Iterator[None]:
        """Read in steps what may run a script, so that no question has to."""
        return self._unread()

    def _read_again(self) -> None:
        if not self._has_all:
            for _ in self._unread():
                pass
            self._has_all = True

    def _unread(self) -> Iterator[None]:
        """Reads a file with each step."""
        for path in self._texts.paths() - self._read:
            self._read.add(path)
            if may_name_scripts(name_of(path)):
                self._look_at(path)
            yield
        for path in [path for paths in self._texts.python().values() for path in paths]:
            if path not in self._read:
                self._read.add(path)
                self._look_at_python(path)
                yield

    def _look_at_python(self, path: str) -> None:
        """Python that starts Python: a test that has the server run, a script that starts several."""
        imports = self._seen.get(self._texts.absolute(path)) if self._seen else None
        if imports is not None and not _imports_starter(imports):
            return
        data = self._texts.data(path)
        if data is None or not (_names_starter(imports or b"") or _names_starter(data)):
            return
        if not any(sign in data for sign in _SIGNS):
            return
        from portside.launchfiles.commands.script_references import python_references

        text = self._texts.text(path) or ""
        if references := python_references(path, text):
            self._known[path] = _Entry(references, text)

    def _look_at(self, path: str) -> None:
        data = None if self._texts.is_unsaved(path) else self._texts.data(path)
        if data is not None and not any(sign in data for sign in _SIGNS):
            return
        from portside.launchfiles.commands.script_references import script_references

        text = self._texts.text(path, data) or ""
        if references := script_references(path, text, self._files.file(path)):
            self._known[path] = _Entry(references, text)


def _names_starter(text: bytes) -> bool:
    return any(starter in text for starter in _STARTERS) or _STARTS.search(text) is not None


def _imports_starter(lines: bytes) -> bool:
    """Whether something of these can be among what these lines import."""
    return (
        b"subprocess" in lines
        or b"runpy" in lines
        or b"*" in lines
        or (b"os" in lines and _OS.search(lines) is not None)
    )


def _plain(reference: ScriptReference) -> LaunchReference:
    return LaunchReference(reference.path, reference.line, reference.text)


def _file_names(reference: ScriptReference) -> set[str]:
    if reference.module:
        return {reference.script.rpartition(".")[2] + ".py", "__main__.py"}
    return {reference.script.replace("\\", "/").rpartition("/")[2]}
