"""**Fix: launch via uvicorn CLI**, the plain form: proved, or not offered.

What is proved, each point by a function that names what stands in the way:

1. the app has a name that a command can give          launch_app
2. no name that only the script sets is read elsewhere  _check_names
3. nothing happens to the app before the run call       launch_effects
4. nobody reads the script's arguments                  _check_arguments
5. nothing that counts happens before or after          launch_effects, _check_module
6. every option has a form on the command line          launch_command
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from tree_sitter import Node

from portside.knowledge.uvicorn import OPTIONS
from portside.lint.finding import Applicability, Blocker, Edit, LaunchReport
from portside.lint.moved_command import Argument, MovedCommand
from portside.python.engines.worker_engines import note_engines
from portside.python.facts import FileFacts
from portside.python.launching.app_string import app_string
from portside.python.launching.launch_app import (
    AppFinder,
    AppTarget,
    Found,
    bound_in,
    given_paths,
    is_bound_alike,
    is_text,
    opened_paths,
)
from portside.python.launching.launch_block import check_block
from portside.python.launching.launch_branches import first_attempt
from portside.python.launching.launch_command import OptionReader, Options, command, keeping
from portside.python.launching.launch_lost import note_lost
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_own_options import OwnOption, replace_parser
from portside.python.launching.launch_proof import leaves_python, lines_may_deceive
from portside.python.launching.launch_removal import removal
from portside.python.launching.launch_settings import settings_edit
from portside.python.launching.launch_site import Site, check_as_it_stands, find_site
from portside.python.launching.launch_surroundings import check_surroundings, serving_others
from portside.python.launching.launches import Form, Launch
from portside.python.launching.script_place import ScriptPlace, modules
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of, own_parts
from portside.python.source.syntax import ancestors
from portside.python.values.values import Literal, trace
from portside.records import cached_property, dataclass

TITLE = "Fix: launch via uvicorn CLI"


@dataclass(frozen=True, slots=True)
class _Written:
    """What a move does to the file itself."""

    edits: tuple[Edit, ...]
    applicability: Applicability
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """A launch that can be moved. command: for a shell, from the workspace's root.

    edits, applicability, notes: as far as the file itself goes; made when they are asked for, which with
    most keystrokes they aren't. moved: what its launches become.
    """

    command: str
    target: AppTarget
    options: Options
    write: Callable[[], _Written] = field(repr=False)
    become: Callable[[], MovedCommand] = field(repr=False)

    @cached_property
    def _written(self) -> _Written:
        return self.write()

    @property
    def edits(self) -> tuple[Edit, ...]:
        return self._written.edits

    @property
    def applicability(self) -> Applicability:
        return self._written.applicability

    @property
    def notes(self) -> tuple[str, ...]:
        return self._written.notes

    @cached_property
    def moved(self) -> MovedCommand:
        return self.become()

    @property
    def report(self) -> LaunchReport:
        return LaunchReport(movable=True, command=self.command)


def report_of(plan: Move | tuple[Blocker, ...], command: str | None = None) -> LaunchReport:
    """What a finding says of the launch, whichever way the plan went. command: of another fix for it."""
    return plan.report if isinstance(plan, Move) else LaunchReport(False, command, plan)


def plan_move(facts: FileFacts, launch: Launch, *, may_leave: bool = False) -> Move | tuple[Blocker, ...]:
    """How to move this launch to the command line, or all that stands in the way (at least one blocker).

    may_leave: whether an option that can't be told may be left to a person, where nothing else hinders.
    """
    names = facts.module.names
    launch = first_attempt(facts, launch)
    obstacles = Obstacles(names.tree)
    place = facts.workspace.place or ScriptPlace(facts.source.path)
    site = find_site(names, facts.module.guards, launch.call, obstacles)
    if site is None:
        return obstacles.blockers
    check_as_it_stands(names, site, obstacles)
    found = _app(facts, site, place, launch, obstacles)
    site = found[1] if found is not None else site
    obstacles.staying = kept = serving_others(names, site, place)
    obstacles.idle = _lost(names, site, launch, found, obstacles)
    parsed = replace_parser(names, site, launch, obstacles)
    asked = (
        found[0].place if found is not None and found[0].own and not facts.module.engines_at_import else None
    )
    reader = OptionReader(
        names,
        site,
        obstacles,
        bool(parsed),
        facts.workspace.outside,
        place,
        target=asked,
        may_leave=may_leave,
        made_by=facts.workspace.made_by,
        folder=found[0].place.cwd if found is not None else None,
    )
    known = len(obstacles.found)
    options = reader.read(launch)
    untold = obstacles.found[known:]
    _check(facts, site, launch, place, obstacles, kept=kept)
    if found is not None and untold and not may_leave and obstacles.found == untold:
        again = plan_move(facts, launch, may_leave=True)
        return again if isinstance(again, Move) else obstacles.blockers
    if found is None or obstacles.found or options.ahead.logging is not None:
        return obstacles.blockers
    target = found[0]
    _note_what_changes(facts, launch, target, obstacles)
    going = dataclasses.replace(site, functions=site.functions[len(kept) :])
    note_engines(facts, launch, options, obstacles)
    move = Move(
        command(target, options),
        target,
        options,
        lambda: _written(names, going, place, target, options=options, obstacles=obstacles),
        lambda: moved_command(facts, place, target, options, _arguments(parsed)),
    )
    if lines_may_deceive(names.tree.source) and not leaves_python(names, move.edits):
        obstacles.add(launch.call, "what is left would not parse, because of how lines end here")
        return obstacles.blockers
    return move


def _written(
    names: Names, site: Site, place: ScriptPlace, target: AppTarget, *, options: Options, obstacles: Obstacles
) -> _Written:
    """obstacles: all that has been noted of the move so far."""
    edits = list(removal(names, site, keeping(place, options), target))
    _note_what_is_left(names, edits, obstacles)
    # The settings have no word for another folder to run in.
    if place.settings is not None and not target.place.cwd:
        edit = settings_edit(place.settings, place.stem, target, options)
        edits += [edit] if edit is not None else []
    applicability = Applicability.UNSAFE if obstacles.needs_review else Applicability.SAFE
    return _Written(tuple(edits), applicability, tuple(obstacles.notes))


def _arguments(parsed: tuple[OwnOption, ...]) -> dict[str, Argument]:
    """What becomes of the words that launches pass to the script."""
    return {
        word: Argument(OPTIONS[option.keyword].flag, not option.is_switch)
        for option in parsed
        for word in option.words
    }


def moved_command(
    facts: FileFacts,
    place: ScriptPlace,
    target: AppTarget,
    options: Options,
    arguments: Mapping[str, Argument],
    *,
    hands_on: bool = False,
) -> MovedCommand:
    """What each launch of the script becomes. hands_on: whether the app reads what else they pass."""
    return MovedCommand(
        place.path,
        modules(place, target.place, own=target.own),
        target.name,
        target.factory,
        target.own,
        options.said,
        arguments,
        hands_on,
        needs_runner="# /// script" in facts.source.text,
        deciding=options.deciding,
    )


def _app(
    facts: FileFacts, site: Site, place: ScriptPlace, launch: Launch, obstacles: Obstacles
) -> Found | None:
    names = facts.module.names
    if launch.app is None:
        obstacles.add(launch.options_call, "the app that is served is not among the arguments")
        return None
    finder = AppFinder(names, site, place, launch, obstacles, facts.workspace.outside)
    found = finder.find(launch.app)
    return _with_options(names, launch, found) if found is not None else None


def _lost(
    names: Names, site: Site, launch: Launch, found: Found | None, obstacles: Obstacles
) -> tuple[Node, ...]:
    """What is done to an app that is not the one that the import string makes uvicorn serve."""
    if found is None or not found[0].own or launch.app is None:
        return ()
    string = app_string(names, site.argument(names, launch.app))
    if string is None or string.startswith("__main__"):
        return ()
    return note_lost(names, found[0].name.partition(".")[0], site.removed, obstacles)


def _with_options(names: Names, launch: Launch, found: Found) -> Found:
    """The target as the options of the call have it: `factory=True`, `app_dir="src"`."""
    target, site = found
    factory = launch.options.get("factory")
    value = trace(names, factory) if factory is not None else None
    if isinstance(value, Literal) and value.value is True:
        target = dataclasses.replace(target, factory=True)
    if "app_dir" in launch.options:
        # The option itself comes with the others.
        target = dataclasses.replace(target, place=dataclasses.replace(target.place, app_dir=None))
    return target, site


def _check(
    facts: FileFacts,
    site: Site,
    launch: Launch,
    place: ScriptPlace,
    obstacles: Obstacles,
    *,
    kept: tuple[Node, ...],
) -> None:
    """kept: the functions that go on serving for others, as they are."""
    names = facts.module.names
    check_block(names, site, obstacles)
    check_surroundings(facts, site, launch, place, obstacles, kept=kept)
    _check_names(names, site, obstacles)
    _check_arguments(names, site, obstacles)


def _check_names(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Names that only the launch sets, and that something else reads."""
    for removed in site.removed:
        for binding in bound_in(names, removed):
            is_own_name = binding.how in {How.ANNOTATION, How.FUNCTION} and removed in site.functions
            if (
                is_own_name
                or obstacles.is_explained(binding.statement)
                or is_bound_alike(names, site, binding)
            ):
                continue
            readers = [node for node in names.reads(binding.name) if not site.removes(node.start_byte)]
            if readers:
                line = names.tree.line(readers[0])
                where = _function_around(names, readers[0])
                obstacles.add(
                    binding.node,
                    f"`{binding.name}` is set here, where only the script comes, and {where} reads it"
                    f" in line {line}",
                )


def _function_around(names: Names, node: Node) -> str:
    for around in ancestors(node):
        if around.type in {"function_definition", "class_definition"}:
            name = around.child_by_field_name("name")
            return f"`{names.tree.text(name)}`" if name is not None else "a function"
    return "the module"


_PARSERS = (
    "parse_args",
    "parse_known_args",
    "parse_intermixed_args",
    "parse_args_into_dataclasses",
    "parse_args_and_config",
    "argv",
)


def _check_arguments(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Readers of `sys.argv` that stay: under uvicorn they would read uvicorn's own arguments."""
    for chunk in names.chunks_with(_PARSERS):
        for node in fields_of(chunk.nodes("attribute"), "attribute", "identifier"):
            name = names.tree.text(node)
            if name not in _PARSERS or node.parent is None:
                continue
            if name == "argv" and names.qualified(node.parent) != "sys.argv":
                continue
            if site.removes(node.start_byte):
                _check_words(node, obstacles)
                continue
            if name != "argv" and _is_given_its_arguments(node.parent):
                continue
            shown = obstacles.quote(node.parent)
            obstacles.add(node, f"{shown} reads the arguments of the process, which are uvicorn's then")


def _check_words(name: Node, obstacles: Obstacles) -> None:
    """`sys.argv` in what goes: nobody reads the words that the script was given."""
    words = name.parent
    assignment = words.parent if words is not None else None
    is_set = (
        assignment is not None
        and assignment.type == "assignment"
        and assignment.child_by_field_name("left") == words
    )
    if words is not None and name.text == b"argv" and not is_set:
        obstacles.add(words, "`sys.argv` is read here: those are uvicorn's own arguments then")


def _is_given_its_arguments(method: Node) -> bool:
    """`parser.parse_args([])` reads nothing from the process."""
    call = method.parent
    listed = call.child_by_field_name("arguments") if call is not None and call.type == "call" else None
    first = own_parts(listed)[0] if listed is not None and own_parts(listed) else None
    return first is not None and first.type in {"list", "tuple"}


def _note_what_is_left(names: Names, edits: Iterable[Edit], obstacles: Obstacles) -> None:
    cut = [edit.span for edit in edits]
    for chunk in names.chunks:
        span = names.tree.span_of_bytes(chunk.start, chunk.end)
        is_docstring = chunk.start == names.chunks[0].start and is_text(chunk.node)
        if not is_docstring and not any(one.start <= span.start and span.end <= one.end for one in cut):
            return
    obstacles.note("nothing that runs is left in this file: delete it, or keep it as it is", review=True)


def _note_what_changes(facts: FileFacts, launch: Launch, target: AppTarget, obstacles: Obstacles) -> None:
    if "app_dir" in launch.options:
        obstacles.note(
            "the command has `--app-dir` alone on its path, the script has its own folder too: say"
            " `PYTHONPATH=.` where the app imports from there",
            review=True,
        )
    if target.place.cwd:
        obstacles.note(f"run it in `{target.place.cwd}`: the script opens files that lie there")
    elif missing := _not_found(facts, launch, target):
        shown = ", ".join(f"`{path}`" for path in missing)
        obstacles.note(f"{shown}: looked for in the folder that the command is run in", review=True)
    if launch.form is Form.SERVER_SERVE:
        obstacles.note("the command picks the event loop that uvicorn prefers, uvloop where it is installed")


def _not_found(facts: FileFacts, launch: Launch, target: AppTarget) -> list[str]:
    """What a script in a folder opens by a relative path, and what is not where the command is run."""
    place = facts.workspace.place
    if place is None or not place.folder or not target.own:
        return []
    names = facts.module.names
    opened = opened_paths(names) | given_paths(names, launch)
    at_root = place.folders[-1].names if place.folders else frozenset[str]()
    return sorted(path for path in opened if path.removeprefix("./").partition("/")[0] not in at_root)
