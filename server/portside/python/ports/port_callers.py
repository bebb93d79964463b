"""Functions, methods and classes of a file that listen on what they are given: who calls them, with what."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.listeners import Argument
from portside.python.names.bindings import How, ScopeKind
from portside.python.names.names import Names
from portside.python.ports.port_calls import last_name, of_call, of_listener
from portside.python.ports.port_use import Found, Handed, Listener
from portside.python.source.nodes import holds, own_parts
from portside.python.values.instances import constructions
from portside.python.values.values import Tracer

_WORDS = re.compile(r"\w+")


def note(tracer: Tracer, handed: Handed, local: dict[int, Listener]) -> None:
    names, source = tracer.names, tracer.names.tree.source
    function = _around(names, source.byte_of_offset(handed.parameter.function.start))
    order = _parameter_names(names, function) if function is not None else []
    if function is None or handed.parameter.name not in order:
        return
    called, shift = _callable(names, function, order)
    old, position = handed.listener.argument, order.index(handed.parameter.name) - shift
    wanted = Argument(handed.parameter.name, position, old.takes, old.variable)
    local.setdefault(called.start_byte, dataclasses.replace(handed.listener, argument=wanted))


def _around(names: Names, start: int) -> Node | None:
    """The function or class definition that starts at this byte."""
    node = names.node_at(start, start + 1)
    while node is not None and node.type not in {"function_definition", "class_definition"}:
        node = node.parent
    return node if node is not None and node.start_byte == start else None


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


def of_callers(tracer: Tracer, new: dict[int, Listener], local: dict[int, Listener]) -> Iterator[Found]:
    """What is passed to the functions and classes of the file that listen."""
    names = tracer.names
    for start, listener in new.items():
        definition = _around(names, start)
        name = definition.child_by_field_name("name") if definition is not None else None
        if definition is None or name is None:
            continue
        home = names.scope_at(definition)
        if home.kind is ScopeKind.CLASS and definition.type == "function_definition":
            for call in _method_calls(names, names.tree.text(name), home.node):
                yield from of_listener(tracer, call, listener)
            continue
        for read in names.reads(names.tree.text(name), home):
            yield from _of_reader(tracer, read, listener, local)


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


def _of_reader(tracer: Tracer, read: Node, listener: Listener, local: dict[int, Listener]) -> Iterator[Found]:
    """A place that names a listening function: called there, or handed to a thread."""
    parent = read.parent
    if parent is None:
        return
    if parent.type == "call" and parent.child_by_field_name("function") == read:
        yield from of_listener(tracer, parent, listener)
        return
    call = parent.parent if parent.type == "argument_list" else parent.parent and parent.parent.parent
    callee = call.child_by_field_name("function") if call is not None and call.type == "call" else None
    if call is not None and callee is not None and parent.type in {"argument_list", "keyword_argument"}:
        yield from of_call(tracer, call, callee, local)
