"""Why one engine can't stand in for another, in words that give no secret away."""

from __future__ import annotations

import os
from collections.abc import Mapping

from portside.knowledge import secrets

_SHOWN = 3
_LONGEST = 60


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Each value that has changed, as `max_model_len 512 → 256`; what a person has written first."""
    paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    # One argument shows up at several places: `model_config.max_model_len`, `scheduler_config.max_model_len`.
    shown = {_shown(path, before.get(path), after.get(path)): None for path in sorted(paths, key=_rank)}
    return list(shown)


def in_words(found: list[str]) -> str:
    rest = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _rank(path: str) -> tuple[int, str]:
    """Fields near the top are what was asked for; what follows from them lies deeper."""
    kinds = ("code ", "file ", "environment ")
    if path.startswith(kinds):
        return 0, path
    return 1 + path.count("."), path


def _shown(path: str, before: str | None, after: str | None) -> str:
    kind, _, rest = path.partition(" ")
    if kind == "file":
        return f"{os.path.basename(rest)} of the model has changed"
    if kind == "code":
        return f"{os.path.basename(rest)}, which the engine imports, has changed"
    name = rest if kind == "environment" else path.rpartition(".")[2]
    if secrets.is_secret(name):
        return f"{name} has changed"
    return secrets.redact(f"{name} {_short(before)} → {_short(after)}")


def _short(value: str | None) -> str:
    if value is None:
        return "unset"
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
