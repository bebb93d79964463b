"""What a server was seen to import, kept from one run to the next.

    <state dir>/imports/<hash of the server>.json

Only a help: a file that can't be read counts as none, one that can't be written is let be. It holds names
of installed modules, and values that the program gives to variables between its imports; from the first
that has a secret's name on nothing is kept.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portside.devserver.console import estimates
from portside.devserver.planning.plan import Plan
from portside.devserver.registry import registry
from portside.knowledge import secrets

_MODULE = re.compile(r"[\w-]+(\.[\w-]+)*")

Step = tuple[Any, ...]
"""`("import", name, …)` or `("set", variable, value or None)`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """late: variables that are set after all imports."""

    steps: tuple[Step, ...]
    late: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The modules."""
        return frozenset(name for step in self.steps if step[0] == "import" for name in step[1:])


def path_for(plan: Plan) -> Path:
    return registry.state_folder() / "imports" / estimates.path_for(plan).name


def made(fields: Mapping[str, Any], left_out: Collection[str]) -> Recipe:
    """Of what a worker tells."""
    return without(Recipe(tuple(map(tuple, fields["steps"])), tuple(fields["late"])), left_out)


def without(recipe: Recipe, packages: Collection[str]) -> Recipe:
    if not packages:
        return recipe
    steps = tuple(
        (step[0], *(name for name in step[1:] if name.partition(".")[0] not in packages))
        if step[0] == "import"
        else step
        for step in recipe.steps
    )
    return Recipe(steps, recipe.late)


def load(path: Path) -> Recipe | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        recipe = Recipe(tuple(map(tuple, found["steps"])), tuple(map(str, found["late"])))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return recipe if recipe.steps and all(map(_is_step, recipe.steps)) else None


def _is_step(step: Step) -> bool:
    match step:
        case ("import", *names):
            return all(isinstance(name, str) and _is_module(name) for name in names)
        case ("set", str(), value):
            return value is None or isinstance(value, str)
    return False


def _is_module(name: str) -> bool:
    return _MODULE.fullmatch(name) is not None


def save(path: Path, recipe: Recipe) -> None:
    text = json.dumps({"steps": _up_to_a_secret(recipe.steps), "late": recipe.late})
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
        estimates.forget_the_oldest(path.parent)


def forget(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _up_to_a_secret(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    for index, step in enumerate(steps):
        if step[0] == "set" and secrets.is_secret(step[1]):
            return steps[:index]
    return steps
