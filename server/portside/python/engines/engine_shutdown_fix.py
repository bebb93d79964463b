"""The edit that shuts an engine down where its app stops."""

from __future__ import annotations

import re

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import Span
from portside.python.engines.engine_lives import EngineLife, holder_of, makes_object
from portside.python.engines.lifespans import yields_of
from portside.python.names.names import How, Names, ScopeKind
from portside.python.running.reachability import decorators
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import ancestors

_HANDLER = "shut_down_engine"


def shutdown_fix(names: Names, life: EngineLife) -> Fix | None:
    """Calls the engine's `shutdown` where the app stops; None where there is no sure way to say that."""
    if not life.engine.constructor.startswith("Async"):
        return None
    target = holder_of(life.way[0])
    if any(makes_object(names, call) for call in life.way[:-1]):
        return None
    if target is None or target.type not in {"identifier", "attribute"}:
        return None
    text = names.tree.text(target)
    edit = _after_yield(names, life, text) if life.is_lifespan else _in_handler(names, life, target, text)
    if edit is None:
        return None
    note = "vLLM before 0.8 has no `shutdown`"
    return Fix("Shut the engine down when the app stops", (edit,), Applicability.UNSAFE, (note,))


def _after_yield(names: Names, life: EngineLife, text: str) -> Edit | None:
    """After the `yield`, or first in the `finally` of the `try` around it."""
    stops = yields_of(names, life.function)
    statement = stops[0].parent if len(stops) == 1 else None
    block = statement.parent if statement is not None else None
    if statement is None or block is None or statement.type != "expression_statement":
        return None
    if not _happens_before(life.way[0], statement):
        return None
    attempt = block.parent
    ending = None
    if attempt is not None and attempt.type == "try_statement":
        ending = next((child for child in attempt.children if child.type == "finally_clause"), None)
    if ending is None:
        return _below(names, statement, text)
    first = _first(ending)
    if any(around == attempt for around in ancestors(life.way[0])):
        # The `finally` comes too where the engine could not be made.
        first = _first(first) if first is not None and _asks_for(names, first, text) else None
    indent = _indent(names, first) if first is not None else None
    if first is None or indent is None:
        return None
    start = names.tree.span(first).start
    newline = names.tree.source.newline
    return Edit(names.tree.source.path, Span(start, start), f"{text}.shutdown(){newline}{indent}")


def _first(clause: Node) -> Node | None:
    body = next((child for child in clause.named_children if child.type == "block"), None)
    return own_parts(body)[0] if body is not None and own_parts(body) else None


def _asks_for(names: Names, statement: Node, text: str) -> bool:
    """Whether it is `if engine:` or `if engine is not None:`."""
    condition = statement.child_by_field_name("condition") if statement.type == "if_statement" else None
    return condition is not None and names.tree.text(condition) in {text, f"{text} is not None"}


def _happens_before(call: Node, statement: Node) -> bool:
    """Whether the engine is always made where the `yield` is reached: in a block around it."""
    blocks = [node for node in ancestors(statement) if node.type == "block"]
    for around in ancestors(call):
        if around.type == "block":
            return around in blocks
    return False


def _in_handler(names: Names, life: EngineLife, target: Node, text: str) -> Edit | None:
    """At the end of the shutdown handler, or in a new one below the startup handler."""
    body = life.function.child_by_field_name("body")
    if body is None or not any(node == body for node in list(ancestors(life.way[0]))[:4]):
        return None
    if not _is_of_module(names, target):
        return None
    if len(life.events.shutdown) == 1:
        ending = life.events.shutdown[0].child_by_field_name("body")
        last = own_parts(ending)[-1] if ending is not None and own_parts(ending) else None
        plain = last is not None and last.type not in {"return_statement", "raise_statement"}
        return _below(names, last, text) if last is not None and plain else None
    maker = _decorator(names, life.function)
    if maker is None or life.events.shutdown or names.module_bindings(_HANDLER):
        return None
    indent = _indent(names, own_parts(body)[0])
    if indent is None or not indent:
        return None
    source = names.tree.source
    end = names.tree.span(life.function).end
    nl = source.newline
    lines = (f"@{maker}", f"async def {_HANDLER}():", f"{indent}{text}.shutdown()")
    return Edit(source.path, Span(end, end), nl * 3 + nl.join(lines))


def _decorator(names: Names, function: Node) -> str | None:
    """`app.on_event("shutdown")` for the decorator of a startup handler of the module."""
    parent = function.parent
    if parent is None or parent.parent is None or parent.parent.type != "module":
        return None
    for decorator in decorators(function):
        text = names.tree.text(decorator)
        if re.fullmatch(r"""[\w.]+\.on_event\((["'])startup\1\)""", text):
            return text.replace("startup", "shutdown")
    return None


def _is_of_module(names: Names, target: Node) -> bool:
    """Whether another function reads the same by this expression: a global, or an attribute of one."""
    root = target
    while root.type == "attribute" and (inner := root.child_by_field_name("object")) is not None:
        root = inner
    if root.type != "identifier":
        return False
    home = names.home(names.tree.text(root), names.scope_at(root))
    is_module = home is not None and home.kind is ScopeKind.MODULE
    return is_module and not any(b.how is How.PARAMETER for b in names.bindings_of(root))


def _below(names: Names, statement: Node, text: str) -> Edit | None:
    """A line of its own below the statement, and below a comment behind it."""
    indent = _indent(names, statement)
    if indent is None:
        return None
    source = names.tree.source
    line = source.line_span(source.line_of(max(0, names.tree.span(statement).end - 1)))
    rest = source.text[names.tree.span(statement).end : line.end]
    if rest.strip() and not rest.strip().startswith("#"):
        return None
    end = names.tree.span(statement).end + len(rest.rstrip("\r\n"))
    return Edit(source.path, Span(end, end), f"{source.newline}{indent}{text}.shutdown()")


def _indent(names: Names, statement: Node) -> str | None:
    source, start = names.tree.source, names.tree.span(statement).start
    before = source.text[source.line_span(source.line_of(start)).start : start]
    return before if not before.strip() else None
