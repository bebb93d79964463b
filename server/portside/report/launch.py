"""What is known of moving a launch, as data formats carry it."""

from __future__ import annotations

from typing import Any

from portside.lint.finding import LaunchReport


def launch_values(launch: LaunchReport) -> dict[str, Any]:
    """movable, command, cwd (the folder that the command holds in, from where the user is), blockers."""
    return {
        "movable": launch.movable,
        "command": launch.command,
        "cwd": launch.folder or ".",
        "blockers": [{"line": blocker.line, "reason": blocker.reason} for blocker in launch.blockers],
    }
