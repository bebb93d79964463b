"""Where a launch file takes `VLLM_PORT`, the port of vLLM's engine, for the port of the API.

What counts is what the server's process gets: a variable that only compose fills in, that a script never
exports or that only the build of an image knows does no harm by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from portside.knowledge.vllm import PORT_VARIABLE
from portside.launchfiles.facts import (
    Format,
    Launch,
    LaunchFile,
    ListeningPort,
    Mention,
    Port,
    Setting,
    Unit,
)
from portside.launchfiles.graph.around import Around, folder_of, joined
from portside.launchfiles.graph.launch_facts import LaunchFacts
from portside.launchfiles.graph.listeners import API, PlacedSetting, settings_of
from portside.lint.source import SourceFile, Span
from portside.records import dataclass

_VARIABLE = re.compile(r"[\"']?\$?\$[{(]?(?P<name>\w+)(?:[:?=-][^})]*)?[})]?[\"']?")
_ANYWHERE = re.compile(rf"(?<![\w-])(?P<name>{PORT_VARIABLE})(?!\w)")
# Or a comment, which names it for nobody.
_EXPANDED = re.compile(
    r"^[ \t]*#[^\n]*|(?P<option>--port[ =\"'\\]+)?(?P<read>\$(?:NAME\b|[{(]NAME\b[^})\n]*[})]))".replace(
        "NAME", PORT_VARIABLE
    ),
    re.MULTILINE,
)
_ASSIGNED = re.compile(rf"(?:^|[\s;&|]){PORT_VARIABLE}=(?P<value>[^\n;&|]*)", re.MULTILINE)
_NAMED = frozenset({Mention.EXPOSED, Mention.CONTAINER, Mention.PROBE, Mention.HEALTHCHECK})
# There the file's author, and not the shell that runs, decides on what a variable holds.
_FILLED_IN = frozenset({Format.COMPOSE, Format.KUBERNETES})


@dataclass(frozen=True, slots=True)
class Read:
    """A vLLM server that listens on what the variable says. span: where the file reads it for that."""

    launch: Launch
    port: Port
    unit: Unit
    span: Span


@dataclass(frozen=True, slots=True)
class Written:
    """The variable set to the API's port, in the file that is checked.

    user: the file with the launch. named: whether the number is only that of a port which the container
    names, and the server listens on another one.
    """

    setting: Setting
    launch: Launch
    port: Port
    user: LaunchFile
    unit: Unit
    named: bool = False


def reads(facts: LaunchFacts) -> Iterator[Read]:
    """Those that get the variable from outside; what the file itself sets is told where it does."""
    if facts.file.format in _FILLED_IN:
        return
    for unit in facts.file.units:
        for launch in unit.launches:
            port = _api(launch)
            if port is None or not _is_vllm(facts, facts.file, unit, launch):
                continue
            if PORT_VARIABLE in (port.variable, port.origin) and _comes_from_outside(
                facts, unit, launch, port
            ):
                yield Read(launch, port, unit, _read_at(facts.source, port))


def _read_at(source: SourceFile, port: Port) -> Span:
    """Where the server's command names the variable, or what the command is put together from does."""
    if _ANYWHERE.search(source.slice(port.span)):
        return port.span
    lines = [match for match in _EXPANDED.finditer(source.text) if match["read"]]
    before = [match for match in lines if match.start("read") < port.span.start] or lines
    passed = [match for match in before if match["option"]]
    found = next(iter(passed or before), None)
    return Span(*found.span("read")) if found is not None else port.span


def _comes_from_outside(facts: LaunchFacts, unit: Unit, launch: Launch, port: Port) -> bool:
    if PORT_VARIABLE in launch.environment or PORT_VARIABLE in unit.settings:
        return False
    if facts.file.format is Format.DOCKERFILE and re.search(
        rf"^\s*ARG\s+{PORT_VARIABLE}\b", facts.source.text, re.M
    ):
        return False  # known to the build alone
    assigned = [match["value"] for match in _ASSIGNED.finditer(facts.source.text)]
    if assigned and facts.file.format is Format.SHELL:
        # `VLLM_PORT=8000` and no `export`: a name within the script.
        return any(map(_ANYWHERE.search, assigned))
    return port.number is None or port.is_default


def writes(facts: LaunchFacts) -> Iterator[Written]:
    seen: set[Span] = set()
    for file in _users(facts):
        for unit in file.units:
            for launch in unit.launches:
                found = _written(facts, file, unit, launch)
                if found is not None and found.setting.span not in seen:
                    seen.add(found.setting.span)
                    yield found


def _users(facts: LaunchFacts) -> Iterator[LaunchFile]:
    """The files whose launches get what this file sets: itself, or those that read it as their `env_file`."""
    if facts.file.format is not Format.DOTENV:
        yield facts.file
        return
    folder: str | None = folder_of(facts.file.path)
    while folder is not None:
        for file in facts.workspace.around.in_folder(folder):
            if file.format is not Format.DOTENV and any(
                _reads(file, unit, facts.file.path) for unit in file.units
            ):
                yield file
        folder = folder_of(folder) if folder else None


def _reads(file: LaunchFile, unit: Unit, env_file: str) -> bool:
    names = (*unit.env_files, *(name for launch in unit.launches for name in launch.env_files))
    return any(joined(folder_of(file.path), name) == env_file for name in names)


def _written(facts: LaunchFacts, file: LaunchFile, unit: Unit, launch: Launch) -> Written | None:
    port = _api(launch)
    placed = _environment(facts.workspace.around, file, unit, launch).get(PORT_VARIABLE)
    if port is None or placed is None or placed.path != facts.file.path or launch.elsewhere:
        return None
    if not _is_vllm(facts, file, unit, launch):
        return None
    setting = placed.setting
    if _is_same(facts.source, setting, port):
        return Written(setting, launch, port, file, unit)
    number = _number(setting.value)
    by_itself = port.is_default and port.variable is None
    if by_itself and number is not None and number != port.number and number in _named_ports(unit):
        return Written(setting, launch, port, file, unit, named=True)
    return None


def _environment(around: Around, file: LaunchFile, unit: Unit, launch: Launch) -> Mapping[str, PlacedSetting]:
    """What the process gets: of `env_file`s, of the unit, of the command; the later wins."""
    found: dict[str, PlacedSetting] = {}
    for name in (*unit.env_files, *launch.env_files):
        path = joined(folder_of(file.path), name)
        env_file = around.file(path) if path is not None else None
        for each in env_file.units if env_file is not None else ():
            found |= settings_of(each, env_file.path if env_file is not None else "")
    found |= settings_of(unit, file.path) if _settings_are_given(file) else {}
    return found | {name: PlacedSetting(one, file.path) for name, one in launch.environment.items()}


def _settings_are_given(file: LaunchFile) -> bool:
    """Whether a unit's settings are its processes' environment, and not just names of the file."""
    return file.format not in (Format.SHELL, Format.MAKEFILE)


def _is_same(source: SourceFile, setting: Setting, port: Port) -> bool:
    """Whether the variable is what the server listens on, by its number, by its name, or by another's."""
    number = _number(setting.value)
    if number is not None and port.number is not None:
        return number == port.number
    if port.variable == PORT_VARIABLE:
        return True
    match = _VARIABLE.fullmatch(source.slice(setting.span))
    return match is not None and port.variable is not None and match["name"] == port.variable


def _number(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _named_ports(unit: Unit) -> set[int | None]:
    return {mention.port.number for mention in unit.mentions if mention.kind in _NAMED}


def _api(launch: Launch) -> Port | None:
    return next((one.port for one in launch.ports if _is_api(one)), None)


def _is_api(listening: ListeningPort) -> bool:
    return listening.what == API


def _is_vllm(facts: LaunchFacts, file: LaunchFile, unit: Unit, launch: Launch) -> bool:
    """Whether a vLLM engine runs in the launch's process."""
    if launch.is_vllm or file is not facts.file:
        return launch.is_vllm
    return facts.workspace.launched(unit, launch).is_vllm_code
