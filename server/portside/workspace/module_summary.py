"""What other files have to know of a module, each part found out when somebody asks for it.

A part takes a look at the file's tree, which takes memory: it is let go of soon, and read again for a part
that is asked for late. Most files of a tree are only asked what they import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tree_sitter import Node

from portside.knowledge.vllm import START_METHOD_VARIABLE
from portside.lint.source import Span
from portside.python.engines.cuda_starters import cuda_starters
from portside.python.engines.engine_makers import served_calls
from portside.python.engines.engines import EngineUse, sets_environment
from portside.python.facts import ModuleFacts
from portside.python.launching.served_app import is_held
from portside.python.names.constants import module_constants
from portside.python.names.lazy_attributes import lazy_attributes
from portside.python.names.names import Names
from portside.python.running.argument_parsing import parses_on_import, parsing_functions
from portside.python.running.guards import When
from portside.python.source.syntax import arguments, string_value
from portside.python.values.value_types import Value
from portside.records import cached_property, dataclass


@dataclass(frozen=True, slots=True)
class EngineSummary:
    """An engine that a module makes when it is imported."""

    constructor: str
    span: Span
    line: int


class ModuleSummary:
    """facts: gives those of the file."""

    def __init__(self, facts: Callable[[], ModuleFacts]) -> None:
        self._facts = facts

    @cached_property
    def engines(self) -> tuple[EngineSummary, ...]:
        """Those that its import makes."""
        facts = self._facts()
        return _summarized(facts, facts.engines_of_module)

    @cached_property
    def held(self) -> tuple[EngineSummary, ...]:
        """Those of a process that serves it, in its lifespan or a handler too."""
        facts = self._facts()
        return _summarized(facts, filter(is_held, facts.engines))

    @cached_property
    def imports(self) -> tuple[tuple[str, str | None], ...]:
        """What its import imports in turn, by name."""
        found = self._facts().imports
        return tuple((one.module, one.name) for one in found if one.when is When.IMPORT)

    @cached_property
    def lazy(self) -> frozenset[tuple[str, str]]:
        """What it imports when somebody asks it for the name."""
        return lazy_attributes(self._facts().source.data)

    @cached_property
    def is_vllm_code(self) -> bool:
        return self._facts().is_vllm_code

    @cached_property
    def has_app(self) -> bool:
        return bool(self._facts().apps)

    @cached_property
    def constants(self) -> Mapping[str, Value]:
        """By name in the module."""
        return module_constants(self._facts())

    @cached_property
    def makers(self) -> Mapping[str, EngineSummary]:
        """The functions and classes that make an engine when called."""
        facts = self._facts()
        made = {name: (use.constructor, use.call) for name, use in facts.engine_makers.items()}
        made |= {name: (name, node) for name, node in facts.engine_classes.items()}
        return {
            name: EngineSummary(constructor, facts.tree.span(node), facts.tree.line(node))
            for name, (constructor, node) in made.items()
        }

    @cached_property
    def certain_makers(self) -> frozenset[str]:
        """Those of them that make one whatever they are given."""
        facts = self._facts()
        return facts.certain_engine_makers.union(facts.engine_classes)

    @cached_property
    def spawns(self) -> bool:
        """Whether it has vLLM spawn its processes, or Python all of them, and so knows of what that takes."""
        facts = self._facts()
        if sets_environment(facts.names, START_METHOD_VARIABLE, "spawn", len(facts.source.data)):
            return True
        chunks = facts.names.chunks_with(["set_start_method"])
        return any(_chooses_spawn(facts.names, call) for chunk in chunks for call in chunk.nodes("call"))

    @cached_property
    def cuda_starters(self) -> Mapping[str, Span]:
        """The functions and classes that initialise CUDA when called, whatever they are given."""
        facts = self._facts()
        return {name: facts.tree.span(call) for name, call in cuda_starters(facts.names).items()}

    @cached_property
    def coroutines(self) -> Mapping[str, EngineSummary]:
        """Those that do when awaited."""
        facts = self._facts()
        made = facts.engine_coroutines.items()
        return {name: _summary(facts, use) for name, use in made}

    @cached_property
    def calls(self) -> tuple[tuple[str, Span], ...]:
        """What of other modules its import calls, by qualified name."""
        facts = self._facts()
        return tuple((found.name, facts.tree.span(found.call)) for found in facts.imported_calls)

    @cached_property
    def served_calls(self) -> tuple[tuple[str, Span], ...]:
        """What of other modules a process that serves it calls, in a lifespan or a handler too."""
        facts = self._facts()
        found = served_calls(facts.names, facts.guards)
        return tuple((one.name, facts.tree.span(one.call)) for one in found)

    @cached_property
    def parses_arguments(self) -> bool:
        """Whether its import parses the arguments of the process."""
        facts = self._facts()
        return parses_on_import(facts.names, facts.guards)

    @cached_property
    def parsers(self) -> frozenset[str]:
        """The functions and classes that parse those when called."""
        return parsing_functions(self._facts().names)


def _chooses_spawn(names: Names, call: Node) -> bool:
    callee, passed = call.child_by_field_name("function"), arguments(call).positional
    called = names.qualified(callee) if callee is not None and passed else None
    return called == "multiprocessing.set_start_method" and string_value(names.tree, passed[0]) == "spawn"


def _summarized(facts: ModuleFacts, engines: Iterable[EngineUse]) -> tuple[EngineSummary, ...]:
    return tuple(_summary(facts, engine) for engine in engines)


def _summary(facts: ModuleFacts, engine: EngineUse) -> EngineSummary:
    return EngineSummary(engine.constructor, facts.tree.span(engine.call), facts.tree.line(engine.call))
