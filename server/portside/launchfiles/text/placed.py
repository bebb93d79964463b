"""Text put together from several places of a file, which knows where each of its characters is written.

A port is `80${LAST}` in one line, `LAST=81` in another: what it comes to is "8081", what the reader looks at
is the first line, and what an edit would change is in both. So values are kept in pieces until they are
used.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate

from portside.launchfiles.facts import Port, Setting
from portside.launchfiles.text.words import Word
from portside.lint.source import Span
from portside.records import cached_property, dataclass

_MOST_PIECES = 5_000
_MOST_CHARACTERS = 100_000
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of one origin.

    seen: where the reader meets them: themselves, or the variable that stands for them. written: where the
    first of them is written, the others follow; None where they are written nowhere (a sum, an escape).
    variable: the one that they come through. known: False for what stands for itself because its value is
    not known. origin: the variable that they came through first, where those are several.
    """

    text: str
    seen: Span
    written: int | None = None
    variable: str | None = None
    is_default: bool = False
    known: bool = True
    origin: str | None = None

    def part(self, start: int, end: int) -> Piece:
        if start == 0 and end == len(self.text):
            return self
        seen = self.seen
        if _is_itself(self):
            seen = Span(seen.start + start, seen.start + end)
        written = None if self.written is None else self.written + start
        text = self.text[start:end]
        return Piece(text, seen, written, self.variable, self.is_default, self.known, self.origin)


@dataclass(frozen=True)
class Placed:
    """quoted: whether its blanks part no words. whole: of a word, all of it with its quotes."""

    pieces: tuple[Piece, ...]
    quoted: bool = False
    whole: Span | None = None

    @classmethod
    def literal(cls, text: str, start: int, *, quoted: bool = False) -> Placed:
        """Characters as they stand in the file from `start` on."""
        return cls((Piece(text, Span(start, start + len(text)), start),), quoted)

    @classmethod
    def unknown(cls, text: str, seen: Span, variable: str | None = None, origin: str | None = None) -> Placed:
        return cls((Piece(text, seen, None, variable, known=False, origin=origin),))

    @classmethod
    def computed(cls, text: str, seen: Span, variable: str | None = None) -> Placed:
        return cls((Piece(text, seen, None, variable),))

    @classmethod
    def of_word(cls, word: Word) -> Placed:
        quoted, whole = word.inner > word.start, Span(word.start, word.end)
        if not word.places:
            return cls(cls.literal(word.text, word.inner).pieces, quoted, whole)
        places = [word.place(index) for index in range(len(word.text))]
        return cls(tuple(_runs(word.text, places)), quoted, whole)

    @classmethod
    def joined(cls, parts: Iterable[Placed], *, quoted: bool = False) -> Placed:
        return cls(tuple(piece for part in parts for piece in part.pieces), quoted)

    @classmethod
    def spaced(cls, words: Iterable[Placed]) -> Placed:
        """Words as one text again."""
        parts: list[Placed] = []
        for word in words:
            if parts:
                parts.append(cls.computed(" ", word.span))
            parts.append(word)
        return cls.joined(parts)

    @cached_property
    def text(self) -> str:
        return "".join([piece.text for piece in self.pieces])

    @cached_property
    def masked(self) -> str:
        """Its text, with letters for what is not known: no shell may read Make's `$(PORT)` as its own."""
        if self.known:
            return self.text
        return "".join([p.text if p.known else re.sub(r"[^\w]", "x", p.text) for p in self.pieces])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(piece.text) for piece in self.pieces)]

    @cached_property
    def known(self) -> bool:
        return all(piece.known for piece in self.pieces)

    @property
    def is_too_long(self) -> bool:
        """`X="$X $X"`, forty times, would be all there is of memory: such values count as unknown."""
        return len(self.pieces) > _MOST_PIECES or sum(len(p.text) for p in self.pieces) > _MOST_CHARACTERS

    @property
    def span(self) -> Span:
        """Where the reader sees it."""
        if len(self.pieces) == 1:
            return self.pieces[0].seen
        if not self.pieces:
            return Span(0, 0)
        return Span(min(p.seen.start for p in self.pieces), max(p.seen.end for p in self.pieces))

    @property
    def extent(self) -> Span:
        """Where the reader sees it, with its quotes."""
        return self.whole or self.span

    def within(self, whole: Span) -> Placed:
        """The same as a word that takes all of `whole`."""
        return Placed(self.pieces, self.quoted, whole)

    @property
    def written(self) -> Span | None:
        """Where it is written, if all of it is in one place."""
        first = self.pieces[0].written if self.pieces else None
        expected = first
        for piece in self.pieces:
            if piece.written is None or piece.written != expected:
                return None
            expected += len(piece.text)
        return None if first is None or expected is None else Span(first, expected)

    def part(self, start: int, end: int | None = None) -> Placed:
        """The characters from `start` to `end` of its text."""
        end = len(self.text) if end is None else end
        if start >= end:
            return Placed((), self.quoted)
        if len(self.pieces) == 1:
            return Placed((self.pieces[0].part(start, end),), self.quoted)
        first = max(0, bisect.bisect_right(self._starts, start) - 1)
        found = []
        for index in range(first, len(self.pieces)):
            before, piece = self._starts[index], self.pieces[index]
            if before >= end:
                break
            begin, stop = max(start - before, 0), min(end - before, len(piece.text))
            if begin < stop:
                found.append(piece.part(begin, stop))
        return Placed(tuple(found), self.quoted)

    def split(self) -> Iterator[Placed]:
        """Its words; blanks within what is not known part none."""
        position = 0
        for gap in _BLANK.finditer(self.text):
            if not self._is_known_at(gap.start()):
                continue
            if gap.start() > position:
                yield self.part(position, gap.start())
            position = gap.end()
        if position < len(self.text):
            yield self.part(position)

    def through(self, variable: str, seen: Span, *, is_default: bool = False) -> Placed:
        """The same as somebody sees it who meets the variable at `seen`."""
        return Placed(
            tuple(
                Piece(
                    p.text,
                    seen,
                    p.written,
                    variable,
                    p.is_default or is_default,
                    p.known,
                    p.origin or p.variable,
                )
                for p in self.pieces
            ),
            self.quoted,
        )

    def word(self) -> Word:
        """It, as one word of a command. Where it comes through a variable, its place is the variable's."""
        span, places = self.extent, tuple(self._places())
        if all(place == places[0] + index for index, place in enumerate(places)):
            return Word(self.text, span.start, span.end, places[0])
        return Word(self.text, span.start, span.end, places[0], places)

    def _places(self) -> Iterator[int]:
        for piece in self.pieces:
            if _is_itself(piece):
                yield from range(piece.seen.start, piece.seen.end)
            else:
                yield from [piece.seen.start] * len(piece.text)
        yield self.pieces[-1].seen.end if self.pieces else 0

    def port(self) -> Port:
        """What it says where a port is expected."""
        number = int(self.text) if self.known and _is_number(self.text) else None
        digits = self.written if number is not None else None
        variable = next((piece.variable for piece in self.pieces if piece.variable), None)
        origin = next((piece.origin for piece in self.pieces if piece.origin), None)
        is_default = any(piece.is_default for piece in self.pieces)
        return Port(number, self.span, digits, variable, is_default, origin)

    def port_of(self, variable: str) -> Port:
        """What it says as the value of a variable that a program looks up by itself."""
        return replace(self.port(), variable=variable)

    def setting(self, name: str, name_span: Span) -> Setting:
        """It, as the value of a variable."""
        span = self.written or self.span
        is_default = any(piece.is_default for piece in self.pieces)
        return Setting(name, self.text if self.known else None, span, name_span, is_default)

    def _is_known_at(self, offset: int) -> bool:
        return self.pieces[bisect.bisect_right(self._starts, offset) - 1].known


def of_setting(setting: Setting) -> Placed:
    if setting.value is None:
        return Placed.unknown(f"${setting.name}", setting.span, setting.name)
    exact = setting.span.end - setting.span.start == len(setting.value) > 0
    piece = Piece(setting.value, setting.span, setting.span.start if exact else None)
    return Placed((replace(piece, is_default=setting.is_default),))


def _is_itself(piece: Piece) -> bool:
    """Whether it stands in the file where the reader meets it."""
    return piece.seen.start == piece.written and piece.seen.end - piece.seen.start == len(piece.text)


def _runs(text: str, places: list[int]) -> Iterator[Piece]:
    """One piece for each stretch of characters that follow each other in the file."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or places[index] != places[index - 1] + 1:
            yield Piece(text[start:index], Span(places[start], places[index - 1] + 1), places[start])
            start = index


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
