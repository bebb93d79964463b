"""The claims of what runs together, one list for each thing that somebody starts as a whole."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from portside.launchfiles.docker.alternatives import alternatives
from portside.launchfiles.docker.compose_project import (
    PlacedMention,
    Project,
    Service,
    mentions_of,
    project_of,
)
from portside.launchfiles.docker.containers import of_image, of_unit, own_image
from portside.launchfiles.facts import Format, LaunchFile, Mention, Unit
from portside.launchfiles.graph.around import Around, Place
from portside.launchfiles.graph.claims import MACHINE, Claim, heard
from portside.launchfiles.graph.listeners import (
    Environment,
    Listener,
    machine_process,
    number_of,
    settings_of,
)

Claims = list[Claim]


def together(around: Around, file: LaunchFile) -> Iterator[Claims]:
    """All claims that belong to this file, those first that are written first."""
    yield from _GATHERERS[file.format](around, file)


def _compose(around: Around, file: LaunchFile) -> Iterator[Claims]:
    project = project_of(around, file)
    claims = {f"service `{one.name}`": list(_of_service(project, one)) for one in project.services}
    ports = {
        who: frozenset(one.number for one in own if one.network == MACHINE) for who, own in claims.items()
    }
    others = alternatives(ports)
    yield [dataclasses.replace(one, instead_of=others[one.who]) for own in claims.values() for one in own]


def _of_service(project: Project, service: Service) -> Iterator[Claim]:
    who, profiles = f"service `{service.name}`", service.unit.profiles
    network = _network(service)
    for listener in service.running.listeners:
        yield heard(listener, network, who, profiles)
    if service.unit.host_network or (service.unit.network or "").startswith(("service:", "container:")):
        return
    seen = set()
    for placed in service.mentions:
        claim = _published(placed, project.interpolated, who, service.running.listeners)
        if claim is None:
            continue
        nobody = bool(service.running.complete and service.running.served) and claim.listener is None
        claim = dataclasses.replace(claim, profiles=profiles, unanswered=nobody)
        key = (claim.address, claim.number, claim.protocol, claim.inner)
        if key not in seen:
            seen.add(key)
            yield claim


def _network(service: Service) -> str:
    mode = service.unit.network or ""
    if service.unit.host_network or mode == "host":
        return MACHINE
    return f"service {mode.removeprefix('service:') if mode.startswith('service:') else service.name}"


def _published(
    placed: PlacedMention, interpolated: Environment, who: str, listeners: Sequence[Listener]
) -> Claim | None:
    mention = placed.mention
    found = number_of(mention.port, interpolated, placed.path)
    if mention.kind is not Mention.PUBLISHED or found is None:
        return None
    number, digits, _ = found
    place = Place(placed.path, mention.port.span)
    inner = (
        number_of(placed.leads_to.port, interpolated, placed.path) if placed.leads_to is not None else None
    )
    port = inner[0] if inner is not None else None
    behind = next((one for one in listeners if port in one.ports), None)
    return Claim(
        number, MACHINE, who, "published", place, digits, mention.address, mention.protocol, mention.count,
        is_published=True, listener=behind, inner=port,
    )  # fmt: skip


def _pods(around: Around, file: LaunchFile) -> Iterator[Claims]:
    """Containers of one pod share its network; those that run before the others have left it by then."""
    pods: defaultdict[str, Claims] = defaultdict(list)
    for unit in file.units:
        if unit.kind == "container" and not unit.first:
            running = of_unit(around, file, unit, None, settings_of(unit, file.path))
            key = f"pod {unit.namespace}/{unit.group}" if unit.namespace else f"pod {unit.group}"
            pods[key] += [heard(listener, key, f"container `{unit.name}`") for listener in running.listeners]
    yield from pods.values()


def _stages(around: Around, file: LaunchFile) -> Iterator[Claims]:
    for stage in file.units:
        running = of_image(around, own_image(file, stage))
        yield [
            heard(one, running.who, running.who) for one in running.listeners if one.place.path == file.path
        ]


def _units(around: Around, file: LaunchFile) -> Iterator[Claims]:
    """Each unit for itself: a target, a task, a container that one of them starts."""
    for unit in file.units:
        of_unit_ = _of_container if unit.kind == "container" else _of_unit
        yield list(of_unit_(around, file, unit))


def _of_unit(around: Around, file: LaunchFile, unit: Unit, settled: bool = False) -> Iterator[Claim]:
    """settled: leave out what the environment might move."""
    process = machine_process(around, file, unit)
    listeners, _ = process.listeners(unit.launches, file)
    for listener in listeners:
        if listener.settled or not settled:
            yield heard(listener, MACHINE, who_is(unit))


def _script(around: Around, file: LaunchFile) -> Iterator[Claims]:
    """A script's commands, with the containers that it starts: all of one machine, one after another."""
    claims: Claims = []
    for unit in file.units:
        found = (
            _of_container(around, file, unit) if unit.kind == "container" else _of_unit(around, file, unit)
        )
        claims += (dataclasses.replace(claim, ordered=True) for claim in found)
    ends = _first_ends(claims)
    yield [_of_note(claim) if _follows_server(claim, ends) else claim for claim in claims]


def _first_ends(claims: Claims) -> dict[str, int]:
    """By stretch, where the first server ends that stays in the foreground."""
    ends: dict[str, int] = {}
    for one in claims:
        if not one.background and one.launch is not None:
            end = one.launch.span.end
            ends[one.stretch] = min(end, ends.get(one.stretch, end))
    return ends


def _follows_server(claim: Claim, ends: Mapping[str, int]) -> bool:
    """Whether a server that stays in the foreground stands before it.

    Nobody runs such a script as a whole: it is a collection of commands.
    """
    return (
        claim.launch is not None and ends.get(claim.stretch, claim.launch.span.end) <= claim.launch.span.start
    )


def _of_note(claim: Claim) -> Claim:
    """The claim by itself, beside nothing."""
    return dataclasses.replace(claim, stretch=f"note {claim.place.span.start}", background=False)


def _of_container(around: Around, file: LaunchFile, unit: Unit) -> Iterator[Claim]:
    """What `docker run` publishes, and what it starts on the machine's own network."""
    if unit.host_network:
        yield from _of_unit(around, file, unit)
        return
    process = machine_process(around, file, unit)
    listeners, _ = process.listeners(unit.launches, file, elsewhere=True)
    first = unit.launches[0] if unit.launches else None
    for placed in mentions_of(file, unit):
        claim = _published(placed, {}, who_is(unit), listeners)
        if claim is not None:
            # What is not known to run there is not known to run beside anything, either.
            stretch = first.stretch if first is not None else f"container {unit.span.start}"
            background = first is not None and first.background
            launch = Place(file.path, unit.span)
            yield dataclasses.replace(claim, launch=launch, stretch=stretch, background=background)


def who_is(unit: Unit) -> str:
    return f"{unit.kind} `{unit.name}`" if unit.name else f"the {unit.kind}"


def _processes(around: Around, file: LaunchFile) -> Iterator[Claims]:
    """All of a Procfile, but `release`, which ends before the others start.

    What PORT may move does not count: process managers give each process one of its own.
    """
    units = [unit for unit in file.units if unit.name != "release"]
    yield [claim for unit in units for claim in _of_unit(around, file, unit, settled=True)]


def _configurations(around: Around, file: LaunchFile) -> Iterator[Claims]:
    """Those of launch.json: each alone, and together where a compound starts several."""
    compounds = [unit for unit in file.units if unit.kind == "compound"]
    claims = {unit.name: list(_of_unit(around, file, unit)) for unit in file.units if unit not in compounds}
    yield from claims.values()
    for compound in compounds:
        yield [claim for name in compound.starts for claim in claims.get(name, ())]


_Gatherer = Callable[[Around, LaunchFile], Iterator[Claims]]
_GATHERERS: Mapping[Format, _Gatherer] = {
    Format.COMPOSE: _compose,
    Format.KUBERNETES: _pods,
    Format.DOCKERFILE: _stages,
    Format.PROCFILE: _processes,
    Format.VSCODE_LAUNCH: _configurations,
    Format.VSCODE_TASKS: _units,
    Format.SHELL: _script,
    Format.MAKEFILE: _units,
    Format.PACKAGE_JSON: _units,
    Format.SYSTEMD: _units,
    Format.DOTENV: _units,
}
