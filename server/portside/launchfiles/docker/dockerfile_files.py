"""Files that a Dockerfile puts into its image: COPY and ADD, and scripts that it writes out itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from portside.launchfiles.docker.dockerfile_instructions import Heredoc, Instruction
from portside.launchfiles.docker.dockerfile_values import exec_within, words_in
from portside.launchfiles.facts import Copy
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.words import Word, unquoted

_ELSEWHERE = re.compile(r"https?://|git@|ssh://")
_HEREDOC = re.compile(r"\d*<<-?[\"']?(?P<name>[\w.-]+)[\"']?")
_REDIRECTED = re.compile(r"(?:(?<![0-9&])>>?|\btee(?:\s+-a)?)\s*(?P<path>[\w./~-]+)")
_ECHOED = re.compile(
    r"\b(?:echo|printf)\s+(?:-[a-zA-Z]+\s+)*"
    r"(?P<text>'[^']*'|\"(?:\\.|[^\"\\])*\")\s*(?P<how>>>?)\s*(?P<path>[\w./~-]+)",
    re.DOTALL,
)
_LINE_END = re.compile(r"\\n\\?|\\t")

Expand = Callable[[Word], Placed]
Path = Callable[[str], str]


def copies_of(instruction: Instruction, expand: Expand, path: Path) -> Iterator[Copy]:
    """What comes from the build's context, or from another stage with `--from`."""
    text = instruction.text
    words = exec_within(text) if text.text.startswith("[") else words_in(text)
    texts = [expand(unquoted(word)).text for word in words if not _HEREDOC.fullmatch(word.text)]
    sources = tuple(source for source in texts[:-1] if not _ELSEWHERE.match(source))
    if sources:
        yield Copy(sources, _folder_or_file(path(texts[-1]), texts[-1]))


def _folder_or_file(path: str, written: str) -> str:
    return f"{path.rstrip('/')}/" if written.endswith(("/", ".")) else path


def scripts_of(instruction: Instruction, expand: Expand, path: Path) -> dict[str, Placed]:
    """What the instruction itself writes, by its path: here-documents, and `RUN echo '…' > start.sh`."""
    found: dict[str, Placed] = {}
    for heredoc in instruction.heredocs:
        if (target := _target(instruction, heredoc)) is not None:
            written = expand(heredoc.text) if heredoc.expands else Placed.of_word(heredoc.text)
            found[path(target)] = written
    if instruction.name == "RUN" and ">" in instruction.text.text:
        _echoed(instruction.text, path, found)
    return found


def _target(instruction: Instruction, heredoc: Heredoc) -> str | None:
    """Where the document goes."""
    if instruction.name == "RUN":
        redirected = _REDIRECTED.search(instruction.text.text)
        return redirected["path"] if redirected else None
    words = [word.text for word in words_in(instruction.text)]
    if not words or _HEREDOC.fullmatch(words[-1]):
        return None
    target = words[-1].strip("\"'")
    return f"{target}{heredoc.name}" if target.endswith("/") else target


def _echoed(text: Word, path: Path, found: dict[str, Placed]) -> None:
    for echo in _ECHOED.finditer(text.text):
        lines = _with_line_ends(unquoted(text.part(*echo.span("text"))))
        target = path(echo["path"])
        before = found.get(target) if echo["how"] == ">>" else None
        found[target] = Placed.joined([before, lines]) if before is not None else lines


def _with_line_ends(word: Word) -> Placed:
    """The text as it lies in the file then, escapes resolved, with a line end behind it."""
    placed, position = Placed.of_word(word), 0
    parts: list[Placed] = []
    for escape in _LINE_END.finditer(word.text):
        seen = placed.part(*escape.span()).span
        character = "\t" if escape.group() == "\\t" else "\n"
        parts += (placed.part(position, escape.start()), Placed.computed(character, seen))
        position = escape.end()
    end = word.span(len(word.text), len(word.text))
    return Placed.joined([*parts, placed.part(position), Placed.computed("\n", end)])
