"""From what a text starts to units: its own launches in one, each container that it starts in one more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from portside.launchfiles.commands.started import ScriptRun, Started
from portside.launchfiles.facts import Launch, Unit
from portside.launchfiles.shell.shell_run import Outcome, started_by


def units_of(unit: Unit, started: Iterable[Started]) -> Iterator[Unit]:
    """The unit with the launches among what it starts, and the containers behind it."""
    launches: list[Launch] = []
    containers: list[Unit] = []
    runs = list(unit.runs)
    for one in started:
        match one:
            case Launch():
                launches.append(one)
            case ScriptRun(word):
                runs.append(word)
            case Unit():
                containers.append(replace(one, group=unit.group))
    yield replace(unit, launches=(*unit.launches, *launches), runs=tuple(runs))
    yield from containers


def with_outcome(unit: Unit, outcome: Outcome) -> Iterator[Unit]:
    """The same for what shell text came to."""
    env_files = (*unit.env_files, *(name for name in outcome.env_files if name not in unit.env_files))
    mentions = (*unit.mentions, *dict.fromkeys(outcome.mentions))
    yield from units_of(replace(unit, mentions=mentions, env_files=env_files), started_by(outcome))
