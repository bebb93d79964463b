"""Which files of the workspace import a file, directly or through others, and what they take from it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from portside.lint.source import SourceFile
from portside.python.facts import module_facts
from portside.python.imports import Import
from portside.workspace.import_roots import import_root
from portside.workspace.local_modules import LocalModules
from portside.workspace.text_file import UnreadableFile, decode
from portside.workspace.walk import python_files

# Long enough for a burst of keystrokes, short enough that nobody notices where no editor tells of
# changes. In a workspace that takes long to search, longer: searching must not be what it mostly does.
_FRESH_S = 3.0
_FRESH_PER_SEARCH = 20
_LARGEST_BYTES = 2_000_000
# The files on the way from an engine to the apps that load it. Who has more has noticed.
_MOST_STEPS = 60

_STATEMENT = re.compile(rb"^[ \t]*(?:from|import)\b(?:[^\n(]*\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD = re.compile(rb"\w+")


@dataclass(frozen=True, slots=True)
class Importers:
    """files: those that import it themselves. names: what they take from it; None if that is unknown."""

    files: tuple[Path, ...] = ()
    names: frozenset[str] | None = frozenset()


@dataclass
class ImporterIndex:
    """Effect: a question walks the workspace and reads its Python files, at most once in a while.

    words: of a file's import statements, kept as long as the file stays as it is.
    """

    root: Path
    modules: LocalModules
    _words: dict[Path, tuple[object, frozenset[bytes]]] = field(default_factory=dict)
    _known: dict[Path, Importers] = field(default_factory=dict)
    _fresh_until: float = 0.0

    def of(self, path: Path) -> Importers:
        """Who imports the file itself."""
        self._refresh()
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._find(path)
        return found

    def all_of(self, path: Path) -> tuple[Path, ...]:
        """Who imports the file, directly or through others."""
        found = [path]
        for step, target in enumerate(found):
            if step < _MOST_STEPS:
                found += (file for file in self.of(target).files if file not in found)
        return tuple(found[1:])

    def changed(self) -> None:
        """Look again at the next question."""
        self._fresh_until = 0.0

    def _refresh(self) -> None:
        started = time.monotonic()
        if started < self._fresh_until:
            return
        files = python_files(self.root, lambda _path, _is_folder: False)
        self._words = {file: self._words_of(file) for file in files}
        self._known.clear()
        now = time.monotonic()
        self._fresh_until = now + max(_FRESH_S, (now - started) * _FRESH_PER_SEARCH)

    def _words_of(self, file: Path) -> tuple[object, frozenset[bytes]]:
        """The words in the file's import statements, with what tells whether they still hold."""
        overlay, known = self.modules.overlays.get(file), self._words.get(file)
        try:
            state = file.stat()
            key: object = overlay if overlay is not None else (state.st_mtime_ns, state.st_size)
            if known is not None and known[0] == key:
                return known
            if overlay is not None:
                data = overlay.encode("utf-8", "replace")
            else:
                data = file.read_bytes() if state.st_size <= _LARGEST_BYTES else b""
        except OSError:
            return None, frozenset()
        return key, frozenset(_WORD.findall(b" ".join(_STATEMENT.findall(data))))

    def _find(self, path: Path) -> Importers:
        stem = (path.parent.name if path.stem == "__init__" else path.stem).encode()
        files: list[Path] = []
        names: set[str] | None = set()
        for file, (_, words) in self._words.items():
            imports = self._importing(file, path) if stem in words and file != path else []
            if imports:
                files.append(file)
                names = _taken(imports, names)
        return Importers(tuple(files), frozenset(names) if names is not None else None)

    def _importing(self, file: Path, target: Path) -> list[Import]:
        """The imports in `file` that run `target`."""
        text = self._text(file)
        imports = module_facts(SourceFile(str(file), text)).all_imports if text is not None else ()
        top = import_root(file, self.root)
        return [i for i in imports if target in self.modules.files_of(file, i.module, i.name, top)]

    def _text(self, file: Path) -> str | None:
        overlay = self.modules.overlays.get(file)
        if overlay is not None:
            return overlay
        try:
            return decode(file, file.read_bytes()).text
        except (OSError, UnreadableFile):
            return None


def _taken(imports: list[Import], so_far: set[str] | None) -> set[str] | None:
    if so_far is None or any(found.name in {None, "*"} for found in imports):
        return None
    return so_far | {found.name for found in imports if found.name is not None}
