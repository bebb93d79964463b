"""What differs between two texts of a file, and how a tree learns of it."""

from __future__ import annotations

from tree_sitter import Point, Tree

from portside.lint.source import SourceFile
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """The one stretch of bytes in which a text differs from an earlier one: from `start` to either end."""

    start: int
    old_end: int
    new_end: int


def change_between(old: bytes, new: bytes) -> Change:
    start = _common_prefix(old, new)
    tail = _common_suffix(old, new, min(len(old), len(new)) - start)
    return Change(start, len(old) - tail, len(new) - tail)


def edited(previous: Tree, change: Change, old: SourceFile, new: SourceFile) -> Tree:
    """A copy of the old tree that knows which bytes are no longer what they were.

    And those of the last line before them: where a change begins between two statements, the
    parser goes on to use what follows only if the end of the statement before counts as changed.
    """
    start = old.start_of_row(old.row_of_byte(len(old.data[: change.start].rstrip())))
    tree = previous.copy()
    tree.edit(
        start_byte=start,
        old_end_byte=change.old_end,
        new_end_byte=change.new_end,
        start_point=_point(old, start),
        old_end_point=_point(old, change.old_end),
        new_end_point=_point(new, change.new_end),
    )
    return tree


def _common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes both begin with. Bisection: a comparison of slices runs at memory speed."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: bytes, other: bytes, most: int) -> int:
    """How many bytes both end with, at most so many."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(source: SourceFile, byte: int) -> Point:
    row = source.row_of_byte(byte)
    point: Point = Point(row, byte - source.start_of_row(row))
    return point
