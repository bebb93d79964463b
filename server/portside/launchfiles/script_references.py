"""Which Python scripts a launch file runs, and where it says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from portside.launchfiles.line_commands import (
    markdown_commands,
    procfile_commands,
    readme_commands,
    unit_commands,
)
from portside.launchfiles.python_runs import PythonRun, python_runs
from portside.launchfiles.words import Command, shell_commands
from portside.lint.source import SourceFile


@dataclass(frozen=True, slots=True)
class ScriptReference:
    """A place that runs a Python script.

    path: the launch file. line, column: from 1, where the script is named. text: that
    line, stripped. script: as written there, `./core/server.py`, or `core.server` where
    `module`. directory: where a `cd` before it went, as written. offset: where the script is named.
    """

    path: str
    line: int
    column: int
    text: str
    script: str
    module: bool = False
    directory: str | None = None
    offset: int = 0


Reader = Callable[[str], Iterable[Command]]


def _backslashes(text: str) -> Iterator[Command]:
    """Windows' shells part directories with the character that escapes in others."""
    yield from shell_commands(text.replace("\\", "/").replace("^", " "))


# Loaded late: PyYAML, and what tells what an image starts, each take longer than checking a few files.


def _dockerfile(text: str) -> Iterator[Command]:
    from portside.launchfiles.dockerfile import dockerfile_commands  # noqa: PLC0415

    yield from dockerfile_commands(text)


def _yaml(text: str) -> Iterator[Command]:
    from portside.launchfiles.yaml_commands import yaml_commands  # noqa: PLC0415

    yield from yaml_commands(text)


def _json(text: str) -> Iterator[Command]:
    from portside.launchfiles.yaml_commands import json_commands  # noqa: PLC0415

    yield from json_commands(text)


_BY_NAME: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reader)
    for pattern, reader in (
        (r"(.*[.-])?(docker|container)file([.-].*)?", _dockerfile),
        (r"procfile([.-].*)?", procfile_commands),
        (r"(gnu)?makefile|.*\.mk|justfile", shell_commands),
        (r".*\.(sh|bash|zsh|fish|sbatch|slurm)", shell_commands),
        (r".*\.(bat|cmd|ps1)", _backslashes),
        (r".*\.(service|ini|conf|toml|cfg)", unit_commands),
        (r".*\.ya?ml(\.example|\.template)?", _yaml),
        (
            r"package\.json|launch\.json|tasks\.json|devcontainer\.json|railway\.json|.*\.code-workspace",
            _json,
        ),
        (r"readme.*", readme_commands),
        (r"(?!(changelog|changes|history|news|release).*).*\.(md|mdx|markdown|rst)", markdown_commands),
    )
)


def is_launch_file(name: str) -> bool:
    """Whether a file of this name (no folders) can launch something."""
    return _reader(name) is not None


def script_references(path: str, text: str) -> tuple[ScriptReference, ...]:
    """Every Python script that the launch file at `path` runs, in the order of the text."""
    reader = _reader(path.rpartition("/")[2]) or _by_first_line(text)
    if reader is None or "py" not in text.lower():
        return ()
    source = SourceFile(path, text)
    found: dict[int, ScriptReference] = {}
    directory: str | None = None
    for command in reader(text):
        if len(command) == 2 and command[0].text in ("cd", "WORKDIR", "pushd"):
            directory = command[1].text
        for run in python_runs(command):
            found.setdefault(run.word.inner, _reference(source, run, directory))
    return tuple(found[offset] for offset in sorted(found))


def _reader(name: str) -> Reader | None:
    return next((reader for pattern, reader in _BY_NAME if pattern.fullmatch(name)), None)


def _by_first_line(text: str) -> Reader | None:
    """A script without a suffix, known by its `#!`."""
    first = text[:80].partition("\n")[0]
    return shell_commands if re.match(r"#!.*\b(ba|z|da|k)?sh\b", first) else None


def _reference(source: SourceFile, run: PythonRun, directory: str | None) -> ScriptReference:
    position = source.position(min(run.word.inner, len(source.text)))
    text = source.slice(source.line_span(position.line - 1)).strip()
    return ScriptReference(
        source.path,
        position.line,
        position.column,
        text,
        run.script,
        run.module,
        directory,
        run.word.inner,
    )
