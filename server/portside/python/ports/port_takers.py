"""What listens beside the libraries: functions, methods and classes of the file, and of other files.

start(app, 9000)            ->  server.py: def start(app, port): uvicorn.run(app, port=port)
Server(cfg).run(port=9000)  ->  server.py: class Server, def run(self, port): …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType

from tree_sitter import Node

from portside.python.names.bindings import How, ScopeKind
from portside.python.names.names import Names
from portside.python.ports.port_use import Listener
from portside.python.source.chunks import Chunk
from portside.python.source.syntax import arguments
from portside.python.values.instances import class_around, constructions
from portside.python.values.value_objects import returns
from portside.records import cached_property, dataclass

# `serve`, `Server` for its constructor, `Server.run` for a method, `server.run` for one of an object.
ByName = Mapping[str, tuple[Listener, ...]]
NONE: ByName = MappingProxyType({})


@dataclass
class Takers:
    """local: those of the file, by the byte where their definition starts. heard: by qualified name."""

    heard: ByName = field(default_factory=dict)
    local: dict[int, tuple[Listener, ...]] = field(default_factory=dict)

    @cached_property
    def last_names(self) -> frozenset[str]:
        """What calls of those of other files may end in."""
        return frozenset(name.rpartition(".")[2] for name in self.heard)

    def add(self, start: int, listener: Listener) -> None:
        known = self.local.get(start, ())
        spelt = [(one.argument.keyword, one.member) for one in known]
        if (listener.argument.keyword, listener.member) not in spelt:
            self.local[start] = (*known, listener)

    def of_function(self, names: Names, function: Node) -> tuple[Listener, ...]:
        """What the function or class that the expression names listens on."""
        called = names.qualified(function)
        if called is not None:
            return self.heard.get(called, ())
        definition = names.definition(function)
        return self.local.get(definition.start_byte, ()) if definition is not None else ()

    def of_method(self, names: Names, holder: Node, method: str) -> tuple[Listener, ...]:
        """What a method of an object listens on whose class, or a base of that, is in another file."""
        owners = _owners(names, holder) if method in self.last_names else frozenset()
        return self.heard.get(f"{next(iter(owners))}.{method}", ()) if len(owners) == 1 else ()

    def of_base(self, names: Names, definition: Node) -> tuple[Listener, ...]:
        """What the constructor of a class listens on that it inherits from another file."""
        base = base_of(definition)
        return self.heard.get(names.qualified(base) or "", ()) if base is not None else ()


def base_of(definition: Node) -> Node | None:
    bases = arguments(definition).positional
    return bases[0] if bases else None


def has_constructor(names: Names, definition: Node) -> bool:
    return bool(names.bindings_in("__init__", names.scope_of(definition)))


def _owners(names: Names, holder: Node) -> frozenset[str | None]:
    """The class of another file that the object is of, or inherits from; its own name where it is one."""
    if holder.text in {b"self", b"cls"}:
        around = class_around(names.scope_at(holder))
        base = base_of(around.node) if around is not None else None
        return frozenset({names.qualified(base)}) if base is not None else frozenset()
    made = [call.child_by_field_name("function") for call in constructions(names, holder)]
    return frozenset(_class_behind(names, callee) for callee in made)


def _class_behind(names: Names, callee: Node | None) -> str | None:
    definition = names.definition(callee) if callee is not None else None
    if definition is not None and definition.type == "class_definition":
        callee = base_of(definition)
    return names.qualified(callee) if callee is not None else None


def exported(names: Names, takers: Takers) -> ByName:
    """Those of the file, as others import them."""
    found = {
        name: listeners
        for start, listeners in takers.local.items()
        if (name := _name_of(names, start)) is not None
    }
    classes = [
        chunk.node.child_by_field_name("definition") or chunk.node
        for chunk in (names.chunks if found or takers.heard else ())
        if chunk.is_definition
    ]
    for definition in classes:
        if definition.type == "class_definition":
            found.update([*_inherited(names, definition, found, takers.heard)])
    methods = {name: listeners for name, listeners in found.items() if "." in name}
    for chunk in names.chunks_with({name.partition(".")[0] for name in methods}) if methods else ():
        makers = _of_makers if chunk.is_definition else _of_objects
        found.update(makers(names, chunk, methods))
    return found


def definition_at(names: Names, start: int) -> Node | None:
    """The function or class definition that starts at this byte."""
    node = names.node_at(start, start + 1)
    while node is not None and node.type not in {"function_definition", "class_definition"}:
        node = node.parent
    return node if node is not None and node.start_byte == start else None


def _name_of(names: Names, start: int) -> str | None:
    definition = definition_at(names, start)
    name = definition.child_by_field_name("name") if definition is not None else None
    if definition is None or name is None:
        return None
    home = names.scope_at(definition)
    if home.kind is ScopeKind.MODULE:
        return names.tree.text(name)
    owner = home.node.child_by_field_name("name") if home.kind is ScopeKind.CLASS else None
    is_top = home.parent is not None and home.parent.kind is ScopeKind.MODULE
    return f"{names.tree.text(owner)}.{names.tree.text(name)}" if owner is not None and is_top else None


def _inherited(
    names: Names, definition: Node, own: ByName, heard: ByName
) -> Iterator[tuple[str, tuple[Listener, ...]]]:
    base, name = base_of(definition), definition.child_by_field_name("name")
    if base is None or name is None:
        return
    qualified = names.qualified(base)
    source, start = (heard, qualified) if qualified is not None else (own, names.tree.text(base))
    owner, scope = names.tree.text(name), names.scope_of(definition)
    for key, listeners in source.items():
        if key == start and owner not in own and not has_constructor(names, definition):
            yield owner, listeners
        elif key.startswith(f"{start}.") and not names.bindings_in(key[len(start) + 1 :], scope):
            yield f"{owner}{key[len(start) :]}", listeners


def _of_objects(names: Names, chunk: Chunk, own: ByName) -> Iterator[tuple[str, tuple[Listener, ...]]]:
    """The methods of `server = Server()`."""
    for name, bindings in names.bindings_by(chunk):
        value = bindings[0].value
        if value is None or bindings[0].how is not How.ASSIGNMENT or len(names.module_bindings(name)) != 1:
            continue
        yield from _methods_of(_class_made(names, [value]), name, own)


def _of_makers(names: Names, chunk: Chunk, own: ByName) -> Iterator[tuple[str, tuple[Listener, ...]]]:
    """The methods of what `create_server()` returns, or `Server.from_config()`."""
    definition = chunk.node.child_by_field_name("definition") or chunk.node
    name = definition.child_by_field_name("name")
    shown = names.tree.text(name) if name is not None else ""
    if definition.type == "function_definition":
        yield from _methods_of(_class_made(names, [*returns(definition)]), shown, own)
        return
    for method, bindings in names.scope_of(definition).bindings.items():
        if [binding.how for binding in bindings] == [How.FUNCTION]:
            made = _class_made(names, [*returns(bindings[0].statement)], shown)
            yield from _methods_of(made, f"{shown}.{method}", own)


def _class_made(names: Names, values: Sequence[Node], around: str = "") -> str:
    """The class of the file that made all of these; "" where that can't be told. around: what `cls` is."""
    made = {
        _class_named(names, call.child_by_field_name("function"), around)
        for value in values
        for call in constructions(names, value) or (value,)
    }
    return made.pop() if len(made) == 1 else ""


def _class_named(names: Names, callee: Node | None, around: str) -> str:
    if callee is not None and callee.text == b"cls":
        return around
    owner = names.definition(callee) if callee is not None else None
    name = owner.child_by_field_name("name") if owner is not None else None
    return names.tree.text(name) if name is not None else ""


def _methods_of(owner: str, name: str, own: ByName) -> Iterator[tuple[str, tuple[Listener, ...]]]:
    for key, listeners in own.items() if owner else ():
        if key.startswith(f"{owner}."):
            yield f"{name}{key[len(owner) :]}", listeners
