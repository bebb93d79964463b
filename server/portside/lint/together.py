"""Fixes of one rule that leave each other alone: made at once, so that many findings take one more check."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from portside.lint.finding import Edit, Finding, Fix

Choice = tuple[Finding, Fix]


def together(choices: Sequence[Choice]) -> list[Choice]:
    """The first one, and those of its rule behind it that change other places of the same file.

    An edit that several have is made once, as an import that all of them need. What meets one of those is
    left for later: to end there would have a file of many such pairs checked once for each.
    """
    (first, fix), *others = choices
    taken, path, found = _Taken(), _only_path(fix), [choices[0]]
    taken.add(fix.edits)
    for finding, other in others:
        is_alike = finding.code == first.code and path is not None and _only_path(other) == path
        if is_alike and taken.add(other.edits):
            found.append((finding, other))
    return found


def joined(choices: Sequence[Choice]) -> Fix:
    """All of them as one."""
    fix = choices[0][1]
    edits = dict.fromkeys(edit for _, one in choices for edit in one.edits)
    return Fix(fix.title, tuple(edits), fix.applicability, fix.notes)


def _only_path(fix: Fix) -> str | None:
    paths = {edit.path for edit in fix.edits}
    return paths.pop() if len(paths) == 1 else None


class _Taken:
    """Edits that are going to be made in a file."""

    def __init__(self) -> None:
        self._edits: set[Edit] = set()
        self._places: list[tuple[int, int]] = []

    def add(self, edits: Iterable[Edit]) -> bool:
        """Take these as well; False where one of them meets another one at its place."""
        new = [edit for edit in edits if edit not in self._edits]
        if any(self._is_met(edit) for edit in new):
            return False
        self._edits.update(new)
        for edit in new:
            bisect.insort(self._places, (edit.span.start, edit.span.end))
        return True

    def _is_met(self, edit: Edit) -> bool:
        at = bisect.bisect_left(self._places, (edit.span.start, edit.span.end))
        before = self._places[at - 1][1] if at else -1
        behind = self._places[at][0] if at < len(self._places) else edit.span.end + 1
        return edit.span.start <= before or behind <= edit.span.end
