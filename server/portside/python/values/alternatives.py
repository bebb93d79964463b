"""What an expression may be, one branch or the other, where `Tracer.trace` can't say which."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.bindings import How
from portside.python.names.parameters import passed_for
from portside.python.source.syntax import arguments, choices, unwrapped
from portside.python.values import value_objects
from portside.python.values.value_types import Parameter, Unknown, Value
from portside.python.values.values import CONVERSIONS, Tracer

# A port is chosen in few steps from few values; each step multiplies them.
_LONGEST_WAY = 5
_MOST_BINDINGS = 6


def alternatives(tracer: Tracer, expression: Node) -> tuple[Value, ...]:
    """Each value it may have: of a name's assignments, of an `or`, of what a function of the file returns.

    A value that is computed from several is none of them.
    """
    return tuple(_of(tracer, expression, _LONGEST_WAY))


def _of(tracer: Tracer, expression: Node, steps: int) -> Iterator[Value]:
    value = tracer.trace(expression)
    if not isinstance(value, Unknown):
        yield value
        return
    for part in _parts(tracer, unwrapped(expression), steps - 1) if steps else ():
        yield from _of(tracer, part, steps - 1)


def _parts(tracer: Tracer, node: Node, steps: int) -> Iterator[Node]:
    match node.type:
        case "identifier":
            for binding in tracer.names.bindings_of(node)[:_MOST_BINDINGS]:
                if binding.how in {How.ASSIGNMENT, How.WALRUS} and binding.value is not None:
                    yield binding.value
        case "call":
            yield from _of_call(tracer, node, steps)
        case _:
            yield from choices(node)


def _of_call(tracer: Tracer, call: Node, steps: int) -> Iterator[Node]:
    """What a conversion converts, and the arguments that a function of the file hands back as they are."""
    function, passed = call.child_by_field_name("function"), arguments(call)
    if function is None:
        return
    if tracer.names.qualified(function) in CONVERSIONS and len(passed.positional) == 1:
        yield passed.positional[0]
        return
    definition = tracer.names.definition(function) if function.type == "identifier" else None
    if definition is None or definition.type != "function_definition":
        return
    for returned in value_objects.returns(definition):
        for value in _of(tracer, returned, steps):
            if isinstance(value, Parameter) and value.function == tracer.names.tree.span(definition):
                argument = passed_for(tracer.names, definition, call, value.name)
                if argument is not None:
                    yield argument
