"""Code that stops the server, once there is no server object to tell.

server.should_exit = True             ->    signal.raise_signal(signal.SIGTERM)

The signal does just that: uvicorn's handler of it marks the server, and the main loop ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.names.names import Names
from portside.python.source.nodes import holds, statements

STOP = "signal.raise_signal(signal.SIGTERM)"


def find_stops(names: Names, made: Iterable[Node], gone: Iterable[Node]) -> tuple[Node, ...]:
    """The statements that do nothing but to stop the server. made: what binds it. gone: what goes anyway."""
    gone = tuple(gone)
    return tuple(dict.fromkeys(stop for node in made for stop in _stops_of(names, node, gone)))


def _stops_of(names: Names, made: Node, gone: tuple[Node, ...]) -> Iterator[Node]:
    server = made.child_by_field_name("left")
    if server is None or server.type != "identifier":
        return
    text = names.tree.text(server)
    for read in names.reads(text, names.home(text, names.scope_at(server))):
        stop = _stop(names, read) if not any(holds(one, read) for one in gone) else None
        if stop is not None:
            yield _with_condition(names, stop, text)


def _stop(names: Names, read: Node) -> Node | None:
    """The statement `server.should_exit = True` around a read of the name."""
    attribute = read.parent
    assignment = attribute.parent if attribute is not None else None
    if attribute is None or assignment is None or assignment.type != "assignment":
        return None
    name, right = attribute.child_by_field_name("attribute"), assignment.child_by_field_name("right")
    is_mark = assignment.child_by_field_name("left") == attribute and right is not None
    if not is_mark or name is None or right is None or right.type != "true":
        return None
    return assignment.parent if names.tree.text(name) == "should_exit" else None


def _with_condition(names: Names, stop: Node, server: str) -> Node:
    """With the `if server:` around it, which asks whether there is one by then."""
    block = stop.parent
    around = block.parent if block is not None else None
    if block is None or around is None or around.type != "if_statement" or len(list(statements(block))) > 1:
        return stop
    condition = around.child_by_field_name("condition")
    asked = names.tree.text(condition) if condition is not None else ""
    has_other = around.child_by_field_name("alternative") is not None
    return around if asked in {server, f"{server} is not None"} and not has_other else stop


def stopping(names: Names, stops: tuple[Node, ...], obstacles: Obstacles) -> Iterator[Edit]:
    for stop in stops:
        obstacles.note(f"{obstacles.quote(stop)} becomes `{STOP}`, which ends the process too", review=True)
        yield Edit(names.tree.source.path, names.tree.span(stop), STOP)
