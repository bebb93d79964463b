"""Which files of a workspace lead to one that makes an engine: most imports lead to none.

Read off texts first, so only its no is an answer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Set
from pathlib import Path
from typing import Protocol

from portside.records import cached_property
from portside.workspace.import_graph import ImportGraph, Node
from portside.workspace.text_file import read_module


class Makers(Protocol):
    """What is known for certain of a file, most of it at the price of parsing it."""

    def makes_engine(self, path: Path) -> bool:
        """Whether its import makes one, by itself."""

    def names(self, path: Path) -> frozenset[str]:
        """What in it makes one when it, or a method of it, is called."""

    def names_leading_on(self, path: Path) -> frozenset[str]:
        """What in it calls, when it is called, what makes one in another file."""

    def calls_maker(self, path: Path) -> bool:
        """Whether its import calls what makes one in another file."""


class EnginePaths:
    """Effect: reads files, those that imports lead to. makers: what is known of them for certain.

    graph: makes that of the workspace's files, or of those of them that may lead to an engine.
    leading: those of them that may make an engine when they are imported, or lead to one that does.
    """

    def __init__(self, graph: Callable[[], ImportGraph], makers: Makers) -> None:
        self._make_graph, self._makers = graph, makers
        self._seen: set[str] = set()
        self._homes: set[str] = set()
        self._names: set[str] = set()
        self._making: set[str] = set()
        self.leading: Set[str] = frozenset()

    @cached_property
    def _graph(self) -> ImportGraph:
        return self._make_graph()

    def imports_may_make_engine(self, path: Path, data: bytes) -> bool:
        """Whether an import of this text, as that file, may make an engine in another file."""
        targets = self._graph.read(path, data).targets
        self.follow(targets)
        return not self.leading.isdisjoint(targets)

    def follow(self, targets: Iterable[str]) -> None:
        """Learn of these files, and of all that they import."""
        self._graph.load(targets)
        new = frozenset(self._graph.nodes.keys() - self._seen)
        if new:
            self._seen |= new
            self._examine(new)
            self.leading = self._graph.leading_to(self._making)

    def names_maker(self, path: Path, data: bytes) -> bool:
        """Whether this text, as that file, names what makes an engine in another one; after the above.

        It need not call it: it may hand it to a thread.
        """
        node = self._graph.read(path, data)
        return any(name.encode() in data for name in self._within_reach(node, self._names))

    def may_make(self, qualified: str) -> bool:
        """Whether what files know under this name may make one when it is called; after the above."""
        return not self._names.isdisjoint(qualified.split("."))

    def _examine(self, new: frozenset[str]) -> None:
        """Tell which of the files make an engine when they are imported."""
        known = frozenset(self._names)
        for file in new:
            if self._graph.nodes[file].names_engine:
                names = self._makers.names(Path(file))
                self._names |= names
                if names:
                    self._homes.add(file)
                if self._makers.makes_engine(Path(file)):
                    self._making.add(file)
        self._follow(new)
        # A name that has turned up now may be called in a file that was looked at before.
        checks = [(new, self._names), (self._seen - new, self._names - known)]
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
        wanted = self._within_reach(self._graph.nodes[file], names)
        return bool(wanted) and _calls_any(read_module(Path(file)), wanted)

    def _within_reach(self, node: Node, names: Collection[str]) -> frozenset[str]:
        """Those that the file can call: what it imports, and all of a module that has or hands on some."""
        nodes = self._graph.nodes
        hands_on = (nodes[module].names for module in node.modules if module in nodes)
        if (
            node.has_star
            or node.modules & self._homes
            or any(not names.isdisjoint(self._names) for names in hands_on)
        ):
            return frozenset(names)
        return node.names.intersection(names)


def _calls_any(data: bytes, names: Iterable[str]) -> bool:
    return any(name.encode() in data and _call_of(name).search(data) is not None for name in names)


@functools.cache
def _call_of(name: str) -> re.Pattern[bytes]:
    word = re.escape(name.encode())
    # What precedes is looked at last: a search for what begins with plain text runs at memory speed.
    return re.compile(
        word + rb"(?<!\w" + word + rb")(?<!def " + word + rb")(?<!class " + word + rb")(?:\.\w+)?[\s\\]*\("
    )
