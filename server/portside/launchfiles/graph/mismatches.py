"""Ports that a file names for a launch, where that launch listens on another one.

Said only where all is known that listens in that process, container or pod: one launch, its port, and that no
proxy, process manager or further program stands before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from portside.launchfiles.docker.compose_project import Project, Service, project_of
from portside.launchfiles.docker.containers import of_image, of_unit, own_image
from portside.launchfiles.facts import Format, LaunchFile, Mention, PortMention, Unit
from portside.launchfiles.graph.around import Around, Place, folder_of
from portside.launchfiles.graph.listeners import (
    Environment,
    Listener,
    Process,
    Running,
    number_of,
    settings_of,
)
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Mismatch:
    """number: as the mention has it, at `place`. listener: the launch that it belongs to. who: what runs it.

    digits: where the number is written. published: of a container's port, the one on the host that leads to
    it.
    """

    kind: Mention
    number: int
    place: Place
    digits: Place | None
    listener: Listener
    who: str
    published: int | None = None


def mismatches(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    """Those whose mention stands in this file."""
    finder = _FINDERS.get(file.format)
    if finder is not None and not around.may_proxy(file.path):
        yield from finder(around, file)


def _sole(around: Around, running: Running, *, settled: bool) -> Listener | None:
    """The one launch that listens there for clients; None where there are more, or others may be.

    settled: whether a default counts, since nobody can say otherwise any more.
    """
    served = running.served
    if not running.complete or len({one.launch for one in served}) != 1:
        return None
    if not (settled or served[0].settled) or any(around.may_proxy(one.launch.path) for one in served):
        return None
    return served[0]


def _against(
    running: Running, sole: Listener, mention: PortMention, path: str, given: Environment
) -> Mismatch | None:
    """What is wrong with a mention, if its number is known and nothing there listens on it."""
    found = number_of(mention.port, given, path)
    if found is None or mention.protocol != "tcp" or mention.count > 1:
        return None
    number, digits, _ = found
    if any(number in one.ports for one in running.listeners):
        return None
    return Mismatch(mention.kind, number, Place(path, mention.port.span), digits, sole, running.who)


# -- Docker and compose ------------------------------------------------------------------------


def _of_dockerfile(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    for stage in file.units:
        running = of_image(around, own_image(file, stage))
        sole = _sole(around, running, settled=False)
        exposed = [mention for mention in stage.mentions if mention.kind is Mention.EXPOSED]
        checks = [mention for mention in stage.mentions if mention.kind is Mention.HEALTHCHECK]
        # Who exposes several has several servers in mind.
        wanted = [*(exposed if len(exposed) == 1 else ()), *checks]
        for mention in wanted if sole is not None else ():
            if sole is not None and (found := _against(running, sole, mention, file.path, {})):
                yield found


def _of_compose(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    project = project_of(around, file)
    for service in project.services:
        sole = _sole(around, service.running, settled=service.complete)
        if sole is None or (service.image is not None and around.may_proxy(service.image.file.path)):
            continue
        yield from (found for found in _of_service(project, service, sole) if found.place.path == file.path)


def _of_service(project: Project, service: Service, sole: Listener) -> Iterator[Mismatch]:
    inner = [placed for placed in service.mentions if placed.mention.kind is Mention.CONTAINER]
    checks = [placed for placed in service.mentions if placed.mention.kind is Mention.HEALTHCHECK]
    published = {
        id(placed.leads_to): placed.mention.port.number for placed in service.mentions if placed.leads_to
    }
    numbers = {placed.mention.port.number for placed in inner}
    for placed in [*(inner if len(numbers) == 1 else ()), *checks]:
        found = _against(service.running, sole, placed.mention, placed.path, project.interpolated)
        if found is not None:
            host = published.get(id(placed.mention))
            yield Mismatch(found.kind, found.number, found.place, found.digits, sole, found.who, host)


# -- Kubernetes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pod:
    """The containers of one pod that run side by side, with what runs in each."""

    containers: tuple[tuple[Unit, Running], ...]
    labels: Mapping[str, str]
    namespace: str

    def named(self, name: str) -> set[int | None]:
        return {
            mention.port.number
            for unit, _ in self.containers
            for mention in unit.mentions
            if mention.kind is Mention.CONTAINER and mention.name == name
        }


def _pods(around: Around, file: LaunchFile) -> Iterator[_Pod]:
    groups: defaultdict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in file.units:
        if unit.kind == "container" and not unit.first:
            groups[unit.namespace, unit.group].append(unit)
    for (namespace, _), units in groups.items():
        running = [(unit, of_unit(around, file, unit, None, settings_of(unit, file.path))) for unit in units]
        yield _Pod(tuple(running), units[0].labels, namespace)


def _of_kubernetes(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    for pod in _pods(around, file):
        for unit, running in pod.containers:
            sole = _sole(around, running, settled=False)
            if sole is not None:
                yield from _of_container(file, unit, running, sole)
    services = [unit for unit in file.units if unit.kind == "Service" and unit.selector]
    if services:
        pods = [pod for each in _beside(around, file) for pod in _pods(around, each)]
        for service in services:
            yield from _of_service_object(around, file, service, pods)


def _of_container(file: LaunchFile, unit: Unit, running: Running, sole: Listener) -> Iterator[Mismatch]:
    declared = [mention for mention in unit.mentions if mention.kind is Mention.CONTAINER]
    numbers = {mention.port.number for mention in declared}
    # A container that declares several ports has several servers in it; a probe may ask any of them.
    if len(numbers) > 1:
        return
    probes = [mention for mention in unit.mentions if mention.kind is Mention.PROBE and not mention.refers]
    for mention in [*declared, *probes]:
        found = _against(running, sole, mention, file.path, {})
        if found is not None:
            yield found


def _beside(around: Around, file: LaunchFile) -> Sequence[LaunchFile]:
    """The manifests that are applied with this one: itself, or those of its folder."""
    others = around.in_folder(folder_of(file.path))
    return [file, *(each for each in others if each.format is Format.KUBERNETES and each.path != file.path)]


def _of_service_object(
    around: Around, file: LaunchFile, service: Unit, pods: Sequence[_Pod]
) -> Iterator[Mismatch]:
    matching = [pod for pod in pods if _selects(service, pod)]
    if len(matching) != 1 or len(matching[0].containers) != 1:
        return
    unit, running = matching[0].containers[0]
    sole = _sole(around, running, settled=False)
    declared = {m.port.number for m in unit.mentions if m.kind is Mention.CONTAINER}
    if sole is None or len(declared) > 1:
        return
    targets = [mention for mention in service.mentions if mention.kind is Mention.TARGET]
    found = [_against(running, sole, mention, file.path, {}) for mention in targets if not mention.refers]
    # A service that leads to the launch as well has its other ports for what is put beside it.
    if len(found) == len(targets) and all(found):
        yield from (one for one in found if one is not None)


def _selects(service: Unit, pod: _Pod) -> bool:
    same = service.namespace == pod.namespace
    return same and all(pod.labels.get(key) == value for key, value in service.selector.items())


# -- launch.json -------------------------------------------------------------------------------


def _of_configurations(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    for unit in file.units:
        urls = [mention for mention in unit.mentions if mention.kind is Mention.URL]
        if not urls:
            continue
        folders = tuple(dict.fromkeys(("", folder_of(file.path))))
        process = Process(around, settings_of(unit, file.path), folders)
        listeners, complete = process.listeners(unit.launches, file)
        who = f"configuration `{unit.name}`"
        running = Running(who, Place(file.path, unit.span), tuple(listeners), complete, process.environment)
        sole = _sole(around, running, settled=False)
        for mention in urls if sole is not None else ():
            if sole is not None and (found := _against(running, sole, mention, file.path, {})):
                yield found


_Finder = Callable[[Around, LaunchFile], Iterator[Mismatch]]
_FINDERS: Mapping[Format, _Finder] = {
    Format.DOCKERFILE: _of_dockerfile,
    Format.COMPOSE: _of_compose,
    Format.KUBERNETES: _of_kubernetes,
    Format.VSCODE_LAUNCH: _of_configurations,
}
