"""Run calls in branches that exclude each other: with and without TLS, with and without reload.

if args.ssl:
    uvicorn.run(app, port=args.port, ssl_keyfile=args.key)      <- one of the two serves
else:
    uvicorn.run(app, port=args.port)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import takewhile

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.launch_factory_app import Returned, find_returned
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_retries import attempt_of
from portside.python.launching.launch_site import Site, find_site
from portside.python.launching.launch_surroundings import serving_others
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ScriptPlace
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.running.reachability import decorators
from portside.python.source.nodes import holds, statements
from portside.python.source.syntax import ancestors, arguments
from portside.python.values.value_conditions import switched
from portside.python.values.values import CommandLine, Environment, Literal, trace
from portside.records import dataclass


@dataclass(frozen=True, eq=False)
class Branch:
    """A launch of another branch, and what the factory returns there."""

    launch: Launch
    site: Site
    returned: Returned


def chosen(facts: FileFacts, launch: Launch) -> Launch:
    """The launch whose options the command has: of several branches the plainest, the last of those.

    Of two functions that a variable chooses from, the one that is called where nobody sets it.
    """
    launch = first_attempt(facts, launch)
    group = sorted([launch, *exclusive(facts, launch)], key=lambda one: one.call.start_byte)
    by_variable = choice(facts, *group) if len(group) == 2 else None
    if by_variable is not None:
        return by_variable.taken
    return min(reversed(group), key=_extras) if len(group) > 1 else launch


@dataclass(frozen=True, eq=False)
class Choice:
    """Which of two launches in functions of their own is taken where nobody sets the variable."""

    variable: str
    taken: Launch
    other: Launch


def choice(facts: FileFacts, one: Launch, two: Launch) -> Choice | None:
    """None where nothing tells: `if os.getenv("MODE") == "prod": run_prod() else: run_dev()` does."""
    if _exclude_each_other(one.call, two.call):
        return None
    met = _meeting(facts, one, two)
    chooser = _chooser(*met) if met is not None else None
    condition = chooser.child_by_field_name("condition") if chooser is not None else None
    value = trace(facts.module.names, condition) if condition is not None else None
    is_on = switched(value) if isinstance(value, Environment) else None
    if met is None or is_on is None or not isinstance(value, Environment):
        return None
    first, last = (one, two) if met[0].start_byte < met[1].start_byte else (two, one)
    return Choice(value.variable, *((first, last) if is_on else (last, first)))


def first_attempt(facts: FileFacts, launch: Launch) -> Launch:
    """The launch that this one stands in for, where that one fails; itself where it stands for none."""
    attempt = attempt_of(launch.call, (other.call for other in facts.module.launches))
    return next((other for other in facts.module.launches if other.call == attempt), launch)


def by_condition(names: Names, launch: Launch, others: Iterable[Launch]) -> Launch:
    """The launch with the condition itself for `reload`, where it decides between that and none.

    `if debug: run(…, reload=True) else: run(…)` is `reload=debug`; itself where no such `if` chooses, or
    where an option of the script does: who starts it says uvicorn's own then.
    """
    found = list(others)
    chooser = _chooser(launch.call, found[0].call) if len(found) == 1 else None
    condition = chooser.child_by_field_name("condition") if chooser is not None else None
    if chooser is None or condition is None:
        return launch
    first, other = sorted((launch, found[0]), key=lambda one: one.call.start_byte)
    value = trace(names, condition)
    is_one = _says(names, first) is True and _says(names, other) is False
    if not is_one or isinstance(value, CommandLine):
        return launch
    is_on = isinstance(value, Environment) and switched(value)
    taken = first if is_on else other
    return dataclasses.replace(taken, options={**taken.options, "reload": condition})


def _chooser(one: Node, other: Node) -> Node | None:
    """The `if` with an `else` that chooses between the two calls."""
    around = next((each for each in ancestors(one) if holds(each, other)), None)
    if around is None or around.type != "if_statement":
        return None
    clauses = around.children_by_field_name("alternative")
    return around if [clause.type for clause in clauses] == ["else_clause"] else None


def _says(names: Names, launch: Launch) -> bool | None:
    """Whether the call says `reload` as a constant; None for anything else that it says."""
    written = launch.options.get("reload")
    value = trace(names, written) if written is not None else None
    if written is None:
        return False if launch.complete else None
    return value.value is True if isinstance(value, Literal) else None


def _extras(launch: Launch) -> int:
    return sum(keyword.startswith("ssl_") or keyword in {"reload", "workers"} for keyword in launch.options)


def unserved(names: Names, site: Site, parts: Iterable[Node]) -> tuple[Node, ...]:
    """The code of a launch that runs only where it does not serve: other branches, and what only they call.

    parts: all code of the launch, with the functions that nothing else calls.
    """
    found = [branch for whole in site.conditions for branch in _other_branches(whole, site)]
    waiting = [part for part in parts if part not in site.removed] if found else []
    for function in waiting:
        name = function.child_by_field_name("name")
        reads = names.reads(names.tree.text(name)) if name is not None else ()
        if reads and all(any(holds(branch, read) for branch in found) for read in reads):
            found.append(function)
    return tuple(found)


def _other_branches(whole: Node, site: Site) -> Iterator[Node]:
    parts = [whole.child_by_field_name("consequence"), *whole.children_by_field_name("alternative")]
    yield from (part for part in parts if part is not None and not site.passes(part))


def exclusive(facts: FileFacts, launch: Launch) -> tuple[Launch, ...]:
    """The other launches of the main block that run only where this one does not."""
    found = [other for other in facts.module.launches if other.when is When.MAIN and other is not launch]
    return tuple(other for other in found if _meeting(facts, launch, other) is not None)


def _meeting(facts: FileFacts, launch: Launch, other: Launch) -> tuple[Node, Node] | None:
    """What of the ways to both stands in two branches of one `if`: the run calls, or those of functions."""
    if _exclude_each_other(launch.call, other.call):
        return launch.call, other.call
    ways, others = _ways(facts, launch), _ways(facts, other)
    pairs = ((one, two) for one in ways for two in others)
    return next((pair for pair in pairs if _exclude_each_other(*pair)), None)


def _ways(facts: FileFacts, launch: Launch) -> tuple[Node, ...]:
    names = facts.module.names
    site = find_site(names, facts.module.guards, launch.call, Obstacles(names.tree))
    return site.ways if site is not None else ()


def _exclude_each_other(one: Node, other: Node) -> bool:
    """Whether the nearest `if` around both has them in two of its branches."""
    for around in ancestors(one):
        if not holds(around, other):
            continue
        if around.type in {"block", "module", "elif_clause", "else_clause"}:
            return False
        return around.type == "if_statement" and _branch(around, one) != _branch(around, other)
    return False


def _branch(statement: Node, node: Node) -> int | None:
    parts = [statement.child_by_field_name("consequence"), *statement.children_by_field_name("alternative")]
    for part in parts:
        if part is not None and holds(part, node):
            return part.start_byte
    return None


def branches(
    facts: FileFacts, site: Site, others: Iterable[Launch], obstacles: Obstacles
) -> tuple[Branch, ...]:
    """The other branches; what keeps one from returning an app is among the obstacles."""
    names = facts.module.names
    found = []
    for launch in others:
        own = find_site(names, facts.module.guards, launch.call, obstacles)
        if own is None:
            continue
        if own.guard != site.guard or not (own.functions == site.functions or _is_apart(facts, own, site)):
            obstacles.add(launch.call, "the file starts a second server here, and one command starts one")
            continue
        if (runs := _with_own_loop(names, launch.call)) is not None:
            obstacles.add(runs, f"{obstacles.quote(runs)} chooses the loop of the server in this branch")
            continue
        returned = find_returned(facts, own, launch, obstacles, others=exclusive(facts, launch))
        if returned is not None:
            found.append(Branch(launch, own, returned))
    return tuple(found)


def _is_apart(facts: FileFacts, own: Site, site: Site) -> bool:
    """Whether the branch has functions for itself alone, which do nothing after the run call."""
    functions = [one for one in own.functions if one not in site.functions]
    place = facts.workspace.place or ScriptPlace(facts.source.path)
    inner = [level for level in own.levels if any(holds(one, level.statement) for one in functions)]
    has_more = own.tries or own.withs or own.retries or own.shared or own.task or own.together
    return (
        not has_more
        and not serving_others(facts.module.names, own, place)
        and all(one.children[0].type != "async" and not decorators(one) for one in functions)
        and not any(holds(one, whole) for one in functions for whole in own.conditions)
        and all([*statements(level.block)][-1] == level.statement for level in inner)
    )


def _with_own_loop(names: Names, call: Node) -> Node | None:
    """`asyncio.run(server.serve(), loop_factory=…)` around the call."""
    for around in ancestors(call):
        callee = around.child_by_field_name("function") if around.type == "call" else None
        if callee is not None and names.qualified(callee) == "asyncio.run":
            return around if "loop_factory" in arguments(around).keywords else None
        if around.type not in {"argument_list", "call"}:
            return None
    return None


def merged(site: Site, returned: Returned, others: Iterable[Branch]) -> Node | None:
    """The `if` that does nothing but to choose among ways to serve the same app, to be one `return`."""
    found = list(others)
    if not found or not site.conditions:
        return None
    whole = site.conditions[0]
    sites = [site, *(branch.site for branch in found)]
    if any(branch.returned != returned for branch in found):
        return None
    for each in sites:
        inside = takewhile(lambda level: level.statement != whole, each.levels)
        is_alone = all([*statements(level.block)] == [level.statement] for level in inside)
        if not is_alone or each.serving or each.conditions[:1] != (whole,):
            return None
    alternatives = whole.children_by_field_name("alternative")
    has_else = any(clause.type == "else_clause" for clause in alternatives)
    return whole if has_else and len(alternatives) + 1 == len(sites) else None


def words_that_serve(names: Names, site: Site) -> dict[str, str]:
    """The script's own words without which it would not come to the run call: `--serve`, `serve`.

    Each with what stands for it where all that is known is that there has to be one: `--mode MODE`.
    """
    found: dict[str, str] = {}
    for branch in (each for whole in site.conditions for each in _branches(whole)):
        body, condition = (branch.child_by_field_name(field) for field in ("consequence", "condition"))
        inside = body is not None and site.passes(body)
        said = _word(names, condition) if condition is not None and inside else None
        if said is not None:
            word, option = said
            value = option.lstrip("-").replace("-", "_").upper()
            found[word] = f"{option} {value}" if option.startswith("-") else value
    return found


def _branches(whole: Node) -> Iterator[Node]:
    """The `if` itself and its `elif`s."""
    yield whole
    yield from (each for each in whole.children_by_field_name("alternative") if each.type == "elif_clause")


def _word(names: Names, condition: Node) -> tuple[str, str] | None:
    """The word that makes a condition on one argument true, if it is not by itself, and the argument."""
    parts = condition.named_children
    wanted: Node | None = None
    if condition.type == "comparison_operator" and len(parts) == 2 and "==" in names.tree.text(condition):
        condition, wanted = parts
    value = trace(names, condition)
    if not isinstance(value, CommandLine):
        return None
    said = trace(names, wanted) if wanted is not None else None
    if value.option is None:
        # A subcommand: `add_subparsers(dest="command")`.
        is_command = isinstance(said, Literal) and bool(names.chunks_with(["add_subparsers"]))
        return (str(said.value), "") if isinstance(said, Literal) and is_command else None
    default = value.default.value if isinstance(value.default, Literal) else value.default
    if said is None:
        return (value.option, value.option) if not default and value.option.startswith("-") else None
    if not isinstance(said, Literal) or not isinstance(said.value, str) or said.value == default:
        return None
    word = f"{value.option} {said.value}" if value.option.startswith("-") else said.value
    return word, value.option
