"""Loops and handlers that start the server again: on the next port, or after a pause.

for port in range(8000, 8010):               try:
    try:                                         uvicorn.run(app, port=8000)
        uvicorn.run(app, port=port)          except OSError:
        break                                    uvicorn.run(app, port=8001)
    except OSError:
        print("taken")

A command starts one server, on the port that it says. So such a statement is nothing but its run call,
where all else in it only tells, counts, waits and leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from tree_sitter import Node

from portside.python.launching.launch_effects import check_statement, is_exit, is_pure
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of, own_parts, statements
from portside.python.source.syntax import ancestors

_LOOPS = frozenset({"for_statement", "while_statement"})
_HANDLERS = frozenset({"except_clause", "except_group_clause"})
_LEAVES = frozenset(
    {"break_statement", "continue_statement", "pass_statement", "return_statement", "raise_statement"}
)
_WAITS = frozenset({"time.sleep", "asyncio.sleep"})
# What a function names that asks whether a port is free.
_ASKS = re.compile(r"\bsocket\b|\bconnect_ex\b|\bnet_connections\b")

IsLaunch = Callable[[Node], bool]


def only_tries_again(names: Names, container: Node, way: Node, is_launch: IsLaunch) -> bool:
    """Whether the statement does nothing but to start the server, if need be again.

    way: the run call in it, or the call that leads there.
    """
    if container.type not in _LOOPS and not _serves_in_handler(container, is_launch):
        return False

    def serves(call: Node) -> bool:
        return call == way or is_launch(call)

    return _is_idle(names, container, serves) and not _is_read_later(names, container)


def _is_read_later(names: Names, container: Node) -> bool:
    """Whether somebody reads, after it, a name that it binds."""
    scope = names.scope_at(container)
    for node in nodes_of(container, "assignment", "augmented_assignment", "for_statement"):
        left = node.child_by_field_name("left")
        for name in nodes_of(left, "identifier") if left is not None else ():
            text = names.tree.text(name)
            if any(
                read.start_byte >= container.end_byte for read in names.reads(text, names.home(text, scope))
            ):
                return True
    return False


def attempt_of(call: Node, others: Iterable[Node]) -> Node | None:
    """The run call that this one stands in for: it is in a handler, the other in the body of the `try`."""
    for around in ancestors(call):
        if around.type != "try_statement":
            continue
        body = around.child_by_field_name("body")
        if body is not None and not holds(body, call):
            return next((other for other in others if holds(body, other)), None)
    return None


def _serves_in_handler(attempt: Node, is_launch: IsLaunch) -> bool:
    if attempt.type != "try_statement":
        return False
    clauses = [clause for clause in attempt.named_children if clause.type in _HANDLERS]
    return any(is_launch(call) for clause in clauses for call in nodes_of(clause, "call"))


def _is_idle(names: Names, statement: Node, is_launch: IsLaunch) -> bool:
    blocks = [child for part in _parts(statement) for child in part.named_children if child.type == "block"]
    if blocks and statement.type not in {"function_definition", "class_definition", "with_statement"}:
        asked = [one for part in _parts(statement) for one in _conditions(part)]
        inner = (each for block in blocks for each in statements(block))
        return all(_asks(names, one) for one in asked) and all(
            _is_idle(names, each, is_launch) for each in inner
        )
    if statement.type in _LEAVES:
        return True
    if statement.type != "expression_statement":
        return False
    return all(_is_idle_expression(names, each, is_launch) for each in statement.named_children)


def _parts(statement: Node) -> Iterator[Node]:
    """The statement and its clauses."""
    yield statement
    yield from (child for child in statement.named_children if child.type.endswith("_clause"))


def _conditions(part: Node) -> Iterator[Node]:
    """What a clause asks, or goes over, before its block."""
    for field in ("condition", "right"):
        if (node := part.child_by_field_name(field)) is not None:
            yield node


def _asks(names: Names, node: Node) -> bool:
    """Whether it computes, or asks the machine for a port that is free."""
    if is_pure(names, node):
        return True
    return all(_asks_for_port(names, call) for call in nodes_of(node, "call"))


def _asks_for_port(names: Names, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    if is_pure(names, call) or callee is None or names.qualified(callee) in {"builtins.range"}:
        return True
    definition = names.definition(callee)
    return definition is not None and _ASKS.search(names.tree.text(definition)) is not None


def _is_idle_expression(names: Names, node: Node, is_launch: IsLaunch) -> bool:
    call = own_parts(node)[0] if node.type == "await" and own_parts(node) else node
    if call.type == "call" and any(is_launch(each) for each in nodes_of(call, "call")):
        return True
    callee = call.child_by_field_name("function") if call.type == "call" else None
    if is_exit(names, call) or (callee is not None and names.qualified(callee) in _WAITS):
        return True
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if node.type in {"assignment", "augmented_assignment"}:
        return left is not None and left.type == "identifier" and right is not None and _asks(names, right)
    missed = Obstacles(names.tree)
    statement = node.parent if node.parent is not None else node
    check_statement(names, statement, missed, after=True)
    return not missed.found
