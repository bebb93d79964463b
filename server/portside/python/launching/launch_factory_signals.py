"""Handlers of the signals that stop uvicorn, once the main block is a factory.

signal.signal(signal.SIGINT, on_stop)       goes, where `on_stop` only tells and leaves
uvicorn.run(app)                      ->    return app

uvicorn sets its own handlers before it calls a factory, so one that is set there would take the signal from
it. In the script it is the other way round: uvicorn's take the place of the script's while it serves, and the
script's are called (since 0.29) once all is over. What such a handler tells or marks then nobody needs; what
else it does comes last in the lifespan of the app, which is over at the same time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.launch_effects import is_pure
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launch_factory_handlers import only_leaves, only_stops, registered
from portside.python.launching.launch_factory_lifespan import no_lifespan
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launches import Launch
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of, own_parts, statements
from portside.records import dataclass

_SIGNALS = frozenset({"signal.SIGINT", "signal.SIGTERM", "signal.SIGBREAK"})
_MAKES_LOOP = frozenset({"asyncio.get_running_loop", "asyncio.get_event_loop"})
_TAKES = "would take the signal from uvicorn, whose handlers are set before the factory runs"


@dataclass(frozen=True)
class Signals:
    """gone: statements that set handlers, and what only these need. cleaning: what has to be done last."""

    gone: tuple[Node, ...] = ()
    cleaning: str | None = None


def find_signals(
    facts: FileFacts,
    launch: Launch,
    returned: Returned | None,
    parts: Iterable[Node],
    obstacles: Obstacles,
) -> Signals:
    """What becomes of the handlers; what keeps one of them from going is among the obstacles.

    parts: the code of the launch, without what of it runs only where nothing is served.
    """
    names, parts = facts.module.names, tuple(parts)
    found: list[Node] = []
    cleaning: set[str] = set()
    for call in (call for part in parts for call in nodes_of(part, "call")):
        given = registered(names, call)
        if given is None or not _is_of_server(names, given[0]):
            continue
        statement = _statement(names, call)
        if statement is not None and only_leaves(names, given[1]):
            obstacles.note(f"{obstacles.quote(call)} goes: uvicorn stops the server by itself")
        elif (said := _cleaning(facts, launch, returned, call, obstacles)) is not None:
            cleaning.add(said)
            found += _stopping(names, given[1])
            obstacles.note(f"`{said}` comes with the shutdown of the app", review=True)
        found += [statement] if statement is not None else []
    if len(cleaning) > 1:
        obstacles.add(
            launch.call, f"{' and '.join(f'`{one}`' for one in sorted(cleaning))} can't both come last"
        )
    gone = (*dict.fromkeys(found), *_handlers(names, found))
    return Signals((*gone, *_loops(names, parts, gone)), next(iter(cleaning), None))


def _cleaning(
    facts: FileFacts, launch: Launch, returned: Returned | None, call: Node, obstacles: Obstacles
) -> str | None:
    """The call that the lifespan has to make last; None, with an obstacle, where it can't."""
    names = facts.module.names
    said = _called_at_end(names, launch, call) if _statement(names, call) is not None else None
    reason = no_lifespan(facts, launch, returned) if said is not None and returned is not None else None
    if said is not None and reason is None:
        return said
    obstacles.add(call, f"{obstacles.quote(call)} {_TAKES}{f': {reason}' if reason else ''}")
    return None


def _stopping(names: Names, handler: Node) -> Iterator[Node]:
    """What stops the server in a handler that does more: when that is called, the server has stopped."""
    function = names.definition(handler)
    body = function.child_by_field_name("body") if function is not None else None
    found = [*statements(body)] if body is not None else []
    yield from (one for one in found if only_stops(names, one) and len(found) > 1)


def _is_of_server(names: Names, number: Node) -> bool:
    """Whether it may be one of the signals that stop uvicorn."""
    return (names.qualified(number) or "signal.SIGINT") in _SIGNALS


def _statement(names: Names, call: Node) -> Node | None:
    """The outermost statement that does nothing but to set handlers; None where it has no such."""
    statement = call.parent
    if statement is None or statement.type != "expression_statement":
        return None
    while (block := statement.parent) is not None and block.type in {"block", "except_clause"}:
        around = block.parent if block.type == "block" else block
        while around is not None and around.type.endswith("_clause"):
            around = around.parent
        if around is None or not _only_registers(names, around):
            break
        statement = around
    return statement


def _only_registers(names: Names, statement: Node) -> bool:
    """Whether it only sets handlers: for several signals, for some systems, or where that can be done."""
    if statement.type == "expression_statement":
        call = own_parts(statement)[0]
        return call.type == "call" and (registered(names, call) is not None or is_pure(names, call))
    if statement.type == "pass_statement":
        return True
    if statement.type not in {"if_statement", "for_statement", "try_statement"}:
        return False
    parts = (statement, *(child for child in statement.named_children if child.type.endswith("_clause")))
    asked = [part.child_by_field_name(field) for part in parts for field in ("condition", "right")]
    blocks = [child for part in parts for child in part.named_children if child.type == "block"]
    return all(is_pure(names, node) for node in asked if node is not None) and all(
        _only_registers(names, inner) for block in blocks for inner in statements(block)
    )


def _called_at_end(names: Names, launch: Launch, call: Node) -> str | None:
    """The call of a handler that does more, as it stands where the app is returned; None where it can't."""
    given = registered(names, call)
    assert given is not None
    number, handler, rest = given
    function = names.definition(handler) if handler.type == "identifier" else None
    if function is None or function.type != "function_definition" or function.children[0].type == "async":
        return None
    here, there = (names.scope_at(node).function() for node in (call, launch.call))
    if names.scope_at(function) is not names.module and here is not there:
        return None
    name = names.tree.text(handler)
    if (names.qualified(call.child_by_field_name("function") or call) or "") == "signal.signal":
        is_named = (names.qualified(number) or "") in _SIGNALS
        shown = names.tree.text(number) if is_named else "signal.SIGTERM"
        is_module = any(b.target == "signal" for b in names.module_bindings("signal"))
        # Who is called for two signals is called for one of them at the end.
        return f"{name}({'signal.SIGTERM' if is_module else shown}, None)" if is_named or is_module else None
    return f"{name}()" if not rest else None


def _handlers(names: Names, gone: list[Node]) -> Iterator[Node]:
    """Functions within functions that nobody reads any more."""
    seen: set[int] = set()
    waiting = [handler for one in gone for handler in nodes_of(one, "identifier")]
    for word in waiting:
        handler = names.definition(word)
        if handler is None or handler.start_byte in seen or handler.type != "function_definition":
            continue
        home = names.scope_at(handler)
        name = handler.child_by_field_name("name")
        reads = names.reads(names.tree.text(name), home) if name is not None else ()
        decorated = handler.parent is not None and handler.parent.type == "decorated_definition"
        is_needed = home is names.module or decorated or not only_leaves(names, word)
        if not is_needed and all(any(holds(one, read) for one in gone) for read in reads):
            seen.add(handler.start_byte)
            yield handler


def _loops(names: Names, parts: Collection[Node], gone: tuple[Node, ...]) -> Iterator[Node]:
    """`loop = asyncio.get_running_loop()`, where only what goes reads it."""
    for assignment in (node for part in parts for node in nodes_of(part, "assignment")):
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        maker = right.child_by_field_name("function") if right is not None and right.type == "call" else None
        if left is None or left.type != "identifier" or maker is None or assignment.parent is None:
            continue
        home = names.home(names.tree.text(left), names.scope_at(left))
        reads = names.reads(names.tree.text(left), home)
        is_loop = names.qualified(maker) in _MAKES_LOOP
        if is_loop and reads and all(any(holds(one, read) for one in gone) for read in reads):
            yield assignment.parent
