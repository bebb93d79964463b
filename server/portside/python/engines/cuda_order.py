"""CUDA that is initialised before an engine is made, in one process and one flow of the program.

A flow is the module from its first line on, or a function from its first: calls in the order in which they
are evaluated, with what the functions of the file do that they call. A function that nothing here calls (a
lifespan, a handler) comes after the module's own import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from tree_sitter import Node

from portside.python.engines.cuda_uses import WORDS, cuda_use
from portside.python.engines.engines import EngineUse
from portside.python.facts import ModuleFacts
from portside.python.names.names import Names, ScopeKind
from portside.python.running.guards import When
from portside.python.running.reachability import decorators, find_method
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import holds, nodes_of, operator_of, own_parts
from portside.python.source.syntax import ancestors
from portside.python.values.instances import class_around, constructions
from portside.records import cached_property, dataclass

_DEEPEST = 5
_MODULE = -1  # among the first bytes of functions
_NONE: Mapping[Node, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that a flow does. origin: the call in the flow itself that leads to it.

    use: of CUDA, as people write it; None for an engine.
    """

    call: Node
    origin: Node
    use: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EarlyCuda:
    """A call that initialises CUDA before the engine is made. origin: what leads to it where both meet."""

    call: Node
    origin: Node
    use: str
    engine: EngineUse


def names_cuda(module: ModuleFacts) -> bool:
    """Whether anything in the file may initialise CUDA."""
    return bool(module.names.chunks_with(WORDS))


def find_early_cuda(
    module: ModuleFacts, elsewhere: Iterable[EngineUse] = (), started: Mapping[Node, str] = _NONE
) -> tuple[EarlyCuda, ...]:
    """Each such call once for each way there, with the first engine that comes after it.

    In the order in which they run: first those of the module's own flow, then those of functions.
    elsewhere: the calls of the file for which other files make an engine. started: those for which other
    files initialise CUDA, and how people write them.
    """
    every = (*module.engines, *elsewhere)
    engines = {e.call: e for e in every if not e.in_process and not _is_elsewhere(e.call)}
    if not engines or not (started or names_cuda(module)):
        return ()
    flows = _Flows(module, engines, started)
    at_import = [event for event in flows.of_module() if flows.runs_on_import(event)]
    found: dict[tuple[Node, Node], EarlyCuda] = {}
    made = {event.call for event in flows.of_module() if event.use is None}
    # Where the module's own flow comes to the engines of a function, it says what was before them.
    own = (
        events if {each.call for each in events if each.use is None} <= made else [*at_import, *events]
        for events in flows.with_engines()
    )
    for events in (flows.of_module(), *own):
        for cuda, engine in _pairs(events):
            early = EarlyCuda(cuda.call, cuda.origin, cuda.use or "", engines[engine.call])
            found.setdefault((cuda.call, cuda.origin), early)
    order: dict[Node, int] = {}
    for event in flows.of_module():
        order.setdefault(event.call, len(order))
    return tuple(sorted(found.values(), key=lambda early: order.get(early.call, len(order))))


def _is_elsewhere(call: Node) -> bool:
    """Whether the engine is made in a process of Ray or Modal, which this file's flow says nothing of."""
    return any(
        re.search(rb"remote|modal|\.cls|\.function|deployment", node.text or b"")
        for around in ancestors(call)
        if around.type in {"function_definition", "class_definition"}
        for node in decorators(around)
    )


def _pairs(events: list[Event]) -> Iterator[tuple[Event, Event]]:
    for index, engine in enumerate(events):
        if engine.use is None:
            for cuda in events[:index]:
                # Of two from one call, the flow of the function that it calls tells.
                is_here = cuda.use is not None and cuda.origin != engine.origin
                if is_here and not _either_or(cuda.origin, engine.origin):
                    yield cuda, engine


_ARMS = frozenset({"elif_clause", "else_clause", "except_clause", "case_clause", "finally_clause"})


def _either_or(first: Node, second: Node) -> bool:
    """Whether the second never comes after the first: in another branch, or the first one's ends the flow."""
    for around in ancestors(first):
        if around.type not in {"block", *_ARMS}:
            continue
        if holds(around, second):
            return False
        owner = around.parent
        if owner is None or owner.type in {"function_definition", "module"}:
            return False
        whole = owner.parent if owner.type in _ARMS else owner
        if whole is not None and whole.type == "block":
            whole = whole.parent  # of a `match`
        if _excludes(around, second):
            return True
        is_choice = whole is not None and whole.type in {"if_statement", "match_statement"}
        if is_choice and whole is not None and holds(whole, second):
            return True
        last = own_parts(around)[-1] if own_parts(around) else None
        if last is not None and last.type in {"return_statement", "raise_statement", "continue_statement"}:
            return True
    return False


def _excludes(block: Node, second: Node) -> bool:
    """Whether the block runs for one value of something, and what is around the second for another."""
    one = _asked(block)
    if one is None:
        return False
    others = (_asked(node) for node in ancestors(second) if node.type == "block")
    return any(other is not None and other[0] == one[0] and other[1] != one[1] for other in others)


def _asked(block: Node) -> tuple[bytes, bytes] | None:
    """The two sides of the `if args.task == "generate":` that the block stands under.

    Of `a and b`, the first comparison with a literal.
    """
    branch = block.parent
    if branch is None or branch.child_by_field_name("consequence") != block:
        return None
    condition = branch.child_by_field_name("condition")
    compared = nodes_of(condition, "comparison_operator") if condition is not None else []
    for node in compared:
        sides = own_parts(node)
        is_equal = len(sides) == 2 and operator_of(node) == "=="
        only_and = all(around.type in _SURE for around in _between(node, branch))
        if is_equal and only_and and sides[1].type in {"string", "integer"}:
            return sides[0].text or b"", sides[1].text or b""
    return None


_SURE = frozenset({"parenthesized_expression", "boolean_operator"})


def _between(node: Node, above: Node) -> Iterator[Node]:
    for around in ancestors(node):
        if around == above:
            return
        if around.type == "boolean_operator" and operator_of(around) != "and":
            yield above
        yield around


@dataclass
class _Flows:
    """The events of each flow, found when they are first asked for: most of a file is never looked at."""

    module: ModuleFacts
    engines: dict[Node, EngineUse]
    started: Mapping[Node, str]
    _known: dict[int, list[Event]] = field(default_factory=dict)
    _calls: dict[int, dict[int, list[Node]]] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        return self.module.names

    def of_module(self) -> list[Event]:
        if _MODULE not in self._known:
            chunks = [chunk for chunk in self._relevant if not chunk.is_definition]
            calls = (call for chunk in chunks for call in self._calls_in(chunk).get(_MODULE, []))
            self._known[_MODULE] = [event for call in calls for event in self._of_call(call, _DEEPEST)]
        return self._known[_MODULE]

    def runs_on_import(self, event: Event) -> bool:
        return self.module.guards.when(event.origin.start_byte) is When.IMPORT

    def with_engines(self) -> Iterator[list[Event]]:
        """The flows of the functions that make an engine, or call one that does."""
        for chunk in self._leading_to(self._engine_chunks):
            for function in chunk.nodes("function_definition"):
                events = self._of(function.start_byte, _DEEPEST)
                if any(event.use is None for event in events):
                    yield events

    @cached_property
    def _engine_chunks(self) -> tuple[Chunk, ...]:
        return self._chunks_of(self.engines)

    def _chunks_of(self, calls: Iterable[Node]) -> tuple[Chunk, ...]:
        found = (self.names.chunk_at(call.start_byte) for call in calls)
        return tuple(dict.fromkeys(chunk for chunk in found if chunk is not None))

    @cached_property
    def _relevant(self) -> tuple[Chunk, ...]:
        """The statements with engines or CUDA in them, and those that may lead there."""
        started = self._chunks_of(self.started)
        return self._leading_to((*self._engine_chunks, *started, *self.names.chunks_with(WORDS)))

    def _leading_to(self, chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
        """These statements of the module, and all that name a function or class that they define."""
        found = {chunk.start: chunk for chunk in chunks}
        waiting = list(chunks)
        while waiting:
            name = waiting.pop().own_name
            for chunk in self.names.chunks_with([name.decode()]) if name else ():
                if chunk.start not in found:
                    found[chunk.start] = chunk
                    waiting.append(chunk)
        return tuple(found[start] for start in sorted(found))

    def _of(self, function: int, depth: int) -> list[Event]:
        """The events of a function, by its first byte."""
        if function in self._known:
            return self._known[function]
        self._known[function] = []  # for a function that calls itself
        chunk = self.names.chunk_at(function)
        if chunk is not None and chunk in self._relevant:
            calls = self._calls_in(chunk).get(function, [])
            self._known[function] = [event for call in calls for event in self._of_call(call, depth)]
        return self._known[function]

    def _of_call(self, call: Node, depth: int) -> Iterator[Event]:
        if call in self.engines:
            yield Event(call, call)
            return
        use = self.started.get(call) or cuda_use(self.names, call)
        if use is not None:
            yield Event(call, call, use)
            return
        callee = call.child_by_field_name("function")
        definition = self._definition(callee) if callee is not None and depth > 0 else None
        if definition is not None and definition.type == "class_definition":
            definition = find_method(self.names, definition, "__init__")
        if definition is not None:
            for event in self._of(definition.start_byte, depth - 1):
                yield Event(event.call, call, event.use)

    def _definition(self, callee: Node) -> Node | None:
        """The function or class of the file that is called, also `self.load()` and `Server().load()`."""
        holder, name = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
        definition = self.names.definition(callee)
        if definition is not None or holder is None or name is None:
            return definition
        owner: Node | None
        if holder.text in {b"self", b"cls"}:
            around = class_around(self.names.scope_at(callee))
            owner = around.node if around is not None else None
        else:
            made = [call.child_by_field_name("function") for call in constructions(self.names, holder)]
            owner = self.names.definition(made[0]) if len(made) == 1 and made[0] is not None else None
        if owner is None or owner.type != "class_definition":
            return None
        return find_method(self.names, owner, self.names.tree.text(name))

    def _calls_in(self, chunk: Chunk) -> dict[int, list[Node]]:
        """The calls in a statement, by function, in the order of evaluation: what is inside comes first."""
        if chunk.start not in self._calls:
            found: dict[int, list[Node]] = {}
            for call in chunk.nodes("call"):
                home = self._home(call)
                if home is not None:
                    found.setdefault(home, []).append(call)
            self._calls[chunk.start] = {
                home: sorted(calls, key=lambda call: call.end_byte) for home, calls in found.items()
            }
        return self._calls[chunk.start]

    def _home(self, call: Node) -> int | None:
        """The function whose flow the call is in; None for what never runs, or later (a lambda)."""
        scope = self.names.scope_at(call)
        while scope.kind in {ScopeKind.CLASS, ScopeKind.COMPREHENSION} and scope.parent is not None:
            scope = scope.parent
        if scope.kind is ScopeKind.FUNCTION:
            return scope.node.start_byte
        when = self.module.guards.when(call.start_byte)
        is_run = scope.kind is ScopeKind.MODULE and when in {When.IMPORT, When.MAIN}
        return _MODULE if is_run else None
