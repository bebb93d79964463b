"""What comes after a run call, once its block is a factory: it runs when the process ends.

uvicorn.run(app)                         @atexit.register
monitor.stop()                     ->    def after_serving():
                                             monitor.stop()

                                         return app

The same times as before: after Ctrl+C both run it, and after SIGTERM neither does, because uvicorn
(since 0.29) then ends the process by the signal itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tree_sitter import Node

from portside.python.launching.launch_effects import check_statement, is_exit
from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Level, Site
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of, holds, nodes_of, own_parts, statements
from portside.records import dataclass

NAME = "after_serving"
_ENDINGS = frozenset({"pass_statement", "return_statement"})


@dataclass(frozen=True)
class After:
    """gone: statements that only print, log or leave. kept: those of one level, for the end of the process.

    behind: the `try` around the run call that they come after, which they have to move ahead of.
    """

    gone: tuple[Node, ...] = ()
    kept: tuple[Node, ...] = ()
    level: Level | None = None
    behind: Node | None = None


def find_after(
    names: Names, site: Site, obstacles: Obstacles, *, stays: bool = False, around: Around | None = None
) -> After:
    """What comes after the run call, at whichever level; what can't be moved becomes an obstacle.

    stays: whether it is in a function that still serves, where nothing of it goes or moves. around: what
    runs around the server, where all of its block is at home.
    """
    gone: list[Node] = []
    found = After()
    for level in _reached_after(names, site):
        if around is not None and around.covers(level.statement):
            continue
        rest = _rest(level)
        missed = Obstacles(names.tree)
        for statement in rest:
            if not _leaves(names, statement):
                check_statement(names, statement, missed, after=True)
        if not missed.found:
            # What comes after a branch is there for those that do not serve.
            gone += () if stays or level.statement.type == "if_statement" else rest
            obstacles.notes += [note for note in missed.notes if note not in obstacles.notes]
            continue
        if _returns_a_constant(rest[-1]):
            gone.append(rest.pop())
        problem = _problem(names, site, level, rest) or (found.level and "comes after the server too")
        problem = problem or ("would be left out" if stays else None)
        if problem:
            obstacles.add(
                rest[0], f"{obstacles.quote(rest[0])} runs after the server has stopped: it {problem}"
            )
        behind = level.statement if level.statement.type == "try_statement" else None
        found = After((), tuple(rest), level, behind)
    return dataclasses.replace(found, gone=tuple(gone))


def _reached_after(names: Names, site: Site) -> Iterator[Level]:
    """The levels that go on once the server has stopped: up to one that leaves the function, or all."""
    has_returned, inner = False, None
    for level in site.levels:
        is_inside = inner is not None and holds(level.statement, inner.statement)
        has_returned &= is_inside
        inner = level
        if has_returned:
            continue
        yield level
        rest = _rest(level)
        if any(_leaves(names, node) and node.type not in _ENDINGS for node in rest):
            return
        has_returned = any(node.type == "return_statement" for node in rest)


def _leaves(names: Names, statement: Node) -> bool:
    if statement.type in _ENDINGS:
        return True
    return is_exit(names, own_parts(statement)[0] if own_parts(statement) else statement)


def _returns_a_constant(statement: Node) -> bool:
    """Whether it leaves with a status at most, which the end of the process has of its own."""
    values = statement.named_children
    return statement.type == "return_statement" and all(
        value.type in {"integer", "none", "true", "false", "comment"} for value in values
    )


def _rest(level: Level) -> list[Node]:
    if level.block.type == "module":
        return []
    return [node for node in statements(level.block) if node.start_byte > level.statement.start_byte]


def _problem(names: Names, site: Site, level: Level, rest: list[Node]) -> str | None:
    """Why the statements can't become a function that is called at the end."""
    if any(_is_inside(attempt, level.statement) for attempt in site.tries):
        return "stands in a `try`"
    around = level.block.parent
    if around is not None and around.type != "function_definition" and around != site.guard:
        return "stands in a branch"
    if rest[0].start_point.row == level.statement.end_point.row:
        return "stands on its line"
    if level.statement.type == "if_statement":
        return "comes after a branch, so that it runs without the server too"
    for node in rest:
        if nodes_of(node, "await", "yield", "return_statement"):
            return "can't be called at the end of the process"
        if rebinds(names, node, rest[0].start_byte):
            return "sets a name of the main block"
        if node.type in {"function_definition", "class_definition", "decorated_definition"}:
            return "defines what others may use"
    return None


def _is_inside(around: Node, node: Node) -> bool:
    return around != node and holds(around, node)


def _targets(node: Node) -> Iterator[Node]:
    """What it sets, as it is written, and its imports."""
    yield from fields_of(nodes_of(node, "assignment", "augmented_assignment", "for_statement"), "left")
    yield from fields_of(nodes_of(node, "named_expression"), "name")
    yield from (target for one in nodes_of(node, "as_pattern_target") for target in one.named_children)
    yield from nodes_of(node, "import_statement", "import_from_statement")


def rebinds(names: Names, node: Node, since: int) -> bool:
    """Whether a name that it sets has a meaning before the run call."""
    scope = names.scope_at(node)
    for target in _targets(node):
        found = [target] if target.type == "identifier" else nodes_of(target, "identifier")
        for identifier in found:
            name = names.tree.text(identifier)
            if identifier.parent is not None and identifier.parent.type in {"attribute", "subscript"}:
                continue
            home = names.home(name, scope)
            bound = names.bindings_in(name, home) if home is not None else ()
            if any(b.node.start_byte < since for b in bound):
                return True
            if any(read.start_byte < since for read in names.reads(name, home)):
                return True
    return False
