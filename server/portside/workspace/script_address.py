"""Where a script will listen once it runs, with these arguments and in this environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from portside.lint.source import SourceFile
from portside.python.facts import module_facts
from portside.python.guards import When
from portside.python.launches import Launch
from portside.python.names import Names
from portside.python.value_types import CommandLine, Constant, Environment, Literal, Value
from portside.python.values import trace
from portside.workspace.text_file import UnreadableFile, read_text_file

_UVICORNS_PORT = 8000


@dataclass(frozen=True, slots=True)
class Address:
    """host, port: None where the script does not say, or its source does not tell.

    aside: ports of further servers that it starts.
    """

    host: str | None = None
    port: int | None = None
    aside: tuple[int, ...] = ()


def asked_address(script: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Address:
    """The address of the first server that the script starts. Reads the file, runs nothing of it."""
    try:
        facts = module_facts(SourceFile(str(script), read_text_file(script).text))
    except UnreadableFile:
        return Address()
    started = [launch for launch in facts.launches if launch.when in {When.MAIN, When.IMPORT}]
    if not started:
        return Address()
    process = _Process(facts.names, arguments, environment)
    first, *others = started
    port = process.number(first, "port")
    found = [process.number(launch, "port") for launch in others]
    aside = tuple(dict.fromkeys(other for other in found if other is not None and other != port))
    return Address(process.text(first, "host"), port, aside)


@dataclass(frozen=True, slots=True)
class _Process:
    names: Names
    arguments: Sequence[str]
    environment: Mapping[str, str]

    def text(self, launch: Launch, option: str) -> str | None:
        value = self._of(launch, option)
        return value if isinstance(value, str) and value else None

    def number(self, launch: Launch, option: str) -> int | None:
        if option not in launch.options and launch.complete:
            return _UVICORNS_PORT
        value = self._of(launch, option)
        text = "" if value is None or isinstance(value, bool) else str(value)
        return int(text) if text.isdecimal() and int(text) <= 65535 else None

    def _of(self, launch: Launch, option: str) -> Constant:
        node = launch.options.get(option)
        return self._resolved(trace(self.names, node)) if node is not None else None

    def _resolved(self, value: Value | None) -> Constant:
        match value:
            case Literal():
                return value.value
            case Environment():
                return self.environment.get(value.variable) or self._resolved(value.default)
            case CommandLine():
                return self._argument(value.option) or self._resolved(value.default)
        return None

    def _argument(self, option: str | None) -> str | None:
        """What the last `--option VALUE` or `--option=VALUE` of the arguments says."""
        if option is None:
            return None
        found = None
        for given, following in zip_longest(self.arguments, self.arguments[1:]):
            if given == option:
                found = following
            elif given.startswith(f"{option}="):
                found = given.removeprefix(f"{option}=")
        return found
