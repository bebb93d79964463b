"""What somebody may have meant who named an app that is not there."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from portside.devserver.planning.plan import Plan

if TYPE_CHECKING:
    from portside.failures import Failure
    from portside.workspace.apps import LaunchTarget

_MOST = 3


def with_suggestions(failure: Failure, plan: Plan) -> Failure:
    """The failure with the apps that are there, those that look like what was asked for first."""
    found = [target.target for target in servers_in(plan.folder) if target.kind != "script"]
    near = difflib.get_close_matches(plan.target.spec, found, n=_MOST, cutoff=0.6)
    if near:
        return replace(failure, remedies=(f"serve {_listed(near)}, if that was meant", *failure.remedies))
    if found:
        return replace(failure, remedies=(f"the apps found here are {_listed(found)}", *failure.remedies))
    return failure


def servers_in(folder: Path) -> tuple[LaunchTarget, ...]:
    """What could be served there; nothing where the folder can't be read."""
    from portside.workspace.apps import discover

    try:
        return discover(folder)
    except OSError:
        return ()


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST])
    return shown if len(names) <= _MOST else f"{shown} and {len(names) - _MOST} more"
