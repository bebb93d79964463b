"""Command lines as words with places: from shell text, from exec form, from nested `sh -c`.

Not a shell: what a variable or a glob expands to is not known here, and a word
keeps it as it was written. Enough to see which program a line starts, with what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from portside.lint.source import Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command. text: without its quotes. start, end: with them, as offsets in the file.

    inner: where `text` begins in the file. places: where each of its characters stands and where the last one
    ends, for a text with escapes, quotes or line ends in between; empty where they follow each other.
    """

    text: str
    start: int
    end: int
    inner: int
    places: tuple[int, ...] = field(default=(), repr=False, compare=False)

    def place(self, index: int) -> int:
        """Where the character stands in the file; for the text's length, where its last one ends."""
        return self.places[index] if self.places else self.inner + index

    def span(self, start: int, end: int) -> Span:
        """Where this part of the text stands in the file."""
        if start == end:
            return Span(self.place(start), self.place(start))
        return Span(self.place(start), max(self.place(end - 1) + 1, self.place(start)))

    @property
    def inside(self) -> Span:
        """Where all of its text stands in the file: of a text that a variable has, the variable."""
        return Span(self.place(0), self.place(len(self.text)))

    def part(self, start: int, end: int) -> Word:
        """A stretch of the text as a word of its own, without quotes."""
        span = self.span(start, end)
        places = self.places[start : end + 1]
        return Word(self.text[start:end], span.start, span.end, span.start, places)


Command = tuple[Word, ...]

_TOKEN = re.compile(
    r"""
      (?P<continued>\\\r?\n)
    | (?P<newline>\r\n|\r|\n)
    | (?P<space>[ \t\f]+)
    | (?P<separator>&&|\|\||;;?|[|&()`])
    | (?P<piece>
        '[^']*' | "(?:\\.|[^"\\])*"
      | \$\{[^}\n]*\} | \$\([^)\n]*\)
      | \\.
      | [^\s'"\\;&|()`$]+
      | .
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')


def shell_commands(
    text: str, start: int = 0, end: int | None = None, *, lines: bool = True
) -> Iterator[Command]:
    """Each simple command of the shell text between `start` and `end`.

    lines: whether a line end ends a command (not so in a folded YAML string).
    What stands inside `$(…)` and after `sh -c` comes as commands of its own, too.
    """
    words: list[Word] = []
    pieces: list[re.Match[str]] = []
    position, stop = start, len(text) if end is None else end

    while position < stop:
        token = _TOKEN.match(text, position, stop)
        assert token is not None
        position = token.end()
        kind = token.lastgroup
        if kind == "piece" and not pieces and token.group().startswith("#"):
            position = _line_end(text, position, stop)
            continue
        if kind == "piece":
            pieces.append(token)
            continue
        if pieces:
            words.append(_word(pieces))
            pieces = []
        if kind == "separator" or (kind == "newline" and lines):
            yield from _with_nested(words)
            words = []
    if pieces:
        words.append(_word(pieces))
    yield from _with_nested(words)


def exec_words(text: str, start: int, end: int) -> Command:
    """The words of an exec form, `["python", "server.py"]`, as Dockerfiles have it."""
    return tuple(_of_json(match) for match in _STRING.finditer(text, start, end))


def _of_json(match: re.Match[str]) -> Word:
    inner = match.start(1)
    if _ESCAPED not in match[1]:
        return Word(match[1], match.start(), match.end(), inner)
    text, places, position = "", [], inner
    while position < match.end(1):
        escape = _JSON_ESCAPE.match(match.string, position)
        character = match.string[position] if escape is None else _json_character(escape)
        text += character
        places += [position] * len(character)
        position = position + 1 if escape is None else escape.end()
    return Word(text, match.start(), match.end(), inner, (*places, position))


_JSON_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<letter>.))", re.DOTALL)
_JSON_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _json_character(escape: re.Match[str]) -> str:
    if escape["code"]:
        return chr(int(escape["code"], 16))
    return _JSON_LETTERS.get(escape["letter"], escape["letter"])


def nested_commands(words: Command) -> Iterator[Command]:
    """The commands in the argument of `sh -c` and in `$(…)`."""
    for before, word in zip((None, *words), words, strict=False):
        if before is not None and re.fullmatch(r"-[a-z]*c", before.text):
            yield from commands_in(word)
        elif substituted := re.search(r"\$\((.*\s.*)\)", word.text, re.DOTALL):
            yield from commands_in(word.part(*substituted.span(1)))


def commands_in(word: Word, *, lines: bool = True) -> Iterator[Command]:
    """The commands in a word's text: what follows `sh -c`, a block of a YAML file."""
    for command in shell_commands(word.text, lines=lines):
        yield tuple(within(word, inner) for inner in command)


def within(outer: Word, word: Word) -> Word:
    """A word of the outer one's text, with its places in the file."""
    whole, places = outer.span(word.start, word.end), word.places
    if places or outer.places:
        places = tuple(outer.place(word.place(index)) for index in range(len(word.text) + 1))
    return Word(word.text, whole.start, whole.end, outer.place(word.inner), places)


def _with_nested(words: list[Word]) -> Iterator[Command]:
    if words:
        command = tuple(words)
        yield command
        yield from nested_commands(command)


def _word(pieces: list[re.Match[str]]) -> Word:
    first = pieces[0]
    if len(pieces) == 1 and _ESCAPED not in first.group():
        text = first.group()
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        inside = text[1:-1] if quoted else text
        return Word(inside, first.start(), first.end(), first.start() + quoted)
    characters = [placed for piece in pieces for placed in _unquoted(piece)]
    end = pieces[-1].end()
    places = (*(place for _, place in characters), characters[-1][1] + 1 if characters else end)
    text = "".join(character for character, _ in characters)
    return Word(text, first.start(), end, places[0], places)


_ESCAPED = "\\"
_ESCAPE = re.compile(r'\\(?:(["\\$`])|\r?\n)')


def _unquoted(match: re.Match[str]) -> Iterator[tuple[str, int]]:
    """The characters that a piece stands for, each with its place."""
    piece, start = match.group(), match.start()
    if len(piece) == 2 and piece[0] == _ESCAPED:
        yield piece[1], start + 1
        return
    quote = piece[0] if len(piece) > 1 and piece[0] == piece[-1] and piece[0] in "'\"" else ""
    position, end = start + len(quote), match.end() - len(quote)
    while position < end:
        escape = _ESCAPE.match(match.string, position, end) if quote == '"' else None
        if escape is None:
            yield match.string[position], position
            position += 1
            continue
        if escape[1]:
            yield escape[1], escape.start(1)
        position = escape.end()


def unquoted(word: Word) -> Word:
    """A word as it is written, without its quotes and escapes."""
    pieces = [found for found in _TOKEN.finditer(word.text) if found.lastgroup != "continued"]
    return within(word, _word(pieces)) if pieces else word


def _line_end(text: str, position: int, stop: int) -> int:
    found = re.compile(r"[\r\n]").search(text, position, stop)
    return found.start() if found else stop
