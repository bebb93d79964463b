"""What the imports of a file may lead to, read off texts: most files lead to no engine.

A file is read once and not parsed. What it says is too much rather than too little (imports in functions and
under TYPE_CHECKING count), so only its no is an answer.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Protocol

from portside.python.names.import_text import imports_in
from portside.python.prefilter import may_make_engine
from portside.records import dataclass

# Generated code and data; nobody writes a module of that size by hand.
LARGEST_BYTES = 2_000_000

FilesOf = Callable[[Path, str, str | None, Path], tuple[Path, ...]]


class Makers(Protocol):
    """What is known for certain of a file, most of it at the price of parsing it."""

    def top(self, path: Path) -> Path:
        """The folder from which its module name counts."""

    def makes_engine(self, path: Path) -> bool:
        """Whether its import makes one, by itself."""

    def names(self, path: Path) -> frozenset[str]:
        """What in it makes one when it, or a method of it, is called."""

    def names_leading_on(self, path: Path) -> frozenset[str]:
        """What in it calls, when it is called, what makes one in another file."""

    def calls_maker(self, path: Path) -> bool:
        """Whether its import calls what makes one in another file."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A file. names: what it takes from others. modules: the last file that each of its imports runs.

    targets: all files that they run. has_star: whether it takes all names of one.
    """

    names: frozenset[str]
    modules: frozenset[str]
    targets: frozenset[str]
    has_star: bool
    makes_engine: bool


class ImportGraph:
    """Effect: reads files, each once or twice: for a workspace in which nothing changes meanwhile.

    files_of: as the workspace's modules have it.
    """

    def __init__(self, files_of: FilesOf, makers: Makers) -> None:
        self._files_of, self._makers = files_of, makers
        self._nodes: dict[str, _Node] = {}
        self._importers: defaultdict[str, list[str]] = defaultdict(list)
        self._homes: set[str] = set()
        self._names: set[str] = set()
        self._making: set[str] = set()
        self._leading: set[str] = set()

    def imports_may_make_engine(self, path: Path, data: bytes) -> bool:
        """Whether an import of this text, as that file, may make an engine in another file."""
        targets = self._read(path, data).targets
        new = self._load(targets)
        if new:
            self._examine(new)
            self._leading = self._leading_to(self._making)
        return not self._leading.isdisjoint(targets)

    def names_maker(self, path: Path, data: bytes) -> bool:
        """Whether this text, as that file, names what makes an engine in another one; after the above.

        It need not call it: it may hand it to a thread.
        """
        return any(name.encode() in data for name in self._within_reach(self._read(path, data), self._names))

    def _load(self, targets: Iterable[str]) -> frozenset[str]:
        """Read these files and all that they import, directly or through others; those that are new."""
        new: set[str] = set()
        waiting = [target for target in targets if target not in self._nodes]
        while waiting:
            target = waiting.pop()
            if target not in self._nodes:
                node = self._nodes[target] = self._read(Path(target), _read(Path(target)))
                new.add(target)
                for imported in node.targets:
                    self._importers[imported].append(target)
                waiting.extend(node.targets - self._nodes.keys())
        return frozenset(new)

    def _leading_to(self, files: Iterable[str]) -> set[str]:
        """These files, and all that import them, directly or through others."""
        found: set[str] = set()
        waiting = list(files)
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                waiting.extend(self._importers[file])
        return found

    def _examine(self, new: frozenset[str]) -> None:
        """Tell which of the files make an engine when they are imported."""
        known = frozenset(self._names)
        for file in new:
            if self._nodes[file].makes_engine:
                names = self._makers.names(Path(file))
                self._names |= names
                if names:
                    self._homes.add(file)
                if self._makers.makes_engine(Path(file)):
                    self._making.add(file)
        self._follow(new)
        # A name that has turned up now may be called in a file that was looked at before.
        checks = [(new, self._names), (self._nodes.keys() - new, self._names - known)]
        self._making |= {file for some, names in checks if names for file in some if self._calls(file, names)}

    def _follow(self, new: Iterable[str]) -> None:
        """Add what leads on to the names that make one, file by file, as far as that goes."""
        left = set(new)
        while True:
            calling = [file for file in left if self._names_any(file, self._names)] if self._names else []
            left.difference_update(calling)
            found = {file: self._makers.names_leading_on(Path(file)) for file in calling}
            leading = {file for file, names in found.items() if names}
            self._homes |= leading
            self._names.update(*found.values())
            if not leading:
                return

    def _calls(self, file: str, names: Collection[str]) -> bool:
        return self._names_any(file, names) and self._makers.calls_maker(Path(file))

    def _names_any(self, file: str, names: Collection[str]) -> bool:
        """Whether it has a call in it that reads as if one of these were called."""
        wanted = self._within_reach(self._nodes[file], names)
        return bool(wanted) and _calls_any(_read(Path(file)), wanted)

    def _within_reach(self, node: _Node, names: Collection[str]) -> frozenset[str]:
        """Those that the file can call: what it imports, and all of a module that has or hands on some."""
        hands_on = (self._nodes[module].names for module in node.modules if module in self._nodes)
        if (
            node.has_star
            or node.modules & self._homes
            or any(not names.isdisjoint(self._names) for names in hands_on)
        ):
            return frozenset(names)
        return node.names.intersection(names)

    def _read(self, path: Path, data: bytes) -> _Node:
        top = self._makers.top(path)
        pairs = ((name, self._files_of(path, module, name, top)) for module, name in imports_in(data))
        local = [(name, tuple(map(str, files))) for name, files in pairs if files]
        return _Node(
            frozenset(name for name, _ in local if name is not None),
            frozenset(files[-1] for _, files in local),
            frozenset(file for _, files in local for file in files),
            any(name == "*" for name, _ in local),
            may_make_engine(data),
        )


def _calls_any(data: bytes, names: Iterable[str]) -> bool:
    return any(name.encode() in data and _call_of(name).search(data) is not None for name in names)


@functools.cache
def _call_of(name: str) -> re.Pattern[bytes]:
    word = re.escape(name.encode())
    # What precedes is looked at last: a search for what begins with plain text runs at memory speed.
    return re.compile(
        word + rb"(?<!\w" + word + rb")(?<!def " + word + rb")(?<!class " + word + rb")(?:\.\w+)?[\s\\]*\("
    )


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if len(data) <= LARGEST_BYTES else b""
