"""What a person should know of a factory before it takes the place of a script's main block."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portside.knowledge.uvicorn import OPTIONS
from portside.lint.moved_command import Argument
from portside.python.facts import FileFacts
from portside.python.launching.launch_arguments import VARIABLE, Arguments
from portside.python.launching.launch_branches import choice
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.source.nodes import holds


def note_branches(facts: FileFacts, launch: Launch, others: tuple[Launch, ...], obstacles: Obstacles) -> None:
    """Which options the other branches have that the command lacks, or has otherwise."""
    names = facts.module.names
    by_variable = choice(facts, launch, others[0]) if len(others) == 1 else None
    if by_variable is not None:
        line, variable = names.tree.line(by_variable.other.call), by_variable.variable
        obstacles.note(f"the options are those without `${variable}`: line {line} has others", review=True)
    for other in others:
        flags = [OPTIONS[k].flag for k in other.options if k.startswith("ssl_") and k in OPTIONS]
        line = names.tree.line(other.call)
        if flags:
            obstacles.note(
                f"with TLS, as in line {line}, it needs {', '.join(f'`{flag}`' for flag in flags)} too"
            )
        own, its = (one.options.get("port") for one in (launch, other))
        if own is not None and its is not None and names.tree.text(own) != names.tree.text(its):
            obstacles.note(f"as in line {line}, it needs {obstacles.quote(its)} for a port", review=True)


def note_conditions(site: Site, others: tuple[Launch, ...], obstacles: Obstacles) -> None:
    """What has to hold for the server to start, as in the script."""
    for whole in site.conditions:
        condition, body = (whole.child_by_field_name(field) for field in ("condition", "consequence"))
        if condition is None or body is None or any(holds(whole, other.call) for other in others):
            continue
        if site.passes(body):
            obstacles.note(f"it serves only if {obstacles.quote(condition)}, as the script does")


def note_staying_options(parsed: Arguments, given: Mapping[str, Argument], obstacles: Obstacles) -> None:
    """Options of the script for the server that stay in its parser, for others, and decide nothing here."""
    stay = {
        word: argument.flag
        for word, argument in sorted(given.items())
        if argument.stays and word.startswith("--")
    }
    if stay and (parsed.calls or parsed.early is not None):
        shown = ", ".join(f"`{word}`" for word in stay)
        verb = "stays" if len(stay) == 1 else "stay"
        others = ", ".join(dict.fromkeys(f"`{flag}`" for word, flag in stay.items() if flag != word))
        own = f"uvicorn's {others}" if others else "uvicorn's own"
        count = "counts" if len(stay) == 1 else "count"
        obstacles.note(f"{shown} {verb} in the parser, but for the server {own} {count} now")


def note_places(required: tuple[str, ...], obstacles: Obstacles) -> None:
    """Which words of the command stand for what only the user knows."""
    places = [place for word in required if re.fullmatch(r"[A-Z][A-Z0-9_]*", place := word.split(" ")[-1])]
    if places:
        shown = ", ".join(f"`{place}`" for place in places)
        obstacles.note(f"put your own in the place of {shown}: the script does not start without")


def notes_of(parsed: Arguments, returned: Returned, name: str) -> list[str]:
    notes: list[str] = []
    if parsed.reads:
        notes.append(
            f"the script's arguments are read from `${VARIABLE}`, host and port from uvicorn's options"
        )
    if returned.module is not None and not returned.is_looked_up:
        notes.append(f"`{returned.module}` is imported by `{name}`, after all that comes before it there")
    return notes
