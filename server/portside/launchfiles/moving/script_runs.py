"""How a command starts a Python file, as far as another command can take its place."""

from __future__ import annotations

import re

from portside.launchfiles.commands.python_runs import PythonRun, basename, is_python
from portside.launchfiles.text.words import Command
from portside.records import dataclass

_PLAIN_PYTHON = frozenset({"python", "python3"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# What stands before a command and is none itself.
KEYWORDS = frozenset({"then", "do", "else", "!", "{", "time", "$", ">", "%", "#", "@", "(venv)"})
_PREFIXES = frozenset({"exec", "nohup", "env", "command", "setsid", "nice", "stdbuf", "ionice", "numactl"})
# Environments that have uvicorn's command on the path once they have the package.
_ENVIRONMENTS = frozenset({"uv", "poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "mamba"})
# They run a file that is named alone: `uv run server.py`.
_RUN_FILES = frozenset({"uv", "rye", "pixi", "pdm"})
# They run a module as well: `debugpy --listen 5678 -m uvicorn …`.
_TOOLS = frozenset({"debugpy", "pdb", "cProfile", "coverage", "viztracer", "scalene"})
_SAYS_ONLY = frozenset(
    {
        "echo",
        "printf",
        "cat",
        "grep",
        "pkill",
        "pgrep",
        "ls",
        "chmod",
        "cp",
        "mv",
        "rm",
        "pip",
        "usage:",
        "Usage:",
    }
)


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """Where a command runs a script: indices of its words.

    first: the first word that goes. last: the script. start: the first word of what is started, which a
    variable can be set before. inner: the first one that a shell of its own can take over. words: what takes
    their place, before the app. module: named as `-m` wants it. prefixed: whether a program stands before it.
    apart: one of those that may give it other variables, or run it elsewhere.
    """

    first: int
    last: int
    start: int
    inner: int
    words: tuple[str, ...]
    module: bool
    prefixed: bool
    apart: str = ""


def script_run(command: Command, found: PythonRun) -> ScriptRun | str:
    """Where the command runs this script, or why nothing can take its place, as the rest of a sentence."""
    last = next(index for index, word in enumerate(command) if word.end == found.word.end)
    before = [word.text for word in command[:last]]
    if before:
        # What Make wants said first: `@python server.py`.
        before[0] = before[0].lstrip("@-+") or before[0]
    first_word = next((t for t in before if not _is_keyword(t) and not _ASSIGNMENT.match(t)), "")
    if first_word in _SAYS_ONLY:
        return f"`{first_word}` names it"
    python = next((index for index in reversed(range(last)) if is_python(before[index])), None)
    if python is not None:
        return _by_python(before, python, last, found.module)
    runner = next((i for i, text in enumerate(before) if basename(text) in _ENVIRONMENTS | _TOOLS), None)
    if runner is not None:
        return _by_runner(before, runner, last, found.module)
    known = [text for text in before if not _is_prefix(text)]
    if known:
        return f"`{basename(known[0])}` starts it"
    return ScriptRun(last, last, last, last, ("uvicorn",), found.module, _has_program(before))


def _by_python(before: list[str], python: int, last: int, module: bool) -> ScriptRun | str:
    options, wrapper = before[python + 1 : last], before[:python]
    tool = options[options.index("-m") + 1] if "-m" in options[:-1] else None
    prefixed, apart = _has_program(wrapper), _apart(wrapper)
    if module and options[-1:] == ["-m"] and tool is None:
        options = options[:-1]
    elif module:
        known = tool in _TOOLS and options[-1:] == ["-m"]
        return (
            ScriptRun(last, last, python, python, ("uvicorn",), True, prefixed, apart)
            if known
            else f"`{tool}` starts it"
        )
    elif tool is not None:
        if tool not in _TOOLS:
            return f"`{tool}` starts it"
        return ScriptRun(last, last, python, python, ("-m", "uvicorn"), False, prefixed, apart)
    plain = before[python]
    unknown = [text for text in wrapper if not _is_prefix(text) and not _is_of_environment(wrapper)]
    if plain in _PLAIN_PYTHON and not options and not unknown:
        return ScriptRun(python, last, python, python, ("uvicorn",), module, prefixed, apart)
    first = last - 1 if module else last
    return ScriptRun(first, last, python, python, ("-m", "uvicorn"), module, prefixed, apart)


def _by_runner(before: list[str], runner: int, last: int, module: bool) -> ScriptRun | str:
    name, between = basename(before[runner]), before[runner + 1 : last]
    prefixed, apart = _has_program(before[:runner]), _apart(before)
    if name in _TOOLS:
        words = ("uvicorn",) if module else ("-m", "uvicorn")
        return ScriptRun(last, last, runner, runner, words, module, prefixed, apart)
    if name in _RUN_FILES and "run" in between and not {"--script", "-s", "--gui-script"} & set(between):
        first = last - 1 if module and between[-1:] in (["-m"], ["--module"]) else last
        return ScriptRun(first, last, runner, first, ("uvicorn",), module, prefixed, apart)
    return f"`{name}` starts it"


def _is_keyword(text: str) -> bool:
    return text in KEYWORDS


def _is_prefix(text: str) -> bool:
    return _is_keyword(text) or text in _PREFIXES or bool(_ASSIGNMENT.match(text))


def _is_of_environment(wrapper: list[str]) -> bool:
    """`uv run --with x`, `poetry run`: what follows finds the environment's programs first."""
    rest = [text for text in wrapper if not _is_prefix(text)]
    return bool(rest) and basename(rest[0]) in _ENVIRONMENTS and "run" in rest


def _has_program(before: list[str]) -> bool:
    return any(not _is_keyword(text) and not _ASSIGNMENT.match(text) for text in before)


# They hand on the variables that they have themselves, but for what `--env-file` says.
_NEUTRAL = _PREFIXES | {"uv", "poetry", "conda", "mamba", "debugpy", "coverage"}
_ELSEWHERE = ("ssh", "docker", "podman", "nerdctl", "kubectl")


def _apart(wrapper: list[str]) -> str:
    """What may run the rest with other variables: in a container, with a file of settings."""
    programs = [basename(text) for text in wrapper if not _is_keyword(text) and not _ASSIGNMENT.match(text)]
    found = next((name for name in _ELSEWHERE if name in programs), "")
    first = next((name for name in programs if name not in _PREFIXES and not name.startswith("-")), "")
    if found or (first and first not in _NEUTRAL):
        return found or first
    return first if any(text.startswith("--env-file") for text in wrapper) else ""
