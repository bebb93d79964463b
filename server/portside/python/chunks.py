"""The statements of a module, each with the words in it.

Nearly every question about a name ("who binds it, who reads it") is about a few
statements out of thousands. The words say which ones without a look at their
trees; and as those of unchanged statements are kept, a keystroke costs the words
of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from portside.python.syntax import SyntaxTree

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")

DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})

_Words = frozenset[bytes]

# So many statements share one set of all their words: a word's search passes over them at once.
_BLOCK = 40


# Not frozen: that would triple the time to make one, and there are thousands with each keystroke.
@dataclass(slots=True, eq=False)
class Chunk:
    """A statement at module level. start, end: bytes. words: all that looks like a name or a keyword.

    own_name: of a function or class, decorated or not.
    """

    node: Node
    start: int
    end: int
    words: _Words
    own_name: bytes | None

    @property
    def is_definition(self) -> bool:
        return self.node.type in DEFINITIONS


@dataclass
class Chunks:
    """All statements of a text, and what a later text of the same file can use again."""

    all: tuple[Chunk, ...]
    unions: dict[tuple[_Words, ...], _Words] = field(default_factory=dict, repr=False)
    _blocks: list[tuple[_Words, tuple[Chunk, ...]]] = field(default_factory=list, repr=False)
    _found: dict[bytes, tuple[Chunk, ...]] = field(default_factory=dict, repr=False)

    def with_word(self, word: bytes) -> tuple[Chunk, ...]:
        """The statements in which the word stands, strings and comments included."""
        found = self._found.get(word)
        if found is None:
            hit = (chunks for words, chunks in self._blocks if word in words)
            found = self._found[word] = tuple(c for chunks in hit for c in chunks if word in c.words)
        return found

    def with_any(self, words: _Words) -> Iterator[Chunk]:
        """The statements with one of these words, in order; where the words are many."""
        hit = (chunks for union, chunks in self._blocks if not words.isdisjoint(union))
        return (chunk for chunks in hit for chunk in chunks if not words.isdisjoint(chunk.words))

    def at(self, byte: int) -> Chunk | None:
        """The statement that holds this byte."""
        low, high = 0, len(self.all)
        while low < high:
            middle = (low + high) // 2
            if self.all[middle].end <= byte:
                low = middle + 1
            else:
                high = middle
        if low < len(self.all) and self.all[low].start <= byte:
            return self.all[low]
        return None


def split(tree: SyntaxTree, earlier: Chunks | None) -> Chunks:
    """The statements of a module. earlier: those of the text whose tree was used again for this one."""
    result = Chunks(tuple(_chunks(tree, earlier.all if earlier is not None else ())))
    unions = earlier.unions if earlier is not None else {}
    for start in range(0, len(result.all), _BLOCK):
        block = result.all[start : start + _BLOCK]
        key = tuple([chunk.words for chunk in block])
        words = unions.get(key)
        if words is None:
            words = frozenset().union(*key)
        result.unions[key] = words
        result._blocks.append((words, block))
    return result


def _chunks(tree: SyntaxTree, earlier: tuple[Chunk, ...]) -> list[Chunk]:
    """Statements before and after the change are what they were; only those in it are read."""
    nodes, change = tree.statements, tree.change
    if change is None:
        return [_read(tree, node) for node in nodes]
    before: list[Chunk] = []
    for node, old in zip(nodes, earlier, strict=False):
        start, end = node.start_byte, node.end_byte
        if start != old.start or end != old.end or end >= change.start:
            break
        before.append(Chunk(node, start, end, old.words, old.own_name))
    after: list[Chunk] = []
    moved = change.new_end - change.old_end
    for node, old in zip(reversed(nodes[len(before) :]), reversed(earlier), strict=False):
        start, end = node.start_byte, node.end_byte
        if start != old.start + moved or end != old.end + moved or start <= change.new_end:
            break
        after.append(Chunk(node, start, end, old.words, old.own_name))
    between = [_read(tree, node) for node in nodes[len(before) : len(nodes) - len(after)]]
    return [*before, *between, *reversed(after)]


def _read(tree: SyntaxTree, node: Node) -> Chunk:
    start, end = node.start_byte, node.end_byte
    return Chunk(node, start, end, frozenset(_WORD.findall(tree.source.data, start, end)), _own_name(node))


def _own_name(node: Node) -> bytes | None:
    if node.type not in DEFINITIONS:
        return None
    definition = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    name = definition.child_by_field_name("name") if definition is not None else None
    return name.text if name is not None else None
