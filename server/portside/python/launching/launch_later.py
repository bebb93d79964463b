"""Which code of a file surely does not run while the file is imported."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.syntax import ancestors

_DEEPEST = 5


def runs_later(names: Names, node: Node) -> bool:
    """Whether it stands in a function that no import calls: a coroutine, or what only such call."""
    function = next((one for one in ancestors(node) if one.type == "function_definition"), None)
    return function is not None and _is_later(names, function, _DEEPEST)


def _is_later(names: Names, function: Node, depth: int) -> bool:
    if function.children[0].type == "async":
        return True
    name = function.child_by_field_name("name")
    if name is None or depth == 0 or names.scope_at(function) is not names.module:
        return False
    reads: Iterable[Node] = names.reads(names.tree.text(name))
    for read in reads:
        around = next((one for one in ancestors(read) if one.type == "function_definition"), None)
        if around is None or not _is_later(names, around, depth - 1):
            return False
    return True
