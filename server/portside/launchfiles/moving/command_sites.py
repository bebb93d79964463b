"""A command of a launch file, with what it takes to write another in its place.

    Site ── Piece     a word: as the program reads it, as a shell reads it, and where
         └─ Holder    what holds the words: a text (of a shell, or split into words), or a list of strings

A command may reach over two lists: Dockerfile's ENTRYPOINT and CMD, Kubernetes' `command` and `args`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from portside.launchfiles.moving.writing import Pen, in_double_quotes, in_single_quotes, in_split_quotes
from portside.launchfiles.text.words import Command, Word, shell_commands
from portside.lint.source import Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a command. raw: as a shell reads it, with its quotes; in a list, the text itself.

    span: in the file, with its quotes. holder: which of the site's holders it stands in. inside: writes
    within it; None where that can't be told how.
    """

    word: Word
    raw: str
    span: Span
    holder: int = 0
    inside: Pen | None = None

    @property
    def text(self) -> str:
        return self.word.text


@dataclass(frozen=True, slots=True)
class Holder:
    """What holds words. is_text: whether that is one text, else a list.

    pen: writes text there; for a list, an item with its quotes. between: what parts the items of
    a list. takes_more: whether whoever starts it may put arguments behind (ENTRYPOINT).
    """

    is_text: bool
    pen: Pen
    between: str = " "
    takes_more: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """One command. shell: whether a shell looks up variables in it.

    literal_only: whether something looks variables up before the shell does, so that none can be written.
    variables: those that the file sets for it, which `variable_form` (`$({})`) says without a shell.
    sh: the shell's name, where one has to be started; None where none can be. directory: where it starts.
    make: whether Make reads it first, to which `$(X)` is a variable. unexported: variables that the shell
    has for itself alone, so that it sees others than what it starts. told: whether it stands in a sentence.
    """

    pieces: tuple[Piece, ...]
    holders: tuple[Holder, ...]
    shell: bool
    literal_only: bool = False
    variables: frozenset[str] = frozenset()
    variable_form: str = ""
    sh: str | None = "sh"
    directory: str | None = None
    make: bool = False
    unexported: frozenset[str] = frozenset()
    told: bool = False

    @property
    def words(self) -> Command:
        return tuple(piece.word for piece in self.pieces)


Shape = Callable[[Site], Site]

_HEREDOC = re.compile(
    r"<<-?[ \t]*(?P<quote>['\"\\]?)(?P<end>\w+)['\"]?[^\n]*\n(?P<body>.*?)^[ \t]*(?P=end)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_SHELL = re.compile(r"(?:.*/)?(?:ba|z|da|k|a)?sh(?:\.exe)?")
_ENTERS = frozenset({"cd", "pushd"})


_SET = re.compile(r"(?m)(?:^|[;&|]|\b(?:then|do|local))[ \t]*([A-Za-z_]\w*)=[^\s;&|]*[ \t]*(?:$|[;&#])")
_EXPORTED = re.compile(r"\b(?:export|declare -x|typeset -x)[ \t]+([^\n;&|]*)")


def _unexported(text: str) -> frozenset[str]:
    """The variables that the text sets and does not export."""
    if re.search(r"\bset -a\b|\bset -o allexport\b|\bset -\w*a\w*\b", text):
        return frozenset()
    exported = {name for said in _EXPORTED.findall(text) for name in re.findall(r"[A-Za-z_]\w*", said)}
    return frozenset(_SET.findall(text)) - exported


def _same(site: Site) -> Site:
    return site


def text_sites(
    word: Word,
    pen: Pen,
    *,
    shape: Shape = _same,
    shell: bool = True,
    directory: str | None = None,
) -> Iterator[Site]:
    """The commands of a text, each also with what it hands to `sh -c`.

    word: the text, with the places of its characters. shape: makes what differs in this file of a site.
    shell: whether a shell reads it, or something that only splits it into words.
    """
    text = word.text
    bodies = [found.span("body") for found in _HEREDOC.finditer(text) if not found["quote"]]
    unexported = _unexported(text)
    quoted: list[tuple[int, int]] = []
    for command in shell_commands(text, lines=shell):
        start, end = command[0].start, command[-1].end
        if any(first <= start and end <= last for first, last in quoted):
            continue
        if len(command) == 2 and command[0].text in _ENTERS:
            directory = command[1].text
        pieces = tuple(_piece(word, inner, pen, shell) for inner in command)
        is_early = any(first <= start < last for first, last in bodies)
        site = Site(pieces, (Holder(True, pen),), shell, literal_only=is_early, directory=directory)
        site = shape(replace(site, unexported=unexported))
        yield site
        for index in _handed_to_shell(pieces):
            quoted.append((command[index].start, command[index].end))
            yield from _within(site, pieces[index])


def list_sites(site: Site) -> Iterator[Site]:
    """The command that a list makes, and what it hands to `sh -c`."""
    yield site
    for index in _handed_to_shell(site.pieces):
        yield from _within(site, site.pieces[index])


def _within(site: Site, piece: Piece) -> Iterator[Site]:
    """The commands in the text that a shell is handed."""
    if piece.inside is None:
        return

    def shape(found: Site) -> Site:
        return replace(found, literal_only=site.literal_only, sh=site.sh, make=site.make)

    yield from text_sites(piece.word, piece.inside, shape=shape, directory=site.directory)


def _handed_to_shell(pieces: tuple[Piece, ...]) -> Iterator[int]:
    has_shell = False
    for index, piece in enumerate(pieces):
        if has_shell and re.fullmatch(r"-[a-z]*c", pieces[index - 1].text):
            yield index
            return
        has_shell |= _SHELL.fullmatch(piece.text) is not None


def _piece(outer: Word, inner: Word, pen: Pen, shell: bool) -> Piece:
    span = outer.span(inner.start, inner.end)
    places = tuple(outer.place(inner.place(index)) for index in range(len(inner.text) + 1))
    placed = Word(inner.text, span.start, span.end, places[0] if inner.text else span.start, places)
    raw = outer.text[inner.start : inner.end]
    inside: Pen | None = None
    if re.fullmatch(r"'[^']*'", raw):
        inside = pen.within(in_single_quotes)
    elif re.fullmatch(r'"(?:\\.|[^"\\])*"', raw, re.DOTALL):
        inside = pen.within(in_double_quotes if shell else in_split_quotes)
    return Piece(placed, raw, span, inside=inside)
