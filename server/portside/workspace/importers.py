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

# Long enough for a burst of keystrokes, short enough that nobody notices where no editor tells of changes.
_FRESH_S = 3.0
_LARGEST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Importers:
    """files: all that import it, through others too. names: what they take from it; None if unknown."""

    files: tuple[Path, ...] = ()
    names: frozenset[str] | None = frozenset()


@dataclass
class ImporterIndex:
    """Effect: a question walks the workspace and reads its Python files, at most once in a while."""

    root: Path
    modules: LocalModules
    _known: dict[Path, tuple[float, Importers]] = field(default_factory=dict)
    _texts: dict[Path, tuple[tuple[int, int], bytes]] = field(default_factory=dict)
    _imports: dict[Path, tuple[bytes, tuple[Import, ...]]] = field(default_factory=dict)

    def of(self, path: Path) -> Importers:
        known = self._known.get(path)
        if known is None or time.monotonic() - known[0] > _FRESH_S:
            known = self._known[path] = (time.monotonic(), self._find(path))
        return known[1]

    def changed(self) -> None:
        """Look again at the next question."""
        self._known.clear()

    def _find(self, path: Path) -> Importers:
        texts = {file: text for file in self._files() if (text := self._text(file)) is not None}
        found: list[Path] = []
        taken: set[str] | None = set()
        waiting = [path]
        for target in waiting:
            for file, data in texts.items():
                if file in {path, target} or not _may_import(data, target):
                    continue
                imports = self._importing(file, data, target)
                if imports and target == path:
                    taken = _taken(imports, taken)
                if imports and file not in found:
                    found.append(file)
                    waiting.append(file)
        return Importers(tuple(found), frozenset(taken) if taken is not None else None)

    def _files(self) -> list[Path]:
        return list(python_files(self.root, lambda _path, _is_folder: False))

    def _text(self, file: Path) -> bytes | None:
        overlay = self.modules.overlays.get(file)
        if overlay is not None:
            return overlay.encode("utf-8", "replace")
        try:
            state = file.stat()
            key = (state.st_mtime_ns, state.st_size)
            known = self._texts.get(file)
            if known is None or known[0] != key:
                data = file.read_bytes() if state.st_size <= _LARGEST_BYTES else b""
                known = self._texts[file] = (key, data)
        except OSError:
            return None
        return known[1]

    def _importing(self, file: Path, data: bytes, target: Path) -> list[Import]:
        """The imports in `file` that run `target`."""
        known = self._imports.get(file)
        if known is None or known[0] != data:
            known = self._imports[file] = (data, _imports(file, data))
        top = import_root(file, self.root)
        return [i for i in known[1] if target in self.modules.files_of(file, i.module, i.name, top)]


def _imports(file: Path, data: bytes) -> tuple[Import, ...]:
    try:
        text = decode(file, data).text
    except UnreadableFile:
        return ()
    return module_facts(SourceFile(str(file), text)).all_imports


def _may_import(data: bytes, target: Path) -> bool:
    stem = target.parent.name if target.stem == "__init__" else target.stem
    word = rb"(?<!\w)" + re.escape(stem.encode()) + rb"(?!\w)"
    return b"import" in data and re.search(word, data) is not None


def _taken(imports: list[Import], so_far: set[str] | None) -> set[str] | None:
    if so_far is None or any(found.name in {None, "*"} for found in imports):
        return None
    return so_far | {found.name for found in imports if found.name is not None}
