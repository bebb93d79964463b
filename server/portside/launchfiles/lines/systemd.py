"""systemd units: what `ExecStart=` runs, and with which environment; Quadlet's containers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portside.launchfiles.commands.commands import start_placed, started
from portside.launchfiles.commands.started import Around, Started
from portside.launchfiles.docker.docker_run import published_port
from portside.launchfiles.facts import Form, Format, LaunchFile, PortMention, Setting, Unit
from portside.launchfiles.lines.systemd_syntax import Entry, entries, words
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, expand, of_settings
from portside.launchfiles.units import units_of
from portside.lint.source import Span

_PREFIX = re.compile(r"[@\-:+!|]*")


def read(path: str, text: str) -> LaunchFile:
    """One unit; of a `.container` file, one with the image's network."""
    found = list(entries(text))
    name = path.rpartition("/")[2]
    is_container = any(entry.section == "Container" for entry in found)
    units = _container(name, text, found) if is_container else _service(name, text, found)
    return LaunchFile(path, Format.SYSTEMD, tuple(units))


def _service(name: str, text: str, found: Sequence[Entry]) -> Iterator[Unit]:
    environment, env_files = _environment(found, "Service")
    folder = _last(found, "WorkingDirectory")
    around = Around(Form.SYSTEMD, environment, folder.text.lstrip("-") if folder is not None else None)
    unit = Unit(
        "unit", name, Span(0, len(text)), settings=environment, host_network=True, env_files=env_files
    )
    commands = _commands(found)
    started_ones = [one for command in commands for one in _started(command, around)]
    yield from units_of(unit, started_ones)


def _commands(found: Sequence[Entry]) -> list[Placed]:
    """Every ExecStart; an empty one takes back those before it."""
    commands: list[Placed] = []
    for entry in found:
        if entry.key == "ExecStart":
            commands = [*commands, entry.value] if entry.value.text else []
    return commands


def _started(command: Placed, around: Around) -> Iterator[Started]:
    prefix = _PREFIX.match(command.text)
    rest = command.part(prefix.end() if prefix else 0)
    lookup = of_settings(around.environment)
    group: list[Placed] = []
    for word in [*words(rest), Placed.literal(";", 0)]:
        if word.text == ";" and not word.quoted:
            yield from start_placed(group, around)
            group = []
            continue
        value = expand(word, Style.SYSTEMD, lookup)
        # `$WORDS` as a word of its own is split, `${WORDS}` is not.
        group += list(value.split()) if re.fullmatch(r"\$\w+", word.text) and value is not word else [value]


def _environment(found: Sequence[Entry], section: str) -> tuple[dict[str, Setting], tuple[str, ...]]:
    environment: dict[str, Setting] = {}
    env_files: list[str] = []
    for entry in found:
        if entry.section != section:
            continue
        if entry.key == "EnvironmentFile":
            env_files = [*env_files, entry.value.text.lstrip("-")] if entry.value.text else []
        elif entry.key == "Environment":
            environment = environment if entry.value.text else {}
            for word in words(entry.value):
                name, equals, _ = word.text.partition("=")
                if equals:
                    value = word.part(len(name) + 1)
                    environment[name] = value.setting(name, word.part(0, len(name)).span)
    return environment, tuple(env_files)


def _last(found: Sequence[Entry], key: str) -> Placed | None:
    return next((entry.value for entry in reversed(found) if entry.key == key), None)


# -- containers (podman-systemd.unit(5)) -------------------------------------------------------


def _container(name: str, text: str, found: Sequence[Entry]) -> Iterator[Unit]:
    environment, env_files = _environment(found, "Container")
    image = _last(found, "Image")
    network = _last(found, "Network")
    around = Around(Form.SYSTEMD, environment)
    command = _last(found, "Exec")
    given = list(words(command)) if command is not None else []
    mentions: list[PortMention] = []
    for entry in found:
        if entry.key == "PublishPort":
            mentions += published_port(entry.value, len(mentions))
    unit = Unit(
        "container",
        name,
        Span(0, len(text)),
        mentions=tuple(mentions),
        settings=environment,
        host_network=network is not None and network.text == "host",
        image=image.text if image is not None else None,
        env_files=env_files,
        network=network.text if network is not None else None,
    )
    yield from units_of(unit, started(given, around, image=image))
