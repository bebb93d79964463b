"""Functions, methods and classes of a file that listen on what they are given: who calls them, with what."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.python.names.bindings import How, ScopeKind
from portside.python.names.names import Names
from portside.python.ports.port_calls import last_name, of_call, of_listener
from portside.python.ports.port_takers import Takers, base_of, definition_at, has_constructor
from portside.python.ports.port_use import Found, Handed, Listener
from portside.python.source.nodes import holds, nodes_of, own_parts
from portside.python.values import value_classes
from portside.python.values.instances import class_around, constructions
from portside.python.values.values import Tracer

_WORDS = re.compile(r"\w+")


def note(tracer: Tracer, handed: Handed, takers: Takers) -> None:
    names, source = tracer.names, tracer.names.tree.source
    function = definition_at(names, source.byte_of_offset(handed.parameter.function.start))
    if function is None:
        return
    if function.type == "class_definition":
        _note_field(tracer, function, handed, takers)
        return
    order, name = _parameter_names(names, function), handed.parameter.name
    called, shift = _callable(names, function, order)
    listener = handed.listener
    if name in order:
        wanted = dataclasses.replace(listener.argument, keyword=name, position=order.index(name) - shift)
        takers.add(called.start_byte, dataclasses.replace(listener, argument=wanted))
    elif name == _options_name(names, function):
        # `**options`: callers name what has no parameter of its own.
        first, member = (listener.member[0].strip("[]"), listener.member[1:]) if listener.member else ("", ())
        keyword = first or listener.argument.keyword
        wanted = dataclasses.replace(listener.argument, keyword=keyword, position=None)
        if keyword not in order:
            found = dataclasses.replace(listener, argument=wanted, member=member)
            takers.add(called.start_byte, found)


def _note_field(tracer: Tracer, owner: Node, handed: Handed, takers: Takers) -> None:
    fields, name = value_classes.fields_of_class(tracer, owner), handed.parameter.name
    if name in fields:
        argument = dataclasses.replace(handed.listener.argument, keyword=name, position=fields.index(name))
        takers.add(owner.start_byte, dataclasses.replace(handed.listener, argument=argument))


def _options_name(names: Names, function: Node) -> str | None:
    listed = function.child_by_field_name("parameters")
    for parameter in listed.named_children if listed is not None else ():
        inner = own_parts(parameter)[0] if parameter.type == "typed_parameter" else parameter
        if inner.type == "dictionary_splat_pattern":
            return names.tree.text(own_parts(inner)[0])
    return None


def _parameter_names(names: Names, function: Node) -> list[str]:
    listed = function.child_by_field_name("parameters")
    found = []
    for parameter in listed.named_children if listed is not None else ():
        node = parameter.child_by_field_name("name") or parameter
        if node.type == "typed_parameter" and node.named_children:
            node = own_parts(node)[0]
        if node.type == "identifier":
            found.append(names.tree.text(node))
    return found


def _callable(names: Names, function: Node, order: list[str]) -> tuple[Node, int]:
    """What callers call: function, method, or the class of an `__init__`; how many parameters are bound."""
    around = names.scope_at(function).node
    if order[:1] not in (["self"], ["cls"]) or around.type != "class_definition":
        return function, 0
    name = function.child_by_field_name("name")
    is_constructor = name is not None and names.tree.text(name) == "__init__"
    return (around if is_constructor else function), 1


def of_callers(tracer: Tracer, new: Iterable[tuple[int, Listener]], takers: Takers) -> Iterator[Found]:
    """What is passed to the functions and classes of the file that listen."""
    names = tracer.names
    for start, listener in new:
        definition = definition_at(names, start)
        name = definition.child_by_field_name("name") if definition is not None else None
        if definition is None or name is None:
            continue
        home = names.scope_at(definition)
        if home.kind is ScopeKind.CLASS and definition.type == "function_definition":
            for call in _method_calls(names, names.tree.text(name), home.node):
                yield from of_listener(tracer, call, listener)
            continue
        for read in names.reads(names.tree.text(name), home):
            yield from _of_reader(tracer, read, listener, takers)


def _method_calls(names: Names, method: str, owner: Node) -> Iterator[Node]:
    """The calls of a method of the class: on `self` within it, or on what is surely an instance."""
    for chunk in names.chunks_with([method]):
        for call in chunk.nodes("call"):
            callee = call.child_by_field_name("function")
            holder = callee.child_by_field_name("object") if callee is not None else None
            if callee is None or holder is None or last_name(names, callee) != method:
                continue
            within = holds(owner, call)
            if (within and holder.text in {b"self", b"cls"}) or _is_instance(names, holder, owner):
                yield call


def _is_instance(names: Names, holder: Node, owner: Node) -> bool:
    made = [call.child_by_field_name("function") for call in constructions(names, holder)]
    if not made:
        return holder.type == "identifier" and _is_annotated(names, holder, owner)
    return all(names.definition(callee) == owner for callee in made if callee is not None)


def _is_annotated(names: Names, holder: Node, owner: Node) -> bool:
    """Whether the name is a parameter that is said to be of the class, and made where it is None."""
    parameters = 0
    for binding in names.bindings_of(holder):
        if binding.how is How.PARAMETER:
            annotation = binding.statement.child_by_field_name("type")
            name = owner.child_by_field_name("name")
            if annotation is None or name is None or not _names_class(annotation, name):
                return False
            parameters += 1
        elif binding.value is None or not _is_instance(names, binding.value, owner):
            return False
    return parameters == 1


def _names_class(annotation: Node, name: Node) -> bool:
    """`Manager`, `Optional[Manager]`, `"Manager | None"`."""
    return name.text is not None and name.text.decode() in _WORDS.findall((annotation.text or b"").decode())


def _of_reader(tracer: Tracer, read: Node, listener: Listener, takers: Takers) -> Iterator[Found]:
    """A place that names a listening function: called there, handed to a thread, or inherited from."""
    parent = read.parent
    if parent is None:
        return
    if parent.type == "call" and parent.child_by_field_name("function") == read:
        yield from of_listener(tracer, parent, listener)
        return
    call = parent.parent if parent.type == "argument_list" else parent.parent and parent.parent.parent
    if call is not None and call.type == "class_definition":
        if base_of(call) == read:
            yield from of_heir(tracer, call, (listener,), takers)
        return
    callee = call.child_by_field_name("function") if call is not None and call.type == "call" else None
    if call is not None and callee is not None and parent.type in {"argument_list", "keyword_argument"}:
        yield from of_call(tracer, call, callee, takers)


def of_heir(
    tracer: Tracer, definition: Node, listeners: Iterable[Listener], takers: Takers
) -> Iterator[Found]:
    """What a class listens on whose base does: as its own constructor says, or as the base's does."""
    names = tracer.names
    if not has_constructor(names, definition):
        for listener in listeners:
            takers.add(definition.start_byte, listener)
        return
    for call in nodes_of(definition, "call"):
        callee = call.child_by_field_name("function")
        if callee is not None and _is_base_constructor(names, definition, callee):
            for listener in listeners:
                yield from of_listener(tracer, call, listener)


def _is_base_constructor(names: Names, definition: Node, callee: Node) -> bool:
    """`super().__init__`, `super(Server, self).__init__`."""
    holder, name = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    if holder is None or name is None or name.text != b"__init__" or holder.type != "call":
        return False
    made = holder.child_by_field_name("function")
    around = class_around(names.scope_at(callee))
    return made is not None and made.text == b"super" and around is not None and around.node == definition
