"""Every place that writes the number of one port: where a program is told it, and where others count on it.

Two numbers that merely look alike are two ports. They are one where the files say so: a launch listens in a
container, and EXPOSE, a probe, the inner side of `ports` or a Service's target name its number for that very
container; or one variable gives both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portside.launchfiles.docker.compose_project import project_of
from portside.launchfiles.docker.containers import of_image, of_unit, own_image
from portside.launchfiles.facts import Format, LaunchFile, Mention, Port, Unit
from portside.launchfiles.graph.around import Around, Place
from portside.launchfiles.graph.listeners import (
    Environment,
    Listener,
    machine_process,
    number_of,
    settings_of,
)
from portside.records import dataclass

# What numbers have in common: the place where they are written, the variable that they are a default of.
_Key = tuple[str, object, int]
_INNER = frozenset({Mention.EXPOSED, Mention.CONTAINER, Mention.PROBE, Mention.HEALTHCHECK, Mention.TARGET})


@dataclass(frozen=True, slots=True)
class SamePort:
    """places: where the number is written. unwritten: who takes it without being told one.

    in_python: where Python files write it, with its quotes.
    """

    number: int
    places: tuple[Place, ...]
    unwritten: tuple[Listener, ...] = ()
    in_python: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """What is known to be one port. places: of its numbers. keys: what joins it to others."""

    number: int
    places: frozenset[Place]
    keys: frozenset[_Key]
    unwritten: tuple[Listener, ...] = ()
    in_python: frozenset[Place] = frozenset()


def same_ports(around: Around, files: Iterable[LaunchFile]) -> list[SamePort]:
    """All ports that these files write somewhere, each with all places."""
    groups = [group for file in files for group in _groups(around, file)]
    merged: list[list[_Group]] = []
    for group in groups:
        meeting = [one for one in merged if any(group.keys & other.keys for other in one)]
        merged = [one for one in merged if one not in meeting]
        merged.append([group, *(other for one in meeting for other in one)])
    return [_joined(one) for one in merged]


def _joined(groups: list[_Group]) -> SamePort:
    places = sorted({place for group in groups for place in group.places}, key=_order)
    unwritten = dict.fromkeys(listener for group in groups for listener in group.unwritten)
    in_python = sorted({place for group in groups for place in group.in_python}, key=_order)
    return SamePort(groups[0].number, tuple(places), tuple(unwritten), tuple(in_python))


def _order(place: Place) -> tuple[str, int]:
    return place.path, place.span.start


# -- what belongs together in one file -----------------------------------------------------------


def _groups(around: Around, file: LaunchFile) -> Iterator[_Group]:
    match file.format:
        case Format.COMPOSE:
            yield from _of_compose(around, file)
        case Format.KUBERNETES:
            yield from _of_kubernetes(around, file)
        case Format.DOCKERFILE:
            for stage in file.units:
                running = of_image(around, own_image(file, stage))
                ports = [(mention.port, file.path) for mention in stage.mentions if mention.kind in _INNER]
                yield from _grouped(around, running.listeners, ports, {}, running.environment)
        case Format.DOTENV:
            return
        case _:
            for unit in file.units:
                process = machine_process(around, file, unit)
                listeners, _ = process.listeners(unit.launches, file)
                urls = [(m.port, file.path) for m in unit.mentions if m.kind is Mention.URL]
                yield from _grouped(around, listeners, urls, {}, process.environment)


def _of_compose(around: Around, file: LaunchFile) -> Iterator[_Group]:
    project = project_of(around, file)
    for service in project.services:
        inner = [
            (placed.mention.port, placed.path) for placed in service.mentions if placed.mention.kind in _INNER
        ]
        running = service.running
        yield from _grouped(around, running.listeners, inner, project.interpolated, running.environment)
        for placed in service.mentions:
            if placed.mention.kind is Mention.PUBLISHED:
                port = _written(placed.mention.port, project.interpolated, placed.path)
                if port is not None:
                    yield port


def _of_kubernetes(around: Around, file: LaunchFile) -> Iterator[_Group]:
    containers = [unit for unit in file.units if unit.kind == "container"]
    for unit in containers:
        running = of_unit(around, file, unit, None, settings_of(unit, file.path))
        alone = [other for other in containers if _pod(other) == _pod(unit)] == [unit]
        services = [one for one in file.units if alone and one.kind == "Service" and _leads_to(one, unit)]
        mentions = [mention for one in (unit, *services) for mention in one.mentions]
        ports = [(m.port, file.path) for m in mentions if m.kind in _INNER and not m.refers]
        yield from _grouped(around, running.listeners, ports, {}, running.environment)
    for service in file.units:
        for mention in service.mentions if service.kind == "Service" else ():
            port = _written(mention.port, {}, file.path) if mention.kind is Mention.SERVICE else None
            if port is not None:
                yield port


def _pod(unit: Unit) -> tuple[str, str]:
    return unit.namespace, unit.group


def _leads_to(service: Unit, container: Unit) -> bool:
    selector = service.selector.items()
    matches = bool(selector) and all(container.labels.get(key) == value for key, value in selector)
    return matches and service.namespace == container.namespace


def _grouped(
    around: Around,
    listeners: Iterable[Listener],
    ports: Iterable[tuple[Port, str]],
    given: Environment,
    environment: Environment,
) -> Iterator[_Group]:
    """One group for each number: who listens on it there, and what names it there.

    given: what variables in the file stand for. environment: what is set for what runs.
    """
    parts: dict[int, list[_Group]] = {}
    for listener in listeners:
        parts.setdefault(listener.number, []).append(_heard(around, listener, environment))
    for port, of_file in ports:
        group = _written(port, given, of_file)
        if group is not None:
            parts.setdefault(group.number, []).append(group)
    for number, groups in parts.items():
        yield _Group(
            number,
            frozenset(place for group in groups for place in group.places),
            frozenset(key for group in groups for key in group.keys),
            tuple(listener for group in groups for listener in group.unwritten),
            frozenset(place for group in groups for place in group.in_python),
        )


def _heard(around: Around, listener: Listener, environment: Environment) -> _Group:
    """A listener by where its number is: its own digits, its command's words, a variable, else its script."""
    number = listener.number
    place = listener.digits or _in_command(around, listener) or _in_environment(listener, environment)
    in_python = frozenset(listener.in_python)
    keys: set[_Key] = {("place", one, number) for one in in_python}
    if place is not None:
        keys.add(("place", place, number))
        return _Group(number, frozenset({place}), frozenset(keys), (), in_python)
    keys.add(("launch", (listener.script or listener.launch, listener.what), number))
    return _Group(number, frozenset(), frozenset(keys), (listener,), in_python)


def _in_command(around: Around, listener: Listener) -> Place | None:
    """The word of a script's own command that is its port: `python server.py --port 8000`."""
    file = around.file(listener.launch.path) if listener.script is not None else None
    launches = [launch for unit in file.units for launch in unit.launches] if file is not None else []
    own = next((launch for launch in launches if launch.span == listener.launch.span), None)
    number = str(listener.number)
    words = (
        [word for word in own.command if word.text.rpartition("=")[2] == number] if own is not None else []
    )
    if len(words) != 1:
        return None
    text = words[0].text
    return Place(listener.launch.path, words[0].span(len(text) - len(number), len(text)))


def _in_environment(listener: Listener, environment: Environment) -> Place | None:
    """The one variable that is set to the port of a script, which reads it."""
    if listener.script is None:
        return None
    number = str(listener.number)
    found = {
        Place(placed.path, placed.setting.span)
        for placed in environment.values()
        if placed.setting.value == number
        and placed.setting.span.end - placed.setting.span.start == len(number)
    }
    return found.pop() if len(found) == 1 else None


def _written(port: Port, given: Environment, path: str) -> _Group | None:
    found = number_of(port, given, path)
    if found is None or found[1] is None:
        return None
    number, digits, _ = found
    keys: set[_Key] = {("place", digits, number)}
    if port.variable is not None and digits is not None and digits.path == path:
        # `${PORT:-8000}` in two places is one variable with one default.
        keys.add(("variable", (path, port.variable), number))
    return _Group(number, frozenset({digits} if digits is not None else ()), frozenset(keys))
