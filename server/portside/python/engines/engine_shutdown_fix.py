"""The edit that shuts an engine down where its app stops."""

from __future__ import annotations

import re
from itertools import pairwise

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import Span
from portside.python.engines.engine_lives import EngineLife, holder_of
from portside.python.engines.engine_references import is_only_reference
from portside.python.engines.lifespans import yields_of
from portside.python.names.names import How, Names, ScopeKind
from portside.python.running.reachability import decorators
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.source.syntax import ancestors
from portside.python.values.instances import attribute_values, class_around
from portside.records import dataclass

_HANDLER = "shut_down_engine"
_LAST = re.compile(r"LLM$|LLMEngine\b|VLLM$")


@dataclass(frozen=True, eq=False)
class _Held:
    """What holds the engine. is_sure: whether it always does once the app has started."""

    target: Node
    text: str
    is_sure: bool


def shutdown_fix(names: Names, life: EngineLife) -> Fix | None:
    """Ends the engine where the app stops; None where there is no sure way to say that."""
    held = _held(names, life)
    if held is None:
        return None
    if life.engine.constructor.startswith("Async"):
        note = "vLLM before 0.8 has no `shutdown`"
    elif _LAST.match(life.engine.constructor) and is_only_reference(names, held.target):
        note = "`LLM` has no `shutdown`: its engine ends with the last reference to it"
    else:
        return None
    edit = _after_yield(names, life, held) if life.is_lifespan else _in_handler(names, life, held)
    if edit is None:
        return None
    return Fix("Shut the engine down when the app stops", (edit,), Applicability.UNSAFE, (note,))


# What holds it


def _held(names: Names, life: EngineLife) -> _Held | None:
    """Where the function itself puts the engine, or what it calls puts it for all to see."""
    target = holder_of(life.way[0])
    if target is not None and not _is_handed_up(names, life.way):
        return None
    if target is None:
        target = holder_of(life.way[-1])
        if target is None or not (_is_of_module(names, target) or _is_of_same(names, target, life)):
            return None
    if target.type not in {"identifier", "attribute"} and not _is_item_of_module(names, target):
        return None
    return _Held(target, names.tree.text(target), _is_surely_made(life))


def _is_handed_up(names: Names, way: tuple[Node, ...]) -> bool:
    """Whether each function on the way returns what the next call gives, and nothing else."""
    for _, inner in pairwise(way):
        function = next((one for one in ancestors(inner) if one.type == "function_definition"), None)
        body = function.child_by_field_name("body") if function is not None else None
        if function is None or body is None:
            return False
        own = [one for one in nodes_of(body, "return_statement") if names.scope_at(one).node == function]
        given = [own_parts(one)[0] for one in own if own_parts(one)]
        left = holder_of(inner)
        if not given or not all(_gives(names, one, inner, left) for one in given):
            return False
    return True


def _gives(names: Names, value: Node, call: Node, left: Node | None) -> bool:
    node = own_parts(value)[0] if value.type == "await" else value
    is_held = left is not None and names.tree.text(left) == names.tree.text(node)
    return node in (call, call.parent) or value in (call, call.parent) or is_held


def _is_surely_made(life: EngineLife) -> bool:
    """Whether each call on the way stands in the body of its function itself, within `with` at most."""
    for call in life.way:
        for around in ancestors(call):
            if around.type == "function_definition":
                break
            if around.type == "block" and around.parent is not None and around.parent.type not in _PLAIN:
                return False
    return True


_PLAIN = frozenset({"function_definition", "with_statement"})


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


def _is_item_of_module(names: Names, target: Node) -> bool:
    """Whether it is `models["chat"]` of a dict of the module."""
    holder, key = target.child_by_field_name("value"), target.child_by_field_name("subscript")
    is_plain = holder is not None and key is not None and key.type == "string"
    return is_plain and holder is not None and _is_of_module(names, holder)


def _is_of_same(names: Names, target: Node, life: EngineLife) -> bool:
    """Whether it is an attribute of the object whose method the lifespan is."""
    if target.type != "attribute" or not names.tree.text(target).startswith("self."):
        return False
    own = class_around(names.scope_of(life.function))
    callees = [call.child_by_field_name("function") for call in life.way[:-1]]
    are_own = all(one is not None and re.fullmatch(rb"self\.\w+", one.text or b"") for one in callees)
    return own is not None and are_own and class_around(names.scope_at(target)) is own


def _starts_as_none(names: Names, held: _Held) -> bool:
    """Whether it can be asked whether there is an engine: it is None first."""
    if held.target.type == "identifier":
        scope = names.scope_at(held.target)
        home = names.home(held.text, scope)
        values = [binding.value for binding in names.bindings_in(held.text, home)] if home else []
    elif held.text.startswith("self."):
        values = [*attribute_values(names, held.target)]
    else:
        return False
    return any(value is not None and value.type == "none" for value in values)


# What ends it


def _ending(names: Names, life: EngineLife, held: _Held, function: Node | None, *, asked: bool) -> list[str]:
    """The lines that end the engine; none where it can't be said.

    function: the one that they stand in, None for a new one. asked: whether it has been asked for there.
    """
    if held.is_sure or asked:
        lines = [_last_line(life, held)]
    elif not _starts_as_none(names, held):
        return []
    elif not life.engine.constructor.startswith("Async"):
        lines = [f"{held.text} = None"]
    else:
        unit = _unit(names, life.function)
        lines = [f"if {held.text} is not None:", f"{unit}{_last_line(life, held)}"]
    binds = held.target.type == "identifier" and not life.engine.constructor.startswith("Async")
    home = names.home(held.text, names.scope_at(held.target)) if binds else None
    if home is None or home.kind is not ScopeKind.MODULE:
        return lines
    declared = _declares(names, function, held.text)
    if declared is None:
        return []
    return lines if declared else [f"global {held.text}", *lines]


def _last_line(life: EngineLife, held: _Held) -> str:
    is_async = life.engine.constructor.startswith("Async")
    return f"{held.text}.shutdown()" if is_async else f"del {held.text}"


def _declares(names: Names, function: Node | None, name: str) -> bool | None:
    """Whether the function says `global` of the name; None where it can't any more, having used it."""
    if function is None:
        return False
    for statement in nodes_of(function, "global_statement"):
        own = names.scope_at(statement).node == function
        if own and name in map(names.tree.text, own_parts(statement)):
            return True
    used = any(names.tree.text(one) == name for one in nodes_of(function, "identifier"))
    return None if used else False


def _unit(names: Names, function: Node) -> str:
    """One step of indentation in that function."""
    body = function.child_by_field_name("body")
    inner = _indent(names, own_parts(body)[0]) if body is not None and own_parts(body) else None
    return (inner or "    ")[function.start_point.column :] or "    "


# Where it ends


def _after_yield(names: Names, life: EngineLife, held: _Held) -> Edit | None:
    """After the `yield`, or first in the `finally` of the `try` around it."""
    stops = yields_of(names, life.function)
    statement = stops[0].parent if len(stops) == 1 else None
    block = statement.parent if statement is not None else None
    if statement is None or block is None or statement.type != "expression_statement":
        return None
    if _happens_before(life.way[0], statement) and len(life.way) == 1:
        held = _Held(held.target, held.text, True)
    attempt = block.parent
    ending = None
    if attempt is not None and attempt.type == "try_statement":
        ending = next((child for child in attempt.children if child.type == "finally_clause"), None)
    if ending is None:
        return _below(names, statement, _ending(names, life, held, life.function, asked=False))
    first, asked = _first(ending), False
    if first is not None and any(around == attempt for around in ancestors(life.way[0])):
        # The `finally` comes too where the engine could not be made.
        held = _Held(held.target, held.text, False)
        asked = _asks_for(names, first, held.text)
        first = _first(first) if asked else first
    lines = _ending(names, life, held, life.function, asked=asked)
    indent = _indent(names, first) if first is not None else None
    if first is None or indent is None or not lines:
        return None
    start = names.tree.span(first).start
    newline = names.tree.source.newline
    text = "".join(f"{line}{newline}{indent}" for line in lines)
    return Edit(names.tree.source.path, Span(start, start), text)


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


def _in_handler(names: Names, life: EngineLife, held: _Held) -> Edit | None:
    """At the end of the shutdown handler, or in a new one below the startup handler."""
    body = life.function.child_by_field_name("body")
    if body is None or not (_is_of_module(names, held.target) or _is_item_of_module(names, held.target)):
        return None
    if len(life.events.shutdown) == 1:
        handler = life.events.shutdown[0]
        ending = handler.child_by_field_name("body")
        last = own_parts(ending)[-1] if ending is not None and own_parts(ending) else None
        if last is None or last.type in {"return_statement", "raise_statement"}:
            return None
        return _below(names, last, _ending(names, life, held, handler, asked=False))
    maker = _decorator(names, life.function)
    if maker is None or life.events.shutdown or names.module_bindings(_HANDLER):
        return None
    indent = _indent(names, own_parts(body)[0])
    lines = _ending(names, life, held, None, asked=False)
    if not indent or not lines:
        return None
    source = names.tree.source
    end = names.tree.span(life.function).end
    nl = source.newline
    written = (f"@{maker}", f"async def {_HANDLER}():", *(f"{indent}{line}" for line in lines))
    return Edit(source.path, Span(end, end), nl * 3 + nl.join(written))


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


def _below(names: Names, statement: Node, lines: list[str]) -> Edit | None:
    """Lines of their own below the statement, and below a comment behind it."""
    indent = _indent(names, statement)
    if indent is None or not lines:
        return None
    source = names.tree.source
    line = source.line_span(source.line_of(max(0, names.tree.span(statement).end - 1)))
    rest = source.text[names.tree.span(statement).end : line.end]
    if rest.strip() and not rest.strip().startswith("#"):
        return None
    end = names.tree.span(statement).end + len(rest.rstrip("\r\n"))
    text = "".join(f"{source.newline}{indent}{one}" for one in lines)
    return Edit(source.path, Span(end, end), text)


def _indent(names: Names, statement: Node) -> str | None:
    source, start = names.tree.source, names.tree.span(statement).start
    before = source.text[source.line_span(source.line_of(start)).start : start]
    return before if not before.strip() else None
