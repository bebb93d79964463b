"""A Dockerfile as instructions: where each begins and ends, its flags, its text, its here-documents.

Read by hand, as BuildKit does it (frontend/dockerfile/parser, 0.26): the syntax is one of lines, so a broken
line costs no more than itself, and the grammars that there are know neither `# escape=` nor comments between
continued lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.text.words import Word
from portside.lint.source import Span
from portside.records import dataclass

_LINE = re.compile(r"[^\r\n]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_DIRECTIVE = re.compile(r"#[ \t]*(?P<name>[a-zA-Z]\w*)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*")
_NAME = re.compile(r"[ \t]*(?P<name>[A-Za-z]+)(?=[ \t]|\Z)")
_FLAG = re.compile(r"[ \t]*(?P<flag>--[a-z][\w-]*(?:=(?:\"[^\"]*\"|'[^']*'|\\.|[^\s\"'\\])*)?)(?=\s|\Z)")
_HEREDOC = re.compile(r"(?<!\S)\d*<<(?P<tabs>-?)(?P<quote>[\"']?)(?P<name>[\w.-]+)(?P=quote)(?!\S)")
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})
_WITH_FLAGS = frozenset({"RUN", "COPY", "ADD", "FROM", "HEALTHCHECK"})
INSTRUCTIONS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"}
    | {"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)


@dataclass(frozen=True, slots=True)
class Heredoc:
    """text: its lines, with their places. expands: whether `$X` in it is replaced."""

    name: str
    text: Word
    expands: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """name: in capitals. flags: `--from=build`, as written. text: the rest, continued lines in one.

    span: from the name to the end of its last line, here-documents included.
    """

    name: str
    span: Span
    text: Word
    flags: tuple[Word, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str | None:
        """The value of `--name=value`."""
        start = f"--{name}="
        return next((flag.text[len(start) :] for flag in self.flags if flag.text.startswith(start)), None)


@dataclass(frozen=True, slots=True)
class Instructions:
    items: tuple[Instruction, ...]
    mistakes: tuple[Span, ...]


def instructions(text: str) -> Instructions:
    """Everything that a Dockerfile says, in order; a line that is no instruction is passed over."""
    scanner = _Scanner(text)
    found = tuple(scanner.scan())
    return Instructions(found, tuple(scanner.mistakes))


class _Scanner:
    def __init__(self, text: str) -> None:
        self.mistakes: list[Span] = []
        self._text = text
        self._position = 1 if text.startswith("\ufeff") else 0
        escape = "`" if _escape(text) == "`" else "\\"
        self._continued = re.compile(re.escape(escape) + r"[ \t]*$")

    def scan(self) -> Iterator[Instruction]:
        while self._position < len(self._text):
            start, end = self._next_line()
            name = _NAME.match(self._text, start, end)
            if name is None or name["name"].upper() not in INSTRUCTIONS:
                stripped = self._text[start:end].strip()
                if stripped and not stripped.startswith("#"):
                    self.mistakes.append(Span(start, end))
                    self._skip_continued(start, end)
                continue
            yield self._instruction(name, end)

    def _instruction(self, name: re.Match[str], end: int) -> Instruction:
        pieces = list(self._logical(name.end(), end))
        keyword, text = name["name"].upper(), _joined(self._text, pieces)
        keyword, text = _triggered(keyword, text)
        flags: list[Word] = []
        while keyword in _WITH_FLAGS and (flag := _FLAG.match(text.text)):
            flags.append(text.part(*flag.span("flag")))
            text = _stripped(text.part(flag.end(), len(text.text)))
        heredocs = tuple(self._heredocs(text)) if keyword in _WITH_HEREDOC and "<<" in text.text else ()
        stop = max(pieces[-1][1], heredocs[-1].text.end if heredocs else 0)
        return Instruction(keyword, Span(name.start("name"), stop), text, tuple(flags), heredocs)

    def _logical(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of the lines that make one, without the escapes at their ends and comments between."""
        while (escape := self._continued.search(self._text, start, end)) and self._position < len(self._text):
            yield start, escape.start()
            start, end = self._next_line()
            while self._is_passed_over(start, end) and self._position < len(self._text):
                start, end = self._next_line()
            if self._is_passed_over(start, end):
                yield end, end
                return
        yield start, end

    def _is_passed_over(self, start: int, end: int) -> bool:
        line = self._text[start:end].strip()
        return not line or line.startswith("#")

    def _skip_continued(self, start: int, end: int) -> None:
        for _ in self._logical(start, end):
            pass

    def _heredocs(self, text: Word) -> Iterator[Heredoc]:
        for opening in _HEREDOC.finditer(text.text):
            lines: list[tuple[int, int]] = []
            begin = self._position
            while self._position < len(self._text):
                start, end = self._next_line()
                if opening["tabs"]:
                    start += len(self._text[start:end]) - len(self._text[start:end].lstrip("\t"))
                if self._text[start:end] == opening["name"]:
                    break
                lines.append((start, min(self._position, len(self._text))))
            else:
                self.mistakes.append(text.span(*opening.span()))
            body = _joined(self._text, lines) if lines else Word("", begin, begin, begin)
            yield Heredoc(opening["name"], body, not opening["quote"])

    def _next_line(self) -> tuple[int, int]:
        start = self._position
        line = _LINE.match(self._text, start)
        end = line.end() if line else start
        line_end = _LINE_END.match(self._text, end)
        self._position = line_end.end() if line_end else len(self._text)
        return start, end


def _escape(text: str) -> str | None:
    """What `# escape=` says; directives stand before everything else."""
    for line in text.removeprefix("\ufeff").splitlines():
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None:
            return None
        if directive["name"].lower() == "escape":
            return directive["value"]
    return None


def _triggered(keyword: str, text: Word) -> tuple[str, Word]:
    """`ONBUILD CMD …` as what it does once somebody builds from the image."""
    inner = _NAME.match(text.text) if keyword == "ONBUILD" else None
    if inner is None:
        return keyword, text
    return f"ONBUILD {inner['name'].upper()}", _stripped(text.part(inner.end(), len(text.text)))


def _joined(source: str, pieces: list[tuple[int, int]]) -> Word:
    """The pieces as one text without blanks around it, each character with its place."""
    text = "".join([source[start:end] for start, end in pieces])
    if len(pieces) == 1:
        return _stripped(Word(text, pieces[0][0], pieces[0][1], pieces[0][0]))
    places = [place for start, end in pieces for place in range(start, end)]
    return _stripped(Word(text, pieces[0][0], pieces[-1][1], pieces[0][0], (*places, pieces[-1][1])))


def _stripped(word: Word) -> Word:
    text = word.text
    start = len(text) - len(text.lstrip(" \t\r\n"))
    return word.part(start, max(start, len(text.rstrip(" \t\r\n"))))
