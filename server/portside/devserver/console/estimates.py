"""How long earlier starts of a server took, step by step.

    <state dir>/starts/<hash of the server>.json    the last few starts

Only a help for an estimate: a file that can't be read counts as none, one that can't be written is let be.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from portside.devserver.console.loading import Durations
from portside.devserver.planning.plan import Plan
from portside.devserver.registry import registry

_KEPT_STARTS = 5
_KEPT_SERVERS = 200
_LONGEST_STEP_S = 86400.0


def path_for(plan: Plan) -> Path:
    """Where the starts of this server are kept: the same program, arguments, interpreter and folder."""
    what = [str(plan.folder), plan.interpreter.path, plan.target.kind, plan.target.title]
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24]
    return registry.state_folder() / "starts" / f"{digest}.json"


def load(path: Path) -> list[Durations]:
    """The last starts; of a broken file what is still right in it."""
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(runs, list):
        return []
    found: list[Durations] = [_checked(run) for run in runs if isinstance(run, dict)]
    return [run for run in found if run][-_KEPT_STARTS:]


def save(path: Path, history: Sequence[Durations], latest: Durations) -> None:
    runs = [*history, {step: round(seconds, 2) for step, seconds in latest.items()}][-_KEPT_STARTS:]
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(runs), encoding="utf-8")
        temporary.replace(path)
        forget_the_oldest(path.parent)


def _checked(run: dict[object, object]) -> dict[str, float]:
    return {
        str(step): float(seconds)
        for step, seconds in run.items()
        if isinstance(seconds, (int, float)) and 0 <= seconds < _LONGEST_STEP_S
    }


def forget_the_oldest(folder: Path) -> None:
    """A folder of what is remembered of servers does not grow for ever."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
    for file in files[:-_KEPT_SERVERS]:
        file.unlink()
