"""The engines that every process of a launch makes for itself, by workers or by reload."""

from __future__ import annotations

from collections.abc import Iterator

from portside.lint.source import Span
from portside.python.facts import FileFacts
from portside.python.launching.launch_command import Options
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launches import Launch
from portside.python.launching.served_app import import_string, is_held, names_own_file
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class HeldEngine:
    """An engine that the served app's process holds. where: `line 12`, also with its file."""

    constructor: str
    where: str
    path: str
    span: Span


def held_engines(facts: FileFacts, launch: Launch) -> Iterator[HeldEngine]:
    """The engines of the module that an import string names; none for an app that is an object."""
    served = import_string(facts.module.names, launch)
    if served is None:
        return
    if names_own_file(facts, served.module):
        yield from _own(facts)
        return
    string = facts.module.tree.span(served.node)
    for one in facts.workspace.served_engines:
        if one.statement == string:
            yield HeldEngine(one.constructor, f"line {one.line} of `{one.file}`", one.path, one.span)


def _own(facts: FileFacts, *, from_main: bool = False) -> Iterator[HeldEngine]:
    """Those of the file and of what it imports. from_main: also those that only the main block makes."""
    tree = facts.module.tree
    for engine in facts.module.engines:
        if is_held(engine) or (from_main and not engine.in_process):
            where = f"line {tree.line(engine.call)}"
            yield HeldEngine(engine.constructor, where, facts.source.path, tree.span(engine.call))
    for one in facts.workspace.imported_engines:
        yield HeldEngine(one.constructor, f"line {one.line} of `{one.file}`", one.path, one.span)


def note_engines(
    facts: FileFacts, launch: Launch, options: Options, obstacles: Obstacles, *, from_main: bool = False
) -> None:
    """Notes what PS303 says of the launch, which no rule sees any more once it is a command.

    from_main: whether what only the main block makes is made by each process too, as in a factory.
    """
    who = _who_loads(options)
    if who is None:
        return
    found = next(held_engines(facts, launch), None)
    if found is None and (from_main or import_string(facts.module.names, launch) is None):
        found = next(_own(facts, from_main=from_main), None)
    if found is not None:
        obstacles.note(
            f"{who} loads the model again, by `{found.constructor}` in {found.where}:"
            " `engine-per-worker` still holds for the command",
            review=True,
        )


def _who_loads(options: Options) -> str | None:
    """What of the command makes more engines than one; None for one process that stays."""
    words = options.words
    if "--reload" in words:
        return "each reload"
    counts = [words[index + 1] for index, word in enumerate(words[:-1]) if word == "--workers"]
    return "each worker" if any(count != "1" for count in counts) else None
