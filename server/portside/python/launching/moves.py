"""The launch fix for all rules that it helps, planned once."""

from __future__ import annotations

import functools

from portside.lint.finding import Applicability, Blocker, Fix, LaterFixes, LaunchReport, apply_edits
from portside.lint.source import SourceFile
from portside.python.facts import FileFacts, LaunchReference
from portside.python.launching.launch_factory import Factory, plan_factory
from portside.python.launching.launch_move import TITLE, Move, plan_move, report_of
from portside.python.launching.launches import Launch
from portside.python.running.guards import When
from portside.python.source.confirmed_syntax import is_valid_python
from portside.python.source.syntax import parse

# A plan costs a look at all that the launch can depend on.
_MOST_LAUNCHES = 4


def planned_move(facts: FileFacts, launch: Launch) -> Move | tuple[Blocker, ...]:
    """As `plan_move`, and once for all rules that ask for it."""
    return _planner(facts).move(launch)


def planned_factory(facts: FileFacts, launch: Launch) -> Factory | tuple[Blocker, ...]:
    """As `plan_factory`, and once for all rules that ask for it."""
    return _planner(facts).factory(launch)


class _Planner:
    """The plans for the launches of one file, each made when it is first asked for."""

    def __init__(self, facts: FileFacts) -> None:
        self.move = functools.cache(functools.partial(plan_move, facts))
        self.factory = functools.cache(functools.partial(plan_factory, facts))


# Of one file's last version only. Not kept in the facts, which the plans refer to: such circles would keep
# each version of a text that is typed in, with its tree, until the next search for garbage.
_planner = functools.lru_cache(maxsize=1)(_Planner)


def offered_move(facts: FileFacts, launch: Launch) -> tuple[LaterFixes, LaunchReport] | None:
    """The fix that has the `uvicorn` command launch, where the main block does, and what it comes to."""
    if launch.when is not When.MAIN or len(facts.module.launches) > _MOST_LAUNCHES:
        return None
    plan = planned_move(facts, launch)
    if isinstance(plan, Move):
        return later_fix(facts, plan), plan.report
    factory = planned_factory(facts, launch)
    if isinstance(factory, Factory):
        return later_fix(facts, factory), report_of(plan, factory.command)
    return None


def later_fix(facts: FileFacts, plan: Move | Factory) -> LaterFixes:
    """The fix, made when it is asked for: it takes a look at every file that runs this one."""
    return LaterFixes(lambda: (_sound(facts, plan, launch_fix(facts, plan)),))


def _sound(facts: FileFacts, plan: Move | Factory, fix: Fix) -> Fix | None:
    """The fix; None where a factory, which moves statements about, can't be written or would be no Python."""
    source = facts.source
    if not isinstance(plan, Factory):
        return fix
    try:
        text = apply_edits(source.text, [edit for edit in fix.edits if edit.path == source.path])
    except ValueError:
        return None  # what would change stands in what would move or go: options read after the server
    if is_valid_python(source.text):
        return fix if is_valid_python(text) else None
    after = parse(SourceFile(source.path, text))
    return fix if len(after.errors) <= len(facts.module.tree.errors) else None


def launch_fix(facts: FileFacts, plan: Move | Factory) -> Fix:
    """The fix: of the file, and of every launch of it in the workspace, which starts the command then.

    Safe only where none is left that runs the script.
    """
    moves = facts.workspace.launch_moves(plan.moved)
    notes = [*plan.notes]
    if moves.changed:
        verb = "starts" if len(moves.changed) == 1 else "start"
        notes.append(f"{_shown(moves.changed)} {verb} the command then")
    for reason in dict.fromkeys(reason for _, reason in moves.left):
        left = tuple(reference for reference, given in moves.left if given == reason)
        notes.append(f"{_shown(left)} still {'runs' if len(left) == 1 else 'run'} the script: {reason}")
    edits = (*plan.edits, *moves.edits)
    if isinstance(plan, Factory):
        return Fix(plan.title, edits, Applicability.UNSAFE, tuple(notes))
    applicability = Applicability.UNSAFE if moves.left else plan.applicability
    return Fix(TITLE, edits, applicability, tuple(notes))


def _shown(references: tuple[LaunchReference, ...]) -> str:
    return ", ".join(f"`{reference.path}:{reference.line}`" for reference in references)
