"""Shell text as a tree whose nodes know their characters."""

from __future__ import annotations

from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from portside.lint.source import SourceFile


class ShellTree:
    """text: what was parsed; offsets are characters of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._source = SourceFile("", text)
        self._plain = text.isascii()
        self.root: Node = _parser().parse(self._source.data).root_node

    def start(self, node: Node) -> int:
        return node.start_byte if self._plain else self._source.offset_of_byte(node.start_byte)

    def end(self, node: Node) -> int:
        return node.end_byte if self._plain else self._source.offset_of_byte(node.end_byte)

    def of(self, node: Node) -> str:
        """The node's own text."""
        return self.text[self.start(node) : self.end(node)]


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))
