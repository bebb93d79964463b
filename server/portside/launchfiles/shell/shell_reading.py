"""The shell's `read`: which variables it sets to which parts of a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portside.launchfiles.shell.shell_state import State
from portside.launchfiles.text.placed import Placed

_TAKES_VALUE = frozenset("pdnNtui")


def read_line(state: State, arguments: Sequence[Placed], line: Placed | None, separators: str | None) -> None:
    """Effect: sets the variables. line: None for unknown. separators: what IFS holds; None for blanks."""
    array, names = _named(arguments)
    known = line if line is not None and line.known else None
    if array is not None:
        parts = _parts(known, separators, 0) if known is not None else []
        unknown = Placed.unknown(f"${array.text}", array.span, array.text)
        items = {str(index): part for index, part in enumerate(parts)}
        state.assign(array.text, items if known is not None else unknown, array.span)
    parts = _parts(known, separators, len(names)) if known is not None else []
    for index, name in enumerate(names):
        part = parts[index] if index < len(parts) else Placed(())
        value = part if known is not None else Placed.unknown(f"${name.text}", name.span, name.text)
        state.assign(name.text, value, name.span)


def _named(arguments: Sequence[Placed]) -> tuple[Placed | None, list[Placed]]:
    """The array, and the variables."""
    array: Placed | None = None
    names: list[Placed] = []
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if word.text.startswith("-") and len(word.text) > 1:
            last = word.text[-1]
            if last == "a" and index + 1 < len(arguments):
                array = arguments[index + 1]
            index += 1 if last in _TAKES_VALUE or last == "a" else 0
        elif re.fullmatch(r"[A-Za-z_]\w*", word.text):
            names.append(word)
        index += 1
    return array, names


def _parts(line: Placed, separators: str | None, most: int) -> list[Placed]:
    """most: how many at most, the last one with all of the rest; 0 for any number."""
    if separators == "":
        return [line]
    gap = re.compile(rf"\s*[{re.escape(separators)}]\s*" if separators and separators.strip() else r"\s+")
    text = line.text.strip()
    position = line.text.find(text)
    end = position + len(text)
    parts: list[Placed] = []
    while position < end and (not most or len(parts) < most - 1):
        found = gap.search(line.text, position, end)
        if found is None:
            break
        parts.append(line.part(position, found.start()))
        position = found.end()
    return [*parts, line.part(position, end)] if position < end else parts
