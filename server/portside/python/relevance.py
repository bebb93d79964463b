"""Which statements of a module can have to do with servers and engines at all.

Decided by words, from `uvicorn` and `vllm` on: what imports something of them that
matters, what is defined with those names, what calls that. The rest of a file,
mostly nearly all of it, is never looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.source.chunks import Chunk


def relevant_chunks(names: Names, targets: frozenset[str]) -> tuple[Chunk, ...]:
    """The statements that may use one of the targets, qualified names of packages; in order.

    Those are the ones with a package's name in them, and with names that such statements hand on.
    """
    prefixes = _prefixes(targets)
    wanted = {prefix for prefix in prefixes if "." not in prefix}
    wanted |= {name.rpartition(".")[2] for name, meant in names.elsewhere.items() if meant in prefixes}
    known = set(wanted)
    found: dict[int, Chunk] = {}
    while wanted:
        hit = [chunk for chunk in names.chunks_with(wanted) if chunk.start not in found]
        found.update((chunk.start, chunk) for chunk in hit)
        wanted = {name for chunk in hit for name in _handed_on(names, chunk, prefixes)} - known
        known |= wanted
    return tuple(found[start] for start in sorted(found))


@functools.cache
def _prefixes(targets: frozenset[str]) -> frozenset[str]:
    """`a`, `a.b` and `a.b.c` for `a.b.c`: what an import has to bind for the target to be within reach."""
    found: set[str] = set()
    for target in targets:
        parts = target.split(".")
        found.update(".".join(parts[: i + 1]) for i in range(len(parts)))
    return frozenset(found)


def _handed_on(names: Names, chunk: Chunk, prefixes: frozenset[str]) -> Iterator[str]:
    if chunk.is_definition and chunk.own_name is not None and b"global" not in chunk.words:
        # All that it binds is a function or class.
        yield chunk.own_name.decode("utf-8", "replace")
        return
    for name, bindings in names.bindings_by(chunk):
        if name == "*":
            yield from _brought_by_stars(bindings, prefixes)
        elif any(_hands_on(names, binding, prefixes) for binding in bindings):
            yield name


def _brought_by_stars(bindings: Iterable[Binding], prefixes: frozenset[str]) -> Iterator[str]:
    for binding in bindings:
        start = f"{binding.target}."
        yield from {prefix[len(start) :].partition(".")[0] for prefix in prefixes if prefix.startswith(start)}


def _hands_on(names: Names, binding: Binding, prefixes: frozenset[str]) -> bool:
    """Whether the name still is a way to start something: a module, function, class, server, or config.

    An engine or an app is none. Every handler reads those, and none of them starts one.
    """
    if binding.target is not None:
        return binding.target in prefixes or names.meant(binding.target) in prefixes
    if binding.how in {How.FUNCTION, How.CLASS}:
        return True
    value = binding.value
    if value is None or value.type != "call":
        return value is not None and value.type in {"identifier", "attribute", "dictionary", "lambda"}
    callee = value.child_by_field_name("function")
    if callee is None:
        return False
    definition = names.definition(callee)
    is_class = definition is not None and definition.type == "class_definition"
    return is_class or (names.qualified(callee) or "").startswith(_MAKERS)


# What they make still has to be called, or run.
_MAKERS = ("uvicorn.", "importlib.", "builtins.", "functools.partial")
