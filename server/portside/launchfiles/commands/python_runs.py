"""Which Python files a command runs: `exec uv run python -u ./core/server.py --model …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.text.words import Command, Word
from portside.records import dataclass

_PYTHON = re.compile(r"(python|pypy)[\d.]*w?(\.exe)?|py(\.exe)?", re.IGNORECASE)
# `$PYTHON`, `${PY:-python3}`, Make's `$(PYTHON)`: named after what they hold.
_PYTHON_VARIABLE = re.compile(r"\$[({]?\w*PY(THON)?\w*([:?=-].*)?[)}]?", re.IGNORECASE)
_TAKES_VALUE = frozenset({"-X", "-W", "--check-hash-based-pycs"})

# Programs that run the Python file they are given. What else takes one
# (`ruff check`, `pytest`, `chmod`) does not start its main block.
_RUNNERS = frozenset(
    {"uv", "poetry", "pipenv", "pdm", "hatch", "rye", "pixi", "conda", "torchrun", "accelerate", "deepspeed"}
    | {"debugpy", "coverage", "nodemon", "watchmedo", "watchfiles", "py-spy", "kernprof", "scalene", "nsys"}
)
_PREFIXES = frozenset(
    {"exec", "nohup", "sudo", "time", "env", "command", "setsid", "then", "do", "else", "!", "{", "@"}
)
_RUNNER_MODULES = re.compile(
    r"(coverage|debugpy|pdb|cProfile|profile|trace|scalene|viztracer|memory_profiler|kernprof"
    r"|torch\.distributed\.(run|launch)|accelerate\.commands\.launch)"
)
# `./server.py` is started by its path. A bare `server.py` is a name in a list, more often than not.
_PATH_STARTS = (".", "/", "~", "$")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SUBSTITUTION = re.compile(r"\$\([^()]*\)")


@dataclass(frozen=True, slots=True)
class PythonRun:
    """A Python file that a command runs. module: named as `-m` wants it, not by path."""

    word: Word
    module: bool = False

    @property
    def script(self) -> str:
        return self.word.text


def python_runs(command: Command) -> Iterator[PythonRun]:
    """Every Python file that this command would run; mostly none or one."""
    words = _without_prefixes(command)
    if words and _is_script(words[0].text) and words[0].text.startswith(_PATH_STARTS):
        yield PythonRun(words[0])
        return
    for index, word in enumerate(words):
        if is_python(word.text):
            yield from _after_python(words[index + 1 :])
            return
        if basename(word.text) in _RUNNERS:
            yield from _after_runner(words[index + 1 :])
            return


def _without_prefixes(command: Command) -> Command:
    for index, word in enumerate(command):
        # Make's `@-python …`, a prompt's `$ python …`, and variables set for one command.
        if not (word.text in _PREFIXES or word.text in "$>%#" or _ASSIGNMENT.match(word.text)):
            first = word.text.lstrip("@-+") if index == 0 else word.text
            return (Word(first, word.start, word.end, word.inner), *command[index + 1 :])
    return ()


def _after_python(words: Command) -> Iterator[PythonRun]:
    rest = iter(enumerate(words))
    for index, word in rest:
        if word.text == "-m":
            yield from _after_module(words[index + 1 :])
            return
        if word.text in _TAKES_VALUE:
            next(rest, None)
        elif word.text == "-c":
            return
        elif not word.text.startswith("-"):
            if _is_script(word.text):
                yield PythonRun(word)
            return


def _after_module(words: Command) -> Iterator[PythonRun]:
    if not words:
        return
    yield PythonRun(words[0], module=True)
    if _RUNNER_MODULES.fullmatch(words[0].text):
        yield from _after_runner(words[1:])


def _after_runner(words: Command) -> Iterator[PythonRun]:
    """`uv run --with x python -u server.py`: options of the runner may stand in between."""
    for index, word in enumerate(words):
        if is_python(word.text):
            yield from _after_python(words[index + 1 :])
            return
        if word.text == "-m" and index + 1 < len(words):
            yield PythonRun(words[index + 1], module=True)
            return
        if _is_script(word.text):
            yield PythonRun(word)
            return
        if _STOPS_RUNNER.fullmatch(word.text):
            return


# `uv run pytest tests/test_server.py` tests a file, it does not run it.
_STOPS_RUNNER = re.compile(r"pytest|ruff|mypy|black|isort|flake8|pyright|pylint|uvicorn|gunicorn|pre-commit")


def is_python(text: str) -> bool:
    """Whether the word is an interpreter, by any path, or a variable that is named after one."""
    return bool(_PYTHON.fullmatch(basename(text)) or _PYTHON_VARIABLE.fullmatch(text))


def _is_script(text: str) -> bool:
    plain = _SUBSTITUTION.sub("", text)
    return plain.endswith((".py", ".pyw")) and not any(character.isspace() for character in plain)


def basename(path: str) -> str:
    """The last part of a path, of Unix or Windows."""
    return re.split(r"[/\\]", path)[-1]
