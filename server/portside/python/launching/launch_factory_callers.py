"""Calls that count on the script to be what runs things: uvicorn has done that already, or is about to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from tree_sitter import Node

from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of
from portside.python.source.syntax import argument_nodes
from portside.records import dataclass

# What uvicorn, as the caller, has done already or is about to do itself.
_LOOPS = frozenset({"uvloop.run", "anyio.run"})
_CALLERS = {
    "nest_asyncio.apply": "changes the loop that uvicorn runs in",
    "os.fork": "forks in the process that serves",
    "os.execv": "replaces the process",
    "os.execvp": "replaces the process",
}
_NEW_LOOP = "asyncio.new_event_loop"
_IN_LOOP = "fails where a loop runs already, as in uvicorn when it calls a factory"
_RUNNING = frozenset({"run_until_complete", "close", "stop", "is_running", "is_closed"})


@dataclass(frozen=True)
class LoopCalls:
    """Calls of the main block that can move into uvicorn's loop.

    made: those that make the loop of the server. run: those that run a coroutine to its end.
    """

    made: tuple[Node, ...]
    run: tuple[Node, ...]


def check_callers(
    names: Names,
    site: Site,
    parts: Iterable[Node],
    obstacles: Obstacles,
    *,
    apart: Collection[Node],
    around: Around | None,
) -> LoopCalls:
    """Adds calls that do something else once uvicorn's process runs them; those of a loop that can move.

    apart: code that runs only where nothing is served.
    """
    calls = [
        call
        for part in parts
        for call in _calls_of_loop(names, site, part, obstacles, apart=apart, around=around)
    ]
    made = tuple(call for call in calls if names.qualified(call.children[0]) == _NEW_LOOP)
    return LoopCalls(made, tuple(call for call in calls if call not in made))


def _calls_of_loop(
    names: Names,
    site: Site,
    part: Node,
    obstacles: Obstacles,
    *,
    apart: Collection[Node],
    around: Around | None,
) -> Iterator[Node]:
    for call in nodes_of(part, "call"):
        callee = call.child_by_field_name("function")
        called = names.qualified(callee) if callee is not None else None
        attribute = callee.child_by_field_name("attribute") if callee is not None else None
        runs = attribute is not None and names.tree.text(attribute) in {"run_until_complete", "run_forever"}
        if any(holds(one, call) for one in apart):
            continue
        if called in _CALLERS:
            obstacles.add(call, f"{obstacles.quote(call)} {_CALLERS[called]}")
        elif any(holds(call, way) for way in (site.call, *site.ways)):
            continue
        elif called == "asyncio.run" and len(argument_nodes(call)) == 1:
            yield call
        elif runs and around is not None and around.covers(call):
            continue
        elif called == _NEW_LOOP and not _is_only_run(names, call) and _runs_server(names, site, call):
            yield call
        elif called == _NEW_LOOP and not _is_only_run(names, call):
            obstacles.add(call, f"{obstacles.quote(call)} makes a loop that nobody runs then")
        elif called in _LOOPS or called == "asyncio.run" or runs:
            obstacles.add(call, f"{obstacles.quote(call)} {_IN_LOOP}")


def _runs_server(names: Names, site: Site, made: Node) -> bool:
    """Whether the new loop is the one that the server runs in, and no thread of its own runs it."""
    left = made.parent.child_by_field_name("left") if made.parent is not None else None
    if left is None or left.type != "identifier":
        return False
    word = names.tree.text(left)
    texts = [names.tree.text(level.statement) for level in site.levels]
    runs = re.compile(rf"\b{re.escape(word)}\s*\.\s*run_until_complete\b")
    forever = re.compile(rf"\b{re.escape(word)}\s*\.\s*run_forever\b")
    whole = any(forever.search(names.tree.text(part)) for part in site.removed)
    return not whole and any(runs.search(text) for text in texts)


def _is_only_run(names: Names, made: Node) -> bool:
    """Whether a new loop is there for nothing but to run the server: another one does that then."""
    assignment = made.parent
    left = assignment.child_by_field_name("left") if assignment is not None else None
    if assignment is None or left is None or left.type != "identifier":
        return assignment is not None and assignment.type in {"argument_list", "attribute"}
    name, used = names.tree.text(left), set[str]()
    for read in names.reads(name, names.home(name, names.scope_at(left))):
        around = read.parent
        method = around.child_by_field_name("attribute") if around is not None else None
        if around is not None and around.type not in {"argument_list", "keyword_argument"}:
            used.add(names.tree.text(method) if method is not None else "")
    # One that the script never runs either is none the worse.
    return used <= _RUNNING or not used & {"run_until_complete", "run_forever"}
