"""Every call that running or importing a file makes, as far as the file itself tells.

Followed: functions of the file that are called, awaited or handed to `asyncio.run`
and its like; `__init__` of a class of the file that is instantiated, and from there
`self.method()`; methods of classes and of what surely is an instance of one; lambdas by
their name; functions of the file as decorators. Not followed: commands of click and typer,
functions that are only passed along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.names import How, Names, Scope, ScopeKind
from portside.python.running.guards import Guards, When
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import fields_of, nodes_of, own_parts
from portside.python.source.syntax import arguments
from portside.python.values.instances import class_around, constructions
from portside.records import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """A call that happens.

    path: the calls that lead to it, outermost first; the first (or, without any, the
    call itself) stands at module level. functions: the functions of the file that it
    goes through, in the same order. by_method: whether one of them is a method.
    """

    call: Node
    when: When
    path: tuple[Node, ...] = ()
    functions: tuple[Node, ...] = ()
    by_method: bool = False

    @property
    def origin(self) -> Node:
        """The call at module level that it all starts with."""
        return self.path[0] if self.path else self.call


# A call that hands its first argument, a function, the control.
_RUNNERS = frozenset(
    {
        "anyio.run",
        "trio.run",
        "curio.run",
        "uvloop.run",
        "asyncio.run",
        "asyncio.to_thread",
        "anyio.to_thread.run_sync",
    }
)

_COMMAND_FRAMEWORKS = ("click.", "typer.", "rich_click.", "asyncclick.", "cyclopts.")

# Nobody calls through more functions than that; it bounds the work on strange files.
_DEEPEST = 20


def find_reached(names: Names, guards: Guards, relevant: tuple[Chunk, ...]) -> tuple[Reached, ...]:
    """The calls, in no particular order. relevant: the statements that are looked at."""
    starts = frozenset(chunk.start for chunk in relevant)
    waiting = deque(_at_module_level(names, guards, relevant))
    found: list[Reached] = []
    seen: set[tuple[int, int, When]] = set()
    while waiting:
        reached = waiting.popleft()
        key = (reached.call.start_byte, reached.call.end_byte, reached.when)
        if key in seen or reached.when is When.NEVER:
            continue
        seen.add(key)
        found.append(reached)
        if len(reached.path) < _DEEPEST:
            waiting.extend(_inside(names, guards, starts, reached))
    return tuple(found)


def _at_module_level(names: Names, guards: Guards, relevant: tuple[Chunk, ...]) -> Iterator[Reached]:
    for chunk in relevant:
        if not _binds_only(chunk):
            for call in chunk.nodes("call"):
                if runs_with_module(names, call):
                    yield Reached(call, guards.when(call.start_byte))
            for function in fields_of(chunk.nodes("decorated_definition"), "definition"):
                for decorator in decorators(function) if runs_with_module(names, function) else ():
                    if decorator.type == "identifier":
                        yield Reached(decorator, guards.when(decorator.start_byte))


def _binds_only(chunk: Chunk) -> bool:
    """Whether nothing in it can be called when the module runs: a plain `def` without defaults."""
    if chunk.node.type != "function_definition":
        return False
    parameters = chunk.node.child_by_field_name("parameters")
    return parameters is None or b"(" not in (parameters.text or b"")[1:]


def runs_with_module(names: Names, call: Node) -> bool:
    return _running_with(names, call).kind is ScopeKind.MODULE


def _running_with(names: Names, call: Node) -> Scope:
    """The function, or the module, that runs the call: class bodies and comprehensions run where they stand.

    A generator that is only assigned runs nothing: then it is the generator itself.
    """
    scope = names.scope_at(call)
    while scope.kind in {ScopeKind.CLASS, ScopeKind.COMPREHENSION} and scope.parent is not None:
        if scope.node.type == "generator_expression" and _is_left_alone(scope.node):
            return scope
        scope = scope.parent
    return scope


def _is_left_alone(generator: Node) -> bool:
    return generator.parent is not None and generator.parent.type in {"assignment", "return_statement"}


def _inside(names: Names, guards: Guards, relevant: frozenset[int], reached: Reached) -> Iterator[Reached]:
    for function, is_method in functions_run_by(names, reached):
        chunk = names.chunk_at(function.start_byte)
        if chunk is None or chunk.start not in relevant or function in reached.functions:
            continue
        path, functions = (*reached.path, reached.call), (*reached.functions, function)
        for call in calls_of(names, function):
            inner = guards.when(call.start_byte)
            when = reached.when if inner in {When.IMPORT, reached.when} or guards.script_only else inner
            if inner is When.MAIN and reached.when is When.UNKNOWN:
                when = When.UNKNOWN
            yield Reached(call, when, path, functions, reached.by_method or is_method)


def calls_of(names: Names, function: Node) -> Iterator[Node]:
    """The calls in a function's body, but not in functions and lambdas inside it."""
    body = function.child_by_field_name("body")
    for call in nodes_of(body, "call") if body is not None else []:
        if _running_with(names, call).node == function:
            yield call


def functions_run_by(names: Names, reached: Reached) -> Iterator[tuple[Node, bool]]:
    """The functions of the file that a call runs, and whether each is a method."""
    callee = reached.call.child_by_field_name("function")
    if reached.call.type == "identifier":
        callee = reached.call  # a decorator
    if callee is None:
        return
    definition = names.definition(callee) or own_class(names, callee)
    if definition is not None:
        yield from _run_by_definition(names, definition, reached.call)
    elif callee.type == "attribute":
        method = _own_method(names, callee, reached.functions[-1]) if reached.functions else None
        method = method or method_of_instance(names, callee)
        if method is not None and not _only_makes_coroutine(method, reached.call):
            yield method, True
    elif callee.type == "identifier" and (value := names.value_of(callee)).type == "lambda":
        yield value, False
    if names.qualified(callee) in _RUNNERS and (passed := arguments(reached.call).positional):
        handed = names.definition(passed[0])
        if handed is not None and handed.type == "function_definition":
            yield handed, False


def _run_by_definition(names: Names, definition: Node, call: Node) -> Iterator[tuple[Node, bool]]:
    if definition.type == "class_definition":
        for name in ("__new__", "__init__", "__post_init__"):
            if method := find_method(names, definition, name):
                yield method, True
        yield from ((factory, False) for factory in _factories(names, definition))
    elif not _is_command(names, definition) and not _only_makes_coroutine(definition, call):
        yield definition, False


def _factories(names: Names, class_node: Node) -> Iterator[Node]:
    """What makes the fields of a data class: `field(default_factory=…)` with a lambda or a function."""
    if b"factory" not in (class_node.text or b""):
        return
    for bindings in names.scope_of(class_node).bindings.values():
        value = bindings[-1].value
        keywords = arguments(value).keywords if value is not None and value.type == "call" else {}
        factory = keywords.get("default_factory") or keywords.get("factory")
        if factory is not None and factory.type == "lambda":
            yield factory
            continue
        function = names.definition(factory) if factory is not None else None
        if function is not None and function.type == "function_definition":
            yield function


def find_method(names: Names, class_node: Node, name: str) -> Node | None:
    """The method of a class of the file, its own or of a base in the file."""
    seen: list[Node] = []
    waiting = deque([class_node])
    while waiting:
        current = waiting.popleft()
        if current in seen:
            continue
        seen.append(current)
        bindings = names.bindings_in(name, names.scope_of(current))
        if bindings:
            last = bindings[-1]
            return last.statement if last.how is How.FUNCTION else None
        for base in arguments(current).positional:
            definition = names.definition(base)
            if definition is not None and definition.type == "class_definition":
                waiting.append(definition)
    return None


def own_class(names: Names, callee: Node) -> Node | None:
    """The class behind `cls` in one of its methods."""
    around = class_around(names.scope_at(callee)) if callee.text == b"cls" else None
    return around.node if around is not None else None


def _own_method(names: Names, callee: Node, function: Node) -> Node | None:
    """The method behind `self.name` in a method of a class."""
    instance, attribute = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    scope = names.scope_of(function)
    if (
        instance is None
        or attribute is None
        or scope.parent is None
        or scope.parent.kind is not ScopeKind.CLASS
    ):
        return None
    parameters = function.child_by_field_name("parameters")
    first = own_parts(parameters)[0] if parameters is not None and own_parts(parameters) else None
    if first is None or names.tree.text(first).partition(":")[0].strip() != names.tree.text(instance):
        return None
    return find_method(names, scope.parent.node, names.tree.text(attribute))


def method_of_instance(names: Names, callee: Node) -> Node | None:
    """The method of a class of the file behind `Service.get`, or `manager.load` of what it surely made."""
    holder, name = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    if callee.type != "attribute" or holder is None or name is None:
        return None
    if holder.type == "identifier" and not names.may_hold_instance(names.tree.text(holder)):
        return None
    method = names.tree.text(name)
    if not any(chunk.is_definition and b"class" in chunk.words for chunk in names.chunks_with([method])):
        return None
    owner = names.definition(holder)
    if owner is None and holder.text == b"self" and (around := class_around(names.scope_at(callee))):
        owner = around.node
    if owner is None:
        made = [call.child_by_field_name("function") for call in constructions(names, holder)]
        owners = {
            names.definition(called) or own_class(names, called) for called in made if called is not None
        }
        owner = owners.pop() if len(owners) == 1 else None
    if owner is None or owner.type != "class_definition":
        return None
    return find_method(names, owner, method)


def decorators(function: Node) -> tuple[Node, ...]:
    """The expressions behind the `@`s of a function or class."""
    parent = function.parent
    if parent is None or parent.type != "decorated_definition":
        return ()
    return tuple(
        own_parts(child)[0]
        for child in parent.named_children
        if child.type == "decorator" and child.named_children
    )


def _is_command(names: Names, function: Node) -> bool:
    """Whether a decorator makes it a command of click or typer, whose arguments come from elsewhere."""
    for decorator in decorators(function):
        maker = decorator.child_by_field_name("function") or decorator
        if (names.qualified(maker) or "").startswith(_COMMAND_FRAMEWORKS):
            return True
        attribute = maker.child_by_field_name("attribute")
        if attribute is not None and names.tree.text(attribute) in {"command", "callback"}:
            return True
    return False


def _only_makes_coroutine(function: Node, call: Node) -> bool:
    """Whether the call leaves behind a coroutine or generator that nobody runs: `main()` without await."""
    is_async = bool(function.children) and function.children[0].type == "async"
    return is_async and call.parent is not None and call.parent.type == "expression_statement"
