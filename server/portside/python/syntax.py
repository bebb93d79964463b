"""Python text as a syntax tree: parsed with tolerance, again quickly after an edit.

tree-sitter counts bytes; everything that leaves this module as a place is a `Span`
of character offsets. A tree with errors in it is still a tree: what could not be
read lies in ERROR nodes, and the statements around them are as good as ever.

No function here or above walks a tree by recursion: ten thousand nested
parentheses are a legal file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Point, Query, QueryCursor, Tree

from portside.lint.source import SourceFile, Span

_LANGUAGE = Language(tree_sitter_python.language())

# A file with more errors than this is no Python; to list them all would help nobody.
_MOST_ERRORS = 100

_LONE_RETURN = re.compile(rb"\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Change:
    """The one stretch of bytes in which a text differs from an earlier one: from `start` to either end."""

    start: int
    old_end: int
    new_end: int


@dataclass(frozen=True)
class SyntaxTree:
    """A file and its tree. The nodes live as long as this object does.

    change: what differs from the text whose tree was used again for this one.
    """

    source: SourceFile
    tree: Tree = field(repr=False)
    change: Change | None = None

    @property
    def root(self) -> Node:
        return self.tree.root_node

    def text(self, node: Node) -> str:
        return self.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        return self.span_of_bytes(node.start_byte, node.end_byte)

    def span_of_bytes(self, start: int, end: int) -> Span:
        return Span(self.source.offset_of_byte(start), self.source.offset_of_byte(end))

    def line(self, node: Node) -> int:
        """The line that the node starts on, counted from 1."""
        return self.source.line_of(self.source.offset_of_byte(node.start_byte)) + 1

    @cached_property
    def statements(self) -> tuple[Node, ...]:
        """The statements at module level, in order, without comments.

        After an error the parser may take the rest of a broken line, or an indented
        line whose `if` it lost, for a statement of the module. Those are left out:
        nobody knows when they would run.
        """
        nodes = self.root.named_children
        if not self.root.has_error:
            return tuple(node for node in nodes if node.type != "comment")
        return tuple(node for node in nodes if self._stands_at_module_level(node))

    def _stands_at_module_level(self, node: Node) -> bool:
        if node.type in {"comment", "ERROR"}:
            return False
        return node.start_point.column == 0 or self._starts_its_own_line(node)

    def _starts_its_own_line(self, node: Node) -> bool:
        """Whether what precedes it on its line is whole statements (`a = 1; b = 2`) or nothing."""
        line_start = node.start_byte - node.start_point.column
        before = self.source.data[line_start : node.start_byte]
        if before in {b"\xef\xbb\xbf", b"\x0c"}:
            return True
        return before[:1] not in {b" ", b"\t"} and before.rstrip().endswith(b";")

    @cached_property
    def errors(self) -> tuple[Span, ...]:
        """Where the parser had to skip something or to think something up."""
        if not self.root.has_error:
            return ()
        found: list[Span] = []
        for nodes in query("(ERROR) @error (MISSING) @error", self.root).values():
            found += (self.span(node) for node in nodes[:_MOST_ERRORS])
        return tuple(sorted(found))


def parse(source: SourceFile, previous: SyntaxTree | None = None) -> SyntaxTree:
    """The tree of a file. previous: a tree of an earlier text of it, which makes this fast."""
    parser, data = Parser(_LANGUAGE), _with_newlines(source.data)
    if previous is None:
        return SyntaxTree(source, parser.parse(data))
    old = _with_newlines(previous.source.data)
    change = _change(old, data)
    return SyntaxTree(source, parser.parse(data, _edited(previous.tree, change, old, data)), change)


def _with_newlines(data: bytes) -> bytes:
    """The same bytes, but for lone carriage returns: Python ends lines there, the grammar does not."""
    return _LONE_RETURN.sub(b"\n", data) if b"\r" in data else data


def _change(old: bytes, new: bytes) -> Change:
    start = _common_prefix(old, new)
    tail = _common_prefix(old[start:][::-1], new[start:][::-1])
    return Change(start, len(old) - tail, len(new) - tail)


def _edited(previous: Tree, change: Change, old: bytes, new: bytes) -> Tree:
    """A copy of the old tree that knows which bytes are no longer what they were.

    And those of the last line before them: where a change begins between two statements, the
    parser goes on to use what follows only if the end of the statement before counts as changed.
    """
    start = old.rfind(b"\n", 0, len(old[: change.start].rstrip())) + 1
    tree = previous.copy()
    tree.edit(
        start_byte=start,
        old_end_byte=change.old_end,
        new_end_byte=change.new_end,
        start_point=_point(old, start),
        old_end_point=_point(old, change.old_end),
        new_end_point=_point(new, change.new_end),
    )
    return tree


def _common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes both begin with. Bisection: a comparison of slices runs at memory speed."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(data: bytes, byte: int) -> Point:
    point: Point = Point(data.count(b"\n", 0, byte), byte - (data.rfind(b"\n", 0, byte) + 1))
    return point


_QUERIES: dict[str, Query] = {}


def query(pattern: str, node: Node) -> dict[str, list[Node]]:
    """The nodes in `node` (itself included) that a tree-sitter query captures, by capture name.

    Runs in C: the way to find something in a large file. The nodes of one capture
    come in the order of the text, outer ones first.
    """
    compiled = _QUERIES.get(pattern)
    if compiled is None:
        compiled = _QUERIES[pattern] = Query(_LANGUAGE, pattern)
    captures = QueryCursor(compiled).captures(node)
    for nodes in captures.values():
        # tree-sitter 0.26 gives them in the order of a hash table.
        nodes.sort(key=_place)
    return captures


def _place(node: Node) -> tuple[int, int]:
    return node.start_byte, -node.end_byte


def unwrapped(node: Node) -> Node:
    """The expression inside any number of parentheses."""
    while node.type == "parenthesized_expression":
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) != 1:
            break
        node = inner[0]
    return node


def descend(node: Node, start: int, end: int) -> Node | None:
    """The smallest node in `node` that holds these bytes."""
    return node.descendant_for_byte_range(start, end)


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes around it, innermost first. Costs O(depth) for each: not for loops over a file."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


@dataclass(frozen=True)
class Arguments:
    """What a call passes.

    positional: up to the first `*args`. keywords: by name, the value's node.
    unpacked: the expressions behind `**`. starred: whether there is a `*args`.
    """

    positional: tuple[Node, ...]
    keywords: dict[str, Node]
    unpacked: tuple[Node, ...]
    starred: bool


def arguments(call: Node) -> Arguments:
    """The arguments of a `call` node, or of a class definition's bases."""
    positional: list[Node] = []
    keywords: dict[str, Node] = {}
    unpacked: list[Node] = []
    starred = False
    for child in argument_nodes(call):
        if child.type == "keyword_argument":
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None and value is not None:
                keywords[(name.text or b"").decode("utf-8", "replace")] = value
        elif child.type == "dictionary_splat":
            unpacked += child.named_children[:1]
        elif child.type == "list_splat":
            starred = True
        elif child.type != "comment" and not starred:
            positional.append(child)
    return Arguments(tuple(positional), keywords, tuple(unpacked), starred)


def argument_nodes(call: Node) -> Sequence[Node]:
    listed = call.child_by_field_name("arguments") or call.child_by_field_name("superclasses")
    if listed is None:
        return ()
    # `f(x for x in y)`: the generator takes the place of the argument list.
    return listed.named_children if listed.type == "argument_list" else (listed,)


def string_value(tree: SyntaxTree, node: Node) -> str | None:
    """The value of a string literal without interpolation, also of adjacent ones; None for anything else."""
    node = unwrapped(node)
    if node.type == "concatenated_string":
        parts = [string_value(tree, part) for part in node.named_children if part.type != "comment"]
        return None if None in parts else "".join(part for part in parts if part is not None)
    if node.type != "string":
        return None
    prefix = tree.text(node.children[0]).rstrip("'\"").lower() if node.children else ""
    if "b" in prefix or any(child.type == "interpolation" for child in node.named_children):
        return None
    value = "".join(tree.text(child) for child in node.named_children if child.type == "string_content")
    return value if "r" in prefix or "\\" not in value else _unescaped(value)


# Not the codec `unicode_escape`: it warns of `\\P`, which Python itself leaves as it is.
_ESCAPE = re.compile(
    r"""\\(?:(\r\n|\n|\r|[\\'"abfnrtv])|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|N\{([^}]+)\})"""
)
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(value: str) -> str | None:
    """The text that the escapes in a literal stand for; None where one stands for no character."""
    try:
        return _ESCAPE.sub(_character, value)
    except (KeyError, ValueError, OverflowError):
        return None


def _character(escape: re.Match[str]) -> str:
    short, octal, *codes, name = escape.groups()
    if short is not None:
        return "" if short[0] in "\r\n" else _SHORT.get(short, short)
    if octal is not None:
        return chr(int(octal, 8))
    if name is not None:
        return unicodedata.lookup(name)
    return chr(int(next(code for code in codes if code is not None), 16))
