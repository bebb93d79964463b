"""Every rule that Portside has: one module of this package each, found by itself.

A module that exports `RULE` is a rule. They are imported when `ALL` is first
asked for, so importing one rule, or this package, doesn't cost all the others.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any

from portside.lint.rule import Rule

ALL: tuple[Rule[Any], ...]
"""The rules, sorted by code."""


def by_name(code_or_name: str) -> Rule[Any] | None:
    """The rule with this name, or with this code in any case."""
    return _by_word().get(code_or_name.strip().lower())


@functools.cache
def _discover() -> tuple[Rule[Any], ...]:
    modules = (
        importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    )
    rules = (module.RULE for module in modules if hasattr(module, "RULE"))
    return tuple(sorted(rules, key=lambda rule: rule.code))


@functools.cache
def _by_word() -> dict[str, Rule[Any]]:
    return {word: rule for rule in _discover() for word in (rule.code.lower(), rule.name)}


def __getattr__(name: str) -> tuple[Rule[Any], ...]:
    if name == "ALL":
        return _discover()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
