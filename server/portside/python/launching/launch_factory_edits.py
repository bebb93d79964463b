"""The edits that make a factory of a main block. All that is not part of the launch stays, to the byte."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator
from dataclasses import field

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span, lines_of
from portside.python.launching.launch_app import AppTarget, bound_in, is_bound_alike
from portside.python.launching.launch_arguments import Arguments
from portside.python.launching.launch_branches import Branch, merged
from portside.python.launching.launch_command import Ahead
from portside.python.launching.launch_effects import is_pure
from portside.python.launching.launch_factory_after import NAME as AFTER
from portside.python.launching.launch_factory_after import After
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_factory_around_edits import OUTER, AroundWriter, last_in_lifespan
from portside.python.launching.launch_factory_early import early_edits, leaving_early
from portside.python.launching.launch_factory_imports import NewImports
from portside.python.launching.launch_factory_kept import Kept, KeptWriter
from portside.python.launching.launch_factory_names import annotated
from portside.python.launching.launch_factory_signals import Signals
from portside.python.launching.launch_factory_stops import find_stops, stopping
from portside.python.launching.launch_factory_tries import Endings, dropped, dropped_spans, open_handlers
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_removal import left_over
from portside.python.launching.launch_site import Level, Site
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ImportTarget, ScriptPlace
from portside.python.names.names import Names
from portside.python.source.lines import Lines
from portside.python.source.nodes import EXTRAS, holds, nodes_of, own_parts, statements
from portside.python.source.syntax import ancestors
from portside.records import cached_property, dataclass


@dataclass(frozen=True)
class FactoryWriter:
    """All that is known of a launch whose main block becomes a factory.

    name: of the factory. declared: the names that it has to declare global. branches: run calls of
    other branches. after: what comes after the run call. loops: calls that run a coroutine to its end.
    made: calls that make the loop of the server.
    signals: what becomes of handlers of signals. endings: what `try` statements do when all is over.
    around: what runs around the server, in its loop. checks: what ends where the port is taken, as uvicorn.
    """

    names: Names
    site: Site
    place: ScriptPlace
    launch: Launch
    returned: Returned
    parsed: Arguments
    name: str
    declared: tuple[str, ...]
    branches: tuple[Branch, ...] = ()
    after: After = field(default_factory=After)
    kept: Kept = field(default_factory=Kept)
    loops: tuple[Node, ...] = ()
    made: tuple[Node, ...] = ()
    ahead: Ahead = field(default_factory=Ahead)
    signals: Signals = field(default_factory=Signals)
    endings: Endings = field(default_factory=Endings)
    around: Around | None = None
    checks: tuple[Node, ...] = ()

    @property
    def _source(self) -> SourceFile:
        return self.names.tree.source

    @property
    def _lines(self) -> Lines:
        return Lines(self.names.tree)

    @property
    def _sites(self) -> list[Site]:
        return [self.site, *(branch.site for branch in self.branches)]

    def edits(self, obstacles: Obstacles) -> tuple[Edit, ...] | None:
        """The edits, none overlapping; None, with the reason among the obstacles, where one has no place."""
        sites = self._sites
        serving = [node for site in sites for node in site.serving if self._goes(node)]
        for site in sites if not self.kept.functions else ():
            self._check_serving(site, [node for node in site.serving if self._goes(node)], obstacles)
        going = [
            *(_whole(node) for node in serving),
            *self.parsed.options,
            *self.after.gone,
            *self.signals.gone,
            *self.returned.lost,
        ]
        going += self._for_the_call
        going += self.after.kept if self.after.behind is not None else ()
        typed = list(annotated(self.names, self.site, self.declared))
        going += [_whole(node) for node in typed if node.child_by_field_name("right") is None]
        going += self._local_imports([site.levels[0].statement for site in sites])
        imports = NewImports(self.names, self.site, self.parsed.early, tuple(self._users()))
        going += [node for node in imports.late(self._needed()) if node not in going]
        header = self._header(going, obstacles)
        for node in going:
            if not self._lines.are_owned(node):
                obstacles.add(node, f"{obstacles.quote(node)} shares its line with other code")
        after = self._after(obstacles)
        tries = tuple(dropped_spans(self.names, self.site)) if not self.kept.functions else ()
        tries += tuple(self._clause(clause) for clause in self.endings.gone)
        lines = {*self._lines.tidied(map(self._taken, going)), *self._left_over()}
        cuts = sorted(span for span in lines if not any(_covers(one, span) for one in tries))
        if header is None or obstacles.found:
            return None
        changes = [*(self._ahead(edit, cuts) for edit in header), *self._returns(), *self._parsing()]
        changes = [*self._at_end(), *changes, *self._around_server(cuts)]
        changes += [*after, *self._in_threads(), *self._endings(), *self._leaving(), *self._untyped()]
        changes += self._unannotated(typed, cuts)
        changes += self._nameless(cuts)
        changes += [*self._words_early(obstacles), *self._in_uvicorns_loop()]
        changes += stopping(self.names, self._stops, obstacles)
        changes += early_edits(self.names, self._early(going))
        imported = imports.edits(self._needed(), cuts, obstacles)
        if imported is None:
            return None
        path = self._source.path
        # Insertions come before what goes from the same place on.
        return (*imported, *changes, *(Edit(path, span, "") for span in (*tries, *cuts)))

    def _taken(self, node: Node) -> Span:
        """The lines that go with it. What stands apart takes the space on one side of it along."""
        is_apart = self.names.is_first(node) or node.type == "function_definition"
        return self._lines.taken(node, with_blank=is_apart)

    def _goes(self, node: Node) -> bool:
        return self.site.removes(node.start_byte) and not self._is_kept(node)

    def _is_kept(self, node: Node) -> bool:
        return any(holds(function, node) for function in self.kept.functions)

    def _words_early(self, obstacles: Obstacles) -> Iterator[Edit]:
        """The script's words in `sys.argv`, ahead of the first statement that reads them."""
        first = self.parsed.early
        if first is None:
            return
        start, newline = self.names.tree.span(first).start, self._source.newline
        if self._lines.margin(first):
            obstacles.add(first, "there is no place ahead of it for the script's own arguments")
        words = f"sys.argv[1:] = {self.parsed.words(self.names)}"
        is_apart = start == 0 or not self._lines.has_text(self._source.line_of(start) - 1)
        before = "" if is_apart else newline
        yield Edit(self._source.path, Span(start, start), f"{before}{words}{newline}{newline}")

    # The block

    def _header(self, going: list[Node], obstacles: Obstacles) -> list[Edit] | None:
        """`def create_app():`, or another name, for the guard's `if`, and the `global` statement."""
        guard = self.site.guard
        block = guard.child_by_field_name("consequence") if guard is not None else None
        colon = next((child for child in guard.children if child.type == ":"), None) if guard else None
        first = next(statements(block), None) if block is not None else None
        if guard is None or colon is None or first is None:
            return None
        path, tree = self._source.path, self.names.tree
        found = [Edit(path, tree.span_of_bytes(guard.start_byte, colon.end_byte), f"def {self.name}():")]
        declared = self._declared(guard, going)
        lines = [f"global {', '.join(declared)}"] if declared else []
        if self.parsed.argv:
            # Whoever reads them now reads the script's words, not uvicorn's.
            lines.append(f"sys.argv[1:] = {self.parsed.words(self.names)}")
        if lines:
            indent = self._lines.margin(first)
            if indent.strip():
                obstacles.add(first, "the main block stands in one line, where no `global` statement fits")
                return None
            before = first if _is_docstring(first) and first.next_named_sibling is not None else colon
            line = self._source.line_of(max(tree.span(before).start, tree.span(before).end - 1)) + 1
            at = self._source.line_starts[line]
            text = "".join(f"{indent}{line}{self._source.newline}" for line in lines)
            found.append(Edit(path, Span(at, at), text))
        return found

    def _declared(self, guard: Node, going: list[Node]) -> list[str]:
        """The names to declare that the block binds still, and has not declared itself."""
        own = {
            self.names.tree.text(name)
            for statement in nodes_of(guard, "global_statement")
            if self.names.scope_at(statement) is self.names.module
            for name in statement.named_children
        }
        return [name for name in self.declared if name not in own and not self._loses(name, guard, going)]

    def _loses(self, name: str, guard: Node, going: list[Node]) -> bool:
        """Whether all that binds the name in the block goes, but for the type of one that stays."""
        found = [b for b in self.names.module_bindings(name) if holds(guard, b.node) and not b.deferred]
        typed = list(annotated(self.names, self.site, (name,)))
        gone = [node for node in going if node not in map(_whole, typed)]
        if not self.kept.functions:
            gone += [clause for attempt in dropped(self.site) for clause in own_parts(attempt)[1:]]
        return bool(found) and all(any(holds(node, b.node) for node in gone) for b in found)

    @cached_property
    def _for_the_call(self) -> list[Node]:
        """`port = int(os.getenv("PORT", "8000"))`, which is pure and read by nothing but the run calls."""
        if self.kept.functions or self.after.level is not None:
            return []
        serving = [node for node, _ in self._serving_code]
        found: list[Node] = []
        for statement in reversed(self._in_blocks):
            if statement in serving:
                continue
            if statement in self.checks or self._is_for(
                statement, [*self._serving_code, *((node, None) for node in found)]
            ):
                found.append(statement)
        return found

    @property
    def _in_blocks(self) -> list[Node]:
        """The statements on the way to the run call."""
        blocks = [level.block for level in self.site.levels if level.block.type == "block"]
        return [node for block in blocks for node in statements(block)]

    @cached_property
    def _serving_code(self) -> list[tuple[Node, Node | None]]:
        """What goes with the run calls, and the app in it, which stays."""
        sites = [(self.site, self.launch), *((b.site, b.launch) for b in self.branches)]
        found = [(site.levels[0].statement, launch.app) for site, launch in sites]
        found += [(_whole(node), self.launch.app) for node in self.site.serving]
        whole = merged(self.site, self.returned, self.branches)
        return [*found, (whole, self.launch.app)] if whole is not None else found

    def _is_for(self, statement: Node, gone: list[tuple[Node, Node | None]]) -> bool:
        """Whether the statement gives a name a value that only the code of `gone` reads, besides the app."""
        made = _plain_assignment(statement)
        if made is None or not is_pure(self.names, made[1], lookups=True):
            return False
        return self._is_read_by(made[0], gone)

    def _is_read_by(self, target: Node, gone: list[tuple[Node, Node | None]]) -> bool:
        """Whether the name, which is bound here alone, is read by nothing but the code of `gone`."""
        name, scope = self.names.tree.text(target), self.names.scope_at(target)
        home = self.names.home(name, scope)
        if home is None or len(self.names.bindings_in(name, home)) != 1:
            return False
        reads = self.names.reads(name, home)
        return bool(reads) and all(
            any(holds(node, read) and not (app and holds(app, read)) for node, app in gone)
            and not any(holds(node, read) for node in (*self._beside, *self.ahead.nodes))
            for read in reads
        )

    def _nameless(self, cuts: list[Span]) -> Iterator[Edit]:
        """`settings = load_settings()`, which only the launch read: the call stays, the name goes."""
        if self.kept.functions or self.around is not None or self.after.level is not None:
            return
        gone = [*self._serving_code, *((node, None) for node in self._for_the_call)]
        going = [node for node, _ in gone]
        for statement in self._in_blocks:
            made = _plain_assignment(statement)
            if made is None or statement in going or not _calls(made[1]):
                continue
            span = self.names.tree.span_of_bytes(made[0].start_byte, made[1].start_byte)
            if self._is_read_by(made[0], gone) and not any(_covers(cut, span) for cut in cuts):
                yield Edit(self._source.path, span, "")

    @property
    def _beside(self) -> tuple[Node, ...]:
        return self.around.beside if self.around is not None else ()

    def _returns(self) -> Iterator[Edit]:
        """`return` before the app, and before the calls of the functions on the way to it."""
        innermost = self.site.levels[0]
        merged_into = merged(self.site, self.returned, self.branches)
        if self.kept.functions:
            yield from KeptWriter(self.names, self.site, self.kept, self.ahead).edits(self.returned)
        elif self.around is not None and self.around.covers(innermost.statement):
            pass
        elif merged_into is not None:
            yield Edit(
                self._source.path, self.names.tree.span(merged_into), self._text(merged_into, self.returned)
            )
        else:
            yield from self._return_of_app(innermost, self.launch, self.returned)
            for branch in self.branches:
                yield from self._return_of_app(branch.site.levels[0], branch.launch, branch.returned)
        yield from self._calls(self.site)
        for branch in self.branches:
            yield from self._calls(branch.site, but=self.site.calls)

    def _calls(self, site: Site, but: Collection[Node] = ()) -> Iterator[Edit]:
        """`return` before the calls on the way to the run call, but for those."""
        whole = merged(self.site, self.returned, self.branches)
        innermost, *outer = site.levels
        calls = iter(site.calls)
        seen = innermost.statement
        for level in outer:
            if not holds(level.statement, seen):
                call = next(calls)
                is_around = self.around is not None and self.around.covers(level.statement)
                is_gone = is_around or (whole is not None and holds(whole, call))
                if call not in but and not self._is_kept(call) and not is_gone:
                    yield from self._calling(level, call)
            seen = level.statement

    def _calling(self, level: Level, call: Node) -> Iterator[Edit]:
        """`return main()`, at the end of its block where something comes after the server."""
        function = call.child_by_field_name("function")
        callee = self.names.definition(function) if function is not None else None
        ending = f"{self.kept.parameter}=False" if callee in self.kept.functions else None
        if self.after.level is level and self.after.behind is None:
            text = self.names.tree.text(call)
            if ending is not None:
                text = f"{text[:-1]}{', ' if text[-2] != '(' else ''}{ending})"
            yield from self._deferred(level, f"return {text}")
            return
        if ending is not None and self.kept.partly:
            yield from self._if_served(level.statement, call)
        else:
            yield from self._around(level.statement, call, "return ", "")
        if ending is not None:
            yield KeptWriter(self.names, self.site, self.kept).passing(call, ending)

    def _if_served(self, statement: Node, call: Node) -> Iterator[Edit]:
        """The app, or the end of the process where the function that others call has given none."""
        indent, newline = self._lines.margin(statement), self._source.newline
        step = self._lines.step(statement)
        lines = ["", "if not callable(served):", f"{step}raise SystemExit(served)", "return served"]
        yield from self._around(statement, call, "served = ", f"{newline}{indent}".join(lines))

    def _return_of_app(self, level: Level, launch: Launch, returned: Returned) -> Iterator[Edit]:
        app = launch.app
        tree, statement = self.names.tree, level.statement
        is_inside = app is not None and holds(statement, app)
        if self.after.level is level and self.after.behind is None:
            yield from self._deferred(level, self._text(statement, returned))
            return
        if (
            app is not None
            and is_inside
            and returned.module is None
            and not self.ahead.nodes
            and self.signals.cleaning is None
            and tree.text(app) in returned.expression
        ):
            before, _, after = returned.expression.partition(tree.text(app))
            yield from self._around(statement, app, f"return {before}", after)
            return
        yield Edit(self._source.path, tree.span(statement), self._text(statement, returned))

    def _text(self, statement: Node, returned: Returned) -> str:
        """The lines that stand for the run call, the first of them where its statement stands."""
        lines = [f"return {returned.expression}"]
        if self.signals.cleaning is not None:
            step = self._lines.step(statement)
            lines = list(last_in_lifespan(self.names, returned.expression, self.signals.cleaning, step))
        if returned.module is not None:
            lines.insert(0, f"from {returned.module} import {returned.name}")
        lines = [*self.ahead.lines(self.names), *lines]
        around = [attempt for attempt in dropped(self.site) if holds(attempt, statement)]
        indent = self._lines.margin(min((statement, *around), key=lambda node: node.start_byte))
        text = f"{self._source.newline}{indent}".join(lines)
        return text.replace(f"{indent}{self._source.newline}", self._source.newline)

    def _around_server(self, cuts: list[Span]) -> Iterator[Edit]:
        if self.around is not None:
            writer = AroundWriter(self.names, self.site, self.around, self.returned, tuple(cuts), self.ahead)
            yield from writer.edits()

    # What comes last

    def _deferred(self, level: Level, ending: str) -> Iterator[Edit]:
        """A function for the end of the process in place of the statement, and `ending` after all of it."""
        tree, path, newline = self.names.tree, self._source.path, self._source.newline
        start = tree.span(level.statement).start
        indent = self._lines.margin(level.statement)
        before = "" if level.statement.prev_named_sibling is None else newline
        header = f"{before}{indent}@atexit.register{newline}{indent}def {AFTER}():{newline}"
        following = self._lines.next_text(tree.span(level.statement).end)
        yield Edit(path, Span(start - len(indent), following), header)
        end = self._source.line_span(self._source.line_of(tree.span(self.after.kept[-1]).end)).end
        before = "" if self._source.text[:end].endswith("\n") else newline
        yield Edit(path, Span(end, end), f"{before}{newline}{indent}{ending}{newline}")

    def _at_end(self) -> Iterator[Edit]:
        """A function for the end of the process, ahead of the `try` that its code is in or comes after."""
        attempt = self.endings.attempt or self.after.behind
        if attempt is None:
            return
        tree, newline = self.names.tree, self._source.newline
        start, indent = self._lines.start(attempt), self._lines.margin(attempt)
        lines = [f"{indent}@atexit.register", f"{indent}def {AFTER}():"]
        for block in self.endings.blocks:
            clause = block.parent or block
            first = self._source.line_of(tree.span(clause).start) + 1
            lines.append(self._source.text[self._source.line_span(first).start : tree.span(block).end])
        step = self._lines.step(attempt)
        for node in self.after.kept if self.after.behind is not None else ():
            text = self._source.text[self._lines.start(node) : tree.span(node).end]
            lines += [f"{step}{one}" if one.strip() else "" for one in lines_of(text)]
        before = attempt.prev_sibling
        is_close = before is not None and before.end_point.row + 1 == attempt.start_point.row
        space = (
            newline
            if is_close and before is not None and before.is_named and before.type not in EXTRAS
            else ""
        )
        text = space + newline.join(lines) + newline * 2
        yield Edit(self._source.path, Span(start, start), text)

    def _clause(self, clause: Node) -> Span:
        """A last clause, from the end of what comes before it."""
        before = clause.prev_named_sibling
        start = self.names.tree.span(clause).start
        if before is not None:
            start = self.names.tree.span(before).end
        return Span(start, self.names.tree.span(clause).end)

    def _after(self, obstacles: Obstacles) -> list[Edit]:
        """What indents the statements that come after the server."""
        if not self.after.kept or self.after.behind is not None:
            return []
        found = []
        for number in range(self._row(self.after.kept[0]), self._row(self.after.kept[-1], last=True) + 1):
            line = self._source.line_span(number)
            if not self._lines.has_text(number):
                continue
            at = self._source.text[line.start : line.end]
            step = "\t" if at.startswith("\t") else "    "
            found.append(Edit(self._source.path, Span(line.start, line.start), step))
        for node in self.after.kept:
            for string in nodes_of(node, "string"):
                if string.start_point.row != string.end_point.row:
                    obstacles.add(
                        string, "a text of several lines comes after the server, and would be indented"
                    )
        return found

    def _row(self, node: Node, *, last: bool = False) -> int:
        span = self.names.tree.span(node)
        return self._source.line_of(span.end - 1 if last else span.start)

    def _endings(self) -> Iterator[Edit]:
        """`raise SystemExit` where the block ends without a server: uvicorn has nothing to serve then."""
        if not self.site.conditions or self.kept.functions or self.after.level is not None:
            return
        if merged(self.site, self.returned, self.branches) is not None:
            return
        outermost = self.site.conditions[-1]
        level = next((one for one in self.site.levels if one.statement == outermost), None)
        if level is None:
            return
        last = list(statements(level.block))[-1]
        if last == outermost and _always_returns(outermost, len(self.branches) + 1):
            return
        if last.type == "return_statement" and level.block.parent in self.site.functions:
            return
        end, indent = self.names.tree.span(level.block).end, self._lines.margin(outermost)
        yield Edit(self._source.path, Span(end, end), f"{self._source.newline}{indent}raise SystemExit")

    def _leaving(self) -> Iterator[Edit]:
        """`raise SystemExit` after a handler that only tells: the script ended there too."""
        for statement in open_handlers(self.names, self.site) if not self.kept.functions else ():
            start, end = self.names.tree.span(statement).start, self.names.tree.span(statement).end
            indent = self._lines.margin(statement)
            if statement.type in {"return_statement", "pass_statement"}:
                said = [child for child in statement.named_children if child.type == "integer"]
                status = self.names.tree.text(said[0]) if said else "0"
                text = "raise SystemExit" if status == "0" else f"raise SystemExit({status})"
                yield Edit(self._source.path, Span(start, end), text)
            elif not indent.strip():
                yield Edit(
                    self._source.path, Span(end, end), f"{self._source.newline}{indent}raise SystemExit"
                )

    def _early(self, going: list[Node]) -> Iterator[tuple[Node, str]]:
        if self.kept.functions:
            return
        sites = self._sites
        ways = [way for site in sites for way in site.ways]
        dealt_with = [*going, *self.after.kept, *open_handlers(self.names, self.site)]
        dealt_with += [retry for site in sites for retry in site.retries]
        if self.around is not None:
            dealt_with.append(self.around.level.block)
        whole = merged(self.site, self.returned, self.branches)
        dealt_with += [whole] if whole is not None else []
        dealt_with += dropped(self.site)
        yield from leaving_early(self.names, self.site, ways, dealt_with)

    def _untyped(self) -> Iterator[Edit]:
        """Takes `-> None` from the functions that give the app now."""
        for function in dict.fromkeys(one for site in self._sites for one in site.functions):
            returned = function.child_by_field_name("return_type")
            listed = function.child_by_field_name("parameters")
            if returned is not None and listed is not None and self.names.tree.text(returned) == "None":
                yield Edit(
                    self._source.path, self.names.tree.span_of_bytes(listed.end_byte, returned.end_byte), ""
                )
            if function.children[0].type == "async":
                start, end = function.children[0].start_byte, function.children[1].start_byte
                yield Edit(self._source.path, self.names.tree.span_of_bytes(start, end), "")

    def _unannotated(self, typed: list[Node], cuts: list[Span]) -> Iterator[Edit]:
        """Takes the type from what is declared global."""
        for node in typed:
            left, kind = node.child_by_field_name("left"), node.child_by_field_name("type")
            if left is not None and kind is not None:
                span = self.names.tree.span_of_bytes(left.end_byte, kind.end_byte)
                if not any(_covers(cut, span) for cut in cuts):
                    yield Edit(self._source.path, span, "")

    def _in_threads(self) -> Iterator[Edit]:
        """`asyncio.run(…)` in a thread of its own: uvicorn calls a factory within its loop."""
        path, tree = self._source.path, self.names.tree
        for call in self.loops:
            function, listed = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            assert function is not None
            assert listed is not None
            start, end = tree.span(function).start, tree.span(call).end
            yield Edit(path, Span(start, start), "concurrent.futures.ThreadPoolExecutor(1).submit(")
            yield Edit(path, tree.span_of_bytes(listed.start_byte, listed.start_byte + 1), ", ")
            yield Edit(path, Span(end, end), ".result()")

    def _in_uvicorns_loop(self) -> Iterator[Edit]:
        """The loop that uvicorn runs in the factory's place of one that the script makes."""
        for call in self.made:
            name = call.children[0].child_by_field_name("attribute") or call.children[0]
            whole = name.parent is None or name.parent.type != "attribute"
            text = "asyncio.get_running_loop" if whole else "get_running_loop"
            yield Edit(self._source.path, self.names.tree.span(name), text)

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
            if not holds(call, parse) or (app is not None and holds(app, parse))
        ]
        yield from dataclasses.replace(self.parsed, calls=tuple(stays)).edits(self.names)

    @cached_property
    def _stops(self) -> tuple[Node, ...]:
        """What a handler does to stop the server."""
        sites = self._sites
        made = [node for site in sites for node in site.serving if self._goes(node)]
        gone = [*made, *(site.ways[0] for site in sites), *self.signals.gone]
        return find_stops(self.names, made, gone) if not self.kept.functions else ()

    # What goes

    def _check_serving(self, site: Site, serving: list[Node], obstacles: Obstacles) -> None:
        """The config and the server must be for the run call alone, but for what stops the server."""
        ways = [one.ways[0] for one in (self.site, *(branch.site for branch in self.branches))]
        gone = [site.call, site.config, *serving, *ways, *self.signals.gone, *self._stops]
        put: tuple[Node, ...] = ()
        if site.together is not None:
            gone.append(site.together.given)
            put = tuple(node for node in site.together.gone if node.type == "call")
        branches = [node for node in serving if node.type == "if_statement"]
        inner = [one for node in branches for one in nodes_of(node, "assignment")]
        for assignment in [*(node for node in serving if node not in {*branches, *put}), *inner]:
            left = assignment.child_by_field_name("left")
            if left is None or left.type != "identifier":
                obstacles.add(assignment, f"{obstacles.quote(assignment)} does more than to make the server")
                continue
            home = self.names.home(self.names.tree.text(left), self.names.scope_at(left))
            for read in self.names.reads(self.names.tree.text(left), home):
                if not any(holds(node, read) for node in gone) and not self._is_earlier(read, left):
                    obstacles.add(read, f"{obstacles.quote(left)} is used here too, and a factory has none")
                    break

    def _is_earlier(self, read: Node, bound: Node) -> bool:
        """Whether the name is read ahead of where it is bound anew: an import that was called `config`."""
        if read.start_byte > bound.start_byte or self.names.scope_at(read) is not self.names.scope_at(bound):
            return False
        loops = (node for node in ancestors(bound) if node.type in {"for_statement", "while_statement"})
        return not any(holds(loop, read) for loop in loops)

    def _local_imports(self, statements: list[Node]) -> Iterator[Node]:
        """Imports within the functions and the main block that only the run call needed."""
        gone = [
            *self._serves(statements),
            *self.site.serving,
            *(one for b in self.branches for one in b.site.serving),
            *self.parsed.options,
        ]
        kept = [*([self.launch.app] if self.launch.app is not None else []), *self._beside]
        for part in self.site.removed if not self.kept.functions else ():
            for node in nodes_of(part, "import_statement", "import_from_statement"):
                bound = self.names.bound_names(node)
                home = self.names.scope_at(node)
                reads = [read for name in bound for read in self.names.reads(name, home)]
                is_needed = not reads or any(
                    not any(holds(part, read) for part in gone) or any(holds(part, read) for part in kept)
                    for read in reads
                )
                is_double = self._has_the_module(node)
                if (
                    (is_double or not is_needed)
                    and node.parent is not None
                    and node.parent.named_child_count > 1
                ):
                    yield node

    def _has_the_module(self, statement: Node) -> bool:
        """Whether the main block imports what the module has imported, for nothing but the main block."""
        guard = self.site.guard
        bound = bound_in(self.names, statement)
        if guard is None or not bound or not holds(guard, statement):
            return False
        return all(
            is_bound_alike(self.names, self.site, binding)
            and all(holds(guard, read) for read in self.names.reads(binding.name))
            for binding in bound
        )

    def _serves(self, found: list[Node]) -> list[Node]:
        """The statements, but of those that do more than to serve the part that does."""
        around = self.around
        if around is None or not around.beside:
            return found
        return [self.site.ways[0] if node == around.step else node for node in found]

    def _left_over(self) -> Iterator[Span]:
        """What the module has for the run call alone: `import uvicorn`, a constant for the port."""
        if self.kept.functions:
            return
        texts = [self.returned.expression, *(branch.returned.expression for branch in self.branches)]
        whole = merged(self.site, self.returned, self.branches)
        calls = [call for site in self._sites for call in site.calls]
        texts += [self.names.tree.text(call) for call in calls if whole is None or not holds(whole, call)]
        texts += [self.names.tree.text(node) for node in self._beside]
        texts += [self.signals.cleaning] if self.signals.cleaning is not None else []
        texts += ["asyncio"] if self._beside else []
        texts += self.ahead.lines(self.names)
        words = frozenset((*re.findall(r"\w+", " ".join(texts)), *self._needed()))
        place = dataclasses.replace(self.place, entry_points=self.place.entry_points | words)
        sites = self._sites
        steps = [level.statement for site in sites for level in site.levels if level.block.type != "module"]
        steps = self._serves(steps)
        retries = [one for site in sites for one in site.retries]
        calls = [node for node in steps if node.type in {"expression_statement", "raise_statement"}]
        calls += [node for node in steps if node in retries]
        tries = dropped(self.site)
        clauses = [clause for attempt in tries for clause in own_parts(attempt)[1:]]
        handlers = [one for one in clauses if not any(holds(one, b) for b in self.endings.blocks)]
        serving = [node for site in sites for node in site.serving]
        going = [*calls, *serving, *self.parsed.options, *self.after.gone, *self.signals.gone, *handlers]
        going += self.returned.lost
        going += self._for_the_call
        going += self._local_imports([site.levels[0].statement for site in sites])
        target = AppTarget(ImportTarget(self.place.stem), self.name, factory=True, own=True)
        yield from left_over(self.names, place, target, going)

    # Imports

    def _needed(self) -> tuple[str, ...]:
        """The modules that the new code names."""
        is_read = self.parsed.argv or self.parsed.early is not None
        parses = is_read or any(True for _ in self._parsing())
        return (
            *(self.parsed.modules if parses else ()),
            *(("atexit",) if self.after.kept or self.endings.blocks else ()),
            *(("contextlib",) if self.around is not None or self.signals.cleaning is not None else ()),
            *((OUTER,) if self.around is not None and self.around.late else ()),
            *(("concurrent.futures",) if self.loops else ()),
            *(("signal",) if self._stops else ()),
            *self.ahead.modules,
        )

    def _users(self) -> Iterator[Node]:
        """What will need `import os` and `import shlex`, where the calls that parse do, and the like."""
        yield from (*self.parsed.calls, *self.loops, *self.after.kept, *self._stops)
        if self.around is not None:
            yield self.around.level.statement

    def _ahead(self, edit: Edit, cuts: list[Span]) -> Edit:
        """The edit on a line of its own ahead of what is cut, if it would be within: a `global` statement."""
        for span in cuts:
            if span.start < edit.span.start < span.end:
                indent = self._source.text[span.start : edit.span.start]
                text = indent + edit.new_text.rstrip() + self._source.newline
                return Edit(edit.path, Span(span.start, span.start), text)
        return edit


def _always_returns(statement: Node, count: int) -> bool:
    """Whether every branch of the `if` has one of so many run calls at its end."""
    clauses = statement.children_by_field_name("alternative")
    return any(clause.type == "else_clause" for clause in clauses) and len(clauses) + 1 == count


def _is_docstring(statement: Node) -> bool:
    inner = statement.named_children
    return statement.type == "expression_statement" and len(inner) == 1 and inner[0].type == "string"


def _covers(around: Span, span: Span) -> bool:
    return around.start <= span.start and span.end <= around.end


def _calls(value: Node) -> bool:
    """Whether it is a call, or an item of what one gives: `load_config()["server"]`."""
    while value.type in {"subscript", "attribute"}:
        inner = value.child_by_field_name("value") or value.child_by_field_name("object")
        if inner is None:
            return False
        value = inner
    return value.type in {"call", "await"}


def _plain_assignment(statement: Node) -> tuple[Node, Node] | None:
    """The name and the value of `name = value`."""
    made = own_parts(statement)[0] if statement.type == "expression_statement" else statement
    left, right = made.child_by_field_name("left"), made.child_by_field_name("right")
    if made.type != "assignment" or left is None or right is None or left.type != "identifier":
        return None
    return left, right


def _whole(assignment: Node) -> Node:
    parent = assignment.parent
    return parent if parent is not None and parent.type == "expression_statement" else assignment
