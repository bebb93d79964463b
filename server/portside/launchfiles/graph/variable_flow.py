"""What shares its environment with a program: who starts it, through other files, and what those start.

    compose.yaml: service api ── Dockerfile ── start.sh ── server.py
                  service db                      └────── warm_up.py

A variable that `api` sets is the one that `server.py` and `warm_up.py` read; what `db` sets is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from portside.launchfiles.docker.compose_project import project_of
from portside.launchfiles.docker.containers import Image, image_of, own_image
from portside.launchfiles.facts import Format, Launch, LaunchFile, Serves, Unit
from portside.launchfiles.graph.around import Around, folder_of, joined
from portside.launchfiles.graph.listeners import Process
from portside.records import dataclass


@dataclass
class Flow:
    """Paths are relative to the workspace.

    parts: the units, by the paths of their files. python: files that run in them. env_files: that they get.
    """

    parts: dict[str, list[Unit]] = field(default_factory=dict)
    python: set[str] = field(default_factory=set)
    env_files: set[str] = field(default_factory=set)

    def has(self, path: str, unit: Unit) -> bool:
        return any(unit is known for known in self.parts.get(path, ()))


def flow_to(around: Around, files: Iterable[LaunchFile], start: str, unit: Unit | None = None) -> Flow:
    """All that shares its environment with what a file starts. unit: the part of it that is meant.

    start: the path of a launch file or of a Python file.
    """
    flow = Flow()
    own = around.file(start)
    for each in [unit] if unit is not None else own.units if own is not None else ():
        if own is not None:
            _add(around, own, each, flow)
    if own is None:
        flow.python.add(start)
    for file in files:
        for each in file.units:
            below = Flow()
            _add(around, file, each, below)
            # A part of a file that is there as a whole, but for the one part that is meant.
            reaches = start in below.python or (start in below.parts and (file.path != start or unit is None))
            if reaches:
                _add(around, file, each, flow)
    return flow


def _add(around: Around, file: LaunchFile, unit: Unit, flow: Flow) -> None:
    """The unit, and what it starts, and so on."""
    if flow.has(file.path, unit):
        return
    flow.parts.setdefault(file.path, []).append(unit)
    names = (*unit.env_files, *(name for launch in unit.launches for name in launch.env_files))
    flow.env_files.update(path for name in names if (path := joined(folder_of(file.path), name)) is not None)
    for other, part in _layers(around, file, unit):
        _add(around, other, part, flow)
    image = _image(around, file, unit)
    process = _process(around, file, image)
    if image is not None and image.file.path != file.path:
        for stage in image.file.units:
            _add(around, image.file, stage, flow)
    for script in process.shell_scripts(unit.runs, unit.folder):
        if script is not None:
            for each in script.units:
                _add(around, script, each, flow)
    flow.python.update(path for launch in unit.launches if (path := _python(process, launch)) is not None)


def _layers(around: Around, file: LaunchFile, unit: Unit) -> Iterator[tuple[LaunchFile, Unit]]:
    """The same service in the files that compose merges, and what it extends."""
    if file.format is not Format.COMPOSE or unit.kind != "service":
        return
    if unit.extends is not None:
        name, service = unit.extends
        path = joined(folder_of(file.path), name) if name else file.path
        base = around.file(path) if path is not None else None
        yield from ((base, each) for each in base.units if each.name == service) if base is not None else ()
    for path in project_of(around, file).paths:
        other = around.file(path)
        if other is not None and path != file.path:
            yield from ((other, each) for each in other.units if each.name == unit.name)


def _image(around: Around, file: LaunchFile, unit: Unit) -> Image | None:
    if file.format is Format.DOCKERFILE:
        return own_image(file, unit)
    return image_of(around, file.path, unit.build) if unit.build is not None else None


def _process(around: Around, file: LaunchFile, image: Image | None) -> Process:
    if image is None:
        return Process(around, {}, tuple(dict.fromkeys((folder_of(file.path), ""))))
    folders = tuple(dict.fromkeys((image.context, folder_of(image.file.path), "")))
    return Process(around, {}, folders, image.stage.copies)


def _python(process: Process, launch: Launch) -> str | None:
    if launch.serves is not Serves.APP or launch.target is None:
        return process.script(launch)
    module = launch.target.text.partition(":")[0].replace(".", "/")
    names = [f"{launch.app_dir or '.'}/{module}{end}" for end in (".py", "/__init__.py")]
    return process.file_of(names, launch.folder)
