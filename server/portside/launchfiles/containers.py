"""What runs in a container: the image's own command, what a service puts in its place, and both together.

As Docker does it: `entrypoint` of the service replaces the image's ENTRYPOINT and drops its CMD; `command`
replaces the CMD, and the words of both make one command, unless the ENTRYPOINT is shell text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portside.launchfiles.around import Around, Place, folder_of, joined
from portside.launchfiles.facts import Build, Form, Format, LaunchFile, Unit
from portside.launchfiles.listeners import Environment, Listener, Process, Running, settings_of
from portside.launchfiles.words import Word


@dataclass(frozen=True, slots=True)
class Image:
    """What an image of the workspace is built from. context: the folder whose files are copied into it."""

    file: LaunchFile
    stage: Unit
    context: str


def image_of(around: Around, path: str, build: Build) -> Image | None:
    """The Dockerfile's stage that a service in the file at `path` is built from."""
    context = joined(folder_of(path), build.folder)
    if context is None:
        return None
    dockerfile = joined(context, build.dockerfile or "Dockerfile")
    file = around.file(dockerfile) if dockerfile is not None else None
    if file is None or file.format is not Format.DOCKERFILE:
        return None
    stage = _stage(file, build.stage)
    return Image(file, stage, context) if stage is not None else None


def _stage(file: LaunchFile, name: str | None) -> Unit | None:
    stages = [unit for unit in file.units if unit.kind == "stage"]
    if name is None:
        return stages[-1] if stages else None
    named = [unit for unit in stages if unit.name.lower() == name.lower()]
    return named[0] if named else None


def own_image(file: LaunchFile, stage: Unit) -> Image:
    """A Dockerfile by itself, built in its folder as far as anybody knows."""
    return Image(file, stage, folder_of(file.path))


def of_image(around: Around, image: Image) -> Running:
    """What a container of the image runs when nobody says otherwise."""
    process = Process(around, settings_of(image.stage, image.file.path), _folders(image))
    who = f"stage `{image.stage.name}`" if image.stage.name else "the container"
    heard = [process.listeners(image.stage.launches, image.file)]
    return _running(who, Place(image.file.path, image.stage.span), process, heard, image.stage.runs)


def of_unit(
    around: Around, file: LaunchFile, unit: Unit, image: Image | None, environment: Environment
) -> Running:
    """What runs in the container of a service or of a pod.

    environment: what it is given, besides the image's own.
    """
    who = f"{unit.kind} `{unit.name}`"
    place = Place(file.path, unit.span)
    if image is None:
        process = Process(around, environment, (folder_of(file.path), ""))
        return _running(who, place, process, [process.listeners(unit.launches, file)], unit.runs)
    inner = {**settings_of(image.stage, image.file.path), **environment}
    process = Process(around, inner, _folders(image))
    if unit.entrypoint is None and unit.command is None:
        heard, runs = process.listeners(image.stage.launches, image.file), image.stage.runs
    else:
        heard = _overridden(process, file, unit, image)
        keeps = unit.entrypoint is None and image.stage.entrypoint
        runs = image.stage.runs if keeps else unit.runs
    return _running(who, place, process, [heard], runs)


_Heard = tuple[list[Listener], bool]


def _running(
    who: str, place: Place, process: Process, heard: Sequence[_Heard], runs: Sequence[Word]
) -> Running:
    parts = [*heard, *_of_scripts(process, runs)]
    found = tuple(one for listeners, _ in parts for one in listeners)
    return Running(who, place, found, all(known for _, known in parts), process.environment)


def _of_scripts(process: Process, runs: Sequence[Word]) -> Iterator[_Heard]:
    for script in process.shell_scripts(runs, None):
        if script is None or script.format is not Format.SHELL:
            yield [], False
            continue
        for unit in script.units:
            own = {**settings_of(unit, script.path), **process.environment}
            heard, known = dataclasses.replace(process, environment=own).listeners(unit.launches, script)
            yield heard, known and not unit.runs


def _folders(image: Image) -> tuple[str, ...]:
    """Where a path in the image may be in the workspace: below what is copied into it."""
    return tuple(dict.fromkeys((image.context, folder_of(image.file.path))))


def _overridden(process: Process, file: LaunchFile, unit: Unit, image: Image) -> _Heard:
    """The listeners of the service's own command, behind the image's ENTRYPOINT where it keeps that."""
    entry = image.stage.entrypoint
    if unit.entrypoint is not None or not entry:
        return process.listeners(unit.launches, file)
    if image.stage.entrypoint_form is Form.SHELL:
        return process.listeners(image.stage.launches, image.file)
    return process.listeners(unit.launches, file)
