"""Conditions on the environment: `os.getenv("DEBUG", "no").lower() == "yes"` is `$DEBUG`, off by default."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from portside.python.source.syntax import argument_nodes, string_value, unwrapped
from portside.python.values.value_types import Environment, Literal, Tracing

_METHODS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "strip": str.strip,
    "casefold": str.casefold,
}


def of_condition(tracer: Tracing, node: Node) -> Environment | None:
    """The variable, with what the condition is without it as its default; None for any other condition."""
    if node.type == "not_operator":
        inner = tracer.trace(node.named_children[-1])
        if isinstance(inner, Environment) and (on := switched(inner)) is not None:
            return _as(tracer, inner, not on, node)
        return None
    operators = " ".join(tracer.text(one) for one in node.children_by_field_name("operators"))
    parts = [child for child in node.named_children if child.type != "comment"]
    found = _text(tracer, parts[0]) if len(parts) == 2 else None
    words = _words(tracer, parts[1]) if found is not None else None
    if found is None or words is None:
        return None
    value, text = found
    match operators:
        case "==" | "in":
            return _as(tracer, value, text in words, node)
        case "!=" | "not in":
            return _as(tracer, value, text not in words, node)
    return None


def of_bool(tracer: Tracing, node: Node) -> Environment | None:
    """`bool(os.getenv("DEV"))`: any text is true, also "false"."""
    found = _text(tracer, node)
    return _as(tracer, found[0], bool(found[1]), node) if found is not None else None


def switched(value: Environment) -> bool | None:
    """What a condition is where its variable is not set; None for what is no condition."""
    default = value.default
    return default.value if isinstance(default, Literal) and isinstance(default.value, bool) else None


def _as(tracer: Tracing, value: Environment, on: bool, node: Node) -> Environment:
    return Environment(value.variable, Literal(on, tracer.names.tree.span(node)), is_condition=True)


def _words(tracer: Tracing, node: Node) -> frozenset[str] | None:
    node = tracer.names.value_of(node)
    if node.type in {"tuple", "list", "set"}:
        parts = [child for child in node.named_children if child.type != "comment"]
        found = [string_value(tracer.names.tree, part) for part in parts]
        return frozenset(word for word in found if word is not None) if None not in found else None
    word = string_value(tracer.names.tree, node)
    return frozenset({word}) if word is not None else None


def _text(tracer: Tracing, node: Node) -> tuple[Environment, str] | None:
    """A variable as text, with what that is by default; `.lower()` and the like applied."""
    node = tracer.names.value_of(node)
    function = node.child_by_field_name("function") if node.type == "call" else None
    method = function.child_by_field_name("attribute") if function is not None else None
    held = function.child_by_field_name("object") if function is not None else None
    if method is not None and held is not None and not argument_nodes(node):
        changed = _METHODS.get(tracer.text(method))
        inner = _text(tracer, unwrapped(held)) if changed is not None else None
        return (inner[0], changed(inner[1])) if inner is not None and changed is not None else None
    value = tracer.trace(node)
    if not isinstance(value, Environment) or value.integer or value.is_condition:
        return None
    if value.default is None:
        return value, ""
    is_text = isinstance(value.default, Literal) and isinstance(value.default.value, str)
    return (value, str(value.default.value)) if is_text and isinstance(value.default, Literal) else None
