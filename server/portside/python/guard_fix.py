"""Putting statements of a module under `if __name__ == "__main__":`, from one on to the end of the script.

What stands there stays a global of the module, so functions that read it go on
working. Everything that runs after the first statement moves too: code behind a
server's `run()` runs when the server has stopped, and must not run before it.
Lines inside of strings are left alone: their white space is part of the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import Span
from portside.python.chunks import Chunk
from portside.python.facts import ModuleFacts
from portside.python.guards import Guard
from portside.python.syntax import query

TITLE = "Wrap in main guard"

_HEADER = 'if __name__ == "__main__":'
# Comments that speak to a tool about the whole file, or part it into notebook cells.
_STANDS_ALONE = re.compile(r"#!|#.*coding[:=]|# ?%%|# In\[|#.*portside: *ignore-file")


def wrap_in_guard(facts: ModuleFacts, first: Node) -> Fix | None:
    """The fix that guards the statement around `first` and what follows; None where it would not be right."""
    moved = _moved(facts, first)
    if not moved or facts.tree.root.has_error or not _have_lines_of_their_own(facts, moved):
        return None
    edits = tuple(_edits(facts, moved))
    return Fix(TITLE, edits, Applicability.SAFE)


def _moved(facts: ModuleFacts, first: Node) -> Sequence[Chunk]:
    """The statements from the one around `first` to the last that does more than define something."""
    chunks = facts.names.chunks
    start = next((i for i, chunk in enumerate(chunks) if chunk.start <= first.start_byte < chunk.end), None)
    if start is None or chunks[start].is_definition:
        return ()
    end = max(i for i in range(start, len(chunks)) if i == start or not _only_defines(chunks[i]))
    return chunks[start : end + 1]


def _only_defines(chunk: Chunk) -> bool:
    return chunk.node.type in {"function_definition", "class_definition"}


def _have_lines_of_their_own(facts: ModuleFacts, moved: Sequence[Chunk]) -> bool:
    data = facts.source.data
    line_start = data.rfind(b"\n", 0, moved[0].start) + 1
    line_end = data.find(b"\n", moved[-1].end)
    rest = data[moved[-1].end : line_end if line_end >= 0 else len(data)].strip()
    return moved[0].start == line_start and (not rest or rest.startswith(b"#"))


def _edits(facts: ModuleFacts, moved: Sequence[Chunk]) -> Iterator[Edit]:
    source, unit = facts.source, indentation(facts)
    kept = _lines_inside_strings(facts, moved)
    first = _first_line(facts, moved[0])
    last = source.line_of(source.offset_of_byte(moved[-1].end - 1))
    guard = _joinable(facts, moved[-1], unit) if len(moved) > 1 else None
    guarded = source.line_of(source.offset_of_byte(guard.node.start_byte)) if guard is not None else last + 1
    for line in range(first, min(last + 1, guarded)):
        span = source.line_span(line)
        header = _HEADER + source.newline if line == first else ""
        is_blank = not source.slice(span).strip()
        indent = "" if line in kept or is_blank else unit
        if header or indent:
            yield Edit(source.path, Span(span.start, span.start), header + indent)
    if guard is not None:
        yield Edit(source.path, source.line_span(guarded), "")


def _first_line(facts: ModuleFacts, chunk: Chunk) -> int:
    """The line, from 0, of the statement or of the comment that stands right above it."""
    source = facts.source
    line = source.line_of(source.offset_of_byte(chunk.start))
    while line > 0:
        above = source.slice(source.line_span(line - 1))
        if not above.startswith("#") or _STANDS_ALONE.match(above):
            break
        line -= 1
    return line


def _lines_inside_strings(facts: ModuleFacts, moved: Sequence[Chunk]) -> set[int]:
    """The lines, from 0, that begin inside of a string."""
    source, found = facts.source, set[int]()
    for chunk in moved:
        for string in query("(string) @s", chunk.node).get("s", []):
            span = facts.tree.span(string)
            found.update(
                range(source.line_of(span.start) + 1, source.line_of(max(span.end - 1, span.start)) + 1)
            )
    return found


def _joinable(facts: ModuleFacts, chunk: Chunk, unit: str) -> Guard | None:
    """The main guard that the statement is, if the moved code can simply go on in its block."""
    node = chunk.node
    body = node.child_by_field_name("consequence")
    guard = next((g for g in facts.guards.main if g.node == node), None)
    if guard is None or body is None or node.children_by_field_name("alternative"):
        return None
    condition = node.child_by_field_name("condition")
    is_plain = condition is not None and condition.type == "comparison_operator"
    source = facts.source
    header = source.line_of(source.offset_of_byte(node.start_byte))
    starts_below = body.start_point.row == node.start_point.row + 1
    text = source.slice(source.line_span(header)).strip()
    aligned = body.start_point.column == len(unit)
    return guard if is_plain and starts_below and aligned and text.endswith(":") else None


def indentation(facts: ModuleFacts) -> str:
    """One step of indentation as the file has it: that of its first block, else four spaces."""
    for chunk in facts.names.chunks:
        definition = chunk.node.child_by_field_name("definition") or chunk.node
        block = definition.child_by_field_name("body") or definition.child_by_field_name("consequence")
        if block is None or block.type != "block" or block.start_point.row == definition.start_point.row:
            continue
        start = facts.source.offset_of_byte(block.start_byte)
        before = facts.source.text[:start].rpartition("\n")[2]
        if before and not before.strip(" \t"):
            return before
    return "    "
