"""Constants of a module, as other files of the workspace import them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from portside.python.facts import ModuleFacts
from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, string_value
from portside.python.values.value_objects import is_changed, member_of
from portside.python.values.value_types import Environment, Literal, Through, Unknown, Value, located
from portside.python.values.values import Tracer

# What a constant is written as; a value behind anything else is not followed into other files.
_SIMPLE = frozenset({"integer", "string", "call", "identifier", "subscript", "boolean_operator"})


def module_constants(facts: ModuleFacts) -> Mapping[str, Value]:
    """What the module's names (`PORT`), attributes (`Settings.PORT`, `settings.port`) and items stand for.

    Only those with one binding whose value is a literal or comes from the environment. A name that the
    module calls a port and that is anything else is Unknown: it hides what a star import brings.
    """
    names, tracer = facts.names, Tracer(facts.names)
    found: dict[str, Value] = {}
    of_names = ((name, tracer.of_binding(binding)) for name, binding in _candidates(names))
    for name, value in (*of_names, *_of_instances(tracer), *_of_settings(tracer), *_of_dictionaries(tracer)):
        if isinstance(value, Literal):
            found[name] = dataclasses.replace(value, name=name, path=facts.source.path)
        elif isinstance(value, Environment):
            found[name] = located(value, facts.source.path)
    for name in _other_ports(names) - found.keys():
        found[name] = Unknown(f"`{name}` is no constant")
    return found


def _other_ports(names: Names) -> set[str]:
    return {
        name
        for chunk in names.chunks
        if not chunk.is_definition
        for name, bindings in names.bindings_by(chunk)
        if "port" in name.lower() and bindings[0].how not in {How.IMPORT, How.STAR_IMPORT}
    }


def _candidates(names: Names) -> Iterator[tuple[str, Binding]]:
    for chunk in names.chunks:
        if chunk.node.type == "class_definition":
            yield from _of_class(names, chunk.node)
        elif not chunk.is_definition:
            for name, bindings in names.bindings_by(chunk):
                if len(names.module_bindings(name)) == 1 and _is_simple(bindings[0]):
                    yield name, bindings[0]


def _of_class(names: Names, definition: Node) -> Iterator[tuple[str, Binding]]:
    """A plain class without bases and decorators; of any other its attributes may be something else."""
    owner = definition.child_by_field_name("name")
    if owner is None or definition.child_by_field_name("superclasses") is not None:
        return
    for name, bindings in names.scope_of(definition).bindings.items():
        if len(bindings) == 1 and _is_simple(bindings[0]):
            yield f"{names.tree.text(owner)}.{name}", bindings[0]


def _of_instances(tracer: Tracer) -> Iterator[tuple[str, Value]]:
    """The ports of `settings = Settings()`; a field of a data class is there to be given another value."""
    names = tracer.names
    for chunk in names.chunks:
        if chunk.is_definition or chunk.node.type == "class_definition":
            continue
        for name, bindings in names.bindings_by(chunk):
            made = bindings[0].value
            if len(names.module_bindings(name)) != 1 or made is None or made.type != "call":
                continue
            callee = made.child_by_field_name("function")
            definition = names.definition(callee) if callee is not None else None
            if definition is None or definition.type != "class_definition":
                continue
            for attribute in sorted(_port_attributes(names, definition)):
                value = member_of(tracer, definition, attribute, arguments(made))
                if not isinstance(value, Literal) or value.through is not Through.FIELD:
                    yield f"{name}.{attribute}", value


def _of_settings(tracer: Tracer) -> Iterator[tuple[str, Value]]:
    """The ports that a settings class reads from the environment, as `Settings().port`."""
    for chunk in tracer.names.chunks:
        bases = chunk.node.child_by_field_name("superclasses")
        owner = chunk.node.child_by_field_name("name")
        if chunk.node.type != "class_definition" or bases is None or b"Settings" not in (bases.text or b""):
            continue
        for attribute in sorted(_port_attributes(tracer.names, chunk.node)):
            value = member_of(tracer, chunk.node, attribute, None)
            if isinstance(value, Environment) and owner is not None:
                yield f"{tracer.text(owner)}().{attribute}", value


def _of_dictionaries(tracer: Tracer) -> Iterator[tuple[str, Value]]:
    """The ports of `CONFIG = {"port": 8000}`, as `CONFIG[port]`."""
    names = tracer.names
    for chunk in names.chunks:
        if chunk.is_definition or b"{" not in names.tree.source.data[chunk.start : chunk.end]:
            continue
        for name, bindings in names.bindings_by(chunk):
            value = bindings[0].value
            if value is None or value.type != "dictionary" or len(names.module_bindings(name)) != 1:
                continue
            if not is_changed(tracer, bindings[0].node):
                yield from _items(tracer, name, value)


def _items(tracer: Tracer, prefix: str, dictionary: Node) -> Iterator[tuple[str, Value]]:
    if any(child.type == "dictionary_splat" for child in dictionary.named_children):
        return
    for pair in dictionary.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        name = string_value(tracer.names.tree, key) if key is not None else None
        if name is None or value is None:
            continue
        if value.type == "dictionary":
            yield from _items(tracer, f"{prefix}[{name}]", value)
        elif "port" in name.lower():
            yield f"{prefix}[{name}]", tracer.trace(value)


def _port_attributes(names: Names, definition: Node) -> set[str]:
    """What the class, its methods and its bases in this file call a port."""
    found = set()
    for node in nodes_of(definition, "identifier"):
        text = names.tree.text(node)
        if "port" in text.lower():
            found.add(text)
    return found


def _is_simple(binding: Binding) -> bool:
    value = binding.value
    return binding.how is How.ASSIGNMENT and value is not None and value.type in _SIMPLE
