"""Where a notebook's JSON has the source of its cells, so that writing one leaves all else as it is.

The format: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from portside.lint.source import Span
from portside.records import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_DECODER = json.JSONDecoder()
_FORMAT = 4


class NoNotebook(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A text that is no notebook that Portside reads; the message says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of Python.

    number: among the cells of all kinds, from 1. lines: its source, as the JSON divides it. span: of the
    value of `source` in the JSON. strings: of each of the lines there.
    """

    number: int
    lines: tuple[str, ...]
    span: Span
    strings: tuple[Span, ...]

    @property
    def text(self) -> str:
        return "".join(self.lines)


def python_cells(text: str) -> tuple[Cell, ...]:
    """The cells of Python of the notebook that this JSON is. Raises NoNotebook."""
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoNotebook(f"is no JSON ({error})") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise NoNotebook(f"is no notebook of format {_FORMAT}: it has no `cells`")
    if not _is_of_python(notebook.get("metadata")):
        return ()
    places = _items(text, _member(text, _after_space(text, 0), "cells"))
    numbered = enumerate(zip(cells, places, strict=True), 1)
    return tuple(_cell(number, cell, text, at) for number, (cell, at) in numbered if _is_python(cell))


def with_source(text: str, cell: Cell, source: str) -> str:
    """The value of `source` in the JSON with another text; lines that stay are left as they are."""
    old, places = cell.lines, cell.strings
    value = text[cell.span.start : cell.span.end]
    plain = not (value.isascii() and "\\u" in value)
    if not value.startswith("[") or not old:
        return json.dumps(source, ensure_ascii=not plain)
    new = _LINE.findall(source)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    changed = [json.dumps(line, ensure_ascii=not plain) for line in new[head : len(new) - tail]]
    between = text[places[0].end : places[1].start] if len(places) > 1 else f",{_opening(text, cell)[1:]}"
    before = text[cell.span.start : places[head - 1].end] if head else _opening(text, cell)
    behind = text[places[-tail].start : cell.span.end] if tail else text[places[-1].end : cell.span.end]
    kept_before, kept_behind = [before] if head else [], [behind] if tail else []
    joined = between.join([*kept_before, *changed, *kept_behind])
    return f"{'' if head else before}{joined}{'' if tail else behind}"


def _opening(text: str, cell: Cell) -> str:
    return text[cell.span.start : cell.strings[0].start]


def _common(some: tuple[str, ...], others: list[str]) -> int:
    """How many they have in common at their beginning."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))


def _is_of_python(metadata: Any) -> bool:
    """Whether its kernel runs Python, as far as it says what that is."""
    metadata = metadata if isinstance(metadata, dict) else {}
    said = ((metadata.get("language_info"), "name"), (metadata.get("kernelspec"), "language"))
    named = [where[key] for where, key in said if isinstance(where, dict) and key in where]
    return not named or str(named[0]).lower() in {"python", "ipython"}


def _is_python(cell: Any) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return False
    metadata = cell.get("metadata")
    editor = metadata.get("vscode") if isinstance(metadata, dict) else None
    if isinstance(editor, dict) and editor.get("languageId", "python") != "python":
        return False
    source = cell.get("source")
    return isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )


def _cell(number: int, cell: dict[str, Any], text: str, at: int) -> Cell:
    start = _member(text, at, "source")
    source = cell["source"]
    lines = tuple(source) if isinstance(source, list) else (source,)
    starts = _items(text, start) if isinstance(source, list) else iter((start,))
    strings = tuple(Span(one, _end(text, one)) for one in starts)
    return Cell(number, lines, Span(start, _end(text, start)), strings)


def _member(text: str, start: int, name: str) -> int:
    """Where the value of this member begins, of the object that begins here: of several, the last counts."""
    return [value for key, value in _members(text, start) if key == name][-1]


def _members(text: str, start: int) -> Iterator[tuple[str, int]]:
    for at in _entries(text, start):
        key, end = _DECODER.raw_decode(text, at)
        yield key, _after_space(text, _after_space(text, end) + 1)


def _items(text: str, start: int) -> Iterator[int]:
    """Where each value of the list begins that begins here."""
    yield from _entries(text, start)


def _entries(text: str, start: int) -> Iterator[int]:
    """Where each item of a list, or member of an object, begins. The text is known to be JSON."""
    is_object = text[start] == "{"
    at = _after_space(text, start + 1)
    while text[at] not in "]}":
        yield at
        end = _end(text, at)
        if is_object:
            end = _end(text, _after_space(text, _after_space(text, end) + 1))
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _end(text: str, start: int) -> int:
    return _DECODER.raw_decode(text, start)[1]


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
