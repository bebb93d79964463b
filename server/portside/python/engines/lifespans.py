"""What an app runs when it starts and when it stops: lifespans, startup and shutdown handlers."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.running.reachability import decorators, method_of_instance
from portside.python.source.nodes import fields_of, nodes_of
from portside.python.source.syntax import arguments, string_value, unwrapped
from portside.records import dataclass

_WORDS = ("lifespan", "lifespan_context", "on_event", "add_event_handler", "on_startup", "on_shutdown")


@dataclass(frozen=True, eq=False)
class AppEvents:
    """The functions of the file that its apps call, each `function_definition` once.

    lifespans: those with a `yield` between start and stop.
    """

    lifespans: tuple[Node, ...] = ()
    startup: tuple[Node, ...] = ()
    shutdown: tuple[Node, ...] = ()


def find_app_events(names: Names) -> AppEvents:
    found: dict[str, dict[int, Node]] = {"lifespan": {}, "startup": {}, "shutdown": {}}
    for chunk in names.chunks_with(_WORDS):
        for event, function in (*_handed(names, chunk.node), *_decorated(names, chunk.node)):
            if function.type == "function_definition":
                found[event][function.start_byte] = function
    for function in _made_for_others(names):
        found["lifespan"][function.start_byte] = function
    lifespans, startup, shutdown = (tuple(found[event].values()) for event in found)
    return AppEvents(tuple(f for f in lifespans if yields_of(names, f)), startup, shutdown)


def yields_of(names: Names, function: Node) -> tuple[Node, ...]:
    """The `yield`s of the function itself."""
    found = nodes_of(function, "yield")
    return tuple(node for node in found if names.scope_at(node).node == function)


def _made_for_others(names: Names) -> Iterator[Node]:
    """The lifespans that other files hand to their app, told by their names and decorators."""
    for chunk in names.chunks_with(["asynccontextmanager"]):
        for function in fields_of(chunk.nodes("decorated_definition"), "definition"):
            name = function.child_by_field_name("name")
            if (
                function.type != "function_definition"
                or name is None
                or b"lifespan" not in (name.text or b"")
            ):
                continue
            if any(
                names.qualified(maker) == "contextlib.asynccontextmanager" for maker in decorators(function)
            ):
                yield function


def _handed(names: Names, statement: Node) -> Iterator[tuple[str, Node]]:
    """`FastAPI(lifespan=f)`, `Starlette(on_startup=[f])`, `app.add_event_handler("startup", f)`."""
    for call in nodes_of(statement, "call"):
        passed = arguments(call)
        for keyword, event in _KEYWORDS.items():
            if keyword in passed.keywords:
                yield from ((event, f) for f in _functions(names, passed.keywords[keyword]))
        callee = call.child_by_field_name("function")
        method = callee.child_by_field_name("attribute") if callee is not None else None
        is_adder = method is not None and names.tree.text(method) == "add_event_handler"
        if is_adder and len(passed.positional) == 2:
            event = string_value(names.tree, passed.positional[0]) or ""
            if event in {"startup", "shutdown"}:
                yield from ((event, f) for f in _functions(names, passed.positional[1]))
    for assignment in nodes_of(statement, "assignment"):
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        if left is not None and right is not None and names.tree.text(left).endswith(".lifespan_context"):
            yield from (("lifespan", f) for f in _functions(names, right))


_KEYWORDS = {"lifespan": "lifespan", "on_startup": "startup", "on_shutdown": "shutdown"}


def _functions(names: Names, expression: Node) -> Iterator[Node]:
    value = unwrapped(expression)
    for node in value.named_children if value.type in {"list", "tuple"} else (value,):
        definition = names.definition(node) or method_of_instance(names, node)
        if definition is not None:
            yield definition


def _decorated(names: Names, statement: Node) -> Iterator[tuple[str, Node]]:
    """`@app.on_event("startup")`."""
    for function in fields_of(nodes_of(statement, "decorated_definition"), "definition"):
        for decorator in decorators(function):
            callee = decorator.child_by_field_name("function")
            method = callee.child_by_field_name("attribute") if callee is not None else None
            if method is None or names.tree.text(method) != "on_event":
                continue
            passed = arguments(decorator).positional
            event = string_value(names.tree, passed[0]) if passed else None
            if event in {"startup", "shutdown"}:
                yield event, function
