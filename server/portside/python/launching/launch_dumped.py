"""Options that come as the fields of an object: `uvicorn.run(app, **settings.model_dump())`, `**vars(args)`.

class ServerSettings(BaseSettings):
    host: str = "0.0.0.0"
    port: int = 8000                     -> --host "${HOST:-0.0.0.0}" --port "${PORT:-8000}"
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tree_sitter import Node

from portside.knowledge import uvicorn
from portside.python.names.names import Names
from portside.python.source.syntax import argument_nodes, arguments, unwrapped
from portside.python.values.value_objects import attribute_of
from portside.python.values.value_sources import added_option, is_parsed, option_of
from portside.python.values.value_types import Environment, Literal, Outside, Through, Value
from portside.python.values.values import Tracer

_METHODS = frozenset({"model_dump", "dict", "asdict", "_asdict"})
_FUNCTIONS = frozenset(
    {"builtins.vars", "dataclasses.asdict", "attrs.asdict", "attr.asdict", "builtins.dict"}
)


def dumped_options(
    names: Names, call: Node, outside: Outside, given: Collection[str]
) -> Mapping[str, tuple[Node, Value, bool]]:
    """What such objects bring, by the keyword: where it is unpacked, the value, whether another file has it.

    given: the keywords that the call has besides.
    """
    found: dict[str, tuple[Node, Value, bool]] = {}
    for unpacked, holder in _dumped(names, call):
        if is_parsed(tracer := Tracer(names), holder):
            brought = (each for each in brought_arguments(names, call) if each not in given)
            found |= {each: (unpacked, option_of(tracer, each, None), False) for each in brought}
            continue
        for keyword in (*uvicorn.OPTIONS, "factory"):
            value = attribute_of(Tracer(names), holder, keyword)
            known = value if _is_known(value) else attribute_of(Tracer(names, outside), holder, keyword)
            if keyword not in given and _is_known(known):
                found[keyword] = unpacked, known, known is not value
    return found


def brought_arguments(names: Names, call: Node) -> Iterator[str]:
    """The options of the parser that `**vars(args)` brings, by their names there."""
    tracer = Tracer(names)
    if any(is_parsed(tracer, holder) for _, holder in _dumped(names, call)):
        yield from (each for each in uvicorn.OPTIONS if added_option(tracer, each) is not None)


def brings_factory(names: Names, call: Node, outside: Outside) -> bool:
    """Whether one of them says `factory=True`, as long as no variable says something else."""
    brought = dumped_options(names, call, outside, ()).get("factory")
    value = brought[1] if brought is not None else None
    value = value.default if isinstance(value, Environment) else value
    return isinstance(value, Literal) and value.value is True


def are_seen(names: Names, call: Node, outside: Outside) -> bool:
    """Whether all that is unpacked are such objects, and where the server listens is known."""
    passed, dumped = arguments(call), [*_dumped(names, call)]
    if not dumped or len(dumped) != len(passed.unpacked) or passed.starred:
        return False
    return {"host", "port"} <= {*passed.keywords, *dumped_options(names, call, outside, ())}


def _is_known(value: Value) -> bool:
    """Of an object whose fields can be handed over when it is made, none but a variable is sure."""
    return isinstance(value, Environment) or (
        isinstance(value, Literal) and value.through is not Through.FIELD
    )


def _dumped(names: Names, call: Node) -> Iterator[tuple[Node, Node]]:
    """What is unpacked, with the object that it is made of."""
    for unpacked in arguments(call).unpacked:
        made = names.value_of(unwrapped(unpacked))
        function = made.child_by_field_name("function") if made.type == "call" else None
        method = function.child_by_field_name("attribute") if function is not None else None
        passed = argument_nodes(made) if made.type == "call" else ()
        if function is not None and names.qualified(function) in _FUNCTIONS and len(passed) == 1:
            yield unpacked, passed[0]
        elif (
            function is not None and method is not None and names.tree.text(method) in _METHODS and not passed
        ):
            holder = function.child_by_field_name("object")
            if holder is not None:
                yield unpacked, holder
