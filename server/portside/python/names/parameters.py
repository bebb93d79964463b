"""What a call passes for a parameter of the function that it calls."""

from __future__ import annotations

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import arguments


def parameter_name(names: Names, parameter: Node) -> str:
    """`port` of `port: int = 8000`."""
    parts = own_parts(parameter)
    name = parameter.child_by_field_name("name") or (parts[0] if parts else parameter)
    return names.tree.text(name)


def passed_for(names: Names, function: Node, call: Node, parameter: str) -> Node | None:
    """What the call passes for the parameter, or its default; None where that can't be told."""
    listed = function.child_by_field_name("parameters")
    parameters = own_parts(listed) if listed else []
    passed = arguments(call)
    if passed.starred or passed.unpacked:
        return None
    if parameter in passed.keywords:
        return passed.keywords[parameter]
    for position, node in enumerate(parameters):
        if node.type not in {"identifier", "typed_parameter", "default_parameter", "typed_default_parameter"}:
            return None
        if parameter_name(names, node) == parameter:
            if position < len(passed.positional):
                return passed.positional[position]
            return node.child_by_field_name("value")
    return None
