"""Which files of the workspace import a file, directly or through others, and what they take from it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path

from portside.lint.source import SourceFile
from portside.python.facts import module_facts
from portside.python.names.import_text import import_text, imports_in
from portside.python.running.guards import When
from portside.records import dataclass
from portside.workspace.engine_mentions import MANY_FILES
from portside.workspace.engine_ways import EngineWays
from portside.workspace.import_lines import ImportLines
from portside.workspace.local_modules import LocalModules
from portside.workspace.survey import Survey
from portside.workspace.text_file import UnreadableFile, read_bytes, read_text_file
from portside.workspace.walk import PYTHON_SUFFIXES, nothing_excluded, paths_below

# Long enough for a burst of keystrokes, short enough that nobody notices where no editor tells of
# changes. In a workspace that takes long to search, longer: searching must not be what it mostly does.
_FRESH_S = 3.0
_FRESH_PER_SEARCH = 20
_LARGEST_BYTES = 2_000_000
# What a module may get names by that it does not have as words.
_MAKES_NAMES = ("import *", "__getattr__", "globals(", "setattr(")
# The files on the way from an engine to the apps that load it. Who has more has noticed.
_MOST_STEPS = 60

_Imported = tuple[str, str | None, bool]
"""A module, the name that is imported from it (None for the module itself), and whether that is on import."""


@dataclass(frozen=True, slots=True)
class Importers:
    """files: those that import it themselves. names: what they take from it; None if that is unknown.

    early: those of the files that do so while they are imported, and not in a function.
    """

    files: tuple[Path, ...] = ()
    names: frozenset[str] | None = frozenset()
    early: tuple[Path, ...] = ()


@dataclass
class ImporterIndex:
    """Effect: a question walks the workspace and reads its Python files, at most once in a while.

    lines: of a file, those that import, kept as long as the file stays as it is. steady: whether
    nothing changes while this lives; one look is enough then. survey: what is known of the files already.
    most: as `paths_below` has it.
    """

    root: Path
    modules: LocalModules
    steady: bool = False
    survey: Survey = field(default_factory=Survey)
    most: float = math.inf
    _lines: dict[str, tuple[object, bytes]] = field(default_factory=dict)
    _known: dict[Path, Importers] = field(default_factory=dict)
    _imports: dict[Path, tuple[_Imported, ...]] = field(default_factory=dict)
    _all_lines: ImportLines = field(default_factory=lambda: ImportLines.of("", {}))
    _left_out: set[str] = field(default_factory=set)
    _ways: EngineWays | None = None
    _fresh_until: float = 0.0

    def of(self, path: Path) -> Importers:
        """Who imports the file itself."""
        self._refresh()
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._find(path)
        return found

    def loading(self, path: Path) -> tuple[Path, ...]:
        """Whose import imports the file, directly or through others: not who does so in a function."""
        found = [path]
        for step, target in enumerate(found):
            if step < _MOST_STEPS:
                found += (file for file in self.of(target).early if file not in found)
        return tuple(found[1:])

    @property
    def engine_ways(self) -> EngineWays | None:
        """Which files lead to engines; None where finding them takes longer than it saves."""
        seen, interesting = self.survey.imports, self.survey.interesting
        if len(seen) < MANY_FILES:
            return None
        self._refresh()
        if self._ways is None:
            # What makes one has something that rules know. Of files that nobody has looked at any may.
            candidates = [file for file in self._lines if file in interesting or file not in seen]
            modules = self.modules
            self._ways = EngineWays(
                self._all_lines, candidates, self._left_out, modules.top, modules.names_of_import
            )
        return self._ways

    def changed(self) -> None:
        """Look again at the next question."""
        self._fresh_until = 0.0

    def _refresh(self) -> None:
        started = time.monotonic()
        if started < self._fresh_until:
            return
        self._lines = {file: self._lines_of(file) for file in self._python_files()}
        self._all_lines = ImportLines.of(
            str(self.root), {file: lines for file, (_, lines) in self._lines.items()}
        )
        self._known.clear()
        self._imports.clear()
        self._ways = None
        now = time.monotonic()
        fresh_s = math.inf if self.steady else max(_FRESH_S, (now - started) * _FRESH_PER_SEARCH)
        self._fresh_until = now + fresh_s

    def _python_files(self) -> Iterable[str]:
        walked = self.survey.walked.get(str(self.root))
        if walked is not None:
            self._left_out = set(walked.left_out)
            return (file for file in walked.files if file.endswith(PYTHON_SUFFIXES))
        self._left_out.clear()
        return paths_below(
            self.root,
            nothing_excluded,
            lambda name: name.endswith(PYTHON_SUFFIXES),
            self._left_out,
            most=self.most,
        )

    def _lines_of(self, file: str) -> tuple[object, bytes]:
        """The lines of the file that import, with what tells whether they still hold."""
        seen = self.survey.imports.get(file)
        if seen is not None:
            return None, seen
        overlays = self.modules.overlays
        overlay, known = overlays.get(Path(file)) if overlays else None, self._lines.get(file)
        try:
            state = os.stat(file)  # noqa: PTH116 - asked for every file of a large tree
            key: object = overlay if overlay is not None else (state.st_mtime_ns, state.st_size)
            if known is not None and known[0] == key:
                return known
            if overlay is not None:
                data = overlay.encode("utf-8", "replace")
            else:
                data = read_bytes(file) if state.st_size <= _LARGEST_BYTES else b""
        except (OSError, UnreadableFile):
            return None, b""
        return key, import_text(data).lines

    def _find(self, path: Path) -> Importers:
        package = path.parent if path.stem == "__init__" else path
        files: list[Path] = []
        early: list[Path] = []
        names: set[str] | None = set()
        for file, lines in self._all_lines.that_may_import(
            package.stem.encode("utf-8", "surrogateescape"), str(package.parent)
        ):
            importer = Path(file)
            imports = self._importing(importer, lines, path) if importer != path else []
            if imports:
                files.append(importer)
                early += [importer] if any(on_import for _, _, on_import in imports) else []
                names = _taken(imports, names)
        return Importers(tuple(files), frozenset(names) if names is not None else None, tuple(early))

    def _importing(self, file: Path, lines: bytes, target: Path) -> list[_Imported]:
        """The imports in `file` that run `target`."""
        top = self.modules.top(file)
        # Reading its lines is enough to tell of most files that they have none.
        if not any(self._runs(file, module, name, target, top) for module, name in imports_in(lines)):
            return []
        return [
            one
            for one in self._imports_of(file)
            if self._runs(file, *one[:2], target, top) and self._may_have(target, *one[:2])
        ]

    def _runs(self, file: Path, module: str, name: str | None, target: Path, top: Path) -> bool:
        return target in self.modules.files_of(file, module, name, top)

    def _may_have(self, target: Path, module: str, name: str | None) -> bool:
        """Whether `from module import name` may mean this file, which then has the name somewhere in it.

        Of two files with one name that is what tells which one is meant.
        """
        if name is None or name == "*" or target.stem in {"__init__", name} or not module.strip("."):
            return True
        text = self._text(target)
        return text is None or name in text or any(word in text for word in _MAKES_NAMES)

    def _imports_of(self, file: Path) -> tuple[_Imported, ...]:
        known = self._imports.get(file)
        if known is None:
            text = self._text(file)
            found = module_facts(SourceFile(str(file), text)).all_imports if text is not None else ()
            known = self._imports[file] = tuple(
                (one.module, one.name, one.when is When.IMPORT) for one in found
            )
        return known

    def _text(self, file: Path) -> str | None:
        overlay = self.modules.overlays.get(file)
        if overlay is not None:
            return overlay
        try:
            return read_text_file(file).text
        except UnreadableFile:
            return None


def _taken(imports: list[_Imported], so_far: set[str] | None) -> set[str] | None:
    if so_far is None or any(name in {None, "*"} for _, name, _ in imports):
        return None
    return so_far | {name for _, name, _ in imports if name is not None}
