"""What other files start an engine with when they call it: functions and classes of a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tree_sitter import Node

from portside.python.engines.certain_calls import is_called_itself, is_certain
from portside.python.engines.engines import EngineUse
from portside.python.names.names import How, Names, ScopeKind
from portside.python.running.guards import Guards, When
from portside.python.running.reachability import (
    Reached,
    calls_of,
    decorators,
    find_method,
    functions_run_by,
    method_of_instance,
    runs_with_module,
)
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.values.instances import attribute_values_before, constructions
from portside.records import dataclass


def engine_makers(
    names: Names,
    calls: Iterable[Node],
    engines: Iterable[EngineUse],
    *,
    awaited: bool = False,
    by_property: bool = False,
) -> Mapping[str, EngineUse]:
    """The functions and classes of the module that make an engine when called, with a child process.

    Methods by what other files call them on: `Service.get`, `service.load`.
    calls: those of the file that matter, in whatever scope. awaited: the coroutines that make one when
    they are awaited, instead. by_property: also what reads a property that makes one.
    """
    making = {
        function: engine
        for engine in engines
        if not engine.in_process and (function := _function_around(names, engine.call)) is not None
    }
    waiting = list(calls) if making else []
    while True:
        found = [pair for call in waiting for pair in _led_to(names, call, making)]
        found += _reading_properties(names, making) if by_property else ()
        if not found:
            break
        making.update(found)
    return dict(_named(names, making, awaited)) if making else {}


def _led_to(names: Names, call: Node, making: Mapping[Node, EngineUse]) -> Iterator[tuple[Node, EngineUse]]:
    """The function around the call, if it is new and the call makes an engine."""
    around = _function_around(names, call)
    if around is None or around in making:
        return
    for function, _ in functions_run_by(names, Reached(call, When.IMPORT, functions=(around,))):
        if function in making:
            yield around, making[function]
            return


def _reading_properties(names: Names, making: Mapping[Node, EngineUse]) -> Iterator[tuple[Node, EngineUse]]:
    """The functions that read a property which makes an engine, of what surely has it: `service.engine`."""
    for function, engine in making.items():
        name = function.child_by_field_name("name")
        if name is None or not any(_last_word(names, each) in _PROPERTIES for each in decorators(function)):
            continue
        read = names.tree.text(name)
        attributes = (node for chunk in names.chunks_with([read]) for node in chunk.nodes("attribute"))
        for attribute in attributes:
            around = _function_around(names, attribute)
            holder = attribute.child_by_field_name("object")
            if around is None or around in making or holder is None or names.definition(holder) is not None:
                continue
            if method_of_instance(names, attribute) == function:
                yield around, engine


_PROPERTIES = frozenset({"property", "cached_property"})


def _last_word(names: Names, expression: Node) -> str:
    return names.tree.text(expression).rpartition(".")[2]


def _function_around(names: Names, call: Node) -> Node | None:
    scope = names.scope_at(call)
    while scope.kind in {ScopeKind.CLASS, ScopeKind.COMPREHENSION} and scope.parent is not None:
        scope = scope.parent
    return scope.node if scope.node.type == "function_definition" else None


def _named(names: Names, making: Mapping[Node, EngineUse], awaited: bool) -> Iterator[tuple[str, EngineUse]]:
    for chunk in names.chunks:
        definition = chunk.node.child_by_field_name("definition") or chunk.node
        name = definition.child_by_field_name("name")
        if not chunk.is_definition or name is None:
            continue
        for function in _run_by_call(names, definition, awaited):
            if function in making:
                yield names.tree.text(name), making[function]
    for function, engine in making.items():
        if _runs(function, awaited):
            yield from ((name, engine) for name in _as_method(names, function))


def _as_method(names: Names, function: Node) -> Iterator[str]:
    """How other files call the method: `Service.load`, and `service.load` of an object of the module.

    Also on a class that inherits it, and `get_service.load` for `get_service().load()`.
    """
    owner, name = names.scope_at(function).node, function.child_by_field_name("name")
    if owner.type != "class_definition" or name is None:
        return
    method = names.tree.text(name)
    for each in (owner, *_heirs(names, owner)):
        called = each.child_by_field_name("name")
        if called is None or (each != owner and find_method(names, each, method) != function):
            continue
        class_name = names.tree.text(called)
        instances = tuple(_instances(names, each, class_name))
        for holder in (class_name, *instances, *_givers(names, each, (class_name, *instances))):
            yield f"{holder}.{method}"


def _heirs(names: Names, owner: Node) -> list[Node]:
    """The classes of the module that inherit from the class, directly or through others."""
    found = [owner]
    for each in found:
        name = each.child_by_field_name("name")
        for read in names.reads(names.tree.text(name)) if name is not None else ():
            bases = read.parent
            heir = bases.parent if bases is not None and bases.type == "argument_list" else None
            if heir is not None and heir.type == "class_definition" and heir not in found:
                found.append(heir)
    return found[1:]


def _givers(names: Names, owner: Node, known_by: Iterable[str]) -> Iterator[str]:
    """The functions of the module that return an object of the class: those that use it by such a name."""
    reads = (read for name in known_by for read in names.reads(name))
    functions = (function for read in reads if (function := _function_around(names, read)) is not None)
    for function in dict.fromkeys(functions):
        name = function.child_by_field_name("name")
        if name is not None and _is_of_module(names, function) and _given_class(names, function) == owner:
            yield names.tree.text(name)


def _given_class(names: Names, function: Node) -> Node | None:
    """The class of the file of which the function returns an object, whichever way it goes."""
    classes = set[Node | None]()
    for statement in nodes_of(function, "return_statement"):
        if names.scope_at(statement).node == function:
            parts = own_parts(statement)
            made = constructions(names, parts[0]) if parts else ()
            callees = [call.child_by_field_name("function") for call in made]
            classes |= {names.definition(callee) if callee is not None else None for callee in callees}
            classes |= set() if made else {None}
    only = classes.pop() if len(classes) == 1 else None
    return only if only is not None and only.type == "class_definition" else None


def _instances(names: Names, owner: Node, class_name: str) -> Iterator[str]:
    """The names of the module that are bound once, to an object of the class."""
    for read in names.reads(class_name):
        call = read.parent
        assignment = call.parent if call is not None and call.type == "call" else None
        target = assignment.child_by_field_name("left") if assignment is not None else None
        if assignment is None or target is None or assignment.type != "assignment":
            continue
        bindings = names.module_bindings(names.tree.text(target)) if target.type == "identifier" else ()
        if len(bindings) == 1 and bindings[0].value == call and names.definition(read) == owner:
            yield bindings[0].name


def _run_by_call(names: Names, definition: Node, awaited: bool) -> Iterator[Node]:
    if definition.type == "class_definition" and awaited:
        return
    if definition.type == "class_definition":
        methods = (find_method(names, definition, name) for name in ("__new__", "__init__", "__post_init__"))
        yield from (method for method in methods if method is not None)
    elif _is_of_module(names, definition) and _runs(definition, awaited):
        yield definition


def _is_of_module(names: Names, function: Node) -> bool:
    """Whether it stands at the top of the module, and its name is for itself or for a cache of it."""
    outer = function.parent
    if outer is not None and outer.type == "decorated_definition":
        outer = outer.parent if is_called_itself(names, function) else None
    return outer is not None and outer.type == "module"


def _runs(function: Node, awaited: bool) -> bool:
    """Whether the call, or with awaited its await, runs the body: no generator does."""
    is_async = bool(function.children) and function.children[0].type == "async"
    return is_async == awaited and not nodes_of(function, "yield")


@dataclass(frozen=True, slots=True, eq=False)
class ImportedCall:
    """A call of something imported, when the module is imported. name: qualified, `.engine.Engine`."""

    name: str
    call: Node


def calls_of_imported(names: Names, chunks: Iterable[Chunk]) -> Iterator[ImportedCall]:
    """Those in these statements, in functions too."""
    for chunk in chunks:
        for call in chunk.nodes("call"):
            callee = call.child_by_field_name("function")
            name = imported_name(names, callee) if callee is not None else None
            if name is not None:
                yield ImportedCall(name, call)


def imported_calls(names: Names, guards: Guards, chunks: Iterable[Chunk]) -> tuple[ImportedCall, ...]:
    """Those in these statements that stand at module level themselves."""
    found = calls_of_imported(names, (chunk for chunk in chunks if not chunk.is_definition))
    return tuple(
        one
        for one in found
        if runs_with_module(names, one.call) and guards.when(one.call.start_byte) is When.IMPORT
    )


def served_calls(names: Names, guards: Guards) -> Iterator[ImportedCall]:
    """Those in functions too, whoever calls them: lifespans, handlers. Not what a main guard holds."""
    imported = {name for chunk in names.chunks_with(["import"]) for name, _ in names.bindings_by(chunk)}
    for one in calls_of_imported(names, names.chunks_with(imported | {"import"})):
        if guards.when(one.call.start_byte) in {When.IMPORT, When.IMPORTED_ONLY}:
            yield one


def imported_name(names: Names, callee: Node) -> str | None:
    """What of another module is called: `engine.Engine`, `engine.Manager.load` on a `Manager()`; or None."""
    name = names.qualified(callee)
    if name is not None:
        return name if "." in name and not name.startswith("builtins.") else None
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    if callee.type != "attribute" or holder is None or method is None:
        return None
    made = [call.child_by_field_name("function") for call in _constructed(names, holder)]
    classes = {names.qualified(called) for called in made if called is not None}
    owner = classes.pop() if len(classes) == 1 else None
    if owner is None or "." not in owner or owner.startswith("builtins."):
        return None
    return f"{owner}.{names.tree.text(method)}"


def _constructed(names: Names, holder: Node) -> tuple[Node, ...]:
    """The calls one of which made it. What the function has put into `self.model` above is what it reads."""
    above = attribute_values_before(names, holder) if holder.type == "attribute" else ()
    only = above[0] if len(above) == 1 else None
    return constructions(names, only if only is not None else holder)


def imported_calls_of(names: Names, called: str, *, awaited: bool, certain: bool = False) -> tuple[str, ...]:
    """What of other modules a call of this name of the module calls in turn, `Service`, `service.load`.

    certain: only what it calls whatever it is given.
    """
    waiting = [function for function in _behind(names, called) if awaited or _runs(function, awaited)]
    seen, found = list[Node](), dict[str, None]()
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.append(function)
        for call in calls_of(names, function):
            callee = call.child_by_field_name("function")
            name = imported_name(names, callee) if callee is not None else None
            if certain and not is_certain(names, call):
                continue
            if name is not None:
                found[name] = None
            reached = Reached(call, When.IMPORT, functions=(function,))
            waiting += (run for run, _ in functions_run_by(names, reached))
    return tuple(found)


def callable_names(names: Names) -> Iterator[str]:
    """The functions and classes of the module, and methods by what other files call them on."""
    for chunk in names.chunks:
        definition = chunk.node.child_by_field_name("definition") or chunk.node
        if chunk.is_definition and (name := definition.child_by_field_name("name")) is not None:
            yield names.tree.text(name)
            for method in nodes_of(definition, "function_definition"):
                yield from _as_method(names, method)


def _behind(names: Names, called: str) -> Iterator[Node]:
    first, _, method = called.partition(".")
    bindings = names.module_bindings(first)
    if len(bindings) != 1:
        return
    definition = bindings[0].statement
    if bindings[0].value is not None and bindings[0].how is How.ASSIGNMENT:
        made = bindings[0].value.child_by_field_name("function")
        definition = (names.definition(made) if made is not None else None) or definition
    if method and definition.type == "function_definition":
        definition = _given_class(names, definition) or definition
    if method and definition.type == "class_definition":
        found = find_method(names, definition, method)
        yield from () if found is None else (found,)
    elif not method:
        yield from _run_by_call(names, definition, awaited=False)
        yield from _run_by_call(names, definition, awaited=True)
