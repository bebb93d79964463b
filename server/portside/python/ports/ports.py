"""Where a file listens on a port, and where that port is written.

Four ways lead there: a call that listens (`uvicorn.run(app, port=8000)`), an
attribute that a server reads (`config.bind = …`), a command that is started
(`subprocess.Popen(["vllm", "serve", …])`), and a function or class of the file
that hands its parameter on to one of these.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from portside.python.names.import_text import import_text
from portside.python.names.names import Names
from portside.python.ports.port_callers import note, of_callers, of_heir
from portside.python.ports.port_calls import (
    BASES,
    TRIGGERS,
    last_name,
    of_assignment,
    of_base,
    of_call,
    of_class,
)
from portside.python.ports.port_configuration import of_configuration
from portside.python.ports.port_takers import NONE, ByName, Takers, exported
from portside.python.ports.port_use import Found, Handed, Listener, PortUse, Sourced
from portside.python.source.chunks import Chunk
from portside.python.values.value_types import MadeBy, Outside, Through, nothing_made, nothing_outside
from portside.python.values.values import Tracer
from portside.records import dataclass

__all__ = ["ByName", "Listened", "PortUse", "Sourced", "listened", "may_listen", "port_uses", "takers_of"]

_ALIAS = re.compile(rb"\b(\w+)[ \t]+as[ \t]+(\w+)")
# A helper of a helper of a helper; further nobody hands a port.
_LONGEST_CHAIN = 3


def may_listen(names: Names) -> bool:
    """Whether the file has a word in it that something which listens is called by. Cheap."""
    return bool(names.chunks_with(TRIGGERS))


@dataclass(frozen=True, slots=True)
class Listened:
    """What the file listens on, in the order of the text: literal ports, and all that is none."""

    ports: tuple[PortUse, ...]
    sourced: tuple[Sourced, ...]


def port_uses(names: Names, outside: Outside = nothing_outside) -> tuple[PortUse, ...]:
    """Every literal port that the file listens on, in the order of the text."""
    return listened(names, outside).ports


def listened(
    names: Names,
    outside: Outside = nothing_outside,
    made_by: MadeBy = nothing_made,
    heard: ByName = NONE,
) -> Listened:
    """All that the file listens on, as far as it can be told. heard: what listens of other files."""
    return _listened(Tracer(names, outside, made_by=made_by), Takers(heard))


def takers_of(names: Names, made_by: MadeBy, heard: ByName) -> ByName:
    """What of the file listens on what it is given, as others import it."""
    takers = Takers(heard)
    _listened(Tracer(names, made_by=made_by), takers)
    return exported(names, takers)


def _listened(tracer: Tracer, takers: Takers) -> Listened:
    found = list(_kept(tracer, (*_direct(tracer, takers), *of_configuration(tracer)), takers))
    known: set[tuple[int, Listener]] = set()
    for _ in range(_LONGEST_CHAIN):
        new = [(start, one) for start, listeners in takers.local.items() for one in listeners]
        new = [each for each in new if each not in known]
        known.update(new)
        found += _kept(tracer, of_callers(tracer, new, takers), takers)
    uses = {(use.use, use.literal.span, use.literal.path): use for use in found if isinstance(use, PortUse)}
    sourced = {one.use: one for one in found if isinstance(one, Sourced)}
    return Listened(
        tuple(sorted(uses.values(), key=lambda use: (use.use, use.literal.span))),
        tuple(sourced[span] for span in sorted(sourced)),
    )


def _kept(tracer: Tracer, found: Iterable[Found], takers: Takers) -> Iterator[PortUse | Sourced]:
    """What is listened on. Functions whose callers say the port are noted."""
    for one in found:
        if isinstance(one, Handed):
            note(tracer, one, takers)
        elif isinstance(one, PortUse) and one.listener.is_field:
            yield dataclasses.replace(one, literal=dataclasses.replace(one.literal, through=Through.FIELD))
        else:
            yield one


def _direct(tracer: Tracer, takers: Takers) -> Iterator[Found]:
    triggers = TRIGGERS | takers.last_names
    triggers |= _aliases(tracer.names, triggers)
    may_derive = bool(tracer.names.chunks_with(BASES | takers.last_names))
    for chunk in tracer.names.chunks_with(triggers):
        for definition in chunk.nodes("class_definition") if may_derive else ():
            for listener in of_class(tracer.names, definition, takers):
                takers.add(definition.start_byte, listener)
            yield from of_heir(tracer, definition, of_base(tracer.names, definition, takers), takers)
        yield from _in_chunk(tracer, chunk, triggers, takers)


def _in_chunk(tracer: Tracer, chunk: Chunk, triggers: frozenset[str], takers: Takers) -> Iterator[Found]:
    for call in chunk.nodes("call"):
        callee = call.child_by_field_name("function")
        if callee is not None and last_name(tracer.names, callee) in triggers:
            yield from of_call(tracer, call, callee, takers)
    for assignment in chunk.nodes("assignment", "augmented_assignment"):
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        if left is None or right is None or left.type != "attribute":
            continue
        if last_name(tracer.names, left) in triggers:
            yield from of_assignment(tracer, left, right)


def _aliases(names: Names, words: frozenset[str]) -> frozenset[str]:
    """What the words to look for are called in this file (`from uvicorn import run as start`)."""
    found = (
        pair for chunk in names.chunks_with(["import"]) for pair in _ALIAS.findall(_imports(names, chunk))
    )
    return frozenset(
        alias.decode("utf-8", "replace") for name, alias in found if name.decode("utf-8", "replace") in words
    )


def _imports(names: Names, chunk: Chunk) -> bytes:
    text = names.tree.source.data[chunk.start : chunk.end]
    # To look for words takes long where a whole class stands around an import.
    return import_text(text).lines if chunk.is_definition else text
