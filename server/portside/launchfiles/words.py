"""Command lines as words with places: from shell text, from exec form, from nested `sh -c`.

Not a shell: what a variable or a glob expands to is not known here, and a word
keeps it as it was written. Enough to see which program a line starts, with what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command. text: without its quotes. start, end: with them, as offsets in the file.

    inner: where `text` begins in the file, exact for a word that is one quoted string or has none.
    """

    text: str
    start: int
    end: int
    inner: int


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
    return tuple(
        Word(match[1].replace('\\"', '"').replace("\\\\", "\\"), match.start(), match.end(), match.start(1))
        for match in _STRING.finditer(text, start, end)
    )


def nested_commands(words: Command) -> Iterator[Command]:
    """The commands in the argument of `sh -c` and in `$(…)`."""
    for before, word in zip((None, *words), words, strict=False):
        if before is not None and re.fullmatch(r"-[a-z]*c", before.text):
            yield from _shifted(word.text, word.inner)
        elif substituted := re.search(r"\$\((.*\s.*)\)", word.text, re.DOTALL):
            yield from _shifted(substituted[1], word.inner + substituted.start(1))


def _shifted(text: str, offset: int) -> Iterator[Command]:
    for command in shell_commands(text):
        yield tuple(
            Word(word.text, word.start + offset, word.end + offset, word.inner + offset) for word in command
        )


def _with_nested(words: list[Word]) -> Iterator[Command]:
    if words:
        command = tuple(words)
        yield command
        yield from nested_commands(command)


def _word(pieces: list[re.Match[str]]) -> Word:
    texts = [_unquoted(piece.group()) for piece in pieces]
    first = pieces[0]
    quoted = first.group()[:1] in "'\"" and len(first.group()) > 1
    return Word("".join(texts), first.start(), pieces[-1].end(), first.start() + quoted)


def _unquoted(piece: str) -> str:
    if len(piece) >= 2 and piece[0] == piece[-1] and piece[0] in "'\"":
        inner = piece[1:-1]
        return inner if piece[0] == "'" else re.sub(r'\\(["\\$`])', r"\1", inner)
    return piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece


def _line_end(text: str, position: int, stop: int) -> int:
    found = re.compile(r"[\r\n]").search(text, position, stop)
    return found.start() if found else stop
