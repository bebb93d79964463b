"""Whether code has to run around the server, where that begins, and whether a lifespan can do it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.launch_factory_after import find_after
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_factory_lifespan import no_lifespan
from portside.python.launching.launch_factory_tries import HANDLERS, check_kept, check_tries
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import WITHIN, Level, Site
from portside.python.launching.launches import Launch
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of, own_parts, statements
from portside.python.source.syntax import argument_nodes
from portside.records import dataclass

# What an app that has started takes no more.
_TOO_LATE = frozenset(
    {"add_middleware", "middleware", "exception_handler", "add_exception_handler", "on_event"}
    | {"add_event_handler", "user_middleware"}
)
_OF_LOOP = frozenset(
    {"asyncio.create_task", "asyncio.ensure_future", "asyncio.get_running_loop", "asyncio.get_event_loop"}
)
NAMES = ("while_serving", "around_serving")
_WAITING = ("await", "for_statement", "with_statement")


def find_around(
    facts: FileFacts, site: Site, launch: Launch, returned: Returned | None, obstacles: Obstacles
) -> Around | None:
    """What goes around the server; None for nothing, and, with an obstacle, where it can't."""
    names = facts.module.names
    waiting = [(level, first) for level in _bodies(site) if (first := _first_waiting(names, site, level))]
    # Without any of that, the reasons why it can't be done otherwise are the better ones.
    told = obstacles if any(_must_wait(names, site, level) for level, _ in waiting) else Obstacles(names.tree)
    waiting = waiting or list(_ending(names, site))
    if not waiting or returned is None:
        return None
    if len(waiting) > 1:
        level, first = waiting[0]
        obstacles.add(
            first, f"{_function(names, level)} waits for {obstacles.quote(first)}, as its caller does"
        )
        return None
    level, first = waiting[0]
    if level.statement.start_byte < first.start_byte:
        first = level.statement
    first = _with_tasks(names, site, level, first)
    search = _Search(facts, site, launch, returned, level, first, told)
    return search.found()


def _bodies(site: Site) -> Iterator[Level]:
    """The levels that are bodies of functions, or of the main block."""
    for level in site.levels:
        container = level.block.parent
        if container is not None and (container.type == "function_definition" or container == site.guard):
            yield level


def _function(names: Names, level: Level) -> str:
    name = level.block.parent.child_by_field_name("name") if level.block.parent is not None else None
    return f"`{names.tree.text(name)}`" if name is not None else "the main block"


def _must_wait(names: Names, site: Site, level: Level) -> bool:
    """Whether it is more than a loop that is asked to run something."""
    return (
        bool(site.withs)
        or site.together is not None
        or any(
            _waits(names, site, level, node)
            for statement in statements(level.block)
            for node in nodes_of(statement, *_WAITING)
        )
    )


def _first_waiting(names: Names, site: Site, level: Level) -> Node | None:
    """The first statement of a body that needs a running loop, or that the server runs within."""
    for statement in statements(level.block):
        if any(holds(statement, one) for one in site.withs):
            return statement
        if site.together is not None and holds(statement, site.together.whole):
            return statement
        if any(_waits(names, site, level, node) for node in nodes_of(statement, *_WAITING)):
            return statement
        if any(
            names.scope_at(one) is names.scope_at(statement) for one in runs_of_loop(names, site, statement)
        ):
            return statement
    return None


def runs_of_loop(names: Names, site: Site, node: Node) -> Iterator[Node]:
    """The calls of `loop.run_until_complete(…)`, but for the one that serves."""
    for call in nodes_of(node, "call"):
        callee = call.child_by_field_name("function")
        method = callee.child_by_field_name("attribute") if callee is not None else None
        is_run = method is not None and names.tree.text(method) == "run_until_complete"
        if is_run and len(argument_nodes(call)) == 1 and not any(holds(call, way) for way in site.ways):
            yield call


def _with_tasks(names: Names, site: Site, level: Level, first: Node) -> Node:
    """From the first statement on that asks for the loop, which may stand before one that waits."""
    for statement in statements(level.block):
        if statement.start_byte >= first.start_byte:
            break
        if any(holds(statement, one) for one in site.serving):
            continue
        for call in nodes_of(statement, "call"):
            callee = call.child_by_field_name("function")
            if callee is not None and names.qualified(callee) in _OF_LOOP:
                return statement
    return first


def _ending(names: Names, site: Site) -> Iterator[tuple[Level, Node]]:
    """The body with what is done at the end, where no function for the end of the process can do it."""
    missed = Obstacles(names.tree)
    after = find_after(names, site, missed)
    check_tries(names, site, missed, may_end=after.level is None)
    lines = {blocker.line for blocker in missed.found}
    for level in _bodies(site):
        first, last = level.statement.start_point.row, level.block.end_point.row
        if any(first < line <= last + 1 for line in lines):
            yield level, level.statement
            return


def _waits(names: Names, site: Site, level: Level, node: Node) -> bool:
    """Whether it waits for more than for the server."""
    if names.scope_at(node).function() is not names.scope_of(level.block.parent or node):
        return False
    if any(holds(retry, node) for retry in site.retries):
        return False
    if node.type != "await":
        return node.children[0].type == "async"
    return not node.named_children or own_parts(node)[0] not in site.ways


@dataclass
class _Search:
    facts: FileFacts
    site: Site
    launch: Launch
    returned: Returned
    level: Level
    first: Node
    obstacles: Obstacles

    @property
    def names(self) -> Names:
        return self.facts.module.names

    def found(self) -> Around | None:
        step, served = self._step()
        late = self._late(step)
        if late is not None and served is not None:
            self._waits_for_more(late)
            return None
        if not self._has_lifespan(late) or not self._is_alone():
            return None
        shared, outer = self._bound()
        self._check_region(step)
        self._check_handlers()
        if late is None:
            self._check_app(step)
        if self.obstacles.found:
            return None
        words = {word for node in self._region() for word in re.findall(r"\w+", self._text(node))}
        app = self.returned.expression
        if not app.isidentifier() or served is not None:
            app = free(("app", "served_app"), {*words, *self._words_before()})
        return Around(
            self.level,
            self.first,
            step,
            self._beside(),
            shared,
            outer,
            app,
            free(("lifespan", "app_lifespan") if late is None else ("outer", "outer_app"), words),
            free(("state", "lifespan_state"), words),
            unused(self.names, NAMES),
            free(("beside", "beside_server"), words),
            served,
            late is not None,
        )

    def _text(self, node: Node) -> str:
        return self.names.tree.text(node)

    def _region(self) -> list[Node]:
        return [node for node in statements(self.level.block) if node.start_byte >= self.first.start_byte]

    def _covers(self, node: Node) -> bool:
        return self.first.start_byte <= node.start_byte < self.level.block.end_byte

    def _words_before(self) -> set[str]:
        return set(re.findall(r"\w+", self._text(self.level.block.parent or self.level.block)))

    def _add(self, node: Node, reason: str) -> None:
        self.obstacles.add(node, reason)

    # Whether the app has a lifespan to put it in

    def _has_lifespan(self, late: str | None) -> bool:
        """late: why the app is there only once the loop runs, if that is so."""
        reason = no_lifespan(self.facts, self.launch, self.returned)
        if reason is not None:
            self._waits_for_more(reason if late is None else f"{late}, and {reason}")
        return reason is None

    def _waits_for_more(self, reason: str) -> None:
        if any(self._covers(one) for one in self.site.withs):
            self._add(self.site.withs[0], f"{WITHIN}: {reason}")
            return
        shown = self.obstacles.quote(self.first)
        self._add(self.first, f"{_function(self.names, self.level)} waits for {shown}, and {reason}")

    # Whether it can be a function of its own

    def _is_alone(self) -> bool:
        within = [one for one in self.site.conditions if self._covers(one)]
        for condition in within:
            self._waits_for_more(f"the server starts in some cases only, as in line {self._line(condition)}")
        return not within

    def _line(self, node: Node) -> int:
        return self.names.tree.line(node)

    def _step(self) -> tuple[Node, str | None]:
        """The statement that serves, and the call that gives the app where another function has it."""
        inside = [level for level in self.site.levels if self._covers(level.statement)]
        step = inside[0].statement
        put = self.site.together.gone if self.site.together is not None else ()
        call = next((one for one in self.site.calls if any(holds(node, one) for node in (step, *put))), None)
        if call is None or holds(step, self.site.ways[0]):
            return step, None
        return step, self._text(call)

    def _bound(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names that it binds and others read: of the module, and of the function around it."""
        names, shared, outer = self.names, dict[str, None](), dict[str, None]()
        function = self.level.block.parent
        for node in self._region():
            for one in nodes_of(node, "global_statement", "nonlocal_statement"):
                self._add(one, f"{self.obstacles.quote(one)} stands in what has to run around the server")
            scope = names.scope_at(node)
            for identifier in _targets(node):
                name = self._text(identifier)
                if names.scope_at(identifier).function() is not scope.function():
                    continue
                home = names.home(name, scope)
                if home is None:
                    continue
                places = [*(b.node for b in names.bindings_in(name, home)), *names.reads(name, home)]
                if all(self._covers(place) or self._is_serving(place) for place in places):
                    continue
                in_block = all(function is not None and holds(function, place) for place in places)
                if home is names.module and not (in_block and function == self.site.guard):
                    shared[name] = None
                elif any(b.node.start_byte < self.first.start_byte for b in names.bindings_in(name, home)):
                    outer[name] = None
                else:
                    self._add(identifier, f"`{name}` is bound around the server, and read outside of it")
        return tuple(shared), tuple(outer)

    def _is_serving(self, node: Node) -> bool:
        return any(holds(one, node) for one in self.site.serving)

    def _check_region(self, step: Node) -> None:
        for node in self._region():
            for one in nodes_of(node, "return_statement", "yield"):
                if self.names.scope_at(one).function() is not self.names.scope_at(node).function():
                    continue
                if one.type == "yield" or one.named_children or one.start_byte < step.start_byte:
                    self._add(one, f"{self.obstacles.quote(one)} leaves what has to run around the server")
            for string in nodes_of(node, "string"):
                if string.start_point.row != string.end_point.row and not self._goes(string, step):
                    self._add(
                        string, "a text of several lines stands around the server, and would be indented"
                    )
            if node != step and "\\\n" in self._text(node):
                self._add(node, "a line that goes on in the next stands around the server")

    def _check_handlers(self) -> None:
        """What handles a server that fails, or Ctrl+C, hears of neither: it may only tell, or leave."""
        for attempt in self.site.tries:
            if self._covers(attempt):
                for clause in attempt.named_children:
                    if clause.type in HANDLERS:
                        check_kept(self.names, clause, self.obstacles)

    def _goes(self, node: Node, step: Node) -> bool:
        return (holds(step, node) and not self._beside()) or self._is_serving(node)

    def _late(self, step: Node) -> str | None:
        """Why the app is there only once the loop runs; None where it is there before."""
        expression = self.returned.expression
        bound = {self._text(one) for node in self._region() for one in _targets(node)}
        early = sorted(set(re.findall(r"\w+", expression)) & bound)
        serving = [one for one in (*self.site.serving, step) if self._covers(one)]
        if early:
            return f"`{early[0]}`, which is served, is made only after that"
        if expression.endswith(")") and all(one.start_byte > self.first.end_byte for one in serving):
            return f"`{expression}` is called only after that"
        return None

    def _check_app(self, step: Node) -> None:
        """The app has to be complete: one that starts takes no middleware."""
        expression = self.returned.expression
        for node in self._region():
            for one in nodes_of(node, "identifier"):
                if self._text(one) == expression and not self._goes(one, step) and one.parent is not None:
                    self._check_use(one)

    def _check_use(self, app: Node) -> None:
        around = app.parent
        assert around is not None
        if around.type == "attribute" and around.child_by_field_name("object") == app:
            method = around.child_by_field_name("attribute")
            if method is not None and self._text(method) in _TOO_LATE:
                self._add(
                    around, f"{self.obstacles.quote(around)} comes once the app has started, after what waits"
                )
            return
        call = around.parent if around.type == "argument_list" else None
        callee = call.child_by_field_name("function") if call is not None else None
        definition = self.names.definition(callee) if callee is not None else None
        words = set(re.findall(r"\w+", self._text(definition))) if definition is not None else None
        if words is None or words & _TOO_LATE:
            shown = self.obstacles.quote(call or around)
            self._add(app, f"{shown} may change the app, which has started by then")

    def _beside(self) -> tuple[Node, ...]:
        """What else is waited for."""
        others = self.site.together
        return others.beside if others is not None and self._covers(others.whole) else ()


def free(candidates: tuple[str, ...], words: set[str]) -> str:
    return next(name for name in _longer(candidates) if name not in words)


def unused(names: Names, candidates: tuple[str, ...]) -> str:
    """A name that the file has nowhere."""
    return next(name for name in _longer(candidates) if not names.chunks_with([name]))


def _longer(candidates: tuple[str, ...]) -> Iterator[str]:
    yield from candidates
    yield from (f"{candidates[-1]}_{number}" for number in count(2))


def _targets(node: Node) -> Iterator[Node]:
    """The names that a statement binds, in whatever scope."""
    for one in nodes_of(node, "assignment", "augmented_assignment", "for_statement"):
        left = one.child_by_field_name("left")
        if left is not None and left.type not in {"attribute", "subscript"}:
            yield from (left,) if left.type == "identifier" else nodes_of(left, "identifier")
    for one in nodes_of(node, "named_expression", "function_definition", "class_definition"):
        name = one.child_by_field_name("name")
        if name is not None:
            yield name
    for one in nodes_of(node, "as_pattern_target"):
        yield from nodes_of(one, "identifier")
    for one in nodes_of(node, "import_statement", "import_from_statement"):
        for name in one.children_by_field_name("name"):
            alias = name.child_by_field_name("alias")
            yield from nodes_of(alias or name, "identifier")
