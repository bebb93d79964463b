"""Where each character of a YAML scalar's value stands in the file."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)", re.DOTALL)
_BLANKS = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"\r\n?|\n")
_SPACE = " \t\r\n"


def places_of(value: str, source: str, start: int, end: int, style: str) -> tuple[int, ...]:
    """One place for each character of the value, and where the last one ends.

    Line ends and indentation that the value lacks are passed over; a space that stands for a line end has the
    place of that.
    """
    position = _first(source, start, end, style)
    places: list[int] = []
    for character in value:
        while style == '"' and source.startswith(("\\\n", "\\\r\n"), position):
            position = _after_escape(source, position)
        if position < end and source[position] != character:
            position = _meeting(character, source, position, end, style)
        places.append(min(position, end))
        position = min(_next(character, source, position, style), end)
    return (*places, min(max(position, places[-1] + 1), len(source)) if places else position)


def _first(source: str, start: int, end: int, style: str) -> int:
    if style in ("|", ">"):
        line_end = _LINE_END.search(source, start, end)
        return line_end.end() if line_end else end
    return start + (style in ("'", '"') and start < end)


def _meeting(character: str, source: str, position: int, end: int, style: str) -> int:
    """Where the character is found, from here on."""
    if character in _SPACE or (style == '"' and source[position] == "\\"):
        return position  # a folded line end, or the escape that stands for it
    if source[position] in _SPACE:
        blanks = _BLANKS.match(source, position, end)
        return blanks.end() if blanks else position
    return position


def _next(character: str, source: str, position: int, style: str) -> int:
    """Where the text goes on after what stands for this character."""
    if style == '"' and source.startswith("\\", position):
        return _after_escape(source, position)
    if style == "'" and source.startswith("''", position):
        return position + 2
    if character in _SPACE and source[position : position + 1] != character:
        blanks = _BLANKS.match(source, position)
        folded = blanks is not None and blanks.end() > position
        return blanks.end() if blanks and folded and character != "\n" else position
    return position + 1


def _after_escape(source: str, position: int) -> int:
    escape = _ESCAPE.match(source, position)
    return escape.end() if escape else position + 1
