"""Which Python scripts a launch file runs, and where it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from portside.launchfiles.commands.python_runs import python_runs
from portside.launchfiles.commands.run_mentions import mentions, mentions_in_python
from portside.launchfiles.facts import LaunchFile, Serves
from portside.launchfiles.lines.line_commands import (
    markdown_commands,
    procfile_commands,
    readme_commands,
    unit_commands,
)
from portside.launchfiles.names import Kind, is_shell_by_first_line, kind_of, name_of
from portside.launchfiles.text.words import Command, shell_commands
from portside.lint.source import SourceFile
from portside.records import dataclass


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
    from portside.launchfiles.docker.dockerfile import dockerfile_commands  # noqa: PLC0415

    yield from dockerfile_commands(text)


def _yaml(text: str) -> Iterator[Command]:
    from portside.launchfiles.yaml.yaml_commands import yaml_commands  # noqa: PLC0415

    yield from yaml_commands(text)


def _json(text: str) -> Iterator[Command]:
    from portside.launchfiles.yaml.yaml_commands import json_commands  # noqa: PLC0415

    yield from json_commands(text)


_READERS: Mapping[Kind, Reader] = {
    Kind.DOCKERFILE: _dockerfile,
    Kind.COMPOSE: _yaml,
    Kind.PROCFILE: procfile_commands,
    Kind.MAKEFILE: shell_commands,
    Kind.SHELL: shell_commands,
    Kind.SYSTEMD: unit_commands,
    Kind.PACKAGE_JSON: _json,
    Kind.VSCODE_LAUNCH: _json,
    Kind.VSCODE_TASKS: _json,
    Kind.YAML: _yaml,
    Kind.YAML_TEMPLATE: _yaml,
    Kind.JUSTFILE: shell_commands,
    Kind.FISH: shell_commands,
    Kind.WINDOWS_SHELL: _backslashes,
    Kind.INI: unit_commands,
    Kind.TOML: unit_commands,
    Kind.JSON: _json,
    Kind.CODE_WORKSPACE: _json,
    Kind.README: readme_commands,
    Kind.MARKDOWN: markdown_commands,
    Kind.RST: markdown_commands,
}


def script_references(path: str, text: str, file: LaunchFile | None = None) -> tuple[ScriptReference, ...]:
    """Every Python script that the launch file at `path` runs, in the order of the text.

    file: what its reader says, which knows of scripts in variables.
    """
    if "py" not in text.lower():
        return ()
    source = SourceFile(path, text)
    found = {r.offset: r for r in _searched(source)}
    for one in (*_launched(source, file), *_mentioned(source)):
        if not any(_is_same(one, known) for known in found.values()):
            found[one.offset] = one
    return tuple(found[offset] for offset in sorted(found))


def _searched(source: SourceFile) -> Iterator[ScriptReference]:
    reader = _reader(source.path, source.text)
    found: dict[int, ScriptReference] = {}
    directory: str | None = None
    for command in reader(source.text) if reader is not None else ():
        if len(command) == 2 and command[0].text in ("cd", "WORKDIR", "pushd"):
            directory = command[1].text
        for run in python_runs(command):
            offset = run.word.inner
            found.setdefault(offset, _reference(source, offset, run.script, run.module, directory))
    yield from found.values()


def _launched(source: SourceFile, file: LaunchFile | None) -> Iterator[ScriptReference]:
    for launch in (one for unit in file.units for one in unit.launches) if file is not None else ():
        target = launch.target
        if target is not None and launch.serves in (Serves.SCRIPT, Serves.MODULE) and "$" not in target.text:
            module = launch.serves is Serves.MODULE
            yield _reference(source, target.inner, target.text, module, launch.folder)


def _mentioned(source: SourceFile) -> Iterator[ScriptReference]:
    kind = kind_of(name_of(source.path))
    for one in mentions(kind, source.text) if kind is not None else ():
        yield _reference(source, one.offset, one.script, one.module, None)


def python_references(path: str, text: str) -> tuple[ScriptReference, ...]:
    """Every Python script that a Python file starts as a process of its own."""
    source = SourceFile(path, text)
    found = (_reference(source, one.offset, one.script, one.module, None) for one in mentions_in_python(text))
    return tuple({one.offset: one for one in found}.values())


def _is_same(one: ScriptReference, other: ScriptReference) -> bool:
    """Whether both tell of one launch, as far as the line shows."""
    return one.line == other.line and _last(one) == _last(other)


def _last(reference: ScriptReference) -> str:
    if reference.module:
        return reference.script.rpartition(".")[2]
    return reference.script.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]


def _reader(path: str, text: str) -> Reader | None:
    kind = kind_of(name_of(path))
    if kind is Kind.NO_SUFFIX:
        return shell_commands if is_shell_by_first_line(text) else None
    return _READERS.get(kind) if kind is not None else None


def _reference(
    source: SourceFile, offset: int, script: str, module: bool, directory: str | None
) -> ScriptReference:
    position = source.position(min(offset, len(source.text)))
    text = source.slice(source.line_span(position.line - 1)).strip()
    return ScriptReference(
        source.path, position.line, position.column, text, script, module, directory, offset
    )
