"""A main block that ends whoever has the port, which is uvicorn once it serves from other processes.

With `--reload` and `--workers`, uvicorn opens the port before it imports the app, and keeps it: a factory
that looks for who has it finds the process that it was started by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from portside.python.launching.launch_command import Options
from portside.python.launching.launch_effects import is_exit
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import string_value

_METHODS = frozenset({"kill", "terminate", "send_signal"})
_KILLS = frozenset({"os.kill", "os.killpg"})
# What finds a process by its port, where a method ends it.
_FINDS = re.compile(r"\b(net_)?connections\b|\bladdr\b|\blsof\b|\bnetstat\b")
_PROGRAM = re.compile(r"^(kill|pkill|killall|taskkill)\b|\bfuser\b.*\s-\w*k|[|;&]\s*(xargs\s.*)?kill\b")
_RUNNERS = re.compile(r"^(os\.(system|popen)|subprocess\.\w+)$")


def check_holders(names: Names, options: Options, parts: Iterable[Node], obstacles: Obstacles) -> None:
    """Adds what ends other processes for their port, where uvicorn has it by then."""
    flag = _many(options)
    if flag is None:
        return
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
