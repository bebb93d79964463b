"""Patterns as .gitignore knows them, which may also say where they count from.

In a .gitignore `./scripts/*.py` and a whole path match nothing. In settings, as in those of other tools, it
is plain what they mean.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_HERE = re.compile(r"(!?)/?(?:\.(?:/+|\Z))+")
_ABOVE = re.compile(r"!?/?(?:\./+)*\.\.(?:/|\Z)")


def matcher(patterns: Iterable[str], folder: Path) -> GitIgnoreSpec:
    """What matches paths from the folder (absolute). Raises ValueError or re.error: a pattern is none."""
    # Loaded late: most projects have no patterns, and this import costs as much as a small check.
    from pathspec import GitIgnoreSpec

    with warnings.catch_warnings():
        # Python tells of brackets that it may one day read in another way; pathspec writes them so.
        warnings.simplefilter("ignore", FutureWarning)
        return GitIgnoreSpec.from_lines(as_in_gitignore(patterns, folder))


def as_in_gitignore(patterns: Iterable[str], folder: Path) -> tuple[str, ...]:
    """The lines that say the same in a .gitignore of the folder."""
    top = f"{folder.as_posix().rstrip('/')}/"
    return tuple(line for pattern in patterns for line in _lines(pattern, top))


def leads_above(pattern: str) -> bool:
    """Whether it begins with `..`, and so matches nothing: what is asked about lies below the folder."""
    return bool(_ABOVE.match(pattern))


def _lines(pattern: str, top: str) -> Iterator[str]:
    """top: the folder, with a slash behind it."""
    if here := _HERE.match(pattern):
        yield f"{here[1]}/{pattern[here.end() :] or '**'}"
        return
    yield pattern
    negation, path = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    # Both: the folder may hold the same path once more.
    if path.startswith(top):
        yield f"{negation}/{path.removeprefix(top) or '**'}"
