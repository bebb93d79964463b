"""The services that one `docker compose up` starts: of a compose file, its override, and what they extend.

Merged as compose does it (https://docs.docker.com/reference/compose-file/merge/): the later file's command,
image and health check count; variables are merged by name; ports are added.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections.abc import Iterator, Mapping

from portside.launchfiles.docker.containers import Image, image_of, of_unit
from portside.launchfiles.facts import Format, LaunchFile, Mention, PortMention, Unit
from portside.launchfiles.graph.around import Around, folder_of, joined
from portside.launchfiles.graph.listeners import Environment, PlacedSetting, Running, settings_of
from portside.records import dataclass

_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDE = re.compile(r"((docker-)?compose)\.override(\.ya?ml)")
# Templates of a `.env` that is not in the repository.
_TEMPLATES = (".env.example", ".env.template", ".env.sample", ".env.dist", "example.env", "env.example")


@dataclass(frozen=True, slots=True)
class PlacedMention:
    """leads_to: of a published port, the container's side of the same entry."""

    mention: PortMention
    path: str
    leads_to: PortMention | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is started, all layers in one. mentions: those of all layers, with their files.

    complete: whether all files that set variables for it are there.
    """

    name: str
    file: LaunchFile
    unit: Unit
    mentions: tuple[PlacedMention, ...]
    complete: bool
    running: Running
    image: Image | None


@dataclass(frozen=True, slots=True)
class Project:
    """paths: of the files that `docker compose up` reads in that folder, or of the one that `-f` names.

    interpolated: what `${X}` in the files stands for.
    """

    paths: tuple[str, ...]
    services: tuple[Service, ...]
    interpolated: Environment


def project_of(around: Around, file: LaunchFile) -> Project:
    """The project that a compose file belongs to."""
    brought = (each for own in _files(around, file) for each in _included(around, own, 0))
    files = tuple({each.path: each for each in brought}.values())
    dotenv = dict(_interpolated(around, folder_of(file.path)))
    names = dict.fromkeys(unit.name for each in files for unit in each.units if unit.kind == "service")
    services = tuple(_service(around, files, name, dotenv) for name in names)
    return Project(tuple(each.path for each in files), services, dotenv)


def _files(around: Around, file: LaunchFile) -> tuple[LaunchFile, ...]:
    """The file with the one that it overrides, or the one that overrides it."""
    folder, name = posixpath.split(file.path)
    override = _OVERRIDE.fullmatch(name)
    if override is None and name not in _NAMES:
        return (file,)
    present = [base for base in _NAMES if around.file(posixpath.join(folder, base)) is not None]
    if not present:
        return (file,)
    base = around.file(posixpath.join(folder, present[0]))
    stem = present[0].rpartition(".")[0]
    overrides = [f"{stem}.override{end}" for end in (".yaml", ".yml")]
    over = next((each for one in overrides if (each := around.file(posixpath.join(folder, one)))), None)
    files = tuple(each for each in (base, over) if each is not None)
    return files if file in files else (file,)


def _included(around: Around, file: LaunchFile, depth: int) -> Iterator[LaunchFile]:
    """The file behind those that it includes."""
    for name in file.includes if depth < 8 else ():
        path = joined(folder_of(file.path), name)
        other = around.file(path) if path is not None else None
        if other is not None and other.format is Format.COMPOSE:
            yield from _included(around, other, depth + 1)
    yield file


def _interpolated(around: Around, folder: str) -> Iterator[tuple[str, PlacedSetting]]:
    """What `.env` beside the file sets. Where there is a template only, the user's own may say anything."""
    own = around.file(posixpath.join(folder, ".env"))
    if own is None:
        for name in _TEMPLATES:
            template = around.file(posixpath.join(folder, name))
            if template is not None:
                for unit in template.units:
                    yield from settings_of(unit, template.path).items()
        return
    for unit in own.units:
        yield from settings_of(unit, own.path).items()


def _service(around: Around, files: tuple[LaunchFile, ...], name: str, dotenv: Environment) -> Service:
    layers = [
        layer
        for file in files
        for unit in file.units
        if unit.kind == "service" and unit.name == name
        for layer in (*_extended(around, file, unit, 0), (file, unit))
    ]
    unit, file = layers[0][1], layers[0][0]
    mentions = list(mentions_of(*layers[0]))
    environment: dict[str, PlacedSetting] = dict(_given(around, *layers[0]))
    for over_file, over in layers[1:]:
        environment |= _given(around, over_file, over)
        mentions = [*(one for one in mentions if _is_kept(one, over)), *mentions_of(over_file, over)]
        if over.launches or over.command is not None or over.entrypoint is not None or over.runs:
            file = over_file
        unit = _merged(unit, over)
    image = image_of(around, _built_at(layers), unit.build) if unit.build is not None else None
    # `${X}` of the compose file itself is filled in before anything starts.
    inner = {**environment, **dotenv} if image is None else environment
    running = of_unit(around, file, unit, image, inner)
    complete = all(_env_file(around, file, each) for file, unit in layers for each in unit.env_files)
    return Service(name, layers[-1][0], unit, tuple(mentions), complete, running, image)


def _is_kept(placed: PlacedMention, over: Unit) -> bool:
    """Whether it still counts beside what a later layer says."""
    says = {mention.kind for mention in over.mentions}
    if placed.mention.kind in (Mention.PUBLISHED, Mention.CONTAINER):
        return "ports" not in over.replaces
    return placed.mention.kind is not Mention.HEALTHCHECK or Mention.HEALTHCHECK not in says


def _built_at(layers: list[tuple[LaunchFile, Unit]]) -> str:
    return next(file.path for file, unit in reversed(layers) if unit.build is not None)


def _given(around: Around, file: LaunchFile, unit: Unit) -> dict[str, PlacedSetting]:
    """Its `env_file`s, and over them its `environment`."""
    found: dict[str, PlacedSetting] = {}
    for name in unit.env_files:
        env_file = _env_file(around, file, name)
        if env_file is not None:
            for each in env_file.units:
                found |= settings_of(each, env_file.path)
    return {**found, **settings_of(unit, file.path)}


def _env_file(around: Around, file: LaunchFile, name: str) -> LaunchFile | None:
    path = joined(folder_of(file.path), name)
    return around.file(path) if path is not None else None


def mentions_of(file: LaunchFile, unit: Unit) -> Iterator[PlacedMention]:
    for mention in unit.mentions:
        inner = unit.mentions[mention.leads_to] if mention.leads_to is not None else None
        yield PlacedMention(mention, file.path, inner)


def _extended(around: Around, file: LaunchFile, unit: Unit, depth: int) -> Iterator[tuple[LaunchFile, Unit]]:
    """The services that it extends, the furthest first."""
    if unit.extends is None or depth > 8:
        return
    name, service = unit.extends
    path = joined(folder_of(file.path), name) if name else file.path
    other = around.file(path) if path is not None else None
    for each in other.units if other is not None else ():
        if other is not None and each.kind == "service" and each.name == service and each is not unit:
            yield from _extended(around, other, each, depth + 1)
            yield other, each
            return


def _merged(unit: Unit, over: Unit) -> Unit:
    """The service with what a later layer says; mentions and variables are kept apart by their files."""
    says = over.command is not None or over.entrypoint is not None or bool(over.launches or over.runs)
    own: Mapping[str, object] = (
        {
            "launches": over.launches,
            "runs": over.runs,
            "command": over.command if over.command is not None else unit.command,
            "command_form": over.command_form,
            "entrypoint": over.entrypoint if over.entrypoint is not None else unit.entrypoint,
            "entrypoint_form": over.entrypoint_form,
        }
        if says
        else {}
    )
    return dataclasses.replace(
        unit,
        name=over.name,
        span=over.span,
        build=over.build or unit.build,
        image=over.image or unit.image,
        host_network=over.host_network or unit.host_network,
        network=over.network or unit.network,
        profiles=tuple(dict.fromkeys((*unit.profiles, *over.profiles))),
        **own,  # type: ignore[arg-type]
    )
