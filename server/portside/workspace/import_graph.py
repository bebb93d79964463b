"""What the imports of a file may lead to, read off texts: most files lead to no engine.

A file is read once and not parsed. What it says is too much rather than too little (imports in functions and
under TYPE_CHECKING count), so only its no is an answer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from portside.python.import_text import imports_in
from portside.python.prefilter import may_make_engine
from portside.workspace.import_roots import import_root

# Generated code and data; nobody writes a module of that size by hand.
LARGEST_BYTES = 2_000_000

FilesOf = Callable[[Path, str, str | None, Path], tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Makers:
    """What in a file makes an engine. at_import: its import does. names: what does when called.

    calls: what its import calls of other files, by the last names.
    """

    at_import: bool
    names: frozenset[str]
    calls: frozenset[str]


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

    files_of, makers: as the workspace's modules have it.
    """

    def __init__(self, root: Path, files_of: FilesOf, makers: Callable[[Path], Makers]) -> None:
        self._root, self._files_of, self._makers = root, files_of, makers
        self._nodes: dict[str, _Node] = {}
        self._closed: list[frozenset[str]] = []
        self._examined: set[str] = set()
        self._homes: set[str] = set()
        self._names: set[str] = set()
        self._making: set[str] = set()

    def imports_may_make_engine(self, path: Path, data: bytes) -> bool:
        """Whether an import of this text, as that file, may make an engine in another file."""
        reached = self._reached(self._read(path, data).targets) - {str(path)}
        self._examine(reached)
        return not self._making.isdisjoint(reached)

    def calls_may_make_engine(self, path: Path, data: bytes) -> bool:
        """Whether a call in this text, of what it imports, may make an engine; after the above."""
        return _calls_any(data, self._within_reach(self._read(path, data), self._names))

    def _reached(self, targets: Iterable[str]) -> frozenset[str]:
        """The files that these import, directly or through others, and these."""
        found: set[str] = set()
        waiting = list(targets)
        while waiting:
            target = waiting.pop()
            if target in found:
                continue
            # Most of a large package imports most of it: what that comes to is known after the first time.
            known = next((closed for closed in self._closed if target in closed), None)
            if known is not None:
                found |= known
            else:
                found.add(target)
                waiting.extend(self._node(target).targets - found)
        reached = frozenset(found)
        if not any(reached <= closed for closed in self._closed):
            self._closed = [reached, *(closed for closed in self._closed if not closed <= reached)]
        return reached

    def _examine(self, files: frozenset[str]) -> None:
        """Tell which of the files make an engine when they are imported."""
        new = files - self._examined
        self._examined |= new
        known = frozenset(self._names)
        for file in new:
            if self._node(file).makes_engine:
                made = self._makers(Path(file))
                self._names |= made.names
                if made.names:
                    self._homes.add(file)
                if made.at_import:
                    self._making.add(file)
        # A name that has turned up now may be called in a file that was looked at before.
        checks = [(new, self._names), (self._examined - new, self._names - known)]
        self._making |= {file for some, names in checks if names for file in some if self._calls(file, names)}

    def _calls(self, file: str, names: Collection[str]) -> bool:
        wanted = self._within_reach(self._node(file), names)
        if not wanted or not _calls_any(_read(Path(file)), wanted):
            return False
        return not wanted.isdisjoint(self._makers(Path(file)).calls)

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

    def _node(self, path: str) -> _Node:
        known = self._nodes.get(path)
        if known is None:
            file = Path(path)
            known = self._nodes[path] = self._read(file, _read(file))
        return known

    def _read(self, path: Path, data: bytes) -> _Node:
        top = import_root(path, self._root)
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
        word + rb"(?<!\w" + word + rb")(?<!def " + word + rb")(?<!class " + word + rb")[\s\\]*\("
    )


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if len(data) <= LARGEST_BYTES else b""
