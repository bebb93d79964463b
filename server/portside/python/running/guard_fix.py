"""Putting statements of a module under `if __name__ == "__main__":`, from one on to the end of the script.

What stands there stays a global of the module, so functions that read it go on
working. Everything that runs after the first statement moves too: code behind a
server's `run()` runs when the server has stopped, and must not run before it.
Definitions in between go before the guard where that makes no difference to them.
Lines inside of strings are left alone: their white space is part of the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import Span
from portside.python.facts import ModuleFacts
from portside.python.names.definitions import last_that_does_more, stays
from portside.python.running.guards import Guard
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import own_parts
from portside.records import dataclass

TITLE = "Wrap in main guard"

_HEADER = 'if __name__ == "__main__":'
# Comments that speak to a tool about the whole file, or part it into notebook cells.
_STANDS_ALONE = re.compile(r"#!|#.*coding[:=]|# ?%%|# In\[|#.*portside: *ignore-file")

_FORM_FEED = re.compile(r"[ \t]*\f\s*\S")


def wrap_in_guard(facts: ModuleFacts, first: Node, importers: Sequence[str] = ()) -> Fix | None:
    """The fix that guards the statement around `first` and what follows; None where it would not be right.

    importers: the files that import this one, and would no longer find the names.
    """
    moved = _moved(facts, first)
    if not moved or facts.tree.has_error or not _have_lines_of_their_own(facts, moved):
        return None
    wrapping = _Wrapping.of(facts, moved)
    if wrapping.hides_an_indent:
        return None
    edits = tuple(_edits(wrapping)) if not wrapping.staying else (_reordered(wrapping),)
    notes = tuple(_notes(facts, moved, importers))
    return Fix(TITLE, edits, Applicability.UNSAFE if notes else Applicability.SAFE, notes)


def _notes(facts: ModuleFacts, moved: Sequence[Chunk], importers: Sequence[str]) -> Iterator[str]:
    """Who would miss names that only a script has from then on."""
    statements = [chunk for chunk in moved if not chunk.is_definition]
    bound = dict.fromkeys(name for chunk in statements for name, _ in facts.names.bindings_by(chunk))
    names = ", ".join(f"`{name}`" for name in bound)
    if not bound:
        return
    if importers:
        last = (re.split(r"[\\/]", path)[-1] for path in importers[:3])
        files = ", ".join(f"`{name}`" for name in last)
        verb = "imports" if len(importers) == 1 else "import"
        yield f"{files} {verb} this file, where {names} would not be set any more."
    elif not _does_something(facts, statements):
        yield f"Nothing in this file uses {names}: who imports it from here would not find it any more."


def _does_something(facts: ModuleFacts, statements: Sequence[Chunk]) -> bool:
    """Whether the script does more than to give names to things."""
    for chunk in statements:
        if chunk.node.type in _IMPORTS:
            continue
        inner = own_parts(chunk.node)[0] if chunk.node.type == "expression_statement" else chunk.node
        if inner.type != "assignment":
            return True
    bound = {name for chunk in statements for name, _ in facts.names.bindings_by(chunk)}
    reads = (read for name in bound for read in facts.names.reads(name))
    return any(chunk.start <= read.start_byte < chunk.end for read in reads for chunk in statements)


_IMPORTS = frozenset({"import_statement", "import_from_statement"})


def _moved(facts: ModuleFacts, first: Node) -> Sequence[Chunk]:
    """The statements from the one around `first` to the last that does more than define something."""
    chunks = facts.names.chunks
    start = next((i for i, chunk in enumerate(chunks) if chunk.start <= first.start_byte < chunk.end), None)
    if start is None or chunks[start].is_definition:
        return ()
    return chunks[start : start + last_that_does_more(facts, chunks[start:]) + 1]


@dataclass(frozen=True)
class _Wrapping:
    """What is wrapped. Lines are counted from 0.

    first, last: the lines of it all. inside_strings: the lines that begin within a string. guarded: the
    line of the main guard at the end whose block the rest can join. staying: the definitions in between
    that go before the guard.
    """

    facts: ModuleFacts
    moved: Sequence[Chunk]
    unit: str
    first: int
    last: int
    inside_strings: frozenset[int]
    guarded: int | None
    staying: tuple[Chunk, ...]

    @classmethod
    def of(cls, facts: ModuleFacts, moved: Sequence[Chunk]) -> _Wrapping:
        unit = indentation(facts)
        guard = _joinable(facts, moved[-1], unit) if len(moved) > 1 else None
        return cls(
            facts,
            moved,
            unit,
            _first_line(facts, moved[0]),
            _line(facts, moved[-1].end - 1),
            frozenset(_lines_inside_strings(facts, moved)),
            _line(facts, guard.node.start_byte) if guard is not None else None,
            _staying(facts, moved),
        )

    @property
    def hides_an_indent(self) -> bool:
        """Whether a line is not indented as it looks: Python counts anew behind a form feed."""
        source = self.facts.source
        lines = (source.slice(source.line_span(line)) for line in range(self.first, self.last + 1))
        return any(line.strip() == "\\" or _FORM_FEED.match(line) for line in lines)

    def indented(self, line: int) -> str:
        """The line as it stands under the guard."""
        text = self.facts.source.slice(self.facts.source.line_span(line))
        return text if line in self.inside_strings or not text.strip() else self.unit + text


def _staying(facts: ModuleFacts, moved: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """The definitions in between, if all of them can go before what is wrapped."""
    definitions = tuple(chunk for chunk in moved if chunk.is_definition)
    others = [chunk for chunk in moved if not chunk.is_definition]
    return definitions if all(stays(facts, chunk, others) for chunk in definitions) else ()


def _line(facts: ModuleFacts, byte: int) -> int:
    return facts.source.line_of(facts.source.offset_of_byte(byte))


def _have_lines_of_their_own(facts: ModuleFacts, moved: Sequence[Chunk]) -> bool:
    data = facts.source.data
    line_start = data.rfind(b"\n", 0, moved[0].start) + 1
    line_end = data.find(b"\n", moved[-1].end)
    rest = data[moved[-1].end : line_end if line_end >= 0 else len(data)].strip()
    return moved[0].start == line_start and (not rest or rest.startswith(b"#"))


def _edits(wrapping: _Wrapping) -> Iterator[Edit]:
    """The header above, one more step before each line: what else edits those lines need not wait."""
    source = wrapping.facts.source
    for line in range(wrapping.first, wrapping.last + 1):
        span = source.line_span(line)
        if line == wrapping.guarded:
            yield Edit(source.path, span, "")
            return
        header = _blank_lines(wrapping) + _HEADER + source.newline if line == wrapping.first else ""
        added = header + wrapping.indented(line).removesuffix(source.slice(span))
        if added:
            yield Edit(source.path, Span(span.start, span.start), added)


def _blank_lines(wrapping: _Wrapping) -> str:
    """What is missing above the guard, in a file that parts its code by two blank lines."""
    source, above = wrapping.facts.source, 0
    while above < wrapping.first and not source.slice(source.line_span(wrapping.first - 1 - above)).strip():
        above += 1
    styled = source.newline * 3 in source.text
    return source.newline * (2 - above) if styled and above < 2 and above < wrapping.first else ""


def _reordered(wrapping: _Wrapping) -> Edit:
    """All of it anew: first the definitions in between, which stay as they are, then the guard."""
    source = wrapping.facts.source
    before: list[str] = []
    under: list[str] = []
    start = wrapping.first
    for chunk in wrapping.moved:
        end = _line(wrapping.facts, chunk.end - 1)
        if chunk in wrapping.staying:
            before += (source.slice(source.line_span(line)) for line in range(start, end + 1))
        else:
            under += _without_blank_lines(wrapping, start, end, is_first=not under)
        start = end + 1
    while before and not before[0].strip():
        del before[0]
    header = [source.newline * 2, _HEADER + source.newline]
    span = Span(source.line_span(wrapping.first).start, source.line_span(wrapping.last).end)
    return Edit(source.path, span, "".join([*before, *header, *under]))


def _without_blank_lines(wrapping: _Wrapping, start: int, end: int, *, is_first: bool) -> Iterator[str]:
    """The lines of a statement under the guard, with one blank line before it at most."""
    source = wrapping.facts.source
    leading = start
    while leading < end and not source.slice(source.line_span(leading)).strip():
        leading += 1
    if leading > start and not is_first:
        yield source.newline
    for line in range(leading, end + 1):
        if line == wrapping.guarded:
            yield from (source.slice(source.line_span(rest)) for rest in range(line + 1, end + 1))
            return
        yield wrapping.indented(line)


def _first_line(facts: ModuleFacts, chunk: Chunk) -> int:
    """The line, from 0, of the statement or of the comment that stands right above it."""
    source = facts.source
    line = _line(facts, chunk.start)
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
        for string in chunk.nodes("string"):
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
    header = _line(facts, node.start_byte)
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
