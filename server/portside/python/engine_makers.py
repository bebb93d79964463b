"""What other files start an engine with when they call it: functions and classes of a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from portside.python.chunks import Chunk
from portside.python.engines import EngineUse
from portside.python.guards import Guards, When
from portside.python.names import Names, ScopeKind
from portside.python.reachability import Reached, find_method, functions_run_by, runs_with_module
from portside.python.syntax import query


def engine_makers(
    names: Names, calls: Iterable[Node], engines: Iterable[EngineUse], *, awaited: bool = False
) -> Mapping[str, EngineUse]:
    """The functions and classes of the module that make an engine when called, with a child process.

    calls: those of the file that matter, in whatever scope. awaited: the coroutines that make one when
    they are awaited, instead.
    """
    making = {
        function: engine
        for engine in engines
        if not engine.in_process and (function := _function_around(names, engine.call)) is not None
    }
    waiting = list(calls) if making else []
    while True:
        found = [pair for call in waiting for pair in _led_to(names, call, making)]
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


def _run_by_call(names: Names, definition: Node, awaited: bool) -> Iterator[Node]:
    if definition.type == "class_definition" and awaited:
        return
    if definition.type == "class_definition":
        methods = (find_method(names, definition, name) for name in ("__init__", "__post_init__"))
        yield from (method for method in methods if method is not None)
    elif definition.parent is not None and definition.parent.type == "module" and _runs(definition, awaited):
        yield definition


def _runs(function: Node, awaited: bool) -> bool:
    """Whether the call, or with awaited its await, runs the body: no generator does."""
    is_async = bool(function.children) and function.children[0].type == "async"
    return is_async == awaited and not query("(yield) @yield", function)


@dataclass(frozen=True, slots=True, eq=False)
class ImportedCall:
    """A call of something imported, when the module is imported. name: qualified, `.engine.Engine`."""

    name: str
    call: Node


def imported_calls(names: Names, guards: Guards, chunks: Iterable[Chunk]) -> tuple[ImportedCall, ...]:
    """Those in these statements that stand at module level themselves."""
    found: list[ImportedCall] = []
    for chunk in chunks:
        if chunk.is_definition:
            continue
        for call in query("(call) @call", chunk.node).get("call", []):
            callee = call.child_by_field_name("function")
            name = names.qualified(callee) if callee is not None else None
            is_imported = name is not None and "." in name and not name.startswith("builtins.")
            if name is None or not is_imported or not runs_with_module(names, call):
                continue
            if guards.when(call.start_byte) is When.IMPORT:
                found.append(ImportedCall(name, call))
    return tuple(found)
