"""A main block that looks for who has the port, which is uvicorn once it serves from other processes.

    if is_taken(8000):
        sys.exit("taken")
    uvicorn.run("app:app", port=8000, reload=True)

With `--reload` and `--workers`, uvicorn opens the port before it imports the app, and keeps it: a factory
that looks for who has it finds the process that it was started by. uvicorn itself ends where it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from portside.python.launching.launch_command import Options
from portside.python.launching.launch_effects import is_exit, leaves, tells
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of, own_parts, statements
from portside.python.source.syntax import string_value
from portside.python.values.value_types import Literal, same
from portside.python.values.values import trace
from portside.records import dataclass

_METHODS = frozenset({"kill", "terminate", "send_signal"})
_KILLS = frozenset({"os.kill", "os.killpg"})
_VALUES = ("identifier", "attribute", "integer")
# What a function calls that asks whether a port is free.
_ASKS = re.compile(r"\bconnect_ex\s*\(|\.bind\s*\(|\bnet_connections\s*\(|\bcreate_connection\s*\(")
# What finds a process by its port, where a method ends it.
_FINDS = re.compile(r"\b(net_)?connections\b|\bladdr\b|\blsof\b|\bnetstat\b")
_PROGRAM = re.compile(r"^(kill|pkill|killall|taskkill)\b|\bfuser\b.*\s-\w*k|[|;&]\s*(xargs\s.*)?kill\b")
_RUNNERS = re.compile(r"^(os\.(system|popen)|subprocess\.\w+)$")


@dataclass(frozen=True)
class ServerPort:
    """The port of the server."""

    names: Names
    site: Site
    launch: Launch

    def is_asked_by(self, check: Node) -> bool:
        """Whether the `if` asks who has the port, and leaves where that is somebody."""
        condition, body = (check.child_by_field_name(field) for field in ("condition", "consequence"))
        if condition is None or body is None or not any(leaves(self.names, one) for one in statements(body)):
            return False
        made = [self.names.value_of(name) for name in nodes_of(condition, "identifier")]
        calls = [*nodes_of(condition, "call"), *(one for one in made if one.type == "call")]
        return any(self._asks(call) and self._is_handed(call) for call in calls)

    def _asks(self, call: Node) -> bool:
        callee = call.child_by_field_name("function")
        definition = self.names.definition(callee) if callee is not None else None
        return _ASKS.search(self.names.tree.text(definition if definition is not None else call)) is not None

    def _is_handed(self, call: Node) -> bool:
        """Whether the call is given the port: what asks for another one may be waiting for it."""
        written, listed = self.launch.options.get("port"), call.child_by_field_name("arguments")
        if written is None or listed is None:
            return False
        port = self.site.argument(self.names, written)
        given = (self.site.argument(self.names, one) for one in nodes_of(listed, *_VALUES))
        return any(self._is_port(one, port) for one in given)

    def _is_port(self, node: Node, port: Node) -> bool:
        if self.names.tree.text(node) == self.names.tree.text(port):
            return True
        values = [trace(self.names, each) for each in (node, port)]
        return isinstance(values[0], Literal) and same(values[0], values[1])


def check_holders(
    port: ServerPort,
    options: Options,
    parts: Iterable[Node],
    obstacles: Obstacles,
    *,
    may_go: bool,
) -> tuple[Node, ...]:
    """Adds what ends other processes for their port, or leaves for it, where uvicorn has it by then.

    What only tells that the port is taken, and ends, is returned: it goes. may_go: whether anything can.
    """
    flag = _many(options)
    if flag is None:
        return ()
    parts = tuple(parts)
    names = port.names
    found = [check for part in parts for check in nodes_of(part, "if_statement") if port.is_asked_by(check)]
    blocks = [level.block for level in port.site.levels if level.block.type == "block"] if may_go else []
    going = tuple(check for check in found if check.parent in blocks and _only_ends(names, check))
    for check in found:
        condition = check.child_by_field_name("condition") or check
        if check in going:
            obstacles.note(f"{obstacles.quote(condition)} goes: uvicorn ends itself where its port is taken")
        elif not any(holds(one, check) for one in going):
            shown = obstacles.quote(condition)
            obstacles.add(condition, f"{shown} asks for the port, and with `{flag}` uvicorn itself has it")
            return ()
    _check_ends(names, flag, parts, obstacles)
    return going


def _only_ends(names: Names, check: Node) -> bool:
    """Whether it tells something, and ends the process."""
    body = check.child_by_field_name("consequence")
    if body is None or check.children_by_field_name("alternative"):
        return False
    calls = ((one, next(iter(own_parts(one)), one)) for one in statements(body))
    return all(leaves(names, one) or (inner.type == "call" and tells(names, inner)) for one, inner in calls)


def _check_ends(names: Names, flag: str, parts: Iterable[Node], obstacles: Obstacles) -> None:
    for part in parts:
        finds = _FINDS.search(names.tree.text(part)) is not None
        found = next((call for call in nodes_of(part, "call") if _ends(names, call, finds=finds)), None)
        if found is not None:
            shown = obstacles.quote(found)
            obstacles.add(found, f"{shown} ends who has the port, and with `{flag}` that is uvicorn itself")
            return


def _many(options: Options) -> str | None:
    """The option that makes other processes serve."""
    said = {option.flag: option.words for option in options.said}
    if any("--reload" in word for word in said.get("--reload", ())):
        return "--reload"
    return "--workers" if said.get("--workers", ("1",))[-1] != "1" else None


def _ends(names: Names, call: Node, *, finds: bool) -> bool:
    """finds: whether the code around it looks for processes by their port."""
    callee = call.child_by_field_name("function")
    called = names.qualified(callee) if callee is not None else None
    method = callee.child_by_field_name("attribute") if callee is not None else None
    if called in _KILLS:
        return finds and not is_exit(names, call)
    if called is not None and _RUNNERS.match(called):
        said = [string_value(names.tree, node) or "" for node in nodes_of(call, "string")]
        return any(_PROGRAM.search(text) for text in (*said, " ".join(said)))
    return finds and method is not None and names.tree.text(method) in _METHODS
