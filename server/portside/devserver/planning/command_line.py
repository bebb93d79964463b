"""What a command line runs: the words before the program, the program, how its Python is started.

    env HF_HUB_OFFLINE=1 uv run --no-sync python -X dev -m pkg.server --port 8010
    └── before, environment ────────────┘ └─ python, options ┘ └ module ┘ └ arguments

Nothing here is run, and no shell is meant: a word is a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PYTHON = re.compile(r"(python|pypy)[\d.]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """before: words that are kept in front of the program, such as `uv run`. environment: what `env` adds.

    program: the first word after those. python: whether it is an interpreter, and then python_options
    are its own, and kind and target say what it runs: script, module, code; else kind is program.
    transparent: whether a program behind `before` still is our own child with our descriptors.
    """

    words: tuple[str, ...]
    before: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    program: str = ""
    python: bool = False
    python_options: tuple[str, ...] = ()
    kind: str = "program"
    target: str = ""
    arguments: tuple[str, ...] = ()
    transparent: bool = True

    @property
    def name(self) -> str:
        """The program without its folder."""
        return os.path.basename(self.program)


def parse(words: Sequence[str]) -> CommandLine:
    """words: at least one."""
    given = tuple(words)
    before, rest, environment, transparent = _without_runners(given)
    if not rest:
        return CommandLine(given, (), {}, given[0], target=given[0], arguments=given[1:], transparent=False)
    program, arguments = rest[0], rest[1:]
    if _PYTHON.fullmatch(os.path.basename(program)):
        options, kind, target, arguments = _of_python(arguments)
        return CommandLine(
            given, before, environment, program, True, options, kind, target, arguments, transparent
        )
    if program.endswith(".py") and before[-1:] == ("run",):  # `uv run server.py`
        return CommandLine(
            given, before, environment, "python", True, (), "script", program, arguments, transparent
        )
    return CommandLine(
        given,
        before,
        environment,
        program,
        target=program,
        arguments=arguments,
        transparent=transparent,
    )


# -- what stands before the program --------------------------------------------------------

_UV_OPTIONS = frozenset(
    """--with --with-editable --with-requirements --extra --group --no-group --only-group --env-file --python
    -p --package --directory --project --index --default-index --index-url --extra-index-url --refresh-package
    --cache-dir --config-file --color --no-extra""".split()  # noqa: SIM905
)

# By the runner: its subcommand (or how many words it takes before the program), and those of its options
# that take a value in the next word.
_RUNNERS: Mapping[str, tuple[str, frozenset[str]]] = {
    "env": ("", frozenset({"-u", "--unset", "-C", "--chdir"})),
    "nohup": ("", frozenset()),
    "nice": ("", frozenset({"-n", "--adjustment"})),
    "ionice": ("", frozenset({"-c", "-n", "--class", "--classdata"})),
    "stdbuf": ("", frozenset({"-i", "-o", "-e"})),
    "numactl": ("", frozenset({"-N", "-m", "-C", "-i"})),
    "taskset": ("1", frozenset()),
    "uv": ("run", _UV_OPTIONS),
    "poetry": ("run", frozenset({"-C", "--directory", "-P", "--project"})),
    "pipenv": ("run", frozenset()),
    "rye": ("run", frozenset()),
}
# These start the program in a way that keeps our descriptors from it, or in a place of its own.
_OPAQUE: Mapping[str, str] = {
    "conda": "run",
    "mamba": "run",
    "micromamba": "run",
    "pdm": "run",
    "hatch": "run",
    "pixi": "run",
    "sudo": "",
    "doas": "",
    "timeout": "1",
    "time": "",
    "setsid": "",
    "xvfb-run": "",
}

_Split = tuple[tuple[str, ...], tuple[str, ...], dict[str, str], bool]


def _without_runners(words: tuple[str, ...]) -> _Split:
    index, transparent = 0, True
    environment: dict[str, str] = {}
    while index < len(words):
        name = os.path.basename(words[index])
        subcommand, takes_value = _RUNNERS.get(name, (_OPAQUE.get(name, "none"), frozenset()))
        if subcommand == "none" or (subcommand.isalpha() and subcommand not in words[index + 1 :]):
            break
        transparent = transparent and name in _RUNNERS
        index = _after_options(words, index + 1, subcommand, takes_value, environment)
    return words[:index], words[index:], environment, transparent


def _after_options(
    words: tuple[str, ...],
    index: int,
    subcommand: str,
    takes_value: frozenset[str],
    environment: dict[str, str],
) -> int:
    """Where the program begins that a runner runs."""
    positional = int(subcommand) if subcommand.isdigit() else 0
    wanted = subcommand if subcommand.isalpha() else ""
    while index < len(words):
        word = words[index]
        assignment = _ASSIGNMENT.fullmatch(word)
        if word == "--":
            return index + 1
        if word == wanted:
            wanted = ""
        elif word.startswith("-"):
            index += word in takes_value
        elif assignment and not wanted:
            environment[assignment[1]] = assignment[2]
        elif positional:
            positional -= 1
        elif not wanted:
            return index
        index += 1
    return index


# -- python's own options ------------------------------------------------------------------

_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
_OfPython = tuple[tuple[str, ...], str, str, tuple[str, ...]]


def _of_python(words: tuple[str, ...]) -> _OfPython:
    """(its options, kind, target, the program's arguments); kind `program` where it runs nothing of ours."""
    index = 0
    while index < len(words):
        word = words[index]
        if word == "-" or not word.startswith("-"):
            kind = "program" if word == "-" else "script"
            return words[:index], kind, word, words[index + 1 :]
        bundled = re.fullmatch(r"-([A-VYZa-bd-ln-z]*)([mc])(.*)", word, re.DOTALL)
        if bundled and not word.startswith("--"):
            options = (*words[:index], *([f"-{bundled[1]}"] if bundled[1] else []))
            target = (bundled[3],) if bundled[3] else words[index + 1 : index + 2]
            after = words[index + 1 :] if bundled[3] else words[index + 2 :]
            kind = "module" if bundled[2] == "m" else "code"
            return options, kind if target else "program", "".join(target), after
        index += 2 if word in _WITH_VALUE else 1
    return words, "program", "", ()
