"""Which definitions of a module can stand before code that stands before them now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from portside.python.facts import ModuleFacts
from portside.python.running.reachability import runs_with_module
from portside.python.source.chunks import Chunk

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")


def stays(facts: ModuleFacts, chunk: Chunk, others: Iterable[Chunk]) -> bool:
    """Whether the statement only defines something, by means of nothing that `others` bind or touch.

    A decorator, a default or a class body runs where it stands; a function's body does not.
    """
    if chunk.node.type not in {"function_definition", "class_definition"} or chunk.own_name is None:
        return False
    runs = _words_that_run(chunk)
    for other in others:
        bound = {name.encode() for name, _ in facts.names.bindings_by(other)}
        if chunk.own_name in other.words and other.start < chunk.start and not other.is_definition:
            return False
        if chunk.own_name in bound or not bound.isdisjoint(runs):
            return False
    calls = chunk.nodes("call")
    return not any(runs_with_module(facts.names, call) for call in calls)


def _words_that_run(chunk: Chunk) -> frozenset[bytes]:
    if chunk.node.type == "class_definition":
        return chunk.words
    parts = (chunk.node.child_by_field_name(field) for field in ("parameters", "return_type"))
    return frozenset(word for part in parts if part is not None for word in _WORD.findall(part.text or b""))


def last_that_does_more(facts: ModuleFacts, chunks: Sequence[Chunk]) -> int:
    """The index of the last statement that has to come along with the first one."""
    last = 0
    for index in range(1, len(chunks)):
        if not stays(facts, chunks[index], chunks[: last + 1]):
            last = index
    return last
