"""Where a new `import` of a standard library module goes, so that a formatter would leave it there."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.python.names.names import Names
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import SyntaxTree, string_value

_IMPORTS = frozenset({"import_statement", "import_from_statement"})


def insertion(names: Names, module: str, before: Node) -> Edit | None:
    """The edit that imports the module ahead of `before`; None where the file gives no good place.

    After the docstring and `from __future__` imports, in the first block of imports, in order there.
    """
    tree, after_header = names.tree, _after_header(names)
    first = next(after_header, None)
    if first is None or _has_error_before(tree, first):
        return None
    newline = tree.source.newline
    block = [one for one in _block(first, after_header) if one.end_byte <= before.start_byte]
    if not block or not _any_standard(tree, block):
        return _at(tree, _above_comments(tree, first), f"import {module}{newline}{newline}")
    following = _following(tree, block, module)
    if following is not None:
        return _at(tree, tree.span(following).start, f"import {module}{newline}")
    end = tree.span(block[-1]).end
    return Edit(tree.source.path, Span(end, end), f"{newline}import {module}")


def _after_header(names: Names) -> Iterator[Node]:
    """The statements of the module behind the docstring and `from __future__` imports."""
    in_header = True
    for index, node in enumerate(_statements(names)):
        is_docstring = index == 0 and node.type == "expression_statement" and _is_string(names.tree, node)
        in_header = in_header and (is_docstring or node.type == "future_import_statement")
        if not in_header:
            yield node


def _statements(names: Names) -> Iterator[Node]:
    if names.tree.has_error:
        yield from own_parts(names.tree.root)
    else:
        yield from (chunk.node for chunk in names.chunks)


def _is_string(tree: SyntaxTree, statement: Node) -> bool:
    return len(own_parts(statement)) == 1 and string_value(tree, own_parts(statement)[0]) is not None


def _has_error_before(tree: SyntaxTree, first: Node) -> bool:
    return tree.has_error and any(
        (node.type == "ERROR" or node.has_error) and node.start_byte <= first.start_byte
        for node in tree.root.children
    )


def _block(first: Node, others: Iterator[Node]) -> list[Node]:
    """The imports from the first statement on, without a blank line or a comment between them."""
    block: list[Node] = []
    for node in itertools.chain((first,), others):
        follows = not block or node.start_point.row == block[-1].end_point.row + 1
        if node.type not in _IMPORTS or not follows or node.start_point.column:
            break
        block.append(node)
    return block


def _any_standard(tree: SyntaxTree, block: Sequence[Node]) -> bool:
    return any(_is_standard(tree, node) for node in block)


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


def _above_comments(tree: SyntaxTree, node: Node) -> int:
    """Where the comments right above the node begin; it itself if they begin the file."""
    source, start = tree.source, tree.span(node).start
    line = top = source.line_of(start)
    while top > 0 and source.slice(source.line_span(top - 1)).startswith("#"):
        top -= 1
    return source.line_starts[top] if 0 < top < line else start


def _at(tree: SyntaxTree, start: int, text: str) -> Edit | None:
    line = tree.source.line_span(tree.source.line_of(start))
    # Behind `"""docstring"""; ` or an indent there is no place for a line of its own.
    if tree.source.text[line.start : start].strip("\ufeff\f"):
        return None
    return Edit(tree.source.path, Span(start, start), text)
