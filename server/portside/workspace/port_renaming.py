"""Another number for a port, in every file that writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portside.launchfiles.around import Place
from portside.launchfiles.same_port import SamePort, same_ports
from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.python.facts import FileFacts
from portside.python.value_types import CommandLine, Environment, Literal, Value
from portside.workspace.project import Project
from portside.workspace.text_file import UnreadableFile, read_text_file

HIGHEST = 65535


class NotRenamed(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """The port can't be changed from here; the message says why."""


@dataclass(frozen=True, slots=True)
class RenamedPort:
    """A port at some place, and all places that mean the same one. here: the one that was asked about.

    taken: the numbers that are in use otherwise.
    """

    number: int
    here: Span
    places: tuple[Place, ...]
    taken: frozenset[int] = frozenset()

    @property
    def next_free(self) -> int:
        return next(number for number in range(self.number + 1, HIGHEST) if number not in self.taken)

    def edits(self, root: Path, number: int) -> tuple[Edit, ...]:
        return tuple(Edit(str(root / place.path), place.span, str(number)) for place in self.places)


def port_at(project: Project, path: Path, offset: int, texts: dict[str, str]) -> RenamedPort | None:
    """The port whose number stands at this offset; None where none does. Raises NotRenamed.

    texts: of files that are open, by path from the project's root.
    """
    files = project.launch_files
    relative = path.relative_to(project.root).as_posix() if project.root in path.parents else path.as_posix()
    ports = same_ports(files, files.all())
    taken = frozenset(port.number for port in ports)
    for port in ports:
        whole = _with_scripts(project, port, texts)
        here = next((place for place in whole if _is_at(place, relative, offset)), None)
        if here is None:
            continue
        _check(port, whole)
        return RenamedPort(port.number, here.span, tuple(whole), taken)
    return None


def _is_at(place: Place, path: str, offset: int) -> bool:
    return place.path == path and place.span.start <= offset <= place.span.end


def _check(port: SamePort, places: list[Place]) -> None:
    """Nobody may be left behind who takes the old number without being told one."""
    for listener in port.unwritten:
        if listener.script is None:
            raise NotRenamed(f"`{listener.program}` takes {port.number} by itself: say its port there first")
        if not any(place.path == listener.script for place in places):
            raise NotRenamed(f"where `{listener.script}` has the port {port.number} from can't be told")


def _with_scripts(project: Project, port: SamePort, texts: dict[str, str]) -> list[Place]:
    found = [*port.places]
    for script in port.scripts:
        found += _in_script(project, script, port.number, texts)
    return list(dict.fromkeys(found))


def _in_script(project: Project, script: str, number: int, texts: dict[str, str]) -> Iterator[Place]:
    """The one place of the Python file where the number is written, if there is one."""
    path = project.root / script
    try:
        text = texts[script] if script in texts else read_text_file(path).text
    except UnreadableFile:
        return
    spans = set(_numbers(project.file_facts(path, text), number))
    if len(spans) == 1:
        yield Place(script, spans.pop())


def _numbers(facts: FileFacts, number: int) -> Iterator[Span]:
    literals = [use.literal for use in facts.listened.ports if use.port == number]
    literals += [value for one in facts.listened.sourced if (value := _default(one.value)) is not None]
    for literal in (one for one in literals if one.path is None):
        text = facts.source.slice(literal.span)
        if text.strip("\"'") == str(number):
            start = literal.span.start + text.index(str(number))
            yield Span(start, start + len(str(number)))


def _default(value: Value) -> Literal | None:
    while isinstance(value, (Environment, CommandLine)) and value.default is not None:
        value = value.default
    return value if isinstance(value, Literal) else None
