"""What a handler of a signal does: nothing but to tell, to mark and to stop the server, or more."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from portside.python.launching.launch_effects import is_exit, is_pure, tells
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of, statements
from portside.python.source.syntax import argument_nodes, arguments, string_value

_IGNORED = frozenset({"signal.SIG_DFL", "signal.SIG_IGN"})
_TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future", "asyncio.run_coroutine_threadsafe"})
_RUNS = frozenset({"create_task", "call_soon_threadsafe", "run_until_complete"})
# What ends the tasks of a loop, which end with the server anyway.
_OF_LOOP = frozenset({"asyncio.all_tasks", "asyncio.current_task", "asyncio.gather", "asyncio.sleep"})
_EVENTS = frozenset({"threading.Event", "asyncio.Event"})
# Of `uvicorn.Server`.
_STOPS = frozenset({"should_exit", "force_exit"})
_SIMPLE = frozenset({"nonlocal_statement", "global_statement", "return_statement"})
_COMPOUND = frozenset({"if_statement", "for_statement", "while_statement", "try_statement"})
_DEEPEST = 3


def only_leaves(names: Names, handler: Node) -> bool:
    """Whether it tells, marks names of its own or an event, stops the server and ends the process."""
    if handler.type == "lambda":
        body = handler.child_by_field_name("body")
        return body is not None and _is_idle(names, body, _DEEPEST)
    if handler.type == "attribute":
        method = handler.child_by_field_name("attribute")
        is_uvicorns = method is not None and names.tree.text(method) == "handle_exit"
        return is_uvicorns or (names.qualified(handler) or "") in _IGNORED or _is_event(names, handler)
    function = names.definition(handler)
    return function is not None and _does_nothing_more(names, function, _DEEPEST)


def _does_nothing_more(names: Names, function: Node, depth: int) -> bool:
    if function.type != "function_definition" or not depth:
        return False
    body = function.child_by_field_name("body")
    return body is not None and all(_is_idle(names, one, depth) for one in statements(body))


def _is_idle(names: Names, statement: Node, depth: int) -> bool:
    if statement.type in {"function_definition", "raise_statement"}:
        return True
    if statement.type in _COMPOUND:
        return _is_idle_compound(names, statement, depth)
    if statement.type.endswith("_statement") and statement.type not in {*_SIMPLE, "expression_statement"}:
        return statement.type in {"pass_statement", "import_statement", "import_from_statement"}
    for assignment in nodes_of(statement, "assignment", "augmented_assignment"):
        if not _only_marks(names, assignment):
            return False
    return all(_is_idle_call(names, call, depth) for call in nodes_of(statement, "call"))


def only_stops(names: Names, statement: Node) -> bool:
    """Whether it stops the server and does nothing else: `if server: server.should_exit = True`."""
    marked = [
        one
        for one in nodes_of(statement, "assignment")
        if (left := one.child_by_field_name("left")) is not None and left.type == "attribute"
    ]
    return bool(marked) and _is_idle(names, statement, _DEEPEST)


def _is_idle_compound(names: Names, statement: Node, depth: int) -> bool:
    parts = (statement, *(child for child in statement.named_children if child.type.endswith("_clause")))
    blocks = [child for part in parts for child in part.named_children if child.type == "block"]
    asked = [part.child_by_field_name(field) for part in parts for field in ("condition", "right")]
    calls = [call for node in asked if node is not None for call in nodes_of(node, "call")]
    return all(_is_idle_call(names, call, depth) for call in calls) and all(
        _is_idle(names, inner, depth) for block in blocks for inner in statements(block)
    )


def _only_marks(names: Names, assignment: Node) -> bool:
    """`stopping = True` and `server.should_exit = True`."""
    left = assignment.child_by_field_name("left")
    name = left.child_by_field_name("attribute") if left is not None else None
    if name is not None:
        return names.tree.text(name) in _STOPS
    return left is not None and left.type == "identifier"


def _is_idle_call(names: Names, call: Node, depth: int) -> bool:
    callee = call.child_by_field_name("function")
    if callee is None:
        return False
    qualified = names.qualified(callee) or ""
    if qualified in _OF_LOOP or is_exit(names, call) or tells(names, call) or _is_event(names, callee):
        return True
    if is_pure(names, call) or _stops_server(names, call, callee) or _makes_task(names, callee):
        return True
    function = names.definition(callee)
    return function is not None and _does_nothing_more(names, function, depth - 1)


def _makes_task(names: Names, callee: Node) -> bool:
    """`asyncio.create_task(…)`: what the task does is among the calls too."""
    method = callee.child_by_field_name("attribute")
    is_of_loop = method is not None and names.tree.text(method) in _RUNS
    return is_of_loop or (names.qualified(callee) or "") in _TASKS


def _stops_server(names: Names, call: Node, callee: Node) -> bool:
    passed, method = argument_nodes(call), callee.child_by_field_name("attribute")
    if names.qualified(callee) == "builtins.setattr" and len(passed) == 3:
        return string_value(names.tree, passed[1]) in _STOPS
    name = names.tree.text(method) if method is not None else ""
    holder = callee.child_by_field_name("object")
    is_servers = holder is not None and names.tree.text(holder).rpartition(".")[2].endswith("server")
    if name == "handle_exit" or (name == "shutdown" and is_servers and not passed):
        return True
    return name in {"cancel", "stop", "close"} and not passed and _is_of_loop(names, callee)


def _is_of_loop(names: Names, callee: Node) -> bool:
    """Whether it is a loop that is stopped, or one of its tasks that is cancelled."""
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    if method is not None and names.tree.text(method) == "cancel":
        return True
    made = names.value_of(holder) if holder is not None else None
    maker = made.child_by_field_name("function") if made is not None and made.type == "call" else None
    qualified = names.qualified(maker) if maker is not None else None
    return (qualified or "").startswith("asyncio.") and (qualified or "").endswith("_loop")


def _is_event(names: Names, callee: Node) -> bool:
    """`stopping.set()` of an event: whoever waits for it has been stopped with the server."""
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    made = names.value_of(holder) if holder is not None else None
    maker = made.child_by_field_name("function") if made is not None and made.type == "call" else None
    if method is None or names.tree.text(method) != "set":
        return False
    # An event of an object of another file: nothing else is set to no value.
    around = callee.parent
    alone = around is not None and not (around.type == "call" and argument_nodes(around))
    is_known = maker is not None and names.qualified(maker) in _EVENTS
    return is_known or (alone and callee.child_by_field_name("object") is not None and maker is None)


def registered(names: Names, call: Node) -> tuple[Node, Node, Sequence[Node]] | None:
    """The signal, its handler and what that is handed besides, of a call that sets a handler."""
    callee, passed = call.child_by_field_name("function"), arguments(call).positional
    method = callee.child_by_field_name("attribute") if callee is not None else None
    is_loops = method is not None and names.tree.text(method) == "add_signal_handler"
    if callee is None or not (is_loops or names.qualified(callee) == "signal.signal"):
        return None
    return (passed[0], passed[1], passed[2:]) if len(passed) > 1 else None
