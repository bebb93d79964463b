"""The `try` around a run call, once its block is a factory: the server no longer runs inside it.

try:                                      @atexit.register
    uvicorn.run(app)                      def after_serving():
except KeyboardInterrupt:             ->      monitor.stop()
    print("bye")
finally:                                  return app
    monitor.stop()
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.launching.launch_effects import check_statement, leaves
from portside.python.launching.launch_factory_after import rebinds
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Level, Site
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of, nodes_of, own_parts, statements
from portside.records import dataclass

HANDLERS = frozenset({"except_clause", "except_group_clause"})
# What nobody raises but to end the process.
_ENDS = frozenset({"KeyboardInterrupt", "SystemExit", "asyncio.CancelledError", "GeneratorExit"})
_SERVERS = ("uvicorn.", "hypercorn.", "gunicorn.", "granian.", "waitress.", "werkzeug.", "http.server.")


@dataclass(frozen=True)
class Endings:
    """What of the try statements becomes a function for the end of the process.

    attempt: the statement that it belongs to. blocks: what it does, in order. gone: `finally` clauses of
    those that stay otherwise.
    """

    attempt: Node | None = None
    blocks: tuple[Node, ...] = ()
    gone: tuple[Node, ...] = ()


def check_tries(names: Names, site: Site, obstacles: Obstacles, *, may_end: bool = True) -> Endings:
    """Adds what a handler does that would never happen, or would have the factory return nothing.

    may_end: whether nothing else runs at the end of the process.
    """
    found = Endings()
    for attempt in site.tries:
        goes = attempt in dropped(site)
        blocks: list[Node] = []
        for clause in attempt.named_children:
            if clause.type == "else_clause":
                obstacles.add(clause, "what comes last here would run before the server starts")
            elif clause.type in HANDLERS and not goes:
                _check_handler(names, clause, obstacles)
            elif clause.type in HANDLERS or clause.type == "finally_clause":
                blocks += _check_ending(names, clause, obstacles)
        finals = [clause for clause in attempt.named_children if clause.type == "finally_clause"]
        has_handlers = any(clause.type in HANDLERS for clause in attempt.named_children)
        if finals and not goes and not has_handlers:
            obstacles.add(finals[0], "what comes last here would run before the server starts")
        gone = (*found.gone, *finals) if not goes else found.gone
        if blocks and (found.blocks or not may_end):
            obstacles.add(blocks[0], "this would be a second thing to do at the end of the process")
        found = Endings(attempt, tuple(blocks), gone) if blocks else dataclasses.replace(found, gone=gone)
    return found


def _check_ending(names: Names, clause: Node, obstacles: Obstacles) -> Iterator[Node]:
    """The block of a clause, where it does what has to be done when the process ends."""
    missed = Obstacles(names.tree)
    for statement in _statements(clause):
        if not leaves(names, statement):
            check_statement(names, statement, missed, after=True)
    if not missed.found:
        obstacles.notes += [note for note in missed.notes if note not in obstacles.notes]
        return
    is_last = clause.type == "finally_clause" or _is_of_end(names, clause)
    block = next((child for child in clause.named_children if child.type == "block"), None)
    if block is None or not is_last or not _can_be_called(names, clause, block):
        obstacles.found += [blocker for blocker in missed.found if blocker not in obstacles.found]
    else:
        yield block


def _can_be_called(names: Names, clause: Node, block: Node) -> bool:
    """Whether the block means the same in a function that is called at the end of the process."""
    if nodes_of(block, "await", "yield", "raise_statement", "return_statement"):
        return False
    is_alone = block.start_point.row > clause.start_point.row
    has_name = any(child.type == "as_pattern" for child in clause.named_children)
    texts = any(node.start_point.row != node.end_point.row for node in nodes_of(block, "string"))
    return is_alone and not has_name and not texts and not rebinds(names, block, block.start_byte)


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


def check_kept(names: Names, clause: Node, obstacles: Obstacles) -> None:
    """A handler for other code too: it has to leave, since a factory that goes on returns no app."""
    found = _statements(clause)
    missed = Obstacles(names.tree)
    for statement in found:
        if not leaves(names, statement):
            # A print stays here, so there is nothing to note of it.
            check_statement(names, statement, missed, after=True)
    obstacles.found += [blocker for blocker in missed.found if blocker not in obstacles.found]


def _check_handler(names: Names, clause: Node, obstacles: Obstacles) -> None:
    """The same, but for errors that the code before the server has: they are handled in a factory, too."""
    missed = Obstacles(names.tree)
    check_kept(names, clause, missed)
    if missed.found and _is_of_preparing(names, clause):
        line = names.tree.line(clause)
        obstacles.note(
            f"what fails before the server starts is handled as in line {line}, what fails in it is not"
        )
    else:
        obstacles.found += [blocker for blocker in missed.found if blocker not in obstacles.found]


def _is_of_preparing(names: Names, clause: Node) -> bool:
    """Whether it catches nothing that ends a process, and starts no other server.

    Of a server's errors uvicorn lets hardly one out: it says what is wrong and ends the process.
    """
    kinds = _caught(names, clause)
    if not kinds or any(kind in {*_ENDS, "BaseException"} for kind in kinds):
        return False
    return not nodes_of(clause, "await", "yield") and not _serves(names, clause)


def _serves(names: Names, code: Node, depth: int = 3) -> bool:
    """Whether it starts a server too, by a function of the file as well."""
    for callee in fields_of(nodes_of(code, "call"), "function", "identifier", "attribute"):
        if (names.qualified(callee) or "").startswith(_SERVERS):
            return True
        function = names.definition(callee) if depth else None
        if function is not None and _serves(names, function, depth - 1):
            return True
    return False


def open_handlers(names: Names, site: Site) -> Iterator[Node]:
    """The handlers after which a factory would return no app: there the process has to end, as it did."""
    for attempt in site.tries:
        for clause in attempt.named_children:
            found = _statements(clause) if clause.type in HANDLERS else []
            ends = bool(found) and found[-1].type != "return_statement" and leaves(names, found[-1])
            if found and not ends and attempt not in dropped(site) and not _is_of_end(names, clause):
                yield found[-1]


def _is_of_end(names: Names, clause: Node) -> bool:
    """`except KeyboardInterrupt:`, also in a tuple and with a name."""
    kinds = _caught(names, clause)
    return bool(kinds) and all(kind in _ENDS for kind in kinds)


def _caught(names: Names, clause: Node) -> list[str]:
    """What a handler is for; [] for everything, without a word."""
    caught = next((child for child in clause.named_children if child.type != "block"), None)
    if caught is not None and caught.type == "as_pattern":
        caught = own_parts(caught)[0]
    if caught is None:
        return []
    kinds = caught.named_children if caught.type == "tuple" else [caught]
    return [(names.qualified(kind) or "").removeprefix("builtins.") for kind in kinds]
