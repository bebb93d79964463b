"""Engines that an app makes when it starts, and what becomes of them when it stops."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.python.engines.engine_makers import ImportedCall, imported_name
from portside.python.engines.engines import EngineUse
from portside.python.engines.lifespans import AppEvents, find_app_events, yields_of
from portside.python.facts import ImportedEngine, ModuleFacts
from portside.python.names.names import Names
from portside.python.running.reachability import find_method, method_of_instance, own_class
from portside.python.source.nodes import fields_of, nodes_of
from portside.python.source.syntax import ancestors, arguments
from portside.records import dataclass

_DEEPEST = 6

# What a function is called that ends something, where it can't be looked into.
_ENDING = re.compile(
    r"shut_?down|clean_?up|close|stop|teardown|tear_down|terminat|destroy|dispose|unload|release|kill|free|_exit$",
    re.IGNORECASE,
)
# Names that say whose an attribute is, not what it is.
_HOLDERS = frozenset({"app", "application", "cls", "request", "self", "server", "state"})


@dataclass(frozen=True, eq=False)
class EngineLife:
    """An engine, and the function that an app calls to make it.

    way: the calls that lead to it from that function, outermost first, the engine's own last.
    holder: where the function itself puts it (`app.state.engine`), None where it doesn't or that depends.
    """

    engine: EngineUse
    function: Node
    name: str
    is_lifespan: bool
    way: tuple[Node, ...]
    events: AppEvents
    is_ended: bool


@dataclass(frozen=True, slots=True)
class ImportedLife:
    """An engine of another file that nothing ends, and the function that an app calls to make it."""

    engine: ImportedEngine
    name: str
    is_lifespan: bool


def find_engine_lives(module: ModuleFacts) -> tuple[EngineLife, ...]:
    """The engines with processes of their own that lifespans and startup handlers make, each once."""
    engines = {e.call: e for e in module.engines if not e.in_process}
    if not engines:
        return ()
    names, events = module.names, find_app_events(module.names)
    starts = (*events.lifespans, *events.startup)
    ways = [(function, way) for function in starts for way in _ways(names, function, engines.keys())]
    held = [_held_by_way(names, way) for _, way in ways]
    found: dict[Node, EngineLife] = {}
    for (function, way), own in zip(ways, held, strict=True):
        if not any(map(_is_managed, way)):
            others = frozenset(word for words in held if words.isdisjoint(own) for word in words)
            name = names.tree.text(function.child_by_field_name("name") or function)
            is_ended = _is_ended(names, events, function, _Held(own, others))
            in_lifespan = function in events.lifespans
            life = EngineLife(engines[way[-1]], function, name, in_lifespan, way, events, is_ended)
            found.setdefault(way[-1], life)
    return tuple(sorted(found.values(), key=lambda life: life.engine.call.start_byte))


def _ways(
    names: Names, function: Node, engines: object, before: tuple[Node, ...] = ()
) -> Iterator[tuple[Node, ...]]:
    """The calls from the function to each engine that it makes, through functions of the file."""
    for call in _own_calls(names, function, is_start=not before):
        if call in engines:  # type: ignore[operator]
            yield (*before, call)
        elif len(before) < _DEEPEST:
            for called in _called(names, call):
                if called != function:
                    yield from _ways(names, called, engines, (*before, call))


def _own_calls(names: Names, function: Node, *, is_start: bool) -> Iterator[Node]:
    """The calls in the function itself; in one that an app starts with, those ahead of its `yield`."""
    stops = [node.start_byte for node in yields_of(names, function)] if is_start else []
    for call in nodes_of(function, "call"):
        if names.scope_at(call).node == function and all(call.start_byte < stop for stop in stops):
            yield call


def startup_calls(module: ModuleFacts) -> Iterator[ImportedCall]:
    """The calls of imported functions and classes that the app makes when it starts."""
    names = module.names
    for way in _starting(names, find_app_events(names)).values():
        for callee in _run(names, way.calls[-1]):
            name = imported_name(names, callee)
            if name is not None:
                yield ImportedCall(name, way.calls[-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """From a function that an app calls when it starts to a call, through functions of the file."""

    function: Node
    calls: tuple[Node, ...]


def _starting(names: Names, events: AppEvents) -> dict[Node, _Way]:
    """The calls that lifespans, ahead of the `yield`, and startup handlers come to, and how they do first."""
    found: dict[Node, _Way] = {}
    for start in (*events.lifespans, *events.startup):
        waiting: list[tuple[Node, tuple[Node, ...]]] = [(start, ())]
        seen = {start}
        while waiting:
            function, before = waiting.pop(0)
            for call in _own_calls(names, function, is_start=not before):
                calls = (*before, call)
                found.setdefault(call, _Way(start, calls))
                called = [one for one in _called(names, call) if one not in seen and len(calls) < _DEEPEST]
                seen.update(called)
                waiting += [(one, calls) for one in called]
    return found


def find_imported_lives(module: ModuleFacts, started: Iterable[ImportedEngine]) -> Iterator[ImportedLife]:
    """What becomes of engines that other files make for the app when it starts."""
    names, events = module.names, find_app_events(module.names)
    by_place = {names.tree.span(call): way for call, way in _starting(names, events).items()}
    for engine in started:
        way = by_place[engine.statement]
        held = _Held(_held_by_way(names, way.calls) | _instance(names, way.calls[-1]))
        if not any(map(_is_managed, way.calls)) and not _is_ended(names, events, way.function, held):
            name = names.tree.text(way.function.child_by_field_name("name") or way.function)
            yield ImportedLife(engine, name, way.function in events.lifespans)


_HANDERS = ("to_thread", "run_in_executor", "run_sync", "run_in_threadpool")


def _called(names: Names, call: Node) -> Iterator[Node]:
    """The functions and methods of the file that the call runs, those that are handed to a thread too."""
    for callee in _run(names, call):
        definition = names.definition(callee) or own_class(names, callee)
        if definition is None:
            definition = method_of_instance(names, callee)
        elif definition.type == "class_definition":
            definition = find_method(names, definition, "__init__")
        if definition is not None and definition.type == "function_definition":
            yield definition


def _run(names: Names, call: Node) -> Iterator[Node]:
    """What the call names that it runs: what is called, and what is handed to a thread."""
    callee = call.child_by_field_name("function")
    if callee is None:
        return
    yield callee
    if names.tree.text(callee).rpartition(".")[2] in _HANDERS:
        yield from arguments(call).positional


@dataclass(frozen=True, slots=True)
class _Held:
    """The words by which an engine is held, and those by which only others are that the app makes."""

    own: frozenset[str]
    others: frozenset[str] = frozenset()


def _held_by_way(names: Names, way: tuple[Node, ...]) -> frozenset[str]:
    """The words in what the calls to an engine are assigned to, or are methods of."""
    held = {word for call in way for word in _held_as(names, call)}
    return frozenset(held | {word for call in way[:-1] for word in _instance(names, call)})


def _is_managed(call: Node) -> bool:
    """Whether a `with` block, or an exit stack, takes care of what the call makes."""
    for around in ancestors(call):
        if around.type in {"with_item", "with_clause"}:
            return True
        if around.type == "call":
            callee = around.child_by_field_name("function")
            if callee is not None and re.search(
                rb"enter_(async_)?context$|push$|closing$", callee.text or b""
            ):
                return True
        if around.type.endswith(("_statement", "_definition")):
            return False
    return False


def holder_of(call: Node) -> Node | None:
    """What the value of the call, or of what is awaited, is assigned to."""
    node = call
    while node.parent is not None and node.parent.type in {"await", "parenthesized_expression"}:
        node = node.parent
    parent = node.parent
    if parent is None or parent.type != "assignment" or parent.child_by_field_name("right") != node:
        return None
    return parent.child_by_field_name("left")


def _held_as(names: Names, call: Node) -> set[str]:
    """The words in what the value, or what is handed it, is assigned to, but those that every app has."""
    for around in ancestors(call):
        if around.type == "assignment":
            target = around.child_by_field_name("left")
            return _words(names, target) if target is not None else set()
        if around.type in _BODIES or around.type.endswith("_statement"):
            break
    return set()


_BODIES = frozenset({"block", "lambda", "function_definition", "class_definition"})


def _instance(names: Names, call: Node) -> set[str]:
    """The words in what it is a method of: `manager` in `manager.load()`."""
    callee = call.child_by_field_name("function")
    holder = callee.child_by_field_name("object") if callee is not None else None
    if callee is None or holder is None or names.tree.text(callee).rpartition(".")[2] in _HANDERS:
        return set()
    return _words(names, holder)


def _words(names: Names, target: Node) -> set[str]:
    words = {names.tree.text(word) for word in nodes_of(target, "identifier")}
    return words - _HOLDERS or words


def makes_object(names: Names, call: Node) -> bool:
    """Whether the engine is somewhere in an object that the call makes, or whose method it is."""
    callee = call.child_by_field_name("function")
    definition = names.definition(callee) if callee is not None else None
    if callee is None or (definition is None and names.tree.text(callee).rpartition(".")[2] in _HANDERS):
        return False
    return definition is None or definition.type == "class_definition"


def _is_ended(names: Names, events: AppEvents, function: Node, held: _Held) -> bool:
    """Whether something that may end the engine happens when the app stops; in doubt, yes."""
    parts = [*_after_yield(names, function), *events.shutdown]
    for lifespan in events.lifespans:
        parts += _after_yield(names, lifespan) if lifespan != function else []
    seen: list[Node] = []
    while parts:
        part = parts.pop()
        if part in seen:
            continue
        seen.append(part)
        if _mentions(names, part, held.own) or _calls_an_end(names, part, held.others):
            return True
        for call in nodes_of(part, "call"):
            parts += _called(names, call)
    return _is_handed_an_end(names, held.own)


def _after_yield(names: Names, function: Node) -> list[Node]:
    """The statements of a lifespan that come after its `yield`."""
    stops = yields_of(names, function)
    if not stops:
        return []
    after: list[Node] = []
    node: Node | None = stops[0]
    while node is not None and node != function:
        following = node.next_named_sibling
        while following is not None:
            after.append(following)
            following = following.next_named_sibling
        node = node.parent
    return after


def _mentions(names: Names, part: Node, held: frozenset[str]) -> bool:
    """Whether something is done with it; to ask whether it is there, or to log it, is nothing."""
    found = (node for node in nodes_of(part, "identifier") if names.tree.text(node) in held)
    return any(not _only_looks(names, node, part) for node in found)


def _only_looks(names: Names, node: Node, part: Node) -> bool:
    child = node
    for around in ancestors(node):
        if around.type == "if_statement":
            return around.child_by_field_name("condition") == child
        if around.type == "call":
            callee = around.child_by_field_name("function")
            return callee is not None and names.tree.text(callee).rpartition(".")[2] in _TELLS
        if around == part or around.type.endswith("_statement"):
            return False
        child = around
    return False


_TELLS = frozenset({"print", "info", "debug", "warning", "error", "exception", "log"})


def _calls_an_end(names: Names, part: Node, others: frozenset[str]) -> bool:
    """A call, by name alone or of a method on what sounds like a model, that ends something.

    others: the words by which other engines are held; a method of one of those ends no more than that.
    """
    for callee in fields_of(nodes_of(part, "call"), "function"):
        text = names.tree.text(callee)
        first, _, last = text.rpartition(".")
        if last.startswith("shutdown") and not others.isdisjoint(re.findall(r"\w+", first)):
            continue
        is_function = callee.type == "identifier" or text.startswith("os.")
        about_models = re.search(
            r"engine|llm|model|vllm|manager|service|server|worker|runner|state", first, re.I
        )
        if last not in _TELLS and _ENDING.search(last) and (is_function or about_models):
            return True
    return False


def _is_handed_an_end(names: Names, held: frozenset[str]) -> bool:
    """`stack.callback(engine.shutdown)`, `atexit.register(engine.shutdown)`, wherever it stands."""
    for chunk in names.chunks_with(["shutdown", "shutdown_background_loop"]):
        for attribute in chunk.nodes("attribute"):
            text = names.tree.text(attribute)
            holder, _, last = text.rpartition(".")
            if last.startswith("shutdown") and set(re.findall(r"\w+", holder)) & held:
                return True
    return False
