"""Handlers of the signals that stop uvicorn, once the main block is a factory.

signal.signal(signal.SIGINT, on_stop)       goes, where `on_stop` only tells and leaves
uvicorn.run(app)                      ->    return app

uvicorn sets its own handlers before it calls a factory, so one that is set there would take the signal from
it. In the script it is the other way round: uvicorn's take the place of the script's while it serves, and the
script's are called (since 0.29) once all is over. What such a handler tells or marks then nobody needs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tree_sitter import Node

from portside.python.launching.launch_effects import check_statement, is_pure
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import statements
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of
from portside.python.source.syntax import argument_nodes, arguments

_SIGNALS = frozenset({"signal.SIGINT", "signal.SIGTERM", "signal.SIGBREAK"})
_ENDS = frozenset({"sys.exit", "os._exit", "builtins.exit", "builtins.quit"})
_MARKS = frozenset({"assignment", "augmented_assignment"})
_DECLARES = frozenset({"nonlocal_statement", "global_statement", "raise_statement", "return_statement"})


def signals_that_go(
    names: Names, parts: Collection[Node], apart: Collection[Node], obstacles: Obstacles
) -> tuple[Node, ...]:
    """The statements that go; what keeps one of them from going becomes an obstacle.

    parts: the code of the launch. apart: what of it runs only where nothing is served.
    """
    found: list[Node] = []
    for part in parts:
        for call in nodes_of(part, "call"):
            if any(holds(one, call) for one in apart) or not _is_of_server(names, call):
                continue
            statement = _statement(names, call)
            if statement is None or not _only_leaves(names, call):
                obstacles.add(
                    call,
                    f"{obstacles.quote(call)} would take the signal from uvicorn,"
                    " whose handlers are set before the factory runs",
                )
            else:
                obstacles.note(f"{obstacles.quote(call)} goes: uvicorn stops the server by itself")
                found.append(statement)
    return (*found, *_handlers(names, found))


def _is_of_server(names: Names, call: Node) -> bool:
    """Whether it may set a handler of one of the signals that stop uvicorn."""
    callee = call.child_by_field_name("function")
    if callee is None or names.qualified(callee) != "signal.signal":
        return False
    passed = arguments(call).positional
    return not passed or (names.qualified(passed[0]) or "signal.SIGINT") in _SIGNALS


def _statement(names: Names, call: Node) -> Node | None:
    """The statement that does nothing but this, with an `if` around it alone; None where it has no such."""
    statement = call.parent
    if statement is None or statement.type != "expression_statement":
        return None
    while (block := statement.parent) is not None and len([*statements(block)]) == 1:
        around = block.parent
        condition = around.child_by_field_name("condition") if around is not None else None
        if around is None or around.type != "if_statement" or condition is None:
            return None
        if around.children_by_field_name("alternative") or not is_pure(names, condition):
            return None
        statement = around
    return statement


def _only_leaves(names: Names, call: Node) -> bool:
    """Whether the handler tells, marks names of its own or an event, and ends the process."""
    passed = arguments(call).positional
    handler = names.definition(passed[1]) if len(passed) == 2 and passed[1].type == "identifier" else None
    if handler is None or handler.type != "function_definition" or handler.children[0].type == "async":
        return len(passed) == 2 and (names.qualified(passed[1]) or "") in {"signal.SIG_DFL", "signal.SIG_IGN"}
    body = handler.child_by_field_name("body")
    return body is not None and all(_is_idle(names, statement) for statement in statements(body))


def _is_idle(names: Names, statement: Node) -> bool:
    if statement.type in _DECLARES:
        return True
    if statement.type == "if_statement":
        branches = (statement, *statement.children_by_field_name("alternative"))
        blocks = (
            one.child_by_field_name("consequence") or one.child_by_field_name("body") for one in branches
        )
        return all(
            _is_idle(names, inner) for block in blocks if block is not None for inner in statements(block)
        )
    inner = statement.named_children[0] if statement.named_children else statement
    if inner.type in _MARKS:
        left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
        return left is not None and left.type == "identifier" and right is not None and is_pure(names, right)
    callee = inner.child_by_field_name("function") if inner.type == "call" else None
    if callee is not None and (names.qualified(callee) in _ENDS or _is_event(names, callee)):
        return True
    missed = Obstacles(names.tree)
    check_statement(names, statement, missed, after=True)
    return not missed.found


def _is_branch_of(statement: Node, block: Node) -> bool:
    return block.parent == statement or block.parent in statement.children_by_field_name("alternative")


def _is_event(names: Names, callee: Node) -> bool:
    """`stopping.set()` of an event: whoever waits for it has been stopped with the server."""
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    made = names.value_of(holder) if holder is not None else None
    maker = made.child_by_field_name("function") if made is not None and made.type == "call" else None
    if method is None or names.tree.text(method) != "set":
        return False
    # An event of an object of another file: nothing else is set to no value.
    alone = callee.parent is not None and not argument_nodes(callee.parent)
    is_known = maker is not None and names.qualified(maker) in {"threading.Event", "asyncio.Event"}
    return is_known or (alone and callee.child_by_field_name("object") is not None and maker is None)


def _handlers(names: Names, gone: list[Node]) -> Iterator[Node]:
    """Functions within functions that nobody reads any more."""
    seen: set[int] = set()
    for statement in gone:
        for call in nodes_of(statement, "call"):
            passed = arguments(call).positional
            handler = names.definition(passed[1]) if len(passed) == 2 else None
            if handler is None or handler.start_byte in seen or names.scope_at(handler) is names.module:
                continue
            name = handler.child_by_field_name("name")
            home = names.scope_at(handler)
            reads = names.reads(names.tree.text(name), home) if name is not None else ()
            decorated = handler.parent is not None and handler.parent.type == "decorated_definition"
            if not decorated and all(any(holds(one, read) for one in gone) for read in reads):
                seen.add(handler.start_byte)
                yield handler
