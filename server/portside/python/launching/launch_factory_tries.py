"""The `try` around a run call, once its block is a factory: the server no longer runs inside it.

try:
    uvicorn.run(app)                  ->  return app
except KeyboardInterrupt:
    print("bye")
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.launching.launch_effects import check_statement
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Level, Site, statements
from portside.python.names.names import Names

_HANDLERS = frozenset({"except_clause", "except_group_clause"})
# What nobody raises but to end the process.
_ENDS = frozenset({"KeyboardInterrupt", "SystemExit", "asyncio.CancelledError", "GeneratorExit"})


def check_tries(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Adds what a handler does that would never happen, or would have the factory return nothing."""
    for attempt in site.tries:
        goes = attempt in dropped(site)
        for clause in attempt.named_children:
            if clause.type in {"finally_clause", "else_clause"}:
                obstacles.add(clause, "what comes last here would run before the server starts")
            elif clause.type in _HANDLERS and goes:
                _check_dropped(names, clause, obstacles)
            elif clause.type in _HANDLERS:
                _check_kept(names, clause, obstacles)


def dropped(site: Site) -> tuple[Node, ...]:
    """The try statements with nothing in them but the run call, so that nothing is left to handle."""
    return tuple(attempt for attempt in site.tries if _is_for_launch(site, _level(site, attempt)))


def dropped_spans(names: Names, site: Site) -> Iterator[Span]:
    """What goes of each: all before and after the statement that leads to the run call."""
    for attempt in dropped(site):
        statement = _level(site, attempt).statement
        yield names.tree.span_of_bytes(attempt.start_byte, statement.start_byte)
        yield names.tree.span_of_bytes(statement.end_byte, attempt.end_byte)


def _level(site: Site, attempt: Node) -> Level:
    body = attempt.child_by_field_name("body")
    return next(level for level in site.levels if level.block == body)


def _is_for_launch(site: Site, level: Level) -> bool:
    serving = [*site.serving, *(node.parent for node in site.serving)]
    return all(child == level.statement or child in serving for child in level.block.named_children)


def _statements(clause: Node) -> list[Node]:
    block = next((child for child in clause.named_children if child.type == "block"), None)
    return list(statements(block)) if block is not None else []


def _check_dropped(names: Names, clause: Node, obstacles: Obstacles) -> None:
    """A handler that tells, or ends the process, as uvicorn itself does, is missed by nobody."""
    for statement in _statements(clause):
        if not _leaves(names, statement):
            check_statement(names, statement, obstacles, after=True)


def _check_kept(names: Names, clause: Node, obstacles: Obstacles) -> None:
    """A handler for other code too: it has to leave, since a factory that goes on returns no app."""
    found = _statements(clause)
    missed = Obstacles(names.tree)
    for statement in found:
        if not _leaves(names, statement):
            # A print stays here, so there is nothing to note of it.
            check_statement(names, statement, missed, after=True)
    obstacles.found += [blocker for blocker in missed.found if blocker not in obstacles.found]


def open_handlers(names: Names, site: Site) -> Iterator[Node]:
    """The handlers after which a factory would return no app: there the process has to end, as it did."""
    for attempt in site.tries:
        for clause in attempt.named_children:
            found = _statements(clause) if clause.type in _HANDLERS else []
            ends = bool(found) and found[-1].type != "return_statement" and _leaves(names, found[-1])
            if found and not ends and attempt not in dropped(site) and not _is_of_end(names, clause):
                yield found[-1]


def _is_of_end(names: Names, clause: Node) -> bool:
    """`except KeyboardInterrupt:`, also in a tuple and with a name."""
    caught = next((child for child in clause.named_children if child.type != "block"), None)
    if caught is not None and caught.type == "as_pattern":
        caught = caught.named_children[0]
    if caught is None:
        return False
    kinds = caught.named_children if caught.type == "tuple" else [caught]
    return all((names.qualified(kind) or "").removeprefix("builtins.") in _ENDS for kind in kinds)


def _leaves(names: Names, statement: Node) -> bool:
    if statement.type in {"raise_statement", "return_statement"}:
        return True
    call = statement.named_children[0] if statement.named_children else None
    function = call.child_by_field_name("function") if call is not None else None
    return function is not None and names.qualified(function) in {"sys.exit", "builtins.exit"}
