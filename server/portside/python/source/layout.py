"""Where comments are, and may be, in a parsed Python file."""

from __future__ import annotations

from tree_sitter import Node

from portside.lint.layout import CommentPlace
from portside.lint.source import Span
from portside.python.source.chunks import Chunks
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import SyntaxTree, descend
from portside.records import dataclass

_LETTERS = b"rRbBuUfFtT"
_COMPOUND = frozenset(
    {
        "if_statement",
        "elif_clause",
        "else_clause",
        "for_statement",
        "while_statement",
        "try_statement",
        "except_clause",
        "finally_clause",
        "with_statement",
        "function_definition",
        "class_definition",
        "match_statement",
        "case_clause",
    }
)


@dataclass(frozen=True)
class PythonLayout:
    """A `Layout` that asks the syntax tree, so it costs nothing until a comment is in question.

    statements: of the text, where they may have been parsed without the rest of it.
    """

    tree: SyntaxTree
    statements: Chunks | None = None

    @property
    def mark(self) -> str:
        return "#"

    def comment_at(self, offset: int) -> Span | None:
        node = self._at(offset)
        return self.tree.span(node) if node is not None and node.type == "comment" else None

    def lines_of(self, span: Span) -> tuple[int, ...]:
        source = self.tree.source
        return source.line_of(span.start), source.line_of(self.statement_end(span.start))

    def comment_place(self, span: Span) -> CommentPlace | None:
        return next(filter(None, map(self._place_on, self.lines_of(span))), None)

    def statement_end(self, offset: int) -> int:
        """Where the statement at this offset ends; of a compound one, its header."""
        node = self._at(offset)
        while node is not None:
            if node.type in _COMPOUND:
                return self._header_end(node)
            if node.parent is None or node.parent.type in ("block", "module"):
                break
            node = node.parent
        return offset if node is None or node.parent is None else self._end(node)

    def takes_comment(self, offset: int) -> bool:
        """Whether a `#` written at this end of a line would begin a comment."""
        before = offset - 1
        if before < 0:
            return True
        if self.tree.source.text[before] == "\\" or self._in_open_string(offset):
            return False
        node: Node | None = self._at(before)
        while node is not None:
            if node.type in ("string", "concatenated_string"):
                return self._end(node) <= offset or node.type == "concatenated_string"
            node = node.parent
        return True

    def _place_on(self, line: int) -> CommentPlace | None:
        whole = self.tree.source.line_span(line)
        text = self.tree.source.slice(whole)
        content = whole.start + len(text.rstrip())
        end = whole.start + len(text.rstrip("\r\n"))
        return CommentPlace(Span(content, end), "  ") if self.takes_comment(content) else None

    def _in_open_string(self, offset: int) -> bool:
        """Whether a triple-quoted string begins before and never ends: then there are no comments."""
        if not self.tree.has_error:
            return False
        byte = self.tree.source.byte_of_offset(offset)
        broken = nodes_of(self.tree.root, "ERROR")
        starts = [node for error in broken for node in error.named_children if node.type == "string_start"]
        return any(node.end_byte <= byte and len((node.text or b"").lstrip(_LETTERS)) == 3 for node in starts)

    def _at(self, offset: int) -> Node | None:
        byte = self.tree.source.byte_of_offset(offset)
        if self.tree.parsed or self.statements is None:
            return descend(self.tree.root, byte, byte + 1)
        around = self.statements.all[max(0, self.statements.index_of(byte))]
        return descend(self.tree.part(*around.lines), byte, byte + 1)

    def _header_end(self, node: Node) -> int:
        """The end of `if x:` and the like: where the colon before the block stands."""
        body = next((child for child in node.children if child.type == "block"), None)
        if body is None:
            return self._end(node)
        colon = next(
            (child for child in node.children if child.type == ":" and child.end_byte <= body.start_byte),
            node,
        )
        return self._end(colon)

    def _end(self, node: Node) -> int:
        return self.tree.source.offset_of_byte(node.end_byte)
