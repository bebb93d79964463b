"""The port in an object that is handed to what listens: `start(config)`, which listens on `config.port`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tree_sitter import Node

from portside.python.ports.port_use import (
    Found,
    Handed,
    Listener,
    PortUse,
    Sourced,
    handed_object,
    port_number,
    read,
)
from portside.python.source.syntax import arguments, unwrapped
from portside.python.values import value_classes, value_objects
from portside.python.values.value_types import Literal, Parameter
from portside.python.values.values import Tracer

_NAMESPACES = frozenset({"types.SimpleNamespace", "argparse.Namespace"})


def of_member(tracer: Tracer, given: Node, listener: Listener) -> Iterator[Found]:
    """The port that the object `given` holds where the listener looks for it."""
    value = tracer.trace(given)
    if isinstance(value, Parameter):
        yield Handed(value, listener)
        return
    handed = list(handed_object(tracer, given, listener))
    yield from handed
    first, rest = listener.member[0], listener.member[1:]
    inner = dataclasses.replace(listener, member=rest)
    part = _part(tracer, given, first) if not handed else None
    if part is not None:
        expression, is_field = part
        inner = dataclasses.replace(inner, is_field=inner.is_field or is_field)
        yield from of_member(tracer, expression, inner) if rest else read(tracer, expression, inner)
    elif not (handed or rest or first.startswith("[")):
        yield from _of_attribute(tracer, given, first, inner)


def _part(tracer: Tracer, given: Node, member: str) -> tuple[Node, bool] | None:
    """What the object was made with for that, and whether it is a field: there to be given values."""
    if member.startswith("["):
        item = value_objects.item_of(tracer, given, member[1:-1])
        return (item, False) if item is not None else None
    made = value_objects.expression_behind(tracer, unwrapped(given))
    callee = made.child_by_field_name("function") if made.type == "call" else None
    if callee is None or value_objects.is_set_here(tracer, None, member):
        return None
    passed, called, definition = (
        arguments(made),
        tracer.names.qualified(callee),
        tracer.names.definition(callee),
    )
    if passed.starred or passed.unpacked:
        return None
    if definition is not None and definition.type == "class_definition":
        written = value_classes.passed_field(tracer, definition, member, passed)
        return (written, True) if written is not None else None
    if called is None or member not in passed.keywords:
        return None
    is_class = called.rpartition(".")[2][:1].isupper()
    return (passed.keywords[member], called not in _NAMESPACES) if is_class else None


def _of_attribute(tracer: Tracer, given: Node, name: str, listener: Listener) -> Iterator[PortUse | Sourced]:
    value = value_objects.attribute_of(tracer, given, name)
    place = tracer.names.tree.span(given)
    port = port_number(value.value) if isinstance(value, Literal) else None
    if isinstance(value, Literal) and port is not None:
        yield PortUse(listener, port, value, place)
    else:
        yield Sourced(listener, value, place)
