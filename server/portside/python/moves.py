"""The launch fix for all rules that it helps, planned once."""

from __future__ import annotations

import functools

from portside.lint.finding import Blocker
from portside.python.facts import FileFacts
from portside.python.guards import When
from portside.python.launch_move import Move, plan_move
from portside.python.launches import Launch

# A plan costs a look at all that the launch can depend on.
_MOST_LAUNCHES = 4


@functools.lru_cache(maxsize=_MOST_LAUNCHES)
def planned_move(facts: FileFacts, launch: Launch) -> Move | tuple[Blocker, ...]:
    """As `plan_move`, and once for all rules that ask for it."""
    return plan_move(facts, launch)


def offered_move(facts: FileFacts, launch: Launch) -> Move | None:
    """The move to the `uvicorn` command, where the main block launches and it can be as it stands."""
    if launch.when is not When.MAIN or len(facts.module.launches) > _MOST_LAUNCHES:
        return None
    plan = planned_move(facts, launch)
    return plan if isinstance(plan, Move) else None
