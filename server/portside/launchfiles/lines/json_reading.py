"""JSON with the place of every string, with comments and trailing commas, as VS Code has it.

What is broken ends the value it is in; what came before it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from portside.launchfiles.text.placed import Piece, Placed
from portside.lint.source import Span
from portside.records import dataclass

_BLANK = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}:/\"]+")
_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<letter>.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_DEEPEST = 100


@dataclass(frozen=True)
class JsonText:
    """A string; also a number or a word, where is_string is False. span: with its quotes."""

    placed: Placed
    span: Span
    is_string: bool = True

    @property
    def text(self) -> str:
        return self.placed.text

    @property
    def word(self) -> Placed:
        """It, with its quotes, as a word of a command."""
        return self.placed.within(self.span)


@dataclass(frozen=True)
class JsonList:
    items: list[Json]
    span: Span


@dataclass(frozen=True)
class JsonObject:
    """The last of several members of one name counts."""

    members: list[tuple[JsonText, Json]]
    span: Span
    _named: dict[str, Json] = field(default_factory=dict, init=False, repr=False, compare=False)

    def get(self, name: str) -> Json | None:
        if not self._named:
            self._named.update((key.text, value) for key, value in self.members)
        return self._named.get(name)

    def text(self, name: str) -> JsonText | None:
        found = self.get(name)
        return found if isinstance(found, JsonText) and found.is_string else None

    def object(self, name: str) -> JsonObject | None:
        found = self.get(name)
        return found if isinstance(found, JsonObject) else None

    def texts(self, name: str) -> list[JsonText]:
        """The strings of a list; of one string, that."""
        found = self.get(name)
        items = found.items if isinstance(found, JsonList) else [found]
        return [item for item in items if isinstance(item, JsonText)]

    def objects(self, name: str) -> Iterator[JsonObject]:
        found = self.get(name)
        if isinstance(found, JsonList):
            yield from (item for item in found.items if isinstance(item, JsonObject))


Json = JsonText | JsonList | JsonObject


def parse(text: str) -> Json | None:
    """The value of the text, as far as it goes."""
    return _Reader(text).value(0)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def value(self, depth: int) -> Json | None:
        next_one = self._next()
        if next_one == "{" and depth < _DEEPEST:
            return self._object(depth)
        if next_one == "[" and depth < _DEEPEST:
            return self._list(depth)
        if next_one == '"':
            return self._string()
        found = _SCALAR.match(self._text, self._position)
        if found is None:
            return None
        self._position = found.end()
        return JsonText(Placed.literal(found.group(), found.start()), Span(*found.span()), is_string=False)

    def _object(self, depth: int) -> JsonObject:
        start = self._position
        self._position += 1
        members: list[tuple[JsonText, Json]] = []
        while self._next() not in {"}", ""}:
            if self._next() == ",":
                self._position += 1
                continue
            key = self.value(depth + 1)
            if not isinstance(key, JsonText) or self._next() != ":":
                if key is None:
                    self._position += 1
                continue
            self._position += 1
            value = self.value(depth + 1)
            if value is not None:
                members.append((key, value))
        return JsonObject(members, self._closed(start))

    def _list(self, depth: int) -> JsonList:
        start = self._position
        self._position += 1
        items: list[Json] = []
        while self._next() not in {"]", ""}:
            item = self.value(depth + 1) if self._next() != "," else None
            if item is None:
                if self._next() == "}":  # the bracket is missing
                    return JsonList(items, Span(start, self._position))
                self._position += 1
                continue
            items.append(item)
        return JsonList(items, self._closed(start))

    def _closed(self, start: int) -> Span:
        self._position = min(self._position + 1, len(self._text))
        return Span(start, self._position)

    def _string(self) -> JsonText:
        text, start = self._text, self._position
        pieces: list[Piece] = []
        position = stretch = start + 1
        while position < len(text) and text[position] not in '"\n':
            if text[position] != "\\":
                position += 1
                continue
            escape = _ESCAPE.match(text, position)
            if escape is None:
                break
            pieces += _literal(text, stretch, position)
            character = chr(int(escape["code"], 16)) if escape["code"] else escape["letter"]
            is_itself = not escape["code"] and character not in _LETTERS
            character = character if escape["code"] else _LETTERS.get(character, character)
            seen = Span(escape.end() - 1, escape.end()) if is_itself else Span(*escape.span())
            pieces.append(Piece(character, seen, seen.start if is_itself else None))
            position = stretch = escape.end()
        pieces += _literal(text, stretch, position)
        self._position = min(position + 1, len(text))
        return JsonText(Placed(tuple(pieces), quoted=True), Span(start, self._position))

    def _next(self) -> str:
        """The character that comes next, behind blanks and comments; "" at the end."""
        found = _BLANK.match(self._text, self._position)
        self._position = found.end() if found is not None else self._position
        return self._text[self._position : self._position + 1]


def _literal(text: str, start: int, end: int) -> list[Piece]:
    return [Piece(text[start:end], Span(start, end), start)] if start < end else []
