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
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping

from tree_sitter import Node

from portside.lint.finding import Blocker, Edit
from portside.lint.moved_command import Argument, MovedCommand
from portside.lint.moved_command import Option as SaidOption
from portside.python.engines.worker_engines import note_engines
from portside.python.facts import FileFacts
from portside.python.launching.launch_app import AppTarget, own_module
from portside.python.launching.launch_arguments import (
    VARIABLE,
    Arguments,
    read_arguments,
    region,
)
from portside.python.launching.launch_branches import (
    branches,
    by_condition,
    chosen,
    exclusive,
    unserved,
    words_that_serve,
)
from portside.python.launching.launch_command import OptionReader, Options, command, keeping
from portside.python.launching.launch_factory_after import find_after
from portside.python.launching.launch_factory_app import Returned, find_returned
from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_factory_around_search import find_around
from portside.python.launching.launch_factory_callers import check_callers
from portside.python.launching.launch_factory_edits import FactoryWriter
from portside.python.launching.launch_factory_holders import ServerPort, check_holders
from portside.python.launching.launch_factory_kept import kept_functions, without_copies
from portside.python.launching.launch_factory_names import factory_name, global_names
from portside.python.launching.launch_factory_notes import (
    note_branches,
    note_conditions,
    note_places,
    note_staying_options,
    notes_of,
)
from portside.python.launching.launch_factory_signals import Signals, find_signals
from portside.python.launching.launch_factory_tries import Endings, check_tries
from portside.python.launching.launch_move import moved_command
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_own_options import idle_parser
from portside.python.launching.launch_parser_options import demanded, options_of_server
from portside.python.launching.launch_proof import leaves_python
from portside.python.launching.launch_settings import settings_edit
from portside.python.launching.launch_site import WITHIN, Site, find_site
from portside.python.launching.launch_surroundings import check_surroundings
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ImportTarget, ScriptPlace, hidden
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.source.nodes import holds
from portside.python.source.roles import is_in_tests, is_test_file
from portside.python.source.syntax import argument_nodes
from portside.records import dataclass

TITLE = "Fix: launch via uvicorn CLI ({} factory)"


@dataclass(frozen=True, slots=True)
class Factory:
    """A launch whose main block can become a factory. command: for a shell, from the workspace's root.

    edits, notes: as far as the file itself goes. moved: what its launches become.
    """

    command: str
    title: str
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]
    moved: MovedCommand


def plan_factory(facts: FileFacts, launch: Launch) -> Factory | tuple[Blocker, ...]:
    """How to make a factory of the main block, or all that stands in the way (at least one blocker)."""
    launch = chosen(facts, launch)
    obstacles = Obstacles(facts.module.names.tree)
    site = find_site(facts.module.names, facts.module.guards, launch.call, obstacles)
    return _Planner(facts, launch, site, obstacles).plan() if site is not None else obstacles.blockers


class _Planner:
    """Looks at one part of a launch after the other; each look adds what stands in the way, in this order."""

    def __init__(self, facts: FileFacts, launch: Launch, site: Site, obstacles: Obstacles) -> None:
        self._facts, self._names = facts, facts.module.names
        self._launch, self._obstacles = launch, obstacles
        self._place = facts.workspace.place or ScriptPlace(facts.source.path)
        self._others = exclusive(facts, launch)
        self._returned = find_returned(facts, site, launch, obstacles, others=self._others)
        self._around = around = find_around(facts, site, launch, self._returned, obstacles)
        if around is not None:
            site = dataclasses.replace(site, tries=tuple(one for one in site.tries if not around.covers(one)))
        self._site = site

    def plan(self) -> Factory | tuple[Blocker, ...]:
        names, site, launch, obstacles = self._names, self._site, self._launch, self._obstacles
        found = branches(self._facts, site, self._others, obstacles)
        module = self._module()
        options = self._options(module)
        parts = region(names, site)
        kept = kept_functions(names, site, self._place, obstacles)
        options = without_copies(options, kept, obstacles)
        _check_lost(self._returned, kept.functions, obstacles)
        parsed = self._parsed(parts, kept.functions)
        options = _told(options, parsed, obstacles)
        after = find_after(names, site, obstacles, stays=bool(kept.functions), around=self._around)
        may_end = after.level is None
        endings = check_tries(names, site, obstacles, may_end=may_end) if not kept.functions else Endings()
        self._check(kept.functions, parsed)
        checks = check_holders(
            ServerPort(names, site, launch),
            options,
            parts,
            obstacles,
            may_go=not kept.functions and after.level is None,
        )
        apart = unserved(names, site, parts)
        loops = check_callers(names, site, parts, obstacles, apart=apart, around=self._around)
        signals = self._signals(_without(parts, apart), kept.functions)
        declared = global_names(names, site, parsed, obstacles)
        name = factory_name(names)
        if name is None:
            obstacles.add(launch.call, "the file has all the names already that a factory could have")
        if self._returned is None or name is None or module is None or obstacles.found:
            return obstacles.blockers
        writer = FactoryWriter(
            names=names,
            site=site,
            place=keeping(self._place, options),
            launch=launch,
            returned=self._returned,
            parsed=parsed,
            name=name,
            declared=declared,
            branches=found,
            after=after,
            kept=kept,
            loops=loops.run,
            made=loops.made,
            ahead=options.ahead,
            signals=signals,
            endings=endings,
            around=self._around,
            checks=checks,
        )
        return self._written(writer, module, options)

    def _module(self) -> ImportTarget | None:
        """What the factory's own module is called."""
        returned = self._returned
        imported = (returned.home or returned.module) if returned is not None else None
        module = own_module(self._names, self._place, self._launch, imported=imported)
        reason = module if isinstance(module, str) else hidden(module.module)
        if reason is not None:
            self._obstacles.add(self._launch.call, reason)
        return module if reason is None and not isinstance(module, str) else None

    def _options(self, module: ImportTarget | None) -> Options:
        """module: that of the factory, which the command may ask for what only the code knows."""
        workspace = self._facts.workspace
        reader = OptionReader(
            self._names,
            self._site,
            self._obstacles,
            True,
            workspace.outside,
            self._place,
            target=module if not self._facts.module.engines_at_import else None,
            may_leave=True,
            made_by=workspace.made_by,
            folder=module.cwd if module is not None else None,
            is_for_factory=True,
        )
        options = reader.read(by_condition(self._names, self._launch, self._others))
        note_branches(self._facts, self._launch, self._others, self._obstacles)
        return options

    def _parsed(self, parts: tuple[Node, ...], kept: tuple[Node, ...]) -> Arguments:
        """What becomes of the script's arguments, with the words that a start can't do without."""
        names, site, workspace = self._names, self._site, self._facts.workspace
        replaced = tuple(node for one in (self._launch, *self._others) for node in _replaced(one))
        is_imported = any(not _is_test(path) for path in workspace.imported_by)
        parsed = read_arguments(
            names,
            parts,
            replaced,
            self._obstacles,
            kept=kept,
            is_imported=is_imported,
            parsers=workspace.argument_parsers,
            lines=[line for line, _ in workspace.parsing_arguments if not is_imported],
        )
        parsed = _without_idle_parser(names, site, parsed, replaced)
        chosen_words = words_that_serve(names, site)
        serving = [word for each in chosen_words for word in (each, *parsed.commands.get(each, ()))]
        needed = [*demanded(names, parts)] if parsed.reads else []
        required = [word for word in parsed.required if word not in chosen_words.values()]
        return dataclasses.replace(parsed, required=tuple(dict.fromkeys((*required, *needed, *serving))))

    def _check(self, kept: tuple[Node, ...], parsed: Arguments) -> None:
        site, others, obstacles = self._site, self._others, self._obstacles
        if site.guard is None or self._launch.when is not When.MAIN:
            obstacles.add(site.call, "the server starts without a main block")
        has_words = parsed.early is not None
        check_surroundings(
            self._facts,
            site,
            self._launch,
            self._place,
            obstacles,
            others=others,
            kept=kept,
            has_words=has_words,
        )
        _check_around(site, self._around, kept, others, obstacles)

    def _signals(self, parts: Iterator[Node], kept: tuple[Node, ...]) -> Signals:
        signals = find_signals(self._facts, self._launch, self._returned, parts, self._obstacles)
        if signals.cleaning is not None and (self._around is not None or kept or self._others):
            reason = f"`{signals.cleaning}` would have to run around the server too"
            self._obstacles.add(self._launch.call, reason)
        return signals

    def _written(
        self, writer: FactoryWriter, module: ImportTarget, options: Options
    ) -> Factory | tuple[Blocker, ...]:
        """The factory with all that goes along: the settings, the command, the notes."""
        names, launch, obstacles = self._names, self._launch, self._obstacles
        place, parsed = writer.place, writer.parsed
        target = AppTarget(module, writer.name, factory=True, own=True)
        edits = writer.edits(obstacles)
        if edits is not None and not leaves_python(names, edits):
            obstacles.add(launch.call, "what is left would not parse, because of how lines end here")
        if edits is None or obstacles.found:
            return obstacles.blockers
        if place.settings is not None and not target.place.cwd:
            setting = settings_edit(place.settings, place.stem, target, options)
            edits = (*edits, setting) if setting is not None else edits
        given = options_of_server(names, self._site, launch, parsed.options)
        first = tuple(_as_for_uvicorn(word, given, options) for word in parsed.required)
        note_engines(self._facts, launch, options, obstacles, from_main=True)
        note_places(first, obstacles)
        note_conditions(self._site, self._others, obstacles)
        note_staying_options(parsed, given, obstacles)
        notes = (*notes_of(parsed, writer.returned, writer.name), *obstacles.notes)
        moved = moved_command(self._facts, place, target, options, given, hands_on=parsed.reads)
        return Factory(_command(target, options, first), TITLE.format(writer.name), edits, notes, moved)


def _without_idle_parser(
    names: Names, site: Site, parsed: Arguments, replaced: tuple[Node, ...]
) -> Arguments:
    """Without a parser that had options of uvicorn's alone."""
    if len(parsed.calls) != 1 or parsed.argv or parsed.early is not None or parsed.required:
        return parsed
    idle = idle_parser(names, site, parsed.options, replaced)
    return dataclasses.replace(parsed, calls=(), options=(*parsed.options, *idle)) if idle else parsed


def _check_lost(returned: Returned | None, kept: tuple[Node, ...], obstacles: Obstacles) -> None:
    """Adds what is lost on the app of this launch, and is not for who else calls the function around it."""
    for node in returned.lost if returned is not None else ():
        if any(holds(function, node) for function in kept):
            obstacles.add(node, f"{obstacles.quote(node)} is lost on the app that is served")


def _without(parts: Iterable[Node], apart: Collection[Node]) -> Iterator[Node]:
    """The statements of these parts that are not among, or in, those apart, as large as can be."""
    for part in parts:
        within = [one for one in apart if holds(part, one)]
        if not within:
            yield part
        elif part not in within:
            yield from _without(part.named_children, within)


def _is_test(path: str) -> bool:
    """A file of tests: pytest's own arguments are none of the script's in any case."""
    return is_test_file(path) or is_in_tests(path)


def _replaced(launch: Launch) -> tuple[Node, ...]:
    """What the options are read from: all that is passed but the app, which stays."""
    app = launch.app
    return tuple(node for node in argument_nodes(launch.options_call) if app is None or not holds(node, app))


def _command(target: AppTarget, options: Options, required: tuple[str, ...]) -> str:
    """`SERVER_ARGS="--model MODEL" uvicorn --factory server:create_app`."""
    here = dataclasses.replace(target, place=dataclasses.replace(target.place, cwd=""))
    line = command(here, options)
    if required:
        line = f'{VARIABLE}="{" ".join(required)}" {line}'
    return f"cd {shlex.quote(target.place.cwd)} && {line}" if target.place.cwd else line


_PLAIN_WORD = re.compile(r"[\w.:/-]+|\$\{\w+:\?\}")


def _as_for_uvicorn(word: str, given: Mapping[str, Argument], options: Options) -> str:
    """`--port ${PORT:?}` for `--port PORT`, where that is what the command says to uvicorn too."""
    name, _, place = word.partition(" ")
    argument = given.get(name)
    for option in options.said if argument is not None and argument.stays and place else ():
        said = option.words[-1].strip('"')
        if argument is not None and option.flag == argument.flag and _PLAIN_WORD.fullmatch(said):
            return f"{name} {said}"
    return word


_ASKED = " | tail -n 1)"


def _told(options: Options, parsed: Arguments, obstacles: Obstacles) -> Options:
    """With the script's words for what the command asks a module, where a parser elsewhere reads them."""
    if not (parsed.argv or parsed.early) or not any(_ASKED in word for word in options.words):
        return options
    obstacles.note(
        f"`export {VARIABLE}=…` before it, where there are words: what the command asks for reads them too",
        review=True,
    )
    if parsed.early is not None:
        return options

    def told(option: SaidOption) -> SaidOption:
        words = (word.replace(_ASKED, f" ${VARIABLE}{_ASKED}") for word in option.words)
        return dataclasses.replace(option, words=tuple(words))

    return dataclasses.replace(options, said=tuple(map(told, options.said)))


def _check_around(
    site: Site,
    around: Around | None,
    kept: tuple[Node, ...],
    others: tuple[Launch, ...],
    obstacles: Obstacles,
) -> None:
    """Adds what keeps code from running around the server, and notes what is another then."""
    within = [one for one in site.withs if around is None or not around.covers(one)]
    if within and not obstacles.found:
        obstacles.add(within[0], WITHIN)
    if around is None:
        return
    if any(holds(function, around.first) for function in kept):
        obstacles.add(around.first, f"{obstacles.quote(around.first)} runs around the server for others too")
    if others:
        obstacles.add(around.first, f"{obstacles.quote(around.first)} runs around one of several servers")
    for node in (one for one in around.beside if one.type != "keyword_argument"):
        shown = obstacles.quote(node)
        end = "ends" if site.together is not None and site.together.ends_with_any else "fails"
        obstacles.note(f"{shown} runs beside the app: where it {end}, the server goes on", review=True)
    if around.late:
        obstacles.note(
            "the app that is served is made when the server starts, within one that is empty", review=True
        )
    elif around.first == around.step and not around.beside:
        obstacles.note("what follows the run call comes with the shutdown of the app", review=True)
    elif not around.beside:
        obstacles.note(f"{obstacles.quote(around.first)} comes with the startup of the app", review=True)
