"""The edits that take a launch out of its file, with the names and imports that nobody needs any more."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import field

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span
from portside.python.launching.launch_app import AppTarget, bound_in
from portside.python.launching.launch_effects import is_pure
from portside.python.launching.launch_site import Site
from portside.python.launching.script_place import ScriptPlace
from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.source.lines import Lines
from portside.python.source.nodes import holds
from portside.python.source.syntax import string_value
from portside.records import dataclass


def removal(names: Names, site: Site, place: ScriptPlace, target: AppTarget) -> tuple[Edit, ...]:
    """The edits, none overlapping. All that is not part of the launch stays as it is, to the byte."""
    leftovers = _Leftovers(names, place, target, list(site.removed))
    leftovers.spread()
    source = names.tree.source
    lines = _WholeLines(source)
    spans = [*lines.cut(leftovers.statements), *leftovers.cut_names()]
    return tuple(Edit(source.path, span, "") for span in sorted(spans))


def left_over(names: Names, place: ScriptPlace, target: AppTarget, going: list[Node]) -> tuple[Span, ...]:
    """What nobody needs once the code of `going` is no more, to be cut; that code itself is not in it."""
    leftovers = _Leftovers(names, place, target, list(going))
    leftovers.spread()
    lines = _WholeLines(names.tree.source)
    return (*lines.cut(leftovers.statements[len(going) :]), *leftovers.cut_names())


@dataclass
class _Leftovers:
    """What a removal leaves without a reader: imports, constants, functions, until nothing more falls.

    statements: whole statements of the module that go. imported: of an import of several names, by
    its first byte, those that go.
    """

    names: Names
    place: ScriptPlace
    target: AppTarget
    statements: list[Node]
    imported: dict[int, tuple[Node, list[Binding]]] = field(default_factory=dict)

    def spread(self) -> None:
        waiting = list(self.statements)
        while waiting:
            for name in _words(self.names, waiting.pop()):
                if self._is_left_over(name):
                    waiting += self._drop(name)

    def _is_left_over(self, name: str) -> bool:
        """Whether all who read it go, somebody did read it, and nobody outside the file may."""
        if name == "__all__" or name in self._exported():
            return False
        bindings = [b for b in self.names.module_bindings(name) if not self._goes(b.node)]
        if not bindings:
            return False
        first = next(self.names.each_read(name), None)
        if first is None or not all(map(self._goes, self.names.each_read(name))):
            return False
        return not self._is_annotation(name)

    def _is_annotation(self, name: str) -> bool:
        """Whether an annotation in quotes names it, which FastAPI and pydantic look up when they need it."""
        return any(
            name in self.names.tree.text(node)
            for chunk in self.names.chunks_with([name])
            for node in chunk.nodes("string")
            if node.parent is not None and node.parent.type == "type"
        )

    def _goes(self, node: Node) -> bool:
        return any(holds(s, node) for s in self.statements)

    def _exported(self) -> frozenset[str]:
        found = set(self.place.imported_names or ()) | self.place.entry_points
        if self.target.own:
            found.add(self.target.name.partition(".")[0])
        for chunk in self.names.chunks_with(["__all__"]):
            strings = chunk.nodes("string")
            found.update(value for node in strings if (value := string_value(self.names.tree, node)))
        return frozenset(found)

    def _drop(self, name: str) -> list[Node]:
        """Takes the name out, if each place that binds it can go; the statements that went."""
        bindings = [b for b in self.names.module_bindings(name) if not self._goes(b.node)]
        if not all(self._can_go(binding, only=len(bindings) == 1) for binding in bindings):
            return []
        gone: list[Node] = []
        for binding in bindings:
            gone += self._drop_import(binding) if binding.how is How.IMPORT else [_top(binding.statement)]
        self.statements += gone
        return gone

    def _can_go(self, binding: Binding, *, only: bool) -> bool:
        statement = _top(binding.statement)
        if statement.parent is None or statement.parent.type != "module" or self.place.stem == "__init__":
            return False
        if not Lines(self.names.tree).are_owned(statement):
            return False
        if binding.how is How.IMPORT:
            return self._is_foreign(binding)
        if not only or self.place.imported_names is None or self._looks_names_up():
            return False
        if binding.how is How.FUNCTION:
            return statement.type == "function_definition"
        left, right = (binding.statement.child_by_field_name(side) for side in ("left", "right"))
        is_plain = binding.how is How.ASSIGNMENT and left is not None and left.type == "identifier"
        return is_plain and right is not None and right.type != "assignment" and is_pure(self.names, right)

    def _looks_names_up(self) -> bool:
        """Whether the file reads names that stand in strings."""
        return bool(self.names.chunks_with(["globals", "eval", "exec", "vars", "__dict__"]))

    def _is_foreign(self, binding: Binding) -> bool:
        """Not a module of the workspace: importing that may be what registers routes of the app."""
        if not self.target.own:
            return True
        target = binding.target or "."
        first = target.partition(".")[0]
        if first in sys.stdlib_module_names or first == "uvicorn":
            return True
        return bool(first) and first not in self.place.path.split("/") and self.place.home_of(first) is None

    def _drop_import(self, binding: Binding) -> list[Node]:
        statement = binding.statement
        _, dropped = self.imported.setdefault(statement.start_byte, (statement, []))
        dropped.append(binding)
        bound = {b.node.start_byte for b in bound_in(self.names, statement)}
        if bound <= {b.node.start_byte for b in dropped}:
            del self.imported[statement.start_byte]
            return [statement]
        return []

    def cut_names(self) -> Iterable[Span]:
        """What to cut from imports that go on importing something."""
        for statement, dropped in self.imported.values():
            parts = _import_parts(statement)
            gone = {part.start_byte for part in parts if any(holds(part, b.node) for b in dropped)}
            yield from _without(self.names, parts, gone)


def _words(names: Names, statement: Node) -> list[str]:
    chunk = names.chunk_at(statement.start_byte)
    return sorted(word.decode("utf-8", "replace") for word in chunk.words) if chunk is not None else []


def _top(statement: Node) -> Node:
    """The statement of the module around an assignment."""
    node = statement
    while node.parent is not None and node.parent.type in {"expression_statement", "assignment"}:
        node = node.parent
    return node


def _import_parts(statement: Node) -> list[Node]:
    return list(statement.children_by_field_name("name"))


def _without(names: Names, parts: list[Node], gone: set[int]) -> Iterable[Span]:
    """The stretches to cut so that the commas between the parts that stay are right."""
    stays = [part.start_byte not in gone for part in parts]
    for index, part in enumerate(parts):
        if stays[index]:
            continue
        if any(stays[:index]):
            # From the end of the last one before it.
            yield names.tree.span_of_bytes(parts[index - 1].end_byte, part.end_byte)
        else:
            # Nothing stays before it: up to the next one.
            yield names.tree.span_of_bytes(part.start_byte, parts[index + 1].start_byte)


@dataclass(frozen=True)
class _WholeLines:
    """Whole lines of a file, cut without leaving a heap of blank ones."""

    source: SourceFile

    def cut(self, statements: list[Node]) -> Iterable[Span]:
        ranges = sorted(self._range(node) for node in statements)
        for first, last in self._joined(ranges):
            yield self._with_blanks(first, last)

    def _text(self, line: int) -> str:
        return self.source.slice(self.source.line_span(line))

    @property
    def _count(self) -> int:
        """The number of lines; the empty one after the last line end is none."""
        starts = self.source.line_starts
        return len(starts) - (starts[-1] == len(self.source.text))

    def _blank(self, line: int) -> bool:
        return not self._text(line).strip()

    def _range(self, node: Node) -> tuple[int, int]:
        """The first and last line of a statement, with the comments that belong to it."""
        first = self.source.line_of(self.source.offset_of_byte(node.start_byte))
        last = self.source.line_of(self.source.offset_of_byte(max(node.start_byte, node.end_byte - 1)))
        compound = node.type in {"if_statement", "function_definition"}
        while compound and first > 0 and self._text(first - 1).startswith("#") and not self._heads(first - 1):
            first -= 1
        following = last + 1
        while compound and following < self._count:
            text = self._text(following)
            if text.strip() and not (text[:1] in " \t" and text.lstrip().startswith("#")):
                break
            if text.strip():
                last = following
            following += 1
        return first, last

    def _heads(self, line: int) -> bool:
        """A shebang, a coding line: they belong to the file."""
        return line < 2 and (self._text(line).startswith("#!") or "coding" in self._text(line))

    def _joined(self, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
        joined: list[tuple[int, int]] = []
        for first, last in ranges:
            if joined and all(map(self._blank, range(joined[-1][1] + 1, first))):
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((first, last))
        return joined

    def _with_blanks(self, first: int, last: int) -> Span:
        before, after = first, last + 1
        while before > 0 and self._blank(before - 1):
            before -= 1
        while after < self._count and self._blank(after):
            after += 1
        if after == self._count:
            return Span(self._start(before), len(self.source.text))
        if before == 0 or after - last - 1 <= first - before:
            return Span(self._start(first if before else 0), self._start(after))
        return Span(self._start(before), self._start(last + 1))

    def _start(self, line: int) -> int:
        starts = self.source.line_starts
        return starts[line] if line < len(starts) else len(self.source.text)
