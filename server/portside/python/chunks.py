"""The statements of a module, each with the words in it.

Nearly every question about a name ("who binds it, who reads it") is about a few
statements out of thousands. The words say which ones without a look at their
trees; and as they are kept by a statement's text, a keystroke costs the words of
one statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from portside.python.syntax import SyntaxTree

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")

DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})

Words = dict[bytes, frozenset[bytes]]


# Not frozen: that would triple the time to make one, and there are thousands with each keystroke.
@dataclass(slots=True, eq=False)
class Chunk:
    """A statement at module level. start, end: bytes. words: all that looks like a name or a keyword."""

    node: Node
    start: int
    end: int
    words: frozenset[bytes]
    is_definition: bool


def split(tree: SyntaxTree, known: Words) -> tuple[tuple[Chunk, ...], Words]:
    """The chunks, and the words of exactly these by their text, to be handed in again after an edit."""
    data, kept = tree.source.data, dict[bytes, frozenset[bytes]]()
    chunks: list[Chunk] = []
    for node in tree.statements:
        start, end = node.start_byte, node.end_byte
        text = data[start:end]
        words = kept.get(text) or known.get(text)
        if words is None:
            words = frozenset(_WORD.findall(text))
        kept[text] = words
        chunks.append(Chunk(node, start, end, words, node.type in DEFINITIONS))
    return tuple(chunks), kept
