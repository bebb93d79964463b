"""Another number for a port, in every file that writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from portside.launchfiles.graph.around import Place
from portside.launchfiles.graph.same_port import SamePort, same_ports
from portside.lint.finding import Edit
from portside.lint.source import Span
from portside.records import dataclass
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.project import Project

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


def port_at(project: Project, path: Path, offset: int) -> RenamedPort | None:
    """The port whose number stands at this offset; None where none does. Raises NotRenamed.

    What the project knows of unsaved texts counts.
    """
    files = project.launch_files
    relative = project.relative(path)
    ports = same_ports(files, files.all())
    taken = frozenset(port.number for port in ports)
    for port in ports:
        in_python = {place: _digits(files, place, port.number) for place in port.in_python}
        whole = [*port.places, *filter(None, in_python.values())]
        here = next((place for place in whole if _is_at(place, relative, offset)), None)
        if here is None:
            continue
        _check(port, in_python)
        return RenamedPort(port.number, here.span, tuple(dict.fromkeys(whole)), taken)
    return None


def _is_at(place: Place, path: str, offset: int) -> bool:
    return place.path == path and place.span.start <= offset <= place.span.end


def _check(port: SamePort, in_python: Mapping[Place, Place | None]) -> None:
    """Nobody may be left behind who takes the old number without being told one."""
    for listener in port.unwritten:
        if listener.script is None:
            raise NotRenamed(f"`{listener.program}` takes {port.number} by itself: say its port there first")
        if not any(in_python.get(place) is not None for place in listener.in_python):
            raise NotRenamed(f"where `{listener.script}` has the port {port.number} from can't be told")


def _digits(files: LaunchIndex, place: Place, number: int) -> Place | None:
    """The digits of a number that Python writes, perhaps in quotes; None where it is written otherwise."""
    text = files.text_of(place.path)[place.span.start : place.span.end]
    if text.strip("\"'") != str(number):
        return None
    start = place.span.start + text.index(str(number))
    return Place(place.path, Span(start, start + len(str(number))))
