"""Where a new `import` of a standard library module goes, so that a formatter would leave it there."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.python.syntax import SyntaxTree, string_value

_IMPORTS = frozenset({"import_statement", "import_from_statement"})


def insertion(tree: SyntaxTree, module: str, before: Node) -> Edit | None:
    """The edit that imports the module ahead of `before`; None where the file gives no good place.

    After the docstring and `from __future__` imports, in the first block of imports, in order there.
    """
    statements = [node for node in tree.root.named_children if node.type != "comment"]
    first = _first_after_header(tree, statements)
    if first is None or _has_error_before(tree, first):
        return None
    newline = tree.source.newline
    block = _block(statements, first)
    if not block or block[-1].end_byte > before.start_byte:
        place = _above_comments(first)
        return _at(tree, place, f"import {module}{newline}{newline}")
    if not any(_is_standard(tree, node) for node in block):
        return _at(tree, _above_comments(block[0]), f"import {module}{newline}{newline}")
    following = _following(tree, block, module)
    if following is not None:
        return _at(tree, following, f"import {module}{newline}")
    end = tree.span(block[-1]).end
    return Edit(tree.source.path, Span(end, end), f"{newline}import {module}")


def _first_after_header(tree: SyntaxTree, statements: Sequence[Node]) -> Node | None:
    for index, node in enumerate(statements):
        is_docstring = index == 0 and node.type == "expression_statement" and _is_string(tree, node)
        if not is_docstring and node.type != "future_import_statement":
            return node
    return None


def _is_string(tree: SyntaxTree, statement: Node) -> bool:
    return len(statement.named_children) == 1 and string_value(tree, statement.named_children[0]) is not None


def _has_error_before(tree: SyntaxTree, first: Node) -> bool:
    return any(
        (node.type == "ERROR" or node.has_error) and node.start_byte <= first.start_byte
        for node in tree.root.children
    )


def _block(statements: Sequence[Node], first: Node) -> list[Node]:
    """The imports from the first statement on, without a blank line or a comment between them."""
    block: list[Node] = []
    for node in statements[list(statements).index(first) :]:
        follows = not block or node.start_point.row == block[-1].end_point.row + 1
        if node.type not in _IMPORTS or not follows or node.start_point.column:
            break
        block.append(node)
    return block


def _is_standard(tree: SyntaxTree, node: Node) -> bool:
    return _module(tree, node).partition(".")[0] in sys.stdlib_module_names


def _module(tree: SyntaxTree, node: Node) -> str:
    named = node.child_by_field_name("module_name") or node.child_by_field_name("name")
    if named is not None and named.type == "aliased_import":
        named = named.child_by_field_name("name")
    return tree.text(named) if named is not None else ""


def _following(tree: SyntaxTree, block: Sequence[Node], module: str) -> Node | None:
    """The import that the new one goes before: a greater `import`, or the first `from` after them."""
    plain = [node for node in block if node.type == "import_statement"]
    for node in plain:
        if _module(tree, node) > module or not _is_standard(tree, node):
            return node
    rest = [node for node in block if not plain or node.start_byte > plain[-1].start_byte]
    return rest[0] if rest else None


def _above_comments(node: Node) -> Node:
    """The first of the comments that stand right above the node; itself if they begin the file."""
    top = node
    previous = node.prev_sibling
    while previous is not None and previous.type == "comment":
        if previous.end_point.row != top.start_point.row - 1 or previous.start_point.column:
            break
        top, previous = previous, previous.prev_sibling
    return node if top.start_point.row == 0 else top


def _at(tree: SyntaxTree, node: Node, text: str) -> Edit | None:
    start = tree.span(node).start
    line = tree.source.line_span(tree.source.line_of(start))
    # Behind `"""docstring"""; ` or an indent there is no place for a line of its own.
    if tree.source.text[line.start : start].strip("\ufeff\f"):
        return None
    return Edit(tree.source.path, Span(start, start), text)
