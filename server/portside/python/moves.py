"""The launch fix for rules other than the one that it belongs to."""

from __future__ import annotations

from portside.lint.finding import Fix
from portside.python.facts import FileFacts
from portside.python.guards import When
from portside.python.launch_move import Move, plan_move
from portside.python.launches import Launch

# A plan costs a look at all that the launch can depend on.
_MOST_LAUNCHES = 4


def move_fixes(facts: FileFacts, launch: Launch) -> tuple[Fix, ...]:
    """`Fix: launch via uvicorn CLI`, where the main block launches and it can be moved as it stands."""
    if launch.when is not When.MAIN or len(facts.module.launches) > _MOST_LAUNCHES:
        return ()
    plan = plan_move(facts, launch)
    return (plan.fix,) if isinstance(plan, Move) else ()
