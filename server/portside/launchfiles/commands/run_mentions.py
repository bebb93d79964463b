r"""Text that says how to run a Python script, where no reader and no shell grammar gets to.

    .. code-block:: bash              sh 'python core/server.py'          CMD ["python", "core/server.py"]

        python core/server.py         serve = "python core/server.py"     run([sys.executable, "server.py"])

Such a place is only ever named: nobody knows what else of the line would have to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from portside.launchfiles.lines.line_commands import code_blocks
from portside.launchfiles.names import Kind
from portside.records import dataclass

_BETWEEN = r"[\"'\\,\s]+"
_PATH = r"[\w.$@{}~/\\:-]*\w\.pyw?(?![\w])"
_PYTHON = r"(?:[\w.$@{}~/\\:-]*[/\\])?(?:python|pypy|py)[\d.]*w?(?:\.exe)?"
_RUNNER = r"(?:uv|poetry|pipenv|pdm|hatch|rye|pixi|conda)\s+run"
_OPTIONS = rf"(?:{_BETWEEN}(?:-[XW]{_BETWEEN}\w+|-[A-Za-ln-z][\w=.-]*))*"
_RUN = re.compile(
    rf"(?<![\w./-])(?:{_PYTHON}|{_RUNNER}){_OPTIONS}{_BETWEEN}(?:(?P<script>{_PATH})|-m{_BETWEEN}(?P<module>\w+(?:\.\w+)*))"
)
# `"args": ["-m", "core.server"]`, whatever the program is called.
_ARGUMENTS = re.compile(r"[\"']-m[\"'],\s*[\"'](?P<module>\w+(?:\.\w+)+)[\"']")
_CALL = re.compile(
    r"sys\.executable[\s,\"'\]+\[]+(?:[\"']-\w[\"'],\s*)*(?:[rbf]?[\"'])?"
    rf"(?:(?P<script>{_PATH})|-m[\"'],\s*[\"'](?P<module>\w+(?:\.\w+)*))"
    rf"|(?<=run_path\()\s*[\"'](?P<path>{_PATH})"
)
_STARTS = re.compile(
    r"(?:Popen|run|call|check_call|check_output|system|popen|exec[lv]\w*|spawn\w*|create_subprocess_\w+|run_path)\("
)
_LONGEST_START = len("create_subprocess_") + 40
# Of a script, or before a module: one of these is in every launch.
_SIGNS = (".py", "-m")
# From such a call to the script that it starts.
_NEAR = 300
# From the word `python` to the end of the script's name.
_LONGEST = 700
_COMMENT = re.compile(r"\s*(#|;|//|--|\.\. (?!code))")
_INDENTED = re.compile(r"^[ \t]+\S.*$", re.MULTILINE)
# Where a grammar of the format's own tells a launch from what only looks like one, there is no need to guess.
_GUESSED = frozenset(
    {
        Kind.COMPOSE,
        Kind.YAML,
        Kind.YAML_TEMPLATE,
        Kind.SCRIPTED,
        Kind.PACKAGE_JSON,
        Kind.VSCODE_TASKS,
        Kind.JSON,
        Kind.CODE_WORKSPACE,
        Kind.INI,
        Kind.TOML,
        Kind.README,
        Kind.MARKDOWN,
        Kind.RST,
    }
)


@dataclass(frozen=True, slots=True)
class Mention:
    """script: as written, `./core/server.py`, or `core.server` where `module`. offset: where it is named."""

    script: str
    module: bool
    offset: int


def mentions(kind: Kind, text: str) -> Iterator[Mention]:
    """The scripts that a file of this kind says how to run, in the order of the text."""
    if kind not in _GUESSED:
        return
    patterns = (_RUN, _ARGUMENTS) if kind in (Kind.VSCODE_TASKS, Kind.JSON, Kind.CODE_WORKSPACE) else (_RUN,)
    for start, end in _stretches(kind, text):
        for pattern in patterns:
            for found in pattern.finditer(text, start, end):
                if not _COMMENT.match(text, text.rfind("\n", 0, found.start()) + 1):
                    yield _mention(found)


def mentions_in_python(text: str) -> Iterator[Mention]:
    """The scripts that a Python file starts as processes of their own."""
    stretches = tuple(_near_starts(text))
    for found in (match for pattern in (_CALL, _RUN) for match in _found_in(pattern, text, stretches)):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        before = text[max(0, found.start() - _NEAR) : found.start()]
        if "#" not in line and any(_is_open(before[call.end() :]) for call in _STARTS.finditer(before)):
            yield _mention(found)


def _near_starts(text: str) -> Iterator[tuple[int, int]]:
    """Where a script of such a call may begin, in order, none overlapping: a small part of most files."""
    end = looked_at = 0
    # To look for calls takes time, so that is done ahead of what only some files have.
    for place in sorted(place for sign in _SIGNS for place in _places(text, sign)):
        first = max(looked_at, place - _NEAR - _LONGEST - _LONGEST_START)
        for call in _STARTS.finditer(text, first, place):
            yield max(end, call.end()), call.end() + _NEAR
            end = call.end() + _NEAR
            looked_at = call.end()
        looked_at = max(looked_at, place - _LONGEST_START)


def _places(text: str, sign: str) -> Iterator[int]:
    found = text.find(sign)
    while found >= 0:
        yield found
        found = text.find(sign, found + 1)


def _found_in(
    pattern: re.Pattern[str], text: str, stretches: Iterable[tuple[int, int]]
) -> Iterator[re.Match[str]]:
    """What begins in one of these stretches, and may end behind it."""
    for start, end in stretches:
        for found in pattern.finditer(text, start, end + _LONGEST):
            if found.start() < end:
                yield found


def _is_open(text: str) -> bool:
    """Whether the bracket before this text is not closed in it."""
    depth = 1
    for bracket in re.findall(r"[()]", text):
        depth += 1 if bracket == "(" else -1
        if depth == 0:
            return False
    return True


def _mention(found: re.Match[str]) -> Mention:
    groups = found.groupdict()
    name = next(name for name in ("script", "module", "path") if groups.get(name))
    return Mention(groups[name], name == "module", found.start(name))


def _stretches(kind: Kind, text: str) -> Iterator[tuple[int, int]]:
    match kind:
        case Kind.README | Kind.MARKDOWN:
            yield from code_blocks(text, windows=True)
        case Kind.RST:
            yield from (line.span() for line in _INDENTED.finditer(text))
        case _:
            yield 0, len(text)
