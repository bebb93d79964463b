"""Where a file makes a vLLM engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from portside.knowledge.vllm import (
    ENGINE_CONSTRUCTORS,
    EXTERNAL_LAUNCHER,
    LLAMA_INDEX,
    MULTIPROCESSING_VARIABLE,
    START_METHOD_VARIABLE,
)
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.running.reachability import Reached
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, string_value
from portside.records import dataclass

_LAST_NAMES = frozenset(name.rpartition(".")[2].encode() for name in ENGINE_CONSTRUCTORS)


@dataclass(frozen=True, eq=False)
class EngineUse:
    """A call that makes an engine, and so starts processes.

    constructor: as people write it (`LLM`, `AsyncLLMEngine.from_engine_args`).
    in_process: no child process is started for it. forked: the file chooses `fork` before.
    """

    call: Node
    constructor: str
    reached: tuple[Reached, ...]
    in_process: bool
    forked: bool

    def at_import(self, *, only: bool = False) -> Reached | None:
        """The first way in which an import comes here. only: also where nothing but an import does.

        What stands under `if __name__ != "__main__"` is made by servers that import the module.
        """
        whens = {When.IMPORT, When.IMPORTED_ONLY} if only else {When.IMPORT}
        ways = [reached for reached in self.reached if reached.when in whens]
        return min(ways, key=lambda reached: reached.origin.start_byte, default=None)


def engine_at(names: Names, call: Node, ways: Callable[[Node], tuple[Reached, ...]]) -> EngineUse | None:
    """The engine that this call makes, if it makes one. ways: to a call; only asked for one to an engine."""
    callee = call.child_by_field_name("function")
    constructor = constructor_name(names, callee) if callee is not None else None
    if callee is None or constructor is None or _asks_server(names, callee, call):
        return None
    reached = ways(call)
    first = min((r.origin.start_byte for r in reached), default=call.start_byte)
    in_process = _is_external(names, call) or sets_environment(names, MULTIPROCESSING_VARIABLE, "0", first)
    forked = sets_environment(names, START_METHOD_VARIABLE, "fork", first)
    return EngineUse(call, constructor, reached, in_process, forked)


def constructor_name(names: Names, callee: Node) -> str | None:
    """How people call the engine constructor that the expression is; None if it may be something else."""
    attribute = callee.child_by_field_name("attribute") if callee.type == "attribute" else None
    if attribute is not None and attribute.text not in _LAST_NAMES:
        return None  # whatever stands before the dot
    found = names.qualified_names(callee)
    if not found:
        return _constructor_of_subclass(names, callee) or _constructor_of_partial(names, callee)
    # Of what other branches import (`if MOCK: from mocks import FakeLLM as LLM`) this one is taken at times.
    engines = [name for name in found if name in ENGINE_CONSTRUCTORS]
    return ENGINE_CONSTRUCTORS[min(engines)] if engines else None


def _constructor_of_partial(names: Names, callee: Node) -> str | None:
    """`make` for a `make = functools.partial(LLM, "m")` of the file."""
    made = names.value_of(callee) if callee.type == "identifier" else callee
    maker = made.child_by_field_name("function") if made.type == "call" else None
    if maker is None or names.qualified(maker) != "functools.partial":
        return None
    passed = arguments(made).positional
    return constructor_name(names, passed[0]) if passed else None


def _constructor_of_subclass(names: Names, callee: Node) -> str | None:
    """`Judge` for a `class Judge(LLM)` of the file, `Judge.from_engine_args` too."""
    method = callee.child_by_field_name("attribute") if callee.type == "attribute" else None
    holder = callee.child_by_field_name("object") if method is not None else callee
    name = names.tree.text(method) if method is not None else ""
    if holder is None or (method is not None and name not in {"from_engine_args", "from_vllm_config"}):
        return None
    definition = names.definition(holder)
    if definition is None or definition.type != "class_definition":
        return None
    return names.tree.text(callee) if is_engine_class(names, definition) else None


def is_engine_class(names: Names, class_node: Node) -> bool:
    """Whether an instance of this class of the file starts an engine, by what it inherits."""
    waiting, seen = [class_node], list[Node]()
    while waiting:
        current = waiting.pop()
        if current in seen or not _initializes_base(names, current):
            continue
        seen.append(current)
        for base in arguments(current).positional:
            found = names.qualified_names(base)
            if found and all(name in ENGINE_CONSTRUCTORS for name in found):
                return True
            definition = names.definition(base)
            if definition is not None and definition.type == "class_definition":
                waiting.append(definition)
    return False


def _initializes_base(names: Names, class_node: Node) -> bool:
    """Whether it leaves `__init__` to its base, or calls that from its own."""
    scope = names.scope_of(class_node)
    if names.bindings_in("__new__", scope):
        return False
    own = names.bindings_in("__init__", scope)
    return not own or b".__init__(" in (own[-1].statement.text or b"")


def _asks_server(names: Names, callee: Node, call: Node) -> bool:
    """Whether this is LlamaIndex's model, given a server's address."""
    return "api_url" in arguments(call).keywords and names.qualified(callee) in LLAMA_INDEX


def _is_external(names: Names, call: Node) -> bool:
    """Whether its arguments, or its engine arguments', say that torchrun started the processes."""
    waiting, seen = [call], list[Node]()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.append(current)
        passed = arguments(current)
        backend = passed.keywords.get("distributed_executor_backend")
        if backend is not None:
            return string_value(names.tree, names.value_of(backend)) == EXTERNAL_LAUNCHER
        given = (*passed.positional, *passed.keywords.values(), *passed.unpacked)
        values = [names.value_of(value) for value in given]
        if any(_dict_says_external(names, value) for value in values):
            return True
        waiting += (value for value in values if value.type == "call")
    return False


def _dict_says_external(names: Names, value: Node) -> bool:
    if value.type != "dictionary":
        return False
    for pair in value.named_children:
        key, said = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if (
            key is not None
            and said is not None
            and string_value(names.tree, key) == "distributed_executor_backend"
        ):
            return string_value(names.tree, said) == EXTERNAL_LAUNCHER
    return False


def sets_environment(names: Names, variable: str, value: str, before: int) -> bool:
    """Whether the file sets the environment variable to this value before that byte."""
    for chunk in names.chunks_with([variable]):
        for name, node in _environment_writes(names, chunk.node):
            if node.start_byte < before and name == variable and string_value(names.tree, node) == value:
                return True
    return False


def _environment_writes(names: Names, statement: Node) -> Iterator[tuple[str | None, Node]]:
    """Each variable that is set, and the value's node: by subscript, setdefault, putenv and update."""
    for assignment in nodes_of(statement, "assignment"):
        target, value = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        if target is None or value is None or target.type != "subscript":
            continue
        environment, key = target.child_by_field_name("value"), target.child_by_field_name("subscript")
        if environment is not None and key is not None and names.qualified(environment) == "os.environ":
            yield string_value(names.tree, key), value
    for call in nodes_of(statement, "call"):
        callee, passed = call.child_by_field_name("function"), arguments(call)
        name = names.qualified(callee) if callee is not None else None
        if name in {"os.environ.setdefault", "os.putenv"} and len(passed.positional) == 2:
            yield string_value(names.tree, passed.positional[0]), passed.positional[1]
        elif name == "os.environ.update":
            yield from passed.keywords.items()
            for pair in passed.positional[0].named_children if passed.positional else ():
                key, said = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                if key is not None and said is not None:
                    yield string_value(names.tree, key), said
