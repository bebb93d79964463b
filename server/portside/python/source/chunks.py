"""The statements of a module, each with the words in it.

Nearly every question about a name ("who binds it, who reads it") is about a few
statements out of thousands. The words say which ones without a look at their
trees; and as those of unchanged statements are kept, a keystroke costs the words
of one.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import field

from tree_sitter import Node

from portside.python.names.bindings import Scope, bind
from portside.python.source.nodes import StatementNodes, own_parts
from portside.python.source.syntax import SyntaxTree
from portside.records import cached_property, dataclass

# Blanks for all that no word has in it: to split a text at those takes half as long as a search for words.
_WORDS_ONLY = bytes(c if c > 127 or chr(c).isalnum() or chr(c) == "_" else ord(" ") for c in range(256))

DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})

Words = frozenset[bytes]

# Counts as a word, so that a keystroke costs a look at one statement: there is an `if False:` in it.
DEAD_CODE = b"if False"
# Begins with letters, which are looked for at memory speed: the limit of a word would be tried at every byte.
_DEAD = re.compile(rb"if(?<!\wif)[ \t(]+(?:False|0)[ \t)]*:")

# So many statements share one set of all their words: a word's search passes over them at once.
_BLOCK = 40


# Not frozen: that would triple the time to make one, and there are thousands with each keystroke.
@dataclass(slots=True, eq=False)
class Chunk:
    """A statement at module level. start, end: bytes. words: all that looks like a name or a keyword.

    type: its node's. own_name: of a function or class, decorated or not. lines: the bytes from the
    beginning of the line of it, or of the first of several on that line, to the next statement that
    begins one. index: which of the statements in these lines it is.
    """

    tree: SyntaxTree
    start: int
    end: int
    type: str
    words: Words
    own_name: bytes | None
    lines: tuple[int, int]
    index: int
    _node: Node | None = None
    _scope: Scope | None = None
    _nodes: StatementNodes | None = None

    @property
    def node(self) -> Node:
        """Parsed when it is first asked for, where the statement only moved since the last parse."""
        if self._node is None:
            self._node = own_parts(self.tree.part(*self.lines))[self.index]
        return self._node

    @property
    def scope(self) -> Scope:
        """The scopes in it, within one that holds what it binds at module level."""
        if self._scope is None:
            self._scope = bind(self.node, self._all_nodes)
        return self._scope

    def nodes(self, *kinds: str) -> Sequence[Node]:
        """The nodes of these kinds in it, itself included: in the order of the text, outer ones first."""
        return self._all_nodes.of(kinds)

    @property
    def _all_nodes(self) -> StatementNodes:
        if self._nodes is None:
            self._nodes = StatementNodes(self.node)
        return self._nodes

    @property
    def is_definition(self) -> bool:
        return self.type in DEFINITIONS

    def kept(self, tree: SyntaxTree) -> Chunk:
        """The same statement in a later text that differs behind its lines only."""
        place = (self.lines, self.index, self._node, self._scope, self._nodes)
        return Chunk(tree, self.start, self.end, self.type, self.words, self.own_name, *place)

    def moved(self, tree: SyntaxTree, by: int) -> Chunk:
        """The same statement in a later text that differs before it only."""
        first, last = self.lines
        lines = (first + by, last + by)
        start, end = self.start + by, self.end + by
        return Chunk(tree, start, end, self.type, self.words, self.own_name, lines, self.index)


@dataclass
class Chunks:
    """All statements of a text, and what a later text of the same file can use again.

    blocks: how many statements in turn share a set of words, and that set.
    """

    all: tuple[Chunk, ...]
    blocks: Sequence[tuple[int, Words]]
    _found: dict[bytes, tuple[Chunk, ...]] = field(default_factory=dict, repr=False)

    def with_word(self, word: bytes) -> tuple[Chunk, ...]:
        """The statements in which the word stands, strings and comments included."""
        found = self._found.get(word)
        if found is None:
            hit = (chunks for words, chunks in self._blocks if word in words)
            found = self._found[word] = tuple(c for chunks in hit for c in chunks if word in c.words)
        return found

    def with_any(self, words: Words) -> Iterator[Chunk]:
        """The statements with one of these words, in order; where the words are many."""
        hit = (chunks for union, chunks in self._blocks if not words.isdisjoint(union))
        return (chunk for chunks in hit for chunk in chunks if not words.isdisjoint(chunk.words))

    @cached_property
    def _blocks(self) -> list[tuple[Words, tuple[Chunk, ...]]]:
        found: list[tuple[Words, tuple[Chunk, ...]]] = []
        start = 0
        for count, words in self.blocks:
            found.append((words, self.all[start : start + count]))
            start += count
        return found

    def at(self, byte: int) -> Chunk | None:
        """The statement that holds this byte."""
        before = self.index_of(byte)
        return self.all[before] if before >= 0 and byte < self.all[before].end else None

    def index_of(self, byte: int) -> int:
        """The index of the statement that the byte stands in or behind; -1 before the first one."""
        return bisect.bisect_right(self._starts, byte) - 1

    @cached_property
    def _starts(self) -> list[int]:
        return [chunk.start for chunk in self.all]


def split(tree: SyntaxTree, earlier: Chunks | None = None) -> Chunks:
    """The statements of a parsed module. earlier: those of the text that it differs from by its change."""
    known = _words_by_place(tree, earlier)
    return Chunks(chunks := read(tree, tree.statements, 0, len(tree.data), known), blocks_of(chunks))


def _words_by_place(tree: SyntaxTree, earlier: Chunks | None) -> dict[tuple[int, int], Chunk]:
    """Statements before and after the change are what they were: those, by where they are now."""
    change = tree.change
    if earlier is None or change is None:
        return {}
    by = change.new_end - change.old_end
    known = {(c.start, c.end): c for c in earlier.all if c.end < change.start}
    known.update(((c.start + by, c.end + by), c) for c in earlier.all if c.start > change.old_end)
    return known


def read(
    tree: SyntaxTree,
    nodes: Sequence[Node],
    start: int,
    end: int,
    known: dict[tuple[int, int], Chunk] | None = None,
) -> tuple[Chunk, ...]:
    """The chunks of these nodes, which are all statements in the lines from `start` to `end`."""
    places = [(node.start_byte, node.end_byte) for node in nodes]
    # A statement begins lines of its own unless another one, or an indent, stands before it.
    heads = [at for at, node in enumerate(nodes) if at == 0 or node.start_point.column == 0]
    found: list[Chunk] = []
    for head, following in zip(heads, [*heads[1:], len(nodes)], strict=False):
        first = places[head][0] if head else start
        lines = (first, places[following][0] if following < len(nodes) else end)
        for index in range(head, following):
            old = known.get(places[index]) if known else None
            chunk = _read(tree, nodes[index], places[index], old)
            chunk.lines, chunk.index = lines, index - head
            found.append(chunk)
    return tuple(found)


def _read(tree: SyntaxTree, node: Node, place: tuple[int, int], old: Chunk | None) -> Chunk:
    if old is not None:
        return Chunk(tree, *place, old.type, old.words, old.own_name, (0, 0), 0, node)
    start, end = place
    text = tree.source.data[start:end]
    words = frozenset(text.translate(_WORDS_ONLY).split())
    if _DEAD.search(text) is not None:
        words |= {DEAD_CODE}
    return Chunk(tree, *place, node.type, words, _own_name(node), (0, 0), 0, node)


def blocks_of(chunks: Sequence[Chunk]) -> list[tuple[int, Words]]:
    blocks = (chunks[start : start + _BLOCK] for start in range(0, len(chunks), _BLOCK))
    return [(len(block), frozenset[bytes]().union(*(chunk.words for chunk in block))) for block in blocks]


def _own_name(node: Node) -> bytes | None:
    if node.type not in DEFINITIONS:
        return None
    definition = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    name = definition.child_by_field_name("name") if definition is not None else None
    return name.text if name is not None else None
