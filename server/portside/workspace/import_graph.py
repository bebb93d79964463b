"""What the files of a workspace import, read off their texts: a file is read once and not parsed.

What it says is too much rather than too little: imports in functions and under TYPE_CHECKING count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from portside.python.names.import_text import import_text, imports_in
from portside.python.names.lazy_attributes import lazy_attributes
from portside.python.prefilter import may_make_engine
from portside.python.running.argument_parsing import may_parse
from portside.records import dataclass
from portside.workspace.text_file import read_module

FilesOf = Callable[[str, str, str | None, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Node:
    """A file. names: what it takes from others. modules: the last file that each of its imports runs.

    targets: all files that they run. has_star: whether it takes all names of one. names_engine,
    names_parser: whether it may make an engine, or parse arguments, itself.
    """

    names: frozenset[str]
    modules: frozenset[str]
    targets: frozenset[str]
    has_star: bool
    names_engine: bool
    names_parser: bool


class ImportGraph:
    """Effect: reads files, each once: for a workspace in which nothing changes meanwhile.

    files_of: as `ModuleFiles.names_of_import`. top: gives the folder from which a file's module name
    counts. without: files that need not be read. nodes: those that were loaded.
    """

    def __init__(
        self, files_of: FilesOf, top: Callable[[Path], Path], without: frozenset[str] = frozenset()
    ) -> None:
        self._files_of, self._top, self._without = files_of, top, without
        self.nodes: dict[str, Node] = {}
        self._importers: defaultdict[str, list[str]] = defaultdict(list)
        self._last: tuple[Path, bytes, Node] | None = None

    def load(self, targets: Iterable[str]) -> None:
        """Read these files and all that they import, directly or through others."""
        waiting = [target for target in targets if self._is_new(target)]
        while waiting:
            target = waiting.pop()
            if target not in self.nodes:
                path = Path(target)
                node = self.nodes[target] = self._read(path, read_module(path))
                for imported in node.targets:
                    self._importers[imported].append(target)
                    if self._is_new(imported):
                        waiting.append(imported)

    def _is_new(self, target: str) -> bool:
        return target not in self.nodes and target not in self._without

    def leading_to_word(self, path: Path, word: bytes) -> set[str]:
        """The files that importing this one may run and that have the word, or lead to one that does."""
        targets = self.read(path, read_module(path)).targets
        self.load(targets)
        reached = _closure(targets, lambda file: self.nodes[file].targets)
        return self.leading_to(file for file in reached if word in read_module(Path(file)).lower())

    def leading_to(self, files: Iterable[str]) -> set[str]:
        """These files, and all that import them, directly or through others."""
        return _closure(files, self._importers.__getitem__)

    def read(self, path: Path, data: bytes) -> Node:
        """What this text is, as that file. Of the file that is checked several questions ask it in turn."""
        if self._last is None or self._last[:2] != (path, data):
            self._last = path, data, self._read(path, data)
        return self._last[2]

    def _read(self, path: Path, data: bytes) -> Node:
        file, top, text = str(path), str(self._top(path)), import_text(data)
        imported = imports_in(text.lines)
        if b"import_module" in text.lines:
            imported |= lazy_attributes(data)
        pairs = ((name, self._files_of(file, module, name, top)) for module, name in imported)
        local = [(name, files) for name, files in pairs if files]
        return Node(
            frozenset(name for name, _ in local if name is not None),
            frozenset(files[-1] for _, files in local),
            frozenset(file for _, files in local for file in files),
            any(name == "*" for name, _ in local),
            may_make_engine(data, text),
            may_parse(data),
        )


def _closure(files: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """These files, and all that follow from them."""
    found: set[str] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(following(file))
    return found
