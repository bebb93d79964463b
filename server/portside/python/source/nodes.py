"""The nodes of some kinds in a tree, found in one walk over it.

A tree-sitter query would run as fast, but takes two milliseconds to be made: longer than most files take
altogether, and there are dozens of questions.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import tree_sitter_python
from tree_sitter import Language, Node

LANGUAGE = Language(tree_sitter_python.language())

# What may stand between any two parts of anything, and is none of them.
EXTRAS = frozenset({"comment", "line_continuation"})
# Half of all nodes are of these, and few questions about a whole statement are.
_FREQUENT = ("identifier", "integer", "string_content", "string_start", "string_end", "comment")


def nodes_of(node: Node, *kinds: str) -> list[Node]:
    """The nodes of these kinds in `node`, itself included: in the order of the text, outer ones first."""
    return _found(node, _ids(kinds))


def own_parts(node: Node) -> list[Node]:
    """What the node is made of: its named children, without comments and line continuations."""
    return [child for child in node.named_children if child.type not in EXTRAS]


def operator_of(node: Node) -> str:
    """The word or sign behind the first side of a comparison, of `and`, of `+`."""
    return next((child.type for child in node.children[1:] if child.type not in EXTRAS), "")


def statements(block: Node) -> Iterator[Node]:
    """The statements of a block, without comments."""
    yield from own_parts(block)


def holds(around: Node, node: Node) -> bool:
    """Whether the node, of the same tree, stands in this one, or is it."""
    return around.start_byte <= node.start_byte < around.end_byte


class StatementNodes:
    """The nodes of a statement, by their kinds: it is walked once for all questions but the rarest."""

    __slots__ = ("_by_kind", "_node")

    def __init__(self, node: Node) -> None:
        self._node = node
        self._by_kind: dict[int, list[Node]] | None = None

    def of(self, kinds: tuple[str, ...]) -> Sequence[Node]:
        """As `nodes_of`."""
        ids = _ids(kinds)
        if not ids <= _most_ids():
            return _found(self._node, ids)
        if self._by_kind is None:
            self._by_kind = defaultdict(list)
            _collect(self._node, _most_ids(), self._by_kind)
        lists = [self._by_kind[number] for number in ids if number in self._by_kind]
        if len(lists) == 1:
            return lists[0]
        return sorted((node for nodes in lists for node in nodes), key=_place)


def _place(node: Node) -> tuple[int, int]:
    return node.start_byte, -node.end_byte


def fields_of(nodes: Iterable[Node], field: str, *kinds: str) -> list[Node]:
    """What each node has under this field, where it has that: of these kinds; of any where none is said."""
    ids = _ids(kinds)
    children = [node.child_by_field_name(field) for node in nodes]
    return [child for child in children if child is not None and (not ids or child.kind_id in ids)]


def _found(node: Node, ids: frozenset[int]) -> list[Node]:
    found: list[Node] = []
    _collect(node, ids, dict.fromkeys(ids, found))
    return found


def _collect(node: Node, ids: frozenset[int], lists: Mapping[int, list[Node]]) -> None:
    """Add the nodes of these kinds to the list of their kind."""
    cursor = node.walk()
    into, on, out = cursor.goto_first_child, cursor.goto_next_sibling, cursor.goto_parent
    while True:
        here = cursor.node
        assert here is not None
        kind = here.kind_id
        if kind in ids:
            lists[kind].append(here)
        if into():
            continue
        while not on():
            if not out():
                return


@functools.cache
def _ids(kinds: tuple[str, ...]) -> frozenset[int]:
    found = {LANGUAGE.id_for_node_kind(kind, True) for kind in kinds}
    # A kind that the grammar doesn't have would never be found, in silence.
    assert None not in found, kinds
    return frozenset(number for number in found if number is not None)


@functools.cache
def _most_ids() -> frozenset[int]:
    kinds = range(LANGUAGE.node_kind_count)
    named = frozenset(number for number in kinds if LANGUAGE.node_kind_is_named(number))
    return named - _ids(_FREQUENT)
