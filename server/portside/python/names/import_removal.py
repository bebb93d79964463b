"""What to cut of a file where a fix takes the last use of an imported name."""

from __future__ import annotations

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.names.bindings import Binding
from portside.python.names.names import Names
from portside.python.source.nodes import holds


def removed_import(names: Names, binding: Binding) -> Span | None:
    """The name among others, or the lines of an import of it alone; None where something else stands."""
    statement, source = binding.statement, names.tree.source
    parts = statement.children_by_field_name("name")
    if len(parts) > 1:
        return _one_of(names, parts, binding.node)
    parent = statement.parent
    is_alone = parent is not None and (parent.type == "module" or len(parent.named_children) > 1)
    span = names.tree.span(statement)
    first, last = source.line_of(span.start), source.line_of(max(span.start, span.end - 1))
    lines = Span(source.line_span(first).start, source.line_span(last).end)
    rest = source.text[lines.start : span.start] + source.text[span.end : lines.end]
    return _with_blank(names, lines) if is_alone and not rest.strip() else None


def _one_of(names: Names, parts: list[Node], bound: Node) -> Span | None:
    """The name with the comma before it, or behind it where it is the first; comments stay."""
    at = next((number for number, part in enumerate(parts) if holds(part, bound)), None)
    if at is None:
        return None
    cut = (
        names.tree.span_of_bytes(parts[at - 1].end_byte, parts[at].end_byte)
        if at
        else names.tree.span_of_bytes(parts[0].start_byte, parts[1].start_byte)
    )
    return None if "#" in names.tree.source.slice(cut) else cut


def _with_blank(names: Names, lines: Span) -> Span:
    """With the blank line above, where there is one below too, or the one below at the top of the file."""
    source = names.tree.source
    above, below = source.line_of(lines.start) - 1, source.line_of(lines.end)
    following = source.line_span(below)
    if source.slice(following).strip():
        return lines
    if above < 0:
        return Span(lines.start, following.end)
    blank = source.line_span(above)
    return lines if source.slice(blank).strip() else Span(blank.start, lines.end)
