"""Where a value comes from: a literal, the environment, the command line, a parameter.

`trace` follows an expression through names, conversions, dictionaries, classes
and small functions of the file to where its value is written or read. It is
precise, or it says `Unknown`; it never guesses. A name with several bindings has
a value only where all of them agree.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import field

from tree_sitter import Node

from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.source.nodes import holds, own_parts
from portside.python.source.syntax import ancestors, arguments, string_value, unwrapped
from portside.python.values import value_conditions, value_objects, value_sources
from portside.python.values.instances import unpacked
from portside.python.values.value_types import (
    CommandLine,
    Constant,
    Environment,
    Literal,
    MadeBy,
    Outside,
    Parameter,
    Through,
    Unknown,
    Value,
    named,
    nothing_made,
    nothing_outside,
    same,
    with_default,
)
from portside.records import dataclass

__all__ = [
    "CONVERSIONS",
    "CommandLine",
    "Environment",
    "Literal",
    "Outside",
    "Parameter",
    "Through",
    "Tracer",
    "Unknown",
    "Value",
    "trace",
]

# Deeper than this goes no honest program; it also ends `a = b; b = a`.
_LONGEST_WAY = 16
_LONGEST_SHOWN = 40


def trace(names: Names, expression: Node, outside: Outside = nothing_outside) -> Value:
    """Where this expression's value comes from. outside: what imported names of the workspace stand for."""
    return Tracer(names, outside).trace(expression)


@dataclass
class Tracer:
    """One file's names, and how far the way has been followed."""

    names: Names
    outside: Outside = nothing_outside
    depth: int = 0
    # By the name's place: without it, names that are each bound twice double the work at every step.
    known: dict[int, Value] = field(default_factory=dict, repr=False)
    made_by: MadeBy = nothing_made

    def trace(self, expression: Node) -> Value:
        if self.depth >= _LONGEST_WAY:
            return Unknown("it goes through too many names")
        self.depth += 1
        try:
            return self._trace(unwrapped(expression))
        finally:
            self.depth -= 1

    def _trace(self, node: Node) -> Value:
        match node.type:
            case "integer" | "float" | "true" | "false" | "none" | "unary_operator":
                return self._number(node)
            case "string" | "concatenated_string":
                return self._string(node)
            case "identifier":
                return self._name(node)
            case "attribute":
                return value_sources.of_attribute(self, node) or value_objects.of_attribute(self, node)
            case "subscript":
                return value_sources.of_subscript(self, node) or value_objects.of_subscript(self, node)
            case "call":
                return self._call(node)
            case "boolean_operator":
                return self._boolean(node)
            case "conditional_expression" | "comparison_operator" | "not_operator":
                return self._conditional(node)
            case "named_expression" | "await":
                inner = node.child_by_field_name("value") or own_parts(node)[-1]
                return self.trace(inner)
        return Unknown(f"`{self._shown(node)}` is computed")

    def text(self, node: Node) -> str:
        return self.names.tree.text(node)

    def _shown(self, node: Node) -> str:
        text = " ".join(self.text(node).split())
        return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"

    def literal(self, value: Constant, node: Node) -> Literal:
        return Literal(value, self.names.tree.span(node))

    def _number(self, node: Node) -> Value:
        try:
            value = _evaluated(self.text(node))
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # `-----1`
            return Unknown("it is no plain number")
        if value is None or isinstance(value, (bool, int, float)):
            return self.literal(value, node)
        return Unknown("it is no plain number")

    def _string(self, node: Node) -> Value:
        value = string_value(self.names.tree, node)
        if value is not None:
            return self.literal(value, node)
        inner = _only_interpolation(node)
        if inner is None:
            return Unknown("it is put together from several parts")
        return _convert(self.trace(inner), "builtins.str")

    def _name(self, node: Node) -> Value:
        if node.start_byte not in self.known:
            self.known[node.start_byte] = self._of_name(node)
        return self.known[node.start_byte]

    def _of_name(self, node: Node) -> Value:
        bindings = self.names.bindings_of(node)
        name = self.text(node)
        if not bindings:
            return self._of_star(name) or Unknown(f"`{name}` is not bound in this file")
        if (element := unpacked(self.names, node)) is not None:
            return named(self.trace(element), Through.VARIABLE, name)
        values = [self.of_binding(binding) for binding in bindings]
        if not all(same(values[0], value) for value in values[1:]):
            if (tried := _tried(bindings, values)) is not None:
                return tried
            return Unknown(f"`{name}` is bound in several places")
        return values[0] if len(values) == 1 else named(values[0], Through.SEVERAL, name)

    def _of_star(self, name: str) -> Value | None:
        """What the last star import brings that brings the name, of files of the workspace."""
        targets = [star.target for star in self.names.module_bindings("*") if star.target is not None]
        dotted = (f"{target}{'' if target.endswith('.') else '.'}{name}" for target in reversed(targets))
        return next((value for value in map(self.outside, dotted) if value is not None), None)

    def of_binding(self, binding: Binding) -> Value:
        """The value that a name gets there."""
        match binding.how:
            case How.PARAMETER:
                return value_sources.of_parameter(self, binding)
            case How.ASSIGNMENT | How.WALRUS if binding.value is not None:
                return named(self.trace(binding.value), Through.VARIABLE, binding.name)
            case How.IMPORT if binding.target is not None:
                found = self.outside(binding.target)
                return found if found is not None else Unknown(f"`{binding.target}` is in another file")
        return Unknown(f"`{binding.name}` comes from {_article(binding.how)}")

    def _call(self, node: Node) -> Value:
        function = node.child_by_field_name("function")
        called = self.names.qualified(function) if function is not None else None
        passed = arguments(node)
        if called in CONVERSIONS and len(passed.positional) == 1 and not passed.keywords:
            return _convert(self.trace(passed.positional[0]), called)
        if called == "builtins.bool" and len(passed.positional) == 1:
            condition = value_conditions.of_bool(self, passed.positional[0])
            return condition if condition is not None else Unknown("it depends on a condition")
        return (
            value_sources.of_call(self, node, called)
            or value_objects.of_call(self, node)
            or Unknown(f"`{self._shown(node)}` is a call")
        )

    def _boolean(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None or operator.type != "or":
            return Unknown("it depends on a condition")
        return self._either(self.trace(left), right)

    def _either(self, first: Value, fallback: Node) -> Value:
        if isinstance(first, Literal):
            return first if first.value else self.trace(fallback)
        return with_default(first, self.trace(fallback)) or Unknown("it depends on a condition")

    def _conditional(self, node: Node) -> Value:
        """`a if a else b`, `environ["P"] if "P" in environ else b`, two that are the same, or a condition.

        Where the condition is written in the code (`FREE = False`, then `a if FREE else b`), what it chooses.
        """
        if node.type != "conditional_expression":
            condition = value_conditions.of_condition(self, node)
            return condition if condition is not None else Unknown("it depends on a condition")
        parts = own_parts(node)
        if len(parts) != 3:
            return Unknown("it depends on a condition")
        chosen, asked, fallback = parts
        first, second = self.trace(chosen), self.trace(fallback)
        if same(first, second):
            return first
        switch = self.trace(asked)
        if isinstance(switch, Literal) and isinstance(switch.value, bool):
            return first if switch.value else second
        if value_sources.asks_for(self, asked, chosen, first):
            return with_default(first, second) or Unknown("it depends on a condition")
        return Unknown("it depends on a condition")


CONVERSIONS = frozenset({"builtins.int", "builtins.str", "builtins.float"})


@functools.lru_cache(maxsize=256)
def _evaluated(number: str) -> object:
    return ast.literal_eval(number)


def _convert(value: Value, conversion: str) -> Value:
    match value:
        case Literal():
            return _converted(value, conversion)
        case Environment():
            default = _convert(value.default, conversion) if value.default is not None else None
            integer = value.integer or conversion == "builtins.int"
            return dataclasses.replace(value, default=default, integer=integer)
        case CommandLine() | Parameter() if value.default is not None:
            return dataclasses.replace(value, default=_convert(value.default, conversion))
    return value


def _converted(value: Literal, conversion: str) -> Value:
    if value.value is None:
        return Unknown("`None` can't be converted")
    try:
        match conversion:
            case "builtins.int":
                return dataclasses.replace(value, value=int(value.value))
            case "builtins.float":
                return dataclasses.replace(value, value=float(value.value))
    except (ValueError, OverflowError):
        return Unknown(f"`{value.value}` is no number")
    return dataclasses.replace(value, value=str(value.value))


def _only_interpolation(node: Node) -> Node | None:
    """The expression in `f"{x}"`."""
    parts = [child for child in node.named_children if child.type not in {"string_start", "string_end"}]
    if node.type != "string" or len(parts) != 1 or parts[0].type != "interpolation":
        return None
    inner = parts[0].named_children
    return inner[0] if len(inner) == 1 else None


def _tried(bindings: Sequence[Binding], values: Sequence[Value]) -> Value | None:
    """`try: port = int(os.environ["PORT"])`, `except KeyError: port = 8000`: the variable, with a default."""
    if len(values) != 2 or not isinstance(values[0], Environment) or values[0].condition is not None:
        return None
    clause = next((one for one in ancestors(bindings[1].statement) if one.type == "except_clause"), None)
    attempt = clause.parent if clause is not None else None
    body = attempt.child_by_field_name("body") if attempt is not None else None
    if body is None or not holds(body, bindings[0].statement):
        return None
    return with_default(values[0], values[1])


def _article(how: How) -> str:
    return f"an {how.value}" if how.value[0] in "aei" else f"a {how.value}"
