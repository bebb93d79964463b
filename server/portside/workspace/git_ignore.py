"""What git ignores, asked of each file and folder on the way down, as git asks.

A pattern speaks of a file or a folder itself; a folder that is ignored is not gone into, and nothing in it
can be had back. pathspec answers for whole paths instead, and of a folder says what holds for what is in
it: with `*`, `!*/` and `!*.py`, which keep nothing but Python files, that leaves out every folder.
Source: https://git-scm.com/docs/gitignore, and git's own wildmatch.c for what that leaves open.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from portside.records import dataclass
from portside.workspace.text_file import UnreadableFile, read_bytes

_NAME = ".gitignore"
_FOLDER = "\0"
"""Behind the path of a folder: no name has it."""
_BYTES = "latin-1"
"""To git a character is a byte: `?` is half an é."""
_ONE = rf"[^/{_FOLDER}]"
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e", "punct": r"!-/:-@\[-`{-~",
    "space": r"\s", "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip
_TOKEN = re.compile(
    r"""
      (?P<all>(?:(?<=/)|\A)\*\*\Z)       # all that is in a folder
    | (?P<between>(?:(?<=/)|\A)\*\*/)    # any number of folders
    | (?P<any>\*+)
    | (?P<one>\?)
    | \[(?P<set>[!^]?\]?(?:\\.|\[:[a-z]+:\]|[^]\\])*)\]
    | \\(?P<literal>.)
    | (?P<plain>[^\\[])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """The patterns of one .gitignore, which count for paths below its folder.

    verdicts: what matches, and whether it is ignored then: the last patterns first, those that agree in one.
    """

    folder: str
    verdicts: tuple[tuple[re.Pattern[bytes], bool], ...]

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether the patterns ignore the path itself; None where none of them matches."""
        relative = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        asked = os.fsencode(relative + _FOLDER if is_folder else relative)
        for pattern, is_ignored in self.verdicts:
            if pattern.fullmatch(asked):
                return is_ignored
        return None


Ignores = tuple[IgnoreFile, ...]
"""The .gitignore files that count somewhere, from the repository's top down."""


def ignored(path: str, is_folder: bool, ignores: Ignores) -> bool:
    """Whether git ignores the path itself: the file nearest to it that has an opinion says so."""
    for ignore in reversed(ignores):
        verdict = ignore.verdict(path, is_folder)
        if verdict is not None:
            return verdict
    return False


def ignore_files_above(folder: str) -> Ignores | None:
    """What counts from above for what lies in this folder; None where git ignores the folder."""
    way = [folder]
    while not os.path.exists(f"{way[-1]}{os.sep}.git"):  # noqa: PTH110 - strings all the way
        parent = os.path.dirname(way[-1])  # noqa: PTH120
        if parent == way[-1]:
            return ()
        way.append(parent)
    found: Ignores = ()
    for outer, inner in itertools.pairwise(reversed(way)):
        found = (*found, *ignore_file(outer))
        if ignored(inner, True, found):
            return None
    return found


def ignore_file(folder: str) -> Ignores:
    """The .gitignore of this folder, if it has one that can be read."""
    try:
        data = read_bytes(f"{folder}{os.sep}{_NAME}")
    except UnreadableFile:
        return ()
    verdicts = tuple(_verdicts(data.removeprefix(b"\xef\xbb\xbf").decode(_BYTES)))
    return (IgnoreFile(folder, verdicts),) if verdicts else ()


def changed_at(folder: Path) -> int | None:
    """When the .gitignore of the folder was last changed, in nanoseconds; None where there is none."""
    try:
        return (folder / _NAME).stat().st_mtime_ns
    except OSError:
        return None


def _verdicts(text: str) -> Iterator[tuple[re.Pattern[bytes], bool]]:
    numbers = itertools.count()
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    rules = [rule for line in lines if (rule := _rule(line, numbers)) is not None]
    for is_ignored, run in itertools.groupby(reversed(rules), key=lambda rule: rule[1]):
        pattern = "|".join(expression for expression, _ in run)
        yield re.compile(pattern.encode(_BYTES), re.DOTALL), is_ignored


def _rule(line: str, numbers: Iterator[int]) -> tuple[str, bool] | None:
    """The expression for a line, and whether it ignores; None for one that says nothing."""
    line = re.sub(r"(?<!\\) +\Z", "", line)
    if not line or line.startswith("#"):
        return None
    is_ignored = not line.startswith("!")
    line = line if is_ignored else line[1:]
    pattern = line.removesuffix("/")
    expression = _expression(pattern.removeprefix("/"), numbers)
    if not pattern or expression is None:
        return None
    anywhere = "" if "/" in pattern else "(?:.*/)?"
    return f"{anywhere}{expression}{_FOLDER}{'' if line.endswith('/') else '?'}", is_ignored


def _expression(pattern: str, numbers: Iterator[int]) -> str | None:
    """None for what git does not understand, and passes over. numbers: for the names of groups."""
    found, at = "", 0
    pieces = [""]  # of a name, between its stars
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return None
        if token.lastgroup == "any":
            pieces.append("")
        elif token.lastgroup in {"all", "between"} or token.group() == "/":
            found += _name(pieces, numbers) + _BETWEEN_NAMES[token.lastgroup or ""]
            pieces = [""]
        elif (written := _written(token)) is not None:
            pieces[-1] += written
        else:
            return None
        at = token.end()
    return found + _name(pieces, numbers)


_BETWEEN_NAMES = {"all": ".+", "between": "(?:.*/)?", "plain": "/"}


def _name(pieces: list[str], numbers: Iterator[int]) -> str:
    """The expression for a name of these pieces, with anything between them.

    The first place that does for a piece does for all that follow. A look ahead keeps to it: to try the
    others would take as many steps as the name's length to the power of the number of its stars.
    """
    if len(pieces) == 1:
        return pieces[0]
    first, *inner, last = pieces
    groups = [(f"g{next(numbers)}", piece) for piece in inner]
    kept = "".join(f"(?=(?P<{group}>{_ONE}*?{piece}))(?P={group})" for group, piece in groups)
    return f"{first}{kept}{_ONE}*{last}"


def _written(token: re.Match[str]) -> str | None:
    text = token[token.lastgroup or 0]
    match token.lastgroup:
        case "one":
            return _ONE
        case "set":
            return _set(text)
        case _:
            return re.escape(text)


def _set(text: str) -> str | None:
    """`[abc]`, which never is a slash."""
    is_negated = text[0] in "!^"
    parts = re.findall(r"\\.|\[:[a-z]+:\]|.", text[1:] if is_negated else text, re.DOTALL)
    found, is_range = "", False
    for number, part in enumerate(parts):
        # What follows `a-` is the end of that range, also where it is another `-`.
        is_range = part == "-" and 0 < number < len(parts) - 1 and not is_range
        if part.startswith("[:") and part.endswith(":]"):
            if part[2:-2] not in _CLASSES:
                return None
            found += _CLASSES[part[2:-2]]
        else:
            found += part if is_range else re.escape(part[-1])
    expression = rf"(?![/{_FOLDER}])[{'^' if is_negated else ''}{found}]"
    try:
        re.compile(expression)
    except re.error:  # a range that ends before it begins holds nothing
        return None
    return expression
