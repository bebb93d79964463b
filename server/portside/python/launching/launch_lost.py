"""What a script does to an app that nobody serves, as its import string makes uvicorn import another one.

if __name__ == "__main__":
    app.root_path = settings.root_path      <- of the script's own app
    uvicorn.run("server:app")               <- imports the file again, with an app that has none of it

Nothing of it reaches a request, today or with the command, so it may go, where it does nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from portside.python.launching.launch_effects import is_pure
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.names.names import Names
from portside.python.source.nodes import holds, own_parts, statements
from portside.python.source.syntax import ancestors

# What only adds to the app that it is called on.
_ADDING = frozenset(
    {"add_middleware", "include_router", "add_exception_handler", "add_event_handler"}
    | {"add_route", "add_websocket_route", "add_api_route", "add_api_websocket_route"}
)


def lost_statement(names: Names, app: Node) -> Node | None:
    """The statement that does nothing but to change the app named here; None where it may do more."""
    changed = app
    while changed.parent is not None and changed.parent.type == "attribute":
        if changed.parent.child_by_field_name("object") != changed:
            return None
        changed = changed.parent
    whole = changed.parent
    statement = whole.parent if whole is not None else None
    if changed == app or whole is None or statement is None or statement.type != "expression_statement":
        return None
    if not _only_adds(names, changed, whole) and not _only_sets(names, changed, whole):
        return None
    return statement if len(own_parts(statement)) == 1 else None


def _only_adds(names: Names, method: Node, call: Node) -> bool:
    """`app.add_middleware(CORSMiddleware, allow_origins=["*"])`"""
    attribute, listed = method.child_by_field_name("attribute"), call.child_by_field_name("arguments")
    is_call = call.type == "call" and call.child_by_field_name("function") == method
    if not is_call or attribute is None or listed is None:
        return False
    return names.tree.text(attribute) in _ADDING and is_pure(names, listed)


def _only_sets(names: Names, target: Node, assignment: Node) -> bool:
    """`app.state.started = time.time()`"""
    value = assignment.child_by_field_name("right")
    is_target = assignment.type == "assignment" and assignment.child_by_field_name("left") == target
    return is_target and value is not None and is_pure(names, value)


def leaves_more(statement: Node, gone: Iterable[Node]) -> bool:
    """Whether something else is left of the block that it stands in."""
    block = statement.parent
    others = statements(block) if block is not None else ()
    return any(one != statement and one not in gone for one in others)


def note_lost(names: Names, app: str, within: Iterable[Node], obstacles: Obstacles) -> tuple[Node, ...]:
    """The statements that go for it, each with a note, of those in the code of the launch.

    app: the name of the module that the script changes. within: where that code stands.
    """
    found: list[Node] = []
    for read in names.reads(app):
        statement = lost_statement(names, read)
        is_within = statement is not None and any(holds(part, statement) for part in within)
        if statement is None or not is_within or any(one.type == "lambda" for one in ancestors(read)):
            continue
        if leaves_more(statement, found):
            found.append(statement)
            obstacles.note(
                f"{obstacles.quote(statement)} goes: the app that is served is another one, without it",
                review=True,
            )
    return tuple(found)
