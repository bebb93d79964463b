"""Conditions on the environment: `os.getenv("DEBUG", "no").lower() == "yes"` is `$DEBUG`, off by default."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from portside.python.source.nodes import own_parts
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
        inner = tracer.trace(own_parts(node)[-1])
        return _not(tracer, inner, node) if isinstance(inner, Environment) else None
    operators = " ".join(tracer.text(one) for one in node.children_by_field_name("operators"))
    parts = own_parts(node)
    found = _text(tracer, parts[0]) if len(parts) == 2 and operators in _OPERATORS else None
    words = _words(tracer, parts[1]) if found is not None else None
    if found is None or words is None:
        return None
    value, changed = found
    wanted = _OPERATORS[operators]
    return _as(tracer, value, lambda text: (changed(text) in words) is wanted, node)


_OPERATORS = {"==": True, "in": True, "!=": False, "not in": False}


def of_bool(tracer: Tracing, node: Node) -> Environment | None:
    """`bool(os.getenv("DEV"))`: any text is true, also "false". A condition in it is that condition."""
    inner = tracer.trace(node)
    if isinstance(inner, Environment) and inner.condition is not None:
        return inner
    found = _text(tracer, node)
    return _as(tracer, found[0], bool, node) if found is not None else None


def switched(value: Environment) -> bool | None:
    """What a condition is where its variable is not set; None for what is no condition."""
    default = value.default
    return default.value if isinstance(default, Literal) and isinstance(default.value, bool) else None


def _as(tracer: Tracing, value: Environment, condition: Callable[[str], bool], node: Node) -> Environment:
    default = value.default.value if isinstance(value.default, Literal) else None
    on = condition(default if isinstance(default, str) else "")
    return Environment(value.variable, Literal(on, tracer.names.tree.span(node)), condition=condition)


def _not(tracer: Tracing, value: Environment, node: Node) -> Environment | None:
    condition, on = value.condition or _is_true, switched(value)
    if on is None:
        return None
    span = tracer.names.tree.span(node)
    return Environment(value.variable, Literal(not on, span), condition=lambda text: not condition(text))


def _is_true(text: str) -> bool:
    """As pydantic reads a field that is true or false."""
    return text.strip().lower() in {"1", "true", "t", "yes", "y", "on"}


def _words(tracer: Tracing, node: Node) -> frozenset[str] | None:
    node = tracer.names.value_of(node)
    if node.type in {"tuple", "list", "set"}:
        parts = own_parts(node)
        found = [string_value(tracer.names.tree, part) for part in parts]
        return frozenset(word for word in found if word is not None) if None not in found else None
    word = string_value(tracer.names.tree, node)
    return frozenset({word}) if word is not None else None


def _text(tracer: Tracing, node: Node) -> tuple[Environment, Callable[[str], str]] | None:
    """A variable as text, with what `.lower()` and the like make of that."""
    node = tracer.names.value_of(node)
    function = node.child_by_field_name("function") if node.type == "call" else None
    method = function.child_by_field_name("attribute") if function is not None else None
    held = function.child_by_field_name("object") if function is not None else None
    if method is not None and held is not None and not argument_nodes(node):
        changed = _METHODS.get(tracer.text(method))
        inner = _text(tracer, unwrapped(held)) if changed is not None else None
        return _composed(inner, changed) if inner is not None and changed is not None else None
    value = tracer.trace(node)
    if not isinstance(value, Environment) or value.integer or value.condition is not None:
        return None
    is_text = isinstance(value.default, Literal) and isinstance(value.default.value, str)
    return (value, str) if value.default is None or is_text else None


def _composed(
    inner: tuple[Environment, Callable[[str], str]], changed: Callable[[str], str]
) -> tuple[Environment, Callable[[str], str]]:
    value, before = inner
    return value, lambda text: changed(before(text))
