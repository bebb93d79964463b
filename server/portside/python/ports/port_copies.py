"""Where else in a file a port's number stands: health checks, printed addresses, limits of the same value."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.names.names import Names
from portside.python.source.syntax import ancestors

# What makes a number in a text a port: an address before it, or a word.
_NUMBER = re.compile(rb"(?<![\w.])\d+(?!\w)")
_IN_TEXT = r"(?:^|:|\bport\b\W{{0,3}}){port}(?!\w|\.\d)"


def lines_with_copies(names: Names, port: int, known: Collection[Span], variable: str) -> tuple[int, ...]:
    """The lines, from 1, where code says the number once more, as a number or as the port in a text.

    known: where it stands as a port that is dealt with. variable: what is read with this default is
    no copy. Comments and docstrings don't count.
    """
    tree = names.tree
    found = {tree.line(node) for node, span in _numbers(names, port) if span not in known}
    reading = re.compile(rf"""["']{re.escape(variable)}["']""")
    defaults = {
        tree.line(node)
        for node, _ in _numbers(names, port)
        if any(around.type == "call" and reading.search(tree.text(around)) for around in ancestors(node))
    }
    return tuple(sorted(found - defaults))


def _numbers(names: Names, port: int) -> Iterator[tuple[Node, Span]]:
    """The numbers and texts that say the port, with the place of the digits."""
    for start, end in _places(names).get(str(port).encode(), ()):
        node = names.node_at(start, end)
        if node is None:
            continue
        if node.type == "integer" or (node.type == "string_content" and _says_port(names, node, end)):
            yield node, names.tree.span_of_bytes(start, end)


@functools.lru_cache(maxsize=1)
def _places(names: Names) -> Mapping[bytes, Sequence[tuple[int, int]]]:
    """Where in the text, in bytes, each number stands: once for all ports of a file."""
    found: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for match in _NUMBER.finditer(names.tree.source.data):
        found[match[0]].append(match.span())
    return found


def _says_port(names: Names, content: Node, end: int) -> bool:
    string = content.parent
    if string is None or (string.parent is not None and string.parent.type == "expression_statement"):
        return False
    line = names.tree.source.data[content.start_byte : end].decode("utf-8", "replace").rpartition("\n")[2]
    port = re.search(r"\d+$", line)
    return port is not None and re.search(_IN_TEXT.format(port=port[0]) + "$", line, re.I) is not None
