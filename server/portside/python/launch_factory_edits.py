"""The edits that make a factory of a main block. All that is not part of the launch stays, to the byte."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span
from portside.python.import_insertion import insertion
from portside.python.launch_app import AppTarget
from portside.python.launch_arguments import Arguments
from portside.python.launch_factory_app import Returned
from portside.python.launch_factory_tries import dropped, dropped_spans
from portside.python.launch_obstacles import Obstacles
from portside.python.launch_removal import left_over
from portside.python.launch_site import Level, Site, statements
from portside.python.launches import Launch
from portside.python.names import Names
from portside.python.script_place import ImportTarget, ScriptPlace
from portside.python.syntax import query


@dataclass(frozen=True)
class FactoryWriter:
    """All that is known of a launch whose main block becomes a factory.

    name: of the factory. declared: the names that it has to declare global.
    """

    names: Names
    site: Site
    place: ScriptPlace
    launch: Launch
    returned: Returned
    parsed: Arguments
    name: str
    declared: tuple[str, ...]

    @property
    def _source(self) -> SourceFile:
        return self.names.tree.source

    def edits(self, obstacles: Obstacles) -> tuple[Edit, ...] | None:
        """The edits, none overlapping; None, with the reason among the obstacles, where one has no place."""
        serving = [node for node in self.site.serving if self.site.removes(node.start_byte)]
        self._check_serving(serving, obstacles)
        statement = self.site.levels[0].statement
        header = self._header(obstacles)
        going = [*(_whole(node) for node in serving), *self.parsed.options, *self._local_imports(statement)]
        for node in going:
            if not self._owns_its_lines(node):
                obstacles.add(node, f"{obstacles.quote(node)} shares its line with other code")
        tries = tuple(dropped_spans(self.names, self.site))
        lines = {self._lines(node) for node in going} | set(self._left_over())
        cuts = sorted(span for span in lines if not any(_covers(one, span) for one in tries))
        if header is None or obstacles.found:
            return None
        changes = [*(self._ahead(edit, cuts) for edit in header), *self._returns(), *self._parsing()]
        imports = self._imports(cuts, obstacles)
        if imports is None:
            return None
        path = self._source.path
        # Insertions come before what goes from the same place on.
        return (*imports, *changes, *(Edit(path, span, "") for span in (*tries, *cuts)))

    # The block

    def _header(self, obstacles: Obstacles) -> list[Edit] | None:
        """`def create_app():`, or another name, for the guard's `if`, and the `global` statement."""
        guard = self.site.guard
        block = guard.child_by_field_name("consequence") if guard is not None else None
        colon = next((child for child in guard.children if child.type == ":"), None) if guard else None
        first = next(statements(block), None) if block is not None else None
        if guard is None or colon is None or first is None:
            return None
        path, tree = self._source.path, self.names.tree
        found = [Edit(path, tree.span_of_bytes(guard.start_byte, colon.end_byte), f"def {self.name}():")]
        if self.declared:
            start = tree.span(first).start
            indent = self._source.text[self._line(start).start : start]
            if indent.strip():
                obstacles.add(first, "the main block stands in one line, where no `global` statement fits")
                return None
            text = f"global {', '.join(self.declared)}{self._source.newline}{indent}"
            found.append(Edit(path, Span(start, start), text))
        return found

    def _returns(self) -> Iterator[Edit]:
        """`return` before the app, and before the calls of the functions on the way to it."""
        innermost, *outer = self.site.levels
        yield from self._return_of_app(innermost)
        calls = iter(self.site.calls)
        seen = innermost.statement
        for level in outer:
            if not _is_around(level.statement, seen):
                call = next(calls)
                yield from self._around(level.statement, call, "return ", "")
            seen = level.statement

    def _return_of_app(self, level: Level) -> Iterator[Edit]:
        app, returned = self.launch.app, self.returned
        tree, statement = self.names.tree, level.statement
        is_inside = app is not None and _is_around(statement, app)
        if (
            app is not None
            and is_inside
            and returned.module is None
            and tree.text(app) in returned.expression
        ):
            before, _, after = returned.expression.partition(tree.text(app))
            yield from self._around(statement, app, f"return {before}", after)
            return
        text = f"return {returned.expression}"
        if returned.module is not None:
            around = [attempt for attempt in dropped(self.site) if _is_around(attempt, statement)]
            start = min(tree.span(node).start for node in (statement, *around))
            indent = self._source.text[self._line(start).start : start]
            text = f"from {returned.module} import {returned.name}{self._source.newline}{indent}{text}"
        yield Edit(self._source.path, tree.span(statement), text)

    def _around(self, statement: Node, kept: Node, before: str, after: str) -> Iterator[Edit]:
        """Replaces the statement by the expression in it, between these texts."""
        path, tree = self._source.path, self.names.tree
        yield Edit(path, tree.span_of_bytes(statement.start_byte, kept.start_byte), before)
        if kept.end_byte < statement.end_byte or after:
            yield Edit(path, tree.span_of_bytes(kept.end_byte, statement.end_byte), after)

    def _parsing(self) -> Iterator[Edit]:
        """Of the calls that parse, those that stay."""
        call = self.launch.options_call
        app = self.launch.app
        stays = [
            parse
            for parse in self.parsed.calls
            if not _is_around(call, parse) or (app is not None and _is_around(app, parse))
        ]
        yield from dataclasses.replace(self.parsed, calls=tuple(stays)).edits(self.names)

    # What goes

    def _check_serving(self, serving: list[Node], obstacles: Obstacles) -> None:
        """The config and the server must be for the run call alone."""
        gone = [self.site.call, self.launch.options_call, *serving]
        for assignment in serving:
            left = assignment.child_by_field_name("left")
            if left is None or left.type != "identifier":
                obstacles.add(assignment, f"{obstacles.quote(assignment)} does more than to make the server")
                continue
            home = self.names.home(self.names.tree.text(left), self.names.scope_at(left))
            for read in self.names.reads(self.names.tree.text(left), home):
                if not any(_is_around(node, read) for node in gone):
                    obstacles.add(read, f"{obstacles.quote(left)} is used here too, and a factory has none")
                    break

    def _local_imports(self, statement: Node) -> Iterator[Node]:
        """Imports within the functions and the main block that only the run call needed."""
        gone = [statement, *self.site.serving]
        app = self.launch.app
        for part in self.site.removed:
            for node in query("(import_statement) @i (import_from_statement) @i", part).get("i", []):
                bound = self.names.bound_names(node)
                home = self.names.scope_at(node)
                reads = [read for name in bound for read in self.names.reads(name, home)]
                is_needed = not reads or any(
                    not any(_is_around(part, read) for part in gone)
                    or (app is not None and _is_around(app, read))
                    for read in reads
                )
                if not is_needed and node.parent is not None and node.parent.named_child_count > 1:
                    yield node

    def _left_over(self) -> Iterator[Span]:
        """What the module has for the run call alone: `import uvicorn`, a constant for the port."""
        kept = [self.returned.expression, *(self.names.tree.text(call) for call in self.site.calls)]
        needed = ("os", "shlex") if self.parsed.calls else ()
        words = frozenset((*re.findall(r"\w+", " ".join(kept)), *needed))
        place = dataclasses.replace(self.place, entry_points=self.place.entry_points | words)
        steps = [level.statement for level in self.site.levels if level.block.type != "module"]
        calls = [node for node in steps if node.type in {"expression_statement", "raise_statement"}]
        tries = dropped(self.site)
        handlers = [clause for attempt in tries for clause in attempt.named_children[1:]]
        going = [*calls, *self.site.serving, *self.parsed.options, *handlers]
        target = AppTarget(ImportTarget(self.place.stem), self.name, factory=True, own=True)
        yield from left_over(self.names, place, target, going)

    # Imports

    def _imports(self, cuts: list[Span], obstacles: Obstacles) -> list[Edit] | None:
        """`import os` and `import shlex`, where the calls that parse need them."""
        found: list[Edit] = []
        for module in ("os", "shlex") if any(True for _ in self._parsing()) else ():
            if self._has(module):
                continue
            guard = self.site.guard or self.site.call
            edit = None if self._is_taken(module) else insertion(self.names, module, guard)
            if edit is None:
                obstacles.add(guard, f"there is no place for `import {module}`")
                return None
            found.append(self._beside(edit, cuts))
        if len(found) == 2 and found[0].span == found[1].span and found[0].new_text.endswith("\n\n"):
            # One block of imports, not two.
            newline = self._source.newline
            found[0] = dataclasses.replace(found[0], new_text=found[0].new_text.removesuffix(newline))
        return found

    def _has(self, module: str) -> bool:
        return any(
            b.target == module
            and b.arm is None
            and not b.deferred
            and not self.site.removes(b.node.start_byte)
            for b in self.names.module_bindings(module)
        ) and not self._is_taken(module)

    def _is_taken(self, module: str) -> bool:
        """Whether the name means something else, or not yet, where a call parses."""
        scopes = [self.names.scope_at(call) for call in self.parsed.calls]
        is_local = any(self.names.home(module, scope) not in {None, self.names.module} for scope in scopes)
        return is_local or any(b.target != module for b in self.names.module_bindings(module))

    def _beside(self, edit: Edit, cuts: list[Span]) -> Edit:
        """The edit at the start of what is cut, if it would be within: an import beside one that goes."""
        for span in cuts:
            if span.start < edit.span.start < span.end:
                newline = self._source.newline
                return Edit(edit.path, Span(span.start, span.start), edit.new_text.strip() + newline)
        return edit

    def _ahead(self, edit: Edit, cuts: list[Span]) -> Edit:
        """The edit on a line of its own ahead of what is cut, if it would be within: a `global` statement."""
        for span in cuts:
            if span.start < edit.span.start < span.end:
                indent = self._source.text[span.start : edit.span.start]
                text = indent + edit.new_text.rstrip() + self._source.newline
                return Edit(edit.path, Span(span.start, span.start), text)
        return edit

    # Lines

    def _line(self, offset: int) -> Span:
        return self._source.line_span(self._source.line_of(offset))

    def _owns_its_lines(self, node: Node) -> bool:
        span = self.names.tree.span(node)
        before = self._source.text[self._line(span.start).start : span.start]
        after = self._source.text[span.end : self._line(max(span.start, span.end - 1)).end].strip()
        return not before.strip() and (not after or after.startswith("#"))

    def _lines(self, node: Node) -> Span:
        """The lines of a statement; with the blank ones after it where it begins its block."""
        span = self.names.tree.span(node)
        start, line = self._line(span.start).start, self._source.line_of(max(span.start, span.end - 1))
        following = line + 1
        is_first = self.names.is_first(node)
        while is_first and following < len(self._source.line_starts) and not self._is_text(following):
            following += 1
        starts = self._source.line_starts
        return Span(start, starts[following] if following < len(starts) else len(self._source.text))

    def _is_text(self, line: int) -> bool:
        return bool(self._source.slice(self._source.line_span(line)).strip())


def _covers(around: Span, span: Span) -> bool:
    return around.start <= span.start and span.end <= around.end


def _is_around(around: Node, node: Node) -> bool:
    return around.start_byte <= node.start_byte and node.end_byte <= around.end_byte


def _whole(assignment: Node) -> Node:
    parent = assignment.parent
    return parent if parent is not None and parent.type == "expression_statement" else assignment
