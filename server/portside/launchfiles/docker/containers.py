"""What runs in a container: the image's own command, what a service puts in its place, and both together.

As Docker does it: `entrypoint` of the service replaces the image's ENTRYPOINT and drops its CMD; `command`
replaces the CMD, and the words of both make one command, unless the ENTRYPOINT is shell text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from portside.launchfiles.docker.entrypoints import behind
from portside.launchfiles.facts import Build, Form, Format, LaunchFile, Unit
from portside.launchfiles.graph.around import Around, Place, folder_of, joined
from portside.launchfiles.graph.listeners import Environment, Listener, Process, Running, settings_of
from portside.launchfiles.text.words import Word
from portside.records import dataclass


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
    process = _process(around, image, settings_of(image.stage, image.file.path))
    who = f"stage `{image.stage.name}`" if image.stage.name else "the container"
    heard = [process.listeners(image.stage.launches, image.file)]
    place = Place(image.file.path, image.stage.span)
    return _running(who, place, process, heard, _Runs(image.stage.runs, image.stage.folder))


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
        return _running(who, place, process, [process.listeners(unit.launches, file)], _Runs(unit.runs, None))
    inner = {**settings_of(image.stage, image.file.path), **environment}
    process = _process(around, image, inner)
    if unit.entrypoint is None and unit.command is None:
        heard, runs = process.listeners(image.stage.launches, image.file), image.stage.runs
    else:
        heard = _overridden(process, file, unit, image)
        keeps = unit.entrypoint is None and image.stage.entrypoint
        runs = image.stage.runs if keeps else unit.runs
    found = _running(who, place, process, [heard], _Runs(runs, unit.folder or image.stage.folder))
    through = (image.file.path,)
    listeners = tuple(dataclasses.replace(one, through=through) for one in found.listeners)
    return dataclasses.replace(found, listeners=listeners)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Words that name shell scripts, and the folder in the container that they are seen from."""

    words: tuple[Word, ...]
    folder: str | None


_Heard = tuple[list[Listener], bool]


def _running(who: str, place: Place, process: Process, heard: Sequence[_Heard], runs: _Runs) -> Running:
    parts = [*heard, *_of_scripts(process, runs)]
    found = tuple(one for listeners, _ in parts for one in listeners)
    return Running(who, place, found, all(known for _, known in parts), process.environment)


def _of_scripts(process: Process, runs: _Runs) -> Iterator[_Heard]:
    for script in process.shell_scripts(runs.words, runs.folder):
        if script is None or script.format is not Format.SHELL:
            yield [], False
            continue
        for unit in script.units:
            own = {**settings_of(unit, script.path), **process.environment}
            heard, known = dataclasses.replace(process, environment=own).listeners(unit.launches, script)
            yield heard, known and not unit.runs


def _process(around: Around, image: Image, environment: Environment) -> Process:
    folders = tuple(dict.fromkeys((image.context, folder_of(image.file.path))))
    return Process(around, environment, folders, image.stage.copies)


def _overridden(process: Process, file: LaunchFile, unit: Unit, image: Image) -> _Heard:
    """The listeners of the service's own command, behind the image's ENTRYPOINT where it keeps that."""
    entry = image.stage.entrypoint
    if unit.entrypoint is not None or not entry:
        return process.listeners(unit.launches, file)
    if image.stage.entrypoint_form is Form.SHELL:
        return process.listeners(image.stage.launches, image.file)
    found, known = behind(process, file, unit, entry, image.file.path)
    return (found, known) if found else process.listeners(unit.launches, file)
