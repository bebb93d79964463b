"""Which statements of a module can have to do with servers and engines at all.

Decided by words, from `uvicorn` and `vllm` on: what imports them, what is defined
with those names, what calls that. The rest of a file, mostly nearly all of it, is
never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from portside.python.bindings import Binding, How
from portside.python.chunks import Chunk
from portside.python.names import Names


def relevant_chunks(names: Names, words: frozenset[str]) -> tuple[Chunk, ...]:
    """The statements that use one of the words, or a name that such a statement hands on; in order."""
    wanted, known = set(words), set(words)
    found: dict[int, Chunk] = {}
    while wanted:
        hit = [chunk for chunk in names.chunks_with(wanted) if chunk.start not in found]
        found.update((chunk.start, chunk) for chunk in hit)
        wanted = {name for chunk in hit for name in _handed_on(names, chunk)} - known
        known |= wanted
    return tuple(found[start] for start in sorted(found))


def _handed_on(names: Names, chunk: Chunk) -> Iterator[str]:
    for name, bindings in names.bindings_by(chunk):
        if any(_hands_on(names, binding) for binding in bindings):
            yield name


def _hands_on(names: Names, binding: Binding) -> bool:
    """Whether the name still is a way to start something: a module, function, class, server, or config.

    An engine or an app is none. Every handler reads those, and none of them starts one.
    """
    if binding.how in {How.IMPORT, How.FUNCTION, How.CLASS}:
        return True
    value = binding.value
    if value is None or value.type != "call":
        return value is not None and value.type in {"identifier", "attribute", "dictionary"}
    callee = value.child_by_field_name("function")
    if callee is None:
        return False
    definition = names.definition(callee)
    is_class = definition is not None and definition.type == "class_definition"
    return is_class or (names.qualified(callee) or "").startswith(("uvicorn.", "importlib.", "builtins."))
