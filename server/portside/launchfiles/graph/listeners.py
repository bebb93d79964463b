"""Who listens where in one process or container, once what surrounds it has said what it sets.

A command says `--port $PORT`, the Dockerfile `ENV PORT=8000`, the service that is built from it
`PORT: 9000`: the listener is at 9000, and that number stands in the compose file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from portside.knowledge.server_defaults import FILES, movers
from portside.launchfiles.docker.image_files import in_context
from portside.launchfiles.facts import (
    Copy,
    Format,
    Launch,
    LaunchFile,
    ListeningPort,
    Port,
    Serves,
    Setting,
    Unit,
)
from portside.launchfiles.graph.around import Around, Place, folder_of, joined
from portside.launchfiles.text.words import Word
from portside.records import dataclass

API = "API"
# What no port is: a variable that somebody sets, nobody here knows to what.
_SOMETHING = "?"


@dataclass(frozen=True, slots=True)
class PlacedSetting:
    """A variable, and the file that sets it."""

    setting: Setting
    path: str


Environment = Mapping[str, PlacedSetting]


@dataclass(frozen=True, slots=True)
class Listener:
    """A port, or `count` from it on, that a launch will take.

    host: None for what the program takes by itself. place: where the reader looks. digits: where the number
    itself can be changed. settled: whether no default of a variable is in play that somebody outside may set.
    target: what the program is told to run, as written; script: the Python file that this is.
    through: the image's file, where a container has it from there. in_python: where Python files write the
    number, with its quotes.
    """

    number: int
    what: str
    program: str
    target: str
    place: Place
    digits: Place | None
    launch: Place
    host: str | None = None
    count: int = 1
    settled: bool = True
    stretch: str = ""
    background: bool = False
    script: str | None = None
    through: tuple[str, ...] = ()
    in_python: tuple[Place, ...] = ()

    @property
    def ports(self) -> range:
        return range(self.number, self.number + self.count)


@dataclass(frozen=True, slots=True)
class Running:
    """One process or container.

    complete: whether nothing else is known to be started in it whose ports are unknown.
    """

    who: str
    place: Place
    listeners: tuple[Listener, ...]
    complete: bool
    environment: Environment

    @property
    def served(self) -> tuple[Listener, ...]:
        """Those that clients call."""
        return tuple(one for one in self.listeners if one.what == API)


def settings_of(unit: Unit, path: str) -> dict[str, PlacedSetting]:
    return {name: PlacedSetting(setting, path) for name, setting in unit.settings.items()}


@dataclass(frozen=True)
class Process:
    """What its launches mean: where they start, and what is set for them.

    folders: where a script's relative path may start, nearest first; of an image, the build's context.
    copies: of an image, what it has of that.
    """

    around: Around
    environment: Environment
    folders: tuple[str, ...]
    copies: tuple[Copy, ...] = ()

    def listeners(
        self, launches: Sequence[Launch], file: LaunchFile, *, elsewhere: bool = False
    ) -> tuple[list[Listener], bool]:
        """All that these listen on, and whether that is all. elsewhere: also what runs in a container."""
        found: list[Listener] = []
        complete = True
        for launch in launches:
            if launch.elsewhere and not elsewhere:
                continue
            heard, known = self._of_launch(launch, file)
            found += heard
            complete = complete and known
        return found, complete

    def _of_launch(self, launch: Launch, file: LaunchFile) -> tuple[list[Listener], bool]:
        if not launch.ports:
            heard = list(self._of_script(launch, file))
            return heard, bool(heard)
        if self._only_calls(launch):
            return [], True
        places = [(port, self._number(port.port, launch, file)) for port in launch.ports if not port.moves]
        heard = [_listener(launch, file.path, port, number) for port, number in places if number is not None]
        return heard, any(port.what == API and number is not None for port, number in places)

    def _only_calls(self, launch: Launch) -> bool:
        """Whether the port that the command names is one that its script calls."""
        script = self.script(launch) if launch.program == "python" else None
        return script is not None and self.around.only_calls(script)

    def _default(self, port: Port, launch: Launch, file: LaunchFile) -> Number | None:
        """A program's own default, unless something around the command moves it."""
        moving = movers(launch.program)
        if self.file_of(FILES.get(launch.program, ()), launch.folder) is not None:
            return None
        for name in (*moving.port, *moving.others):
            given = self.environment.get(name)
            if given is not None and given.path != file.path:
                moved = replace(port, number=None, variable=name)
                return number_of(moved, self.environment, file.path) if name in moving.port else None
        said = _said(port, file.path)
        # What platforms and process managers set for whatever they start.
        return (said[0], said[1], False) if said is not None and "PORT" in moving.port else said

    def _number(self, port: Port, launch: Launch, file: LaunchFile) -> Number | None:
        if port.is_default and port.variable is None:
            return self._default(port, launch, file)
        own = launch.environment.get(port.variable or "")
        if own is not None and not self._gives_way(own, file):
            return _said(port, file.path)
        # A script that sets a variable itself has its way; an image's ENV is what a container may override.
        if port.is_default or port.number is None or file.format is Format.DOCKERFILE:
            return number_of(port, self.environment, file.path)
        return _said(port, file.path)

    def _gives_way(self, setting: Setting, file: LaunchFile) -> bool:
        """Whether what surrounds the command may say otherwise: a default, the ENV of an image."""
        of_image = file.format is Format.DOCKERFILE
        return setting.is_default or (
            of_image and any(setting == unit.settings.get(setting.name) for unit in file.units)
        )

    def _of_script(self, launch: Launch, file: LaunchFile) -> Iterator[Listener]:
        script = self.script(launch)
        if script is None:
            return
        after = launch.command.index(launch.target) + 1 if launch.target in launch.command else 0
        arguments = [word.text for word in launch.command[after:]]
        environment = {name: given.setting.value or _SOMETHING for name, given in self.environment.items()}
        for name, setting in launch.environment.items():
            if name not in environment or not self._gives_way(setting, file):
                environment[name] = setting.value or _SOMETHING
        for port in self.around.ports_of(script, arguments, environment):
            if port.number is None:
                continue
            place = Place(file.path, launch.span)
            target = launch.target.text if launch.target else ""
            yield Listener(
                port.number, API, launch.program, target, place, None, place, port.host,
                settled=not port.is_default, stretch=launch.stretch, background=launch.background,
                script=script, in_python=port.written,
            )  # fmt: skip

    def script(self, launch: Launch) -> str | None:
        """The Python file that the launch runs; None where that can't be told for certain."""
        if launch.target is None or launch.serves not in (Serves.SCRIPT, Serves.MODULE):
            return None
        names = [launch.target.text]
        if launch.serves is Serves.MODULE:
            names = [launch.target.text.replace(".", "/") + end for end in (".py", "/__main__.py")]
        return self.file_of(names, launch.folder)

    def file_of(self, names: Sequence[str], folder: str | None) -> str | None:
        """The one file of the workspace that one of these names means, seen from where the process starts."""
        for path in self._copied(names, folder):
            if self.around.is_file(path):
                return path
        for base in self.folders:
            found = {
                path for name in names for path in _readings(base, folder, name) if self.around.is_file(path)
            }
            if found:
                return found.pop() if len(found) == 1 else None
        return None

    def _copied(self, names: Sequence[str], folder: str | None) -> Iterator[str]:
        """What the image's COPY instructions brought to these places."""
        for name in names if self.copies else ():
            for origin in in_context(self.copies, posixpath.join("/", folder or "", name)):
                path = joined(self.folders[0], origin)
                if path is not None:
                    yield path

    def shell_scripts(self, words: Sequence[Word], folder: str | None) -> Iterator[LaunchFile | None]:
        """What the scripts behind these words say; None for one that is not here."""
        for word in words:
            path = self.file_of([word.text], folder)
            yield self.around.file(path) if path is not None else None


def _readings(base: str, folder: str | None, name: str) -> Iterator[str]:
    """Where a path may lead.

    As it stands, and, for one inside an image, without the folders in front that only the image has.
    """
    if folder is not None and folder.startswith("$"):
        return  # `cd "$APP"`: nobody knows
    for whole in (_inside(folder, name), name):
        parts = [part for part in whole.split("/") if part not in ("", ".")]
        for first in range(len(parts) if whole.startswith("/") else 1):
            path = joined(base, "/".join(parts[first:]))
            if path is not None:
                yield path


def _inside(folder: str | None, name: str) -> str:
    if name.startswith("/") or not folder:
        return name
    return f"{folder.rstrip('/')}/{name}"


def _listener(launch: Launch, path: str, port: ListeningPort, found: Number) -> Listener:
    number, digits, settled = found
    place = digits if digits is not None and digits.path != path else Place(path, port.port.span)
    target = launch.target.text if launch.target else ""
    return Listener(
        number, port.what, launch.program, target, place, digits, Place(path, launch.span), port.host,
        port.count, settled, launch.stretch, launch.background,
    )  # fmt: skip


Number = tuple[int, Place | None, bool]
"""A port, where its digits are, and whether nobody outside may say otherwise."""


def number_of(port: Port, environment: Environment, path: str) -> Number | None:
    """The number in this environment; None for unknown. path: of the file that the port stands in."""
    given = environment.get(port.variable or "")
    if given is None or given.path == path:
        return _said(port, path)
    number = _port_number(given.setting.value)
    if number is None:
        return None
    span = given.setting.span
    # A value that is put together of others stands nowhere as it is.
    digits = Place(given.path, span) if span.end - span.start == len(str(number)) else None
    return number, digits, not given.setting.is_default


def _said(port: Port, path: str) -> Number | None:
    """What the file itself says. A default that stands behind a variable is one that others may set."""
    if port.number is None or not 0 < port.number <= 65535:
        return None
    digits = Place(path, port.digits) if port.digits is not None else None
    return port.number, digits, not (port.is_default and port.variable is not None)


def _port_number(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= 65535 else None


def machine_process(around: Around, file: LaunchFile, unit: Unit) -> Process:
    """What runs on the machine itself, from the file's folder or from the top of the workspace."""
    folders = tuple(dict.fromkeys((folder_of(file.path), "")))
    return Process(around, settings_of(unit, file.path), folders)
