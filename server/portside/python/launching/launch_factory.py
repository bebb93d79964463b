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

from portside.knowledge.uvicorn import OPTIONS
from portside.lint.finding import Blocker, Edit
from portside.lint.moved_command import Argument, MovedCommand
from portside.lint.moved_command import Option as SaidOption
from portside.python.engines.worker_engines import note_engines
from portside.python.facts import FileFacts
from portside.python.launching.launch_app import AppTarget, own_module
from portside.python.launching.launch_arguments import (
    VARIABLE,
    Arguments,
    demanded,
    options_of_server,
    read_arguments,
    region,
)
from portside.python.launching.launch_branches import branches, chosen, exclusive, unserved, words_that_serve
from portside.python.launching.launch_command import OptionReader, Options, command, keeping
from portside.python.launching.launch_factory_after import find_after
from portside.python.launching.launch_factory_app import Returned, find_returned
from portside.python.launching.launch_factory_around import Around
from portside.python.launching.launch_factory_around_search import find_around
from portside.python.launching.launch_factory_edits import FactoryWriter
from portside.python.launching.launch_factory_kept import kept_functions, without_copies
from portside.python.launching.launch_factory_names import factory_name, global_names
from portside.python.launching.launch_factory_signals import find_signals
from portside.python.launching.launch_factory_tries import Endings, check_tries
from portside.python.launching.launch_move import moved_command
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_own_options import idle_parser
from portside.python.launching.launch_proof import leaves_python
from portside.python.launching.launch_settings import settings_edit
from portside.python.launching.launch_site import WITHIN, Site, find_site
from portside.python.launching.launch_surroundings import check_surroundings
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ScriptPlace, hidden
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.source.nodes import holds, nodes_of
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


def plan_factory(facts: FileFacts, launch: Launch) -> Factory | tuple[Blocker, ...]:  # noqa: C901, PLR0915 - one step after the other
    """How to make a factory of the main block, or all that stands in the way (at least one blocker)."""
    names = facts.module.names
    launch = chosen(facts, launch)
    obstacles = Obstacles(names.tree)
    place = facts.workspace.place or ScriptPlace(facts.source.path)
    site = find_site(names, facts.module.guards, launch.call, obstacles)
    if site is None:
        return obstacles.blockers
    others = exclusive(facts, launch)
    returned = find_returned(facts, site, launch, obstacles, others=others)
    around = find_around(facts, site, launch, returned, obstacles)
    if around is not None:
        site = dataclasses.replace(site, tries=tuple(one for one in site.tries if not around.covers(one)))
    found = branches(facts, site, others, obstacles)
    module = own_module(names, place, launch, imported=_imported(returned))
    if not isinstance(module, str):
        module = hidden(module.module) or module
    if isinstance(module, str):
        obstacles.add(launch.call, module)
    asked = module if not isinstance(module, str) and not facts.module.engines_at_import else None
    outside = facts.workspace.outside
    made_by = facts.workspace.made_by
    reader = OptionReader(
        names, site, obstacles, True, outside, place, target=asked, may_leave=True, made_by=made_by
    )
    options = reader.read(launch)
    _note_branches(names, launch, others, obstacles)
    parts = region(names, site)
    kept = kept_functions(names, site, place, obstacles)
    options = without_copies(options, kept, obstacles)
    _check_lost(returned, kept.functions, obstacles)
    replaced = tuple(node for one in (launch, *others) for node in _replaced(one))
    is_imported = any(not _is_test(path) for path in facts.workspace.imported_by)
    parsed = read_arguments(
        names,
        parts,
        replaced,
        obstacles,
        kept=kept.functions,
        is_imported=is_imported,
        parsers=facts.workspace.argument_parsers,
        lines=[line for line, _ in facts.workspace.parsing_arguments if not is_imported],
    )
    parsed = _without_idle_parser(names, site, parsed, replaced)
    chosen_words = words_that_serve(names, site)
    serving = [word for each in chosen_words for word in (each, *parsed.commands.get(each, ()))]
    needed = [*demanded(names, parts)] if parsed.reads else []
    required = [word for word in parsed.required if word not in chosen_words.values()]
    words = dict.fromkeys((*required, *needed, *serving))
    parsed = dataclasses.replace(parsed, required=tuple(words))
    options = _told(options, parsed, obstacles)
    after = find_after(names, site, obstacles, stays=bool(kept.functions), around=around)
    endings = (
        Endings() if kept.functions else check_tries(names, site, obstacles, may_end=after.level is None)
    )
    _check(facts, site, launch, place, obstacles, others=others, kept=kept.functions, parsed=parsed)
    _check_around(site, around, kept.functions, others, obstacles)
    apart = unserved(names, site, parts)
    calls = [call for part in parts for call in _check_caller(names, site, part, obstacles, apart, around)]
    made = tuple(call for call in calls if names.qualified(call.children[0]) == _NEW_LOOP)
    loops = tuple(call for call in calls if call not in made)
    signals = find_signals(facts, launch, returned, _without(parts, apart), obstacles)
    if signals.cleaning is not None and (around is not None or kept.functions or others):
        obstacles.add(launch.call, f"`{signals.cleaning}` would have to run around the server too")
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
    place = keeping(place, options)
    writer = FactoryWriter(
        names,
        site,
        place,
        launch,
        returned,
        parsed,
        name,
        declared,
        found,
        after,
        kept,
        loops,
        made,
        options.logging,
        signals,
        endings,
        around,
    )
    edits = writer.edits(obstacles)
    if edits is not None and not leaves_python(names, edits):
        obstacles.add(launch.call, "what is left would not parse, because of how lines end here")
    if edits is None or obstacles.found:
        return obstacles.blockers
    if place.settings is not None and not target.place.cwd:
        setting = settings_edit(place.settings, place.stem, target, options)
        edits = (*edits, setting) if setting is not None else edits
    given = options_of_server(names, site, launch, parsed)
    first = tuple(_as_for_uvicorn(word, given, options) for word in parsed.required)
    line = _command(target, options, first)
    note_engines(facts, launch, options, obstacles, from_main=True)
    _note_places(first, obstacles)
    _note_conditions(site, others, obstacles)
    _note_own_address(parsed, given, obstacles)
    notes = (*_notes(parsed, returned, name), *obstacles.notes)
    moved = moved_command(facts, place, target, options, given, hands_on=parsed.reads)
    return Factory(line, TITLE.format(name), edits, notes, moved)


def _without_idle_parser(
    names: Names, site: Site, parsed: Arguments, replaced: tuple[Node, ...]
) -> Arguments:
    """Without a parser that had options of uvicorn's alone."""
    if len(parsed.calls) != 1 or parsed.argv or parsed.early is not None or parsed.required:
        return parsed
    idle = idle_parser(names, site, parsed.options, replaced)
    return dataclasses.replace(parsed, calls=(), options=(*parsed.options, *idle)) if idle else parsed


def _imported(returned: Returned | None) -> str | None:
    """The module that the factory imports the app from."""
    return (returned.home or returned.module) if returned is not None else None


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


def _note_branches(names: Names, launch: Launch, others: tuple[Launch, ...], obstacles: Obstacles) -> None:
    """Which options the other branches have that the command lacks, or has otherwise."""
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


def _note_conditions(site: Site, others: tuple[Launch, ...], obstacles: Obstacles) -> None:
    """What has to hold for the server to start, as in the script."""
    for whole in site.conditions:
        condition, body = (whole.child_by_field_name(field) for field in ("condition", "consequence"))
        if condition is None or body is None or any(holds(whole, other.call) for other in others):
            continue
        if site.passes(body):
            obstacles.note(f"it serves only if {obstacles.quote(condition)}, as the script does")


def _note_own_address(parsed: Arguments, given: Mapping[str, Argument], obstacles: Obstacles) -> None:
    """Options of the script for the address that stay in its parser, for others, and decide nothing here."""
    stay = sorted(
        word for word, argument in given.items() if argument.stays and argument.flag in {"--host", "--port"}
    )
    long = [word for word in stay if word.startswith("--")]
    if long and (parsed.calls or parsed.early is not None):
        shown = " and ".join(f"`{word}`" for word in long)
        verb = "stays" if len(long) == 1 else "stay"
        obstacles.note(f"{shown} {verb} in the parser, where only uvicorn's own options count now")


def _replaced(launch: Launch) -> tuple[Node, ...]:
    """What the options are read from: all that is passed but the app, which stays."""
    return tuple(node for node in argument_nodes(launch.options_call) if not _is_of_app(launch, node))


def _is_of_app(launch: Launch, node: Node) -> bool:
    return launch.app is not None and holds(node, launch.app)


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


def _note_places(required: tuple[str, ...], obstacles: Obstacles) -> None:
    """Which words of the command stand for what only the user knows."""
    places = [place for word in required if re.fullmatch(r"[A-Z][A-Z0-9_]*", place := word.split(" ")[-1])]
    if places:
        shown = ", ".join(f"`{place}`" for place in places)
        obstacles.note(f"put your own in the place of {shown}: the script does not start without")


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


def _notes(parsed: Arguments, returned: Returned, name: str) -> list[str]:
    notes: list[str] = []
    if parsed.reads:
        notes.append(
            f"the script's arguments are read from `${VARIABLE}`, host and port from uvicorn's options"
        )
    if returned.module is not None and not returned.is_looked_up:
        notes.append(f"`{returned.module}` is imported by `{name}`, after all that comes before it there")
    return notes


def _check(
    facts: FileFacts,
    site: Site,
    launch: Launch,
    place: ScriptPlace,
    obstacles: Obstacles,
    *,
    others: tuple[Launch, ...],
    kept: tuple[Node, ...],
    parsed: Arguments,
) -> None:
    if site.guard is None or launch.when is not When.MAIN:
        obstacles.add(site.call, "the server starts without a main block")
    has_words = parsed.early is not None
    check_surroundings(facts, site, launch, place, obstacles, others=others, kept=kept, has_words=has_words)


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


# What uvicorn, as the caller, has done already or is about to do itself.
_LOOPS = frozenset({"uvloop.run", "anyio.run"})
_CALLERS = {
    "nest_asyncio.apply": "changes the loop that uvicorn runs in",
    "os.fork": "forks in the process that serves",
    "os.execv": "replaces the process",
    "os.execvp": "replaces the process",
}
_NEW_LOOP = "asyncio.new_event_loop"
_IN_LOOP = "fails where a loop runs already, as in uvicorn when it calls a factory"


def _check_caller(  # noqa: PLR0917 - all that one look at the code needs
    names: Names,
    site: Site,
    part: Node,
    obstacles: Obstacles,
    apart: tuple[Node, ...],
    around: Around | None,
) -> Iterator[Node]:
    """Adds calls that do something else once uvicorn's process runs them; those of a loop that can move.

    apart: code that runs only where nothing is served.
    """
    for call in nodes_of(part, "call"):
        callee = call.child_by_field_name("function")
        called = names.qualified(callee) if callee is not None else None
        attribute = callee.child_by_field_name("attribute") if callee is not None else None
        runs = attribute is not None and names.tree.text(attribute) in {"run_until_complete", "run_forever"}
        if any(holds(one, call) for one in apart):
            continue
        if called in _CALLERS:
            obstacles.add(call, f"{obstacles.quote(call)} {_CALLERS[called]}")
        elif any(holds(call, way) for way in (site.call, *site.ways)):
            continue
        elif called == "asyncio.run" and len(argument_nodes(call)) == 1:
            yield call
        elif runs and around is not None and around.covers(call):
            continue
        elif called == _NEW_LOOP and not _is_only_run(names, call) and _runs_server(names, site, call):
            yield call
        elif called == _NEW_LOOP and not _is_only_run(names, call):
            obstacles.add(call, f"{obstacles.quote(call)} makes a loop that nobody runs then")
        elif called in _LOOPS or called == "asyncio.run" or runs:
            obstacles.add(call, f"{obstacles.quote(call)} {_IN_LOOP}")


_RUNNING = frozenset({"run_until_complete", "close", "stop", "is_running", "is_closed"})


def _runs_server(names: Names, site: Site, made: Node) -> bool:
    """Whether the new loop is the one that the server runs in, and no thread of its own runs it."""
    left = made.parent.child_by_field_name("left") if made.parent is not None else None
    if left is None or left.type != "identifier":
        return False
    word = names.tree.text(left)
    texts = [names.tree.text(level.statement) for level in site.levels]
    runs = re.compile(rf"\b{re.escape(word)}\s*\.\s*run_until_complete\b")
    forever = re.compile(rf"\b{re.escape(word)}\s*\.\s*run_forever\b")
    whole = any(forever.search(names.tree.text(part)) for part in site.removed)
    return not whole and any(runs.search(text) for text in texts)


def _is_only_run(names: Names, made: Node) -> bool:
    """Whether a new loop is there for nothing but to run the server: another one does that then."""
    assignment = made.parent
    left = assignment.child_by_field_name("left") if assignment is not None else None
    if assignment is None or left is None or left.type != "identifier":
        return assignment is not None and assignment.type in {"argument_list", "attribute"}
    name, used = names.tree.text(left), set[str]()
    for read in names.reads(name, names.home(name, names.scope_at(left))):
        around = read.parent
        method = around.child_by_field_name("attribute") if around is not None else None
        if around is not None and around.type not in {"argument_list", "keyword_argument"}:
            used.add(names.tree.text(method) if method is not None else "")
    # One that the script never runs either is none the worse.
    return used <= _RUNNING or not used & {"run_until_complete", "run_forever"}
