"""**Fix: launch via uvicorn CLI (create_app factory)**: for what can't be moved as it stands.

    if __name__ == "__main__":                 def create_app():
        args = parser.parse_args()                 global args
        app.add_middleware(Cors)          ->       args = parser.parse_args(shlex.split(…))
        uvicorn.run(app, port=args.port)           app.add_middleware(Cors)
                                                   return app

The code stays where it is and in its order; only who calls it changes. So what is asked is
whether uvicorn may be the caller: nothing happens after the run call, no code there has to be
a coroutine or the first to touch signals, and the names of the main block stay names of the module.
"""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass

from tree_sitter import Node

from portside.lint.finding import Applicability, Blocker, Fix
from portside.python.facts import FileFacts
from portside.python.guards import When
from portside.python.launch_app import AppTarget, own_module
from portside.python.launch_arguments import VARIABLE, Arguments, read_arguments, region
from portside.python.launch_command import OptionReader, Options, command
from portside.python.launch_factory_app import Returned, find_returned
from portside.python.launch_factory_edits import FactoryWriter
from portside.python.launch_factory_names import factory_name, global_names
from portside.python.launch_factory_tries import check_tries
from portside.python.launch_obstacles import Obstacles
from portside.python.launch_settings import settings_edit
from portside.python.launch_site import Site, find_site, statements
from portside.python.launch_surroundings import check_surroundings
from portside.python.launches import Launch
from portside.python.names import Names
from portside.python.script_place import ScriptPlace
from portside.python.syntax import argument_nodes, arguments, query
from portside.python.worker_engines import note_engines

TITLE = "Fix: launch via uvicorn CLI ({} factory)"


@dataclass(frozen=True, slots=True)
class Factory:
    """A launch whose main block can become a factory. command: for a shell, from the workspace's root."""

    command: str
    fix: Fix


def plan_factory(facts: FileFacts, launch: Launch) -> Factory | tuple[Blocker, ...]:
    """How to make a factory of the main block, or all that stands in the way (at least one blocker)."""
    names = facts.module.names
    obstacles = Obstacles(names.tree)
    place = facts.workspace.place or ScriptPlace(facts.source.path)
    site = find_site(names, facts.module.guards, launch.call, obstacles)
    if site is None:
        return obstacles.blockers
    returned = find_returned(names, site, launch, obstacles)
    module = own_module(names, place, launch)
    if isinstance(module, str):
        obstacles.add(launch.call, module)
    outside = facts.workspace.constants.get
    options = OptionReader(names, site, obstacles, moves_arguments=True, outside=outside).read(launch)
    replaced = _replaced(launch)
    parts = region(names, site)
    parsed = read_arguments(names, parts, replaced, obstacles)
    _check(facts, site, launch, place, obstacles)
    for part in parts:
        _check_caller(names, part, obstacles)
    declared = global_names(names, site, parsed, obstacles)
    name = factory_name(names)
    if name is None:
        obstacles.add(launch.call, "the file has all the names already that a factory could have")
    if returned is None or name is None or isinstance(module, str) or obstacles.found:
        return obstacles.blockers
    target = AppTarget(module, name, factory=True, own=True)
    if "app_dir" in launch.options:
        # The option itself comes with the others.
        target = dataclasses.replace(target, place=dataclasses.replace(target.place, app_dir=None))
    edits = FactoryWriter(names, site, place, launch, returned, parsed, name, declared).edits(obstacles)
    if edits is None:
        return obstacles.blockers
    if place.settings is not None and not target.place.cwd:
        setting = settings_edit(place.settings, place.stem, target, options)
        edits = (*edits, setting) if setting is not None else edits
    line = _command(target, options, parsed)
    note_engines(facts, launch, options, obstacles, from_main=True)
    notes = (*_notes(facts, parsed, returned, name), *obstacles.notes)
    return Factory(line, Fix(TITLE.format(name), edits, Applicability.UNSAFE, notes))


def _replaced(launch: Launch) -> tuple[Node, ...]:
    """What the options are read from: all that is passed but the app, which stays."""
    return tuple(node for node in argument_nodes(launch.options_call) if not _is_of_app(launch, node))


def _is_of_app(launch: Launch, node: Node) -> bool:
    return launch.app is not None and node.start_byte <= launch.app.start_byte < node.end_byte


def _command(target: AppTarget, options: Options, parsed: Arguments) -> str:
    """`SERVER_ARGS="--model MODEL" uvicorn --factory server:create_app`."""
    here = dataclasses.replace(target, place=dataclasses.replace(target.place, cwd=""))
    line = command(here, options)
    if parsed.required:
        line = f'{VARIABLE}="{" ".join(parsed.required)}" {line}'
    return f"cd {shlex.quote(target.place.cwd)} && {line}" if target.place.cwd else line


def _notes(facts: FileFacts, parsed: Arguments, returned: Returned, name: str) -> list[str]:
    notes: list[str] = []
    if parsed.calls:
        notes.append(
            f"the script's arguments are read from `${VARIABLE}`, host and port from uvicorn's options"
        )
    if returned.module is not None:
        notes.append(f"`{returned.module}` is imported by `{name}`, after all that comes before it there")
    found = [f"`{reference.path}:{reference.line}`" for reference in facts.workspace.launch_references]
    if found:
        notes.append(f"{', '.join(found)} still {'runs' if len(found) == 1 else 'run'} the script")
    return notes


def _check(facts: FileFacts, site: Site, launch: Launch, place: ScriptPlace, obstacles: Obstacles) -> None:
    names = facts.module.names
    if site.guard is None or launch.when is not When.MAIN:
        obstacles.add(site.call, "the server starts without a main block")
    for function in site.functions:
        if function.children and function.children[0].type == "async":
            shown = names.tree.text(function.child_by_field_name("name") or function)
            obstacles.add(function, f"`{shown}` is a coroutine, and uvicorn calls a factory as a function")
    _check_rest(names, site, obstacles)
    check_surroundings(facts, site, launch, place, obstacles)


def _check_rest(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Code after the run call, which would come after the `return`."""
    for level in site.levels:
        for statement in statements(level.block) if level.block.type != "module" else ():
            ends = statement.type in {"pass_statement", "return_statement"}
            if statement.start_byte > level.statement.start_byte and not ends:
                shown = obstacles.quote(statement)
                obstacles.add(
                    statement, f"{shown} runs after the server has stopped, and a factory returns before"
                )
    check_tries(names, site, obstacles)


# What uvicorn, as the caller, has done already or is about to do itself.
_LOOPS = {
    "asyncio.run": "fails where a loop runs already, as in uvicorn before 0.47",
    "uvloop.run": "fails where a loop runs already, as in uvicorn before 0.47",
    "anyio.run": "fails where a loop runs already, as in uvicorn before 0.47",
    "asyncio.get_event_loop": "needs a loop of its own, and uvicorn makes its own",
    "asyncio.new_event_loop": "needs a loop of its own, and uvicorn makes its own",
    "asyncio.set_event_loop": "needs a loop of its own, and uvicorn makes its own",
    "nest_asyncio.apply": "changes the loop that uvicorn runs in",
    "signal.signal": "would take the signal from uvicorn, whose handlers are set before the factory runs",
    "os.fork": "forks in the process that serves",
    "os.execv": "replaces the process",
    "os.execvp": "replaces the process",
}
_THREADS = frozenset({"threading.Thread", "threading.Timer"})


def _check_caller(names: Names, part: Node, obstacles: Obstacles) -> None:
    """Calls that do something else once uvicorn's process runs them."""
    for call in query("(call) @call", part).get("call", []):
        callee = call.child_by_field_name("function")
        called = names.qualified(callee) if callee is not None else None
        attribute = callee.child_by_field_name("attribute") if callee is not None else None
        if called in _LOOPS:
            obstacles.add(call, f"{obstacles.quote(call)} {_LOOPS[called]}")
        elif attribute is not None and names.tree.text(attribute) in {"run_until_complete", "run_forever"}:
            obstacles.add(call, f"{obstacles.quote(call)} {_LOOPS['asyncio.run']}")
        elif called in _THREADS and not _is_daemon(names, call):
            obstacles.add(call, f"{obstacles.quote(call)} makes a thread that outlives the server")


def _is_daemon(names: Names, call: Node) -> bool:
    said = arguments(call).keywords.get("daemon")
    return said is not None and names.tree.text(said) == "True"
