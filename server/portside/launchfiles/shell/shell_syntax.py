"""Shell text as a tree whose nodes know their characters."""

from __future__ import annotations

import re
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# `<ENV_DIR>/uvicorn`, to be filled in by hand: no redirection.
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]+>")


class ShellTree:
    """text: what was parsed; offsets are characters of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        # One byte for each character: so the parser's offsets are ours.
        plain = text if text.isascii() else _NOT_ASCII.sub("x", text)
        if "<" in plain:
            plain = _PLACEHOLDER.sub(lambda found: "x" * len(found.group()), plain)
        self.root: Node = _parser().parse(plain.encode()).root_node

    def start(self, node: Node) -> int:
        return node.start_byte

    def end(self, node: Node) -> int:
        return node.end_byte

    def of(self, node: Node) -> str:
        """The node's own text."""
        return self.text[node.start_byte : node.end_byte]


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))
