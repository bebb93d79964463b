"""A port that a file listens on, and how it comes from an expression: number, address, HOST:PORT."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.listeners import Argument, Takes
from portside.lint.source import Span
from portside.python.names.bindings import How
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import arguments, choices, string_value, unwrapped
from portside.python.values import value_classes, value_objects
from portside.python.values.instances import attribute_values, class_around
from portside.python.values.value_types import Literal, Parameter, Through, Unknown, Value
from portside.python.values.values import CONVERSIONS, Tracer
from portside.records import dataclass

_HIGHEST = 65535
# An object in an object; further, nobody hands a port.
_DEEPEST = 3
# The port at the end of a string literal, before its closing quotes.
_BOUND = re.compile(r"(?:^\w*[\"']+|:)(?P<port>\d{1,5})[\"']*$")
# … and where one is put in: `"[::]:%d" % port`.
_PLACE = re.compile(r":%[sdi][\"']*$")


@dataclass(frozen=True, slots=True)
class Listener:
    """What listens: how people call it, which argument says the port, whether vLLM runs in it.

    started: it is another process, which this one starts. member: where the port is in the argument, if that
    is an object: `("server", "port")` for `config.server.port`, `("[port]",)` for `config["port"]`. is_field:
    what is passed is a field's value, of an object that is there to be given some.
    """

    label: str
    argument: Argument
    vllm: bool = False
    started: bool = False
    member: tuple[str, ...] = ()
    is_field: bool = False


@dataclass(frozen=True, eq=False)
class PortUse:
    """A literal that a listener listens on.

    use: the expression at the listener. literal: where the port is written. string: the
    string literal that the port is only a part of, as in `"0.0.0.0:8000"`; `literal.span`
    then is that of the digits.
    """

    listener: Listener
    port: int
    literal: Literal
    use: Span
    string: Node | None = None

    @property
    def started(self) -> bool:
        return self.listener.started


@dataclass(frozen=True, slots=True)
class Handed:
    """A parameter that a listener listens on: what callers pass for it is of interest.

    parameter: of a data class, a field; `**options` stands for all that has no parameter of its own.
    """

    parameter: Parameter
    listener: Listener


@dataclass(frozen=True, eq=False)
class Sourced:
    """What a listener is given that is no port written in the code, or not only.

    value: a variable, an option, a parameter, a number that is no port, something unknown.
    use: the expression at the listener, or the digits in a longer string.
    """

    listener: Listener
    value: Value
    use: Span


Found = PortUse | Handed | Sourced


def read(tracer: Tracer, expression: Node, listener: Listener) -> Iterator[Found]:
    """The ports in what a listener is given. Port 0, which means any free one, is none."""
    match listener.argument.takes:
        case Takes.PORT:
            yield from _number(tracer, expression, listener)
        case Takes.ADDRESS:
            yield from _address(tracer, expression, listener)
        case Takes.BIND | Takes.ENDPOINT:
            yield from _bind(tracer, expression, listener)


def _number(tracer: Tracer, expression: Node, listener: Listener) -> Iterator[Found]:
    value = tracer.trace(expression)
    if isinstance(value, Unknown) or (isinstance(value, Literal) and value.through is Through.FIELD):
        yield from handed_object(tracer, expression, _of_number(listener))
    if isinstance(value, Parameter):
        yield Handed(value, _of_number(listener))
    elif isinstance(value, Literal) and (port := port_number(value.value)) is not None:
        yield PortUse(listener, port, value, tracer.names.tree.span(expression))
        return
    chosen = _of_branches(tracer, expression, listener)
    yield from chosen
    if not chosen:
        yield Sourced(listener, value, tracer.names.tree.span(expression))


def _of_branches(tracer: Tracer, expression: Node, listener: Listener) -> list[PortUse]:
    """The ports that the branches of a condition give, where each gives one."""
    use, found = tracer.names.tree.span(expression), list[PortUse]()
    for branch in _branches(tracer, expression):
        value = tracer.trace(branch) if branch is not None else None
        port = port_number(value.value) if isinstance(value, Literal) else None
        if not isinstance(value, Literal) or port is None:
            return []
        found.append(PortUse(listener, port, value, use))
    return found


def _branches(tracer: Tracer, expression: Node) -> list[Node | None]:
    """What `a if x else b` chooses from, and what the arms of an `if` bind the name to; None for a loop's."""
    node = unwrapped(tracer.names.value_of(expression))
    while node.type == "call" and (inner := _inner(tracer, node)) is not None:
        node = unwrapped(tracer.names.value_of(inner))
    if node.type == "conditional_expression":
        return [*choices(node)]
    bindings = tracer.names.bindings_of(node) if node.type == "identifier" else ()
    are_branches = (b.how is How.ASSIGNMENT and b.arm is not None for b in bindings)
    values = (b.value if is_one else None for b, is_one in zip(bindings, are_branches, strict=True))
    return list(values) if len(bindings) > 1 else []


def handed_object(tracer: Tracer, expression: Node, listener: Listener) -> Iterator[Handed]:
    """The parameter that holds the port: `config` in `str(self.config.port)`; a data class's own field."""
    node, member = _core(tracer, expression), listener.member
    while len(member) < _DEEPEST:
        step = _step(tracer, node)
        if step is None:
            return
        node, member = step[0], (step[1], *member)
        if step[1].startswith("[") and value_objects.is_changed(tracer, node, step[1][1:-1]):
            return
        value = tracer.trace(node)
        if isinstance(value, Parameter):
            owner = class_around(tracer.names.scope_at(node)) if value.name == "self" else None
            if owner is not None and value_classes.has_fields(tracer, owner.node):
                field = Parameter(member[0], tracer.names.tree.span(owner.node))
                yield Handed(field, dataclasses.replace(listener, member=member[1:], is_field=True))
            elif value.name not in {"self", "cls"}:
                yield Handed(value, dataclasses.replace(listener, member=member))
            return
        node = unwrapped(tracer.names.value_of(node))


def _core(tracer: Tracer, expression: Node) -> Node:
    """What is converted, or taken unless it is missing, as `config.port` of `config.port or 1`."""
    node = unwrapped(tracer.names.value_of(expression))
    for _ in range(_DEEPEST):
        inner = _inner(tracer, node)
        if inner is None:
            break
        node = unwrapped(tracer.names.value_of(inner))
    return node


def _inner(tracer: Tracer, node: Node) -> Node | None:
    match node.type:
        case "boolean_operator":
            return node.child_by_field_name("left")
        case "call":
            callee, passed = node.child_by_field_name("function"), arguments(node).positional
            called = tracer.names.qualified(callee) if callee is not None else None
            return passed[0] if called in CONVERSIONS and len(passed) == 1 else None
        case "string":
            parts = [child for child in node.named_children if child.type == "interpolation"]
            return own_parts(parts[0])[0] if len(parts) == 1 and len(node.named_children) == 3 else None
    return None


def _step(tracer: Tracer, node: Node) -> tuple[Node, str] | None:
    """The object of `config.port`, `config["port"]`, `config.get("port")`, and what is asked of it."""
    if node.type == "attribute":
        holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        return (holder, tracer.text(name)) if holder is not None and name is not None else None
    if node.type == "subscript":
        holder, key = node.child_by_field_name("value"), node.child_by_field_name("subscript")
    elif node.type == "call":
        callee, passed = node.child_by_field_name("function"), arguments(node).positional
        is_get = callee is not None and callee.type == "attribute" and (callee.text or b"").endswith(b".get")
        holder = callee.child_by_field_name("object") if callee is not None and is_get else None
        key = passed[0] if passed else None
    else:
        return None
    written = string_value(tracer.names.tree, key) if key is not None else None
    return (holder, f"[{written}]") if holder is not None and written is not None else None


def _of_number(listener: Listener) -> Listener:
    """The listener as one that is given the port alone: callers don't pass the address around it."""
    argument = dataclasses.replace(listener.argument, takes=Takes.PORT)
    return dataclasses.replace(listener, argument=argument)


def port_number(value: object) -> int | None:
    """The port that a literal's value is, from 1 on; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:6])
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _HIGHEST else None


def _address(tracer: Tracer, expression: Node, listener: Listener) -> Iterator[Found]:
    """`("", 8000)`; some take HOST:PORT as well."""
    pair = _written(tracer, expression)
    if pair.type == "string":
        yield from _bind(tracer, expression, listener)
    if pair.type == "identifier" and isinstance(handed := tracer.trace(pair), Parameter):
        yield Handed(handed, listener)
    items = own_parts(pair)
    if pair.type == "tuple" and len(items) >= 2 and "splat" not in items[0].type:
        yield from _number(tracer, items[1], listener)


def _written(tracer: Tracer, expression: Node) -> Node:
    """The address behind a name, or behind `self.address` where the class gives that one value."""
    node = tracer.names.value_of(expression)
    given = attribute_values(tracer.names, node) if node.type == "attribute" else ()
    only = given[0] if len(given) == 1 else None
    return tracer.names.value_of(only) if only is not None else node


def _bind(tracer: Tracer, expression: Node, listener: Listener) -> Iterator[Found]:
    """HOST:PORT as a string, an f-string or a sum, or a list of these."""
    value = _written(tracer, expression)
    match value.type:
        case "list" | "tuple":
            for item in value.named_children:
                if item.type not in {"list", "tuple"}:
                    yield from _bind(tracer, item, listener)
        case "string":
            yield from _bind_string(tracer, value, expression, listener)
        case "binary_operator":
            yield from _joined(tracer, value, listener)
        case "identifier":
            traced = tracer.trace(value)
            if isinstance(traced, Parameter):
                yield Handed(traced, listener)


def _joined(tracer: Tracer, operation: Node, listener: Listener) -> Iterator[Found]:
    """`"0.0.0.0:" + port`, `"0.0.0.0:%s" % port`."""
    left, right, operator = (operation.child_by_field_name(name) for name in ("left", "right", "operator"))
    if left is None or right is None or operator is None:
        return
    ends_in_place = left.type == "string" and _PLACE.search(tracer.text(left)) is not None
    if operator.type == "+" or (operator.type == "%" and ends_in_place and right.type != "tuple"):
        yield from _number(tracer, right, listener)


def _bind_string(tracer: Tracer, string: Node, expression: Node, listener: Listener) -> Iterator[Found]:
    tree = tracer.names.tree
    last = own_parts(string)[-2] if len(own_parts(string)) > 2 else string
    if last.type == "interpolation":
        before = tree.source.data[string.start_byte : last.start_byte]
        if before.endswith(b":") and len(own_parts(last)) == 1:
            yield from _number(tracer, own_parts(last)[0], listener)
        return
    text = tree.text(string)
    found = _BOUND.search(text)
    if found is None or not _is_listened_on(text, listener):
        return
    start, port = tree.span(string).start + found.start("port"), port_number(found["port"])
    digits = Span(start, start + len(found["port"]))
    literal = Literal(port if port is not None else int(found["port"]), digits)
    if port is None:
        yield Sourced(listener, literal, digits)
        return
    yield PortUse(listener, port, literal, tree.span(expression), string)


def _is_listened_on(text: str, listener: Listener) -> bool:
    """Not a URL, which is a client's, but where a listener is given one of TCP."""
    is_endpoint = listener.argument.takes is Takes.ENDPOINT
    return "//" not in text or (is_endpoint and "tcp://" in text)
