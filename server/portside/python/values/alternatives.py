"""What an expression may be, one branch or the other, where `Tracer.trace` can't say which."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.bindings import How
from portside.python.names.parameters import passed_for
from portside.python.source.syntax import ancestors, arguments, choices, string_value, unwrapped
from portside.python.values import value_objects, value_sources
from portside.python.values.value_types import Environment, Literal, Parameter, Unknown, Value, key_given
from portside.python.values.values import CONVERSIONS, Tracer

# A port is chosen in few steps from few values; each step multiplies them.
_LONGEST_WAY = 5
_MOST_BINDINGS = 6
# Methods of a text after which it still says the same port.
_TRIMMING = frozenset({"strip", "lstrip", "rstrip"})


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
    node = unwrapped(expression)
    if not steps:
        return
    yield from _read_by_function(tracer, node)
    yield from _of_handed_options(tracer, node)
    for part in _parts(tracer, node, steps - 1):
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
    definition = _function_of_file(tracer, call)
    if definition is None:
        return
    for returned in value_objects.returns(definition):
        for value in _of(tracer, returned, steps):
            if isinstance(value, Parameter) and value.function == tracer.names.tree.span(definition):
                argument = passed_for(tracer.names, definition, call, value.name)
                if argument is not None:
                    yield argument


def _function_of_file(tracer: Tracer, call: Node) -> Node | None:
    function = call.child_by_field_name("function")
    if function is None or function.type != "identifier":
        return None
    definition = tracer.names.definition(function)
    return definition if definition is not None and definition.type == "function_definition" else None


def _read_by_function(tracer: Tracer, call: Node) -> Iterator[Environment]:
    """`env_int("PORT", 8000)`: what a function reads by the name that it is given."""
    definition = _function_of_file(tracer, call) if call.type == "call" else None
    if definition is None:
        yield from _read_by_imported(tracer, call)
        return
    for parameter in keys_given(tracer, definition):
        argument = passed_for(tracer.names, definition, call, parameter)
        name = tracer.trace(argument) if argument is not None else None
        if isinstance(name, Literal) and isinstance(name.value, str):
            yield Environment(name.value)


def _read_by_imported(tracer: Tracer, call: Node) -> Iterator[Environment]:
    """The same where another file has the function."""
    function = call.child_by_field_name("function")
    called = tracer.names.qualified(function) if function is not None else None
    if called is None:
        return
    passed = arguments(call)
    for parameter, argument in (*enumerate(passed.positional), *passed.keywords.items()):
        key = string_value(tracer.names.tree, argument)
        if key is not None and key.isidentifier():
            found = tracer.outside(key_given(called, str(parameter), key))
            if isinstance(found, Environment):
                yield found


def keys_given(tracer: Tracer, function: Node) -> Iterator[str]:
    """The parameters that are names of environment variables, one of which the function returns."""
    place = tracer.names.tree.span(function)
    for returned in value_objects.returns(function):
        for key in _keys_read(tracer, returned, _LONGEST_WAY):
            value = tracer.trace(key)
            if isinstance(value, Parameter) and value.function == place:
                yield value.name


def _keys_read(tracer: Tracer, expression: Node, steps: int) -> Iterator[Node]:
    """The names of the variables that the expression is the text or the number of."""
    node = unwrapped(expression)
    key = value_sources.key_read(tracer, node)
    if key is not None:
        yield key
        return
    for part in _unchanged(tracer, node) if steps else ():
        yield from _keys_read(tracer, part, steps - 1)


def _unchanged(tracer: Tracer, node: Node) -> Iterator[Node]:
    """What the value is but for its type and the blanks around it."""
    if node.type == "identifier":
        for binding in tracer.names.bindings_of(node)[:_MOST_BINDINGS]:
            if binding.how in {How.ASSIGNMENT, How.WALRUS} and binding.value is not None:
                yield binding.value
    function = node.child_by_field_name("function") if node.type == "call" else None
    if function is None:
        yield from choices(node)
        return
    passed, holder = arguments(node).positional, function.child_by_field_name("object")
    method = function.child_by_field_name("attribute")
    if tracer.names.qualified(function) in CONVERSIONS and len(passed) == 1:
        yield passed[0]
    elif holder is not None and method is not None and tracer.text(method) in _TRIMMING and not passed:
        yield holder


# Options that a function is handed


def _of_handed_options(tracer: Tracer, node: Node) -> Iterator[Value]:
    """`args.port` in a function that is handed what a parser of the file returned."""
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if node.type != "attribute" or holder is None or name is None or holder.type != "identifier":
        return
    destination = tracer.text(name)
    if value_sources.added_option(tracer, destination) is None or value_sources.is_assigned(tracer, node):
        return
    if _holds_options(tracer, holder):
        yield value_sources.option_of(tracer, destination, None)


def _holds_options(tracer: Tracer, holder: Node) -> bool:
    """Whether the parameter is said to be a namespace of argparse, or each caller of the file passes one."""
    kind = value_objects.annotation(tracer.names, holder)
    if kind is not None:
        return tracer.names.qualified(kind) == "argparse.Namespace"
    bindings = tracer.names.bindings_of(holder)
    if len(bindings) != 1 or bindings[0].how is not How.PARAMETER:
        return False
    functions = (node for node in ancestors(bindings[0].statement) if node.type == "function_definition")
    function = next(functions, None)
    name = function.child_by_field_name("name") if function is not None else None
    if function is None or name is None:
        return False
    passed = [
        passed_for(tracer.names, function, call, tracer.text(holder)) if call is not None else None
        for call in _calls(tracer, function, name)
    ]
    return bool(passed) and all(one is not None and value_sources.is_parsed(tracer, one) for one in passed)


def _calls(tracer: Tracer, function: Node, name: Node) -> Iterator[Node | None]:
    """The calls of a function; None for each place that does something else with it."""
    for read in tracer.names.reads(tracer.text(name), tracer.names.scope_at(function)):
        parent = read.parent
        is_callee = (
            parent is not None and parent.type == "call" and parent.child_by_field_name("function") == read
        )
        yield parent if is_callee else None
