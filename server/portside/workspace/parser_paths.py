"""Which files of a workspace lead to one that parses the arguments of the process when it is imported.

Read off texts first: most that a server imports name no parser, and what leads to none of those that do
need not be followed. What this says is too much rather than too little.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Protocol

from portside.workspace.import_graph import ImportGraph
from portside.workspace.text_file import read_module


class Parsers(Protocol):
    """What is known for certain of a file, at the price of parsing it."""

    def parses_arguments(self, path: Path) -> bool:
        """Whether its import parses the arguments of the process, by itself."""

    def parsers(self, path: Path) -> frozenset[str]:
        """What in it does when it is called."""

    def calls_parser(self, path: Path) -> bool:
        """Whether its import calls one of another file."""


class ParserPaths:
    """Effect: reads files, those that imports lead to.

    names: what parses the arguments when it is called, of all files that were within reach so far.
    """

    def __init__(self, graph: ImportGraph, parsers: Parsers) -> None:
        self._graph, self._parsers = graph, parsers
        self._seen: set[str] = set()
        self._homes: set[str] = set()
        self._parsing: set[str] = set()
        self._leading: Set[str] = frozenset()
        self.names: set[str] = set()

    def leading(self, path: Path, data: bytes) -> Set[str]:
        """The files that importing this text, as that file, may run and that may lead to one that parses."""
        self._graph.load(self._graph.read(path, data).targets)
        new = self._graph.nodes.keys() - self._seen
        if new:
            self._examine(new)
            self._leading = self._graph.leading_to(self._parsing)
        return self._leading

    def may_parse(self, path: Path) -> bool:
        """Whether the file may parse them itself, on import or when something in it is called."""
        node = self._graph.nodes.get(str(path))
        return node is None or node.names_parser

    def _examine(self, new: Set[str]) -> None:
        known = frozenset(self.names)
        for file in new:
            if self._graph.nodes[file].names_parser:
                names = self._parsers.parsers(Path(file))
                self.names |= names
                if names:
                    self._homes.add(file)
                if self._parsers.parses_arguments(Path(file)):
                    self._parsing.add(file)
        # A name that has turned up now may be called in a file that was looked at before.
        checks = [(new, self.names), (self._seen, self.names - known)]
        self._seen |= new
        for some, wanted in checks:
            holders = self._holders(wanted) if wanted else frozenset()
            self._parsing |= {file for file in some if wanted and self._calls_any(file, wanted, holders)}

    def _holders(self, names: Set[str]) -> frozenset[str]:
        """The modules that have or hand on some of the names, and the packages above them."""
        nodes = self._graph.nodes
        having = (
            file for file in self._seen if file in self._homes or not names.isdisjoint(nodes[file].names)
        )
        return frozenset(module for file in having for module in (file, *_packages_above(file)))

    def _calls_any(self, file: str, names: Set[str], holders: Set[str]) -> bool:
        node = self._graph.nodes[file]
        taken = names if node.has_star else node.names & names
        may_hold = not holders.isdisjoint(node.modules)
        if not taken and not may_hold:
            return False
        data = read_module(Path(file))
        is_named = any(name.encode() in data for name in taken)
        if not is_named and not (may_hold and _attributes(frozenset(names)).search(data)):
            return False
        return self._parsers.calls_parser(Path(file))


def _packages_above(file: str) -> Iterator[str]:
    """The `__init__.py` of every folder that the file lies in, there or not."""
    folder = os.path.dirname(file)  # noqa: PTH120 - for many files of a large tree
    while folder != (above := os.path.dirname(folder)):  # noqa: PTH120
        yield f"{folder}{os.sep}__init__.py"
        folder = above


@functools.cache
def _attributes(names: frozenset[str]) -> re.Pattern[bytes]:
    """`cli.main`, of some names."""
    return re.compile(rb"\.[\s\\]*(?:%b)(?!\w)" % "|".join(map(re.escape, sorted(names))).encode())
