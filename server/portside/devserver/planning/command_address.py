"""Where a command will listen: its own options, the environment, its settings file, its default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portside.knowledge.server_addresses import Listening


@dataclass(frozen=True, slots=True)
class CommandAddress:
    """host: where nothing says it, the command's default. port: None where that can't be told.

    uds: the path of a Unix socket, instead of both. fd: whether it wants an inherited descriptor.
    listens: False where it was told not to. aside: ports of further servers that it starts.
    """

    host: str
    port: int | None
    uds: str | None = None
    fd: bool = False
    listens: bool = True
    aside: tuple[int, ...] = ()


def address_of(
    listening: Listening, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> CommandAddress:
    """folder: where the command runs, for relative paths."""
    words = _Words(arguments)
    if listening.no_server and listening.no_server in arguments:
        return CommandAddress(listening.host, None, listens=False)
    config = _from_yaml(words, listening, folder)
    uds = words.last(listening.uds) or _variable(environment, listening.uds_variables) or config.get("uds")
    fd = words.last(listening.fd) or _variable(environment, listening.fd_variables)
    bound_host, bound_port, bound_uds = _bound(words.last(listening.binds))
    if listening.positional:
        bound_host, bound_port = _positional(words, bound_host)
    host = (
        words.last(listening.hosts)
        or bound_host
        or _variable(environment, listening.host_variables)
        or config.get("host")
    )
    port = (
        words.last(listening.ports)
        or bound_port
        or _variable(environment, listening.port_variables)
        or config.get("port")
    )
    number = _number(port) if port is not None else listening.port or None
    return CommandAddress(host or listening.host, number, uds or bound_uds, bool(fd))


@dataclass(frozen=True, slots=True)
class _Words:
    words: Sequence[str]

    def last(self, options: Sequence[str]) -> str | None:
        """What the last of these options says: `--port 1`, `--port=1`, `-p1`."""
        found = None
        for index, word in enumerate(self.words):
            for option in options:
                if word == option:
                    found = self.words[index + 1] if index + 1 < len(self.words) else found
                elif word.startswith(f"{option}="):
                    found = word[len(option) + 1 :]
                elif len(option) == 2 and word.startswith(option) and word[2:3].isdigit():
                    found = word[2:]
        return found

    def alone(self) -> list[str]:
        """Words that look like no option and no option's value."""
        return [
            word
            for index, word in enumerate(self.words)
            if not word.startswith("-") and (index == 0 or not self.words[index - 1].startswith("-"))
        ]


def _positional(words: _Words, host: str | None) -> tuple[str | None, str | None]:
    for word in words.alone():
        before, colon, port = word.rpartition(":")
        if port.isdecimal():
            return (before if colon else host), port
    return host, None


def _bound(text: str | None) -> tuple[str | None, str | None, str | None]:
    """Host, port and Unix socket of `HOST:PORT`, `[HOST]:PORT`, `:PORT`, `HOST`, `unix:PATH`."""
    if not text:
        return None, None, None
    if text.startswith("unix:"):
        return None, None, text.removeprefix("unix:").removeprefix("//")
    host, colon, port = text.removeprefix("tcp://").rpartition(":")
    if not colon or not port.isdecimal():
        return text, None, None
    return host.strip("[]") or "0.0.0.0", port, None  # noqa: S104  (what gunicorn makes of `:8000`)


def _variable(environment: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) <= 65535 else None


def _from_yaml(words: _Words, listening: Listening, folder: Path) -> dict[str, str]:
    """host, port and uds of the file that `--config` names; nothing where it can't be read."""
    path = words.last((listening.config,)) if listening.config else None
    if path is None:
        return {}
    import yaml

    try:
        found = yaml.safe_load((folder / path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    if not isinstance(found, dict):
        return {}
    values = {name: found.get(name) for name in ("host", "port", "uds")}
    return {name: str(value) for name, value in values.items() if value is not None}
