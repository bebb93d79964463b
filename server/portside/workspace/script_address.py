"""Where a script will listen once it runs, with these arguments and in this environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from portside.launchfiles.graph.around import Place, ScriptPort
from portside.lint.source import SourceFile, Span
from portside.python.facts import module_facts
from portside.python.launching.launches import Launch
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.values.value_types import (
    CommandLine,
    Constant,
    Environment,
    Literal,
    Outside,
    Value,
    nothing_outside,
)
from portside.python.values.values import trace
from portside.records import dataclass
from portside.workspace.environment_file import launch_variables
from portside.workspace.import_roots import import_root
from portside.workspace.local_modules import LocalModules
from portside.workspace.text_file import UnreadableFile, read_module, read_text_file

_UVICORNS_PORT = 8000
# `load_dotenv()`, `SettingsConfigDict(env_file=".env")`, `env.read_env()`. What is set already wins.
_LOADS_FILE = re.compile(rb"\bload_dotenv\b|\benv_file\s*=|[\"']env_file[\"']|\bread_env\b")


@dataclass(frozen=True, slots=True)
class Address:
    """host, port: None where the script does not say, or its source does not tell.

    aside: ports of further servers that it starts.
    """

    host: str | None = None
    port: int | None = None
    aside: tuple[int, ...] = ()


def asked_address(
    script: Path, arguments: Sequence[str], environment: Mapping[str, str], root: Path | None = None
) -> Address:
    """The address of the first server that the script starts. Reads files, runs nothing of them.

    root: of the workspace, whose modules it may have its port from; its own folder where None.
    """
    root = root if root is not None and root in script.parents else script.parent
    modules = LocalModules(root, steady=True)
    top = import_root(script, root)
    try:
        source = SourceFile(str(script), read_text_file(script).text)
        asked = asked_ports(source, lambda name: modules.outside_value(script, name, top))
        files = modules.process_of(script, "env")
        if any(_LOADS_FILE.search(read_module(file)) is not None for file in files):
            environment = {**launch_variables(_folders(script.parent, root)), **environment}
    except UnreadableFile:
        return Address()
    found = asked.with_(arguments, environment)
    if not found:
        return Address()
    port = found[0].number
    aside = tuple(
        dict.fromkeys(one.number for one in found[1:] if one.number is not None and one.number != port)
    )
    return Address(found[0].host, port, aside)


def _folders(innermost: Path, root: Path) -> Iterator[Path]:
    """Where python-dotenv looks for a `.env`, from inside out."""
    yield innermost
    yield from (folder for folder in innermost.parents if folder == root or root in folder.parents)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one start of a server is given: values that arguments and the environment may decide."""

    host: Value | None
    port: Value | None


@dataclass(frozen=True, slots=True)
class AskedPorts:
    """The servers that the script at `path` starts, whatever it will be called with. Keeps no tree."""

    servers: tuple[_Asked, ...] = ()
    path: str = ""

    def with_(self, arguments: Sequence[str], environment: Mapping[str, str]) -> list[ScriptPort]:
        """Where they listen then."""
        process = _Process(arguments, environment)
        return [
            ScriptPort(
                number := process.number(one.port),
                process.text(one.host),
                process.may_differ(one.port),
                tuple(_written(one.port, number, self.path)),
            )
            for one in self.servers
        ]


def asked_ports(source: SourceFile, outside: Outside = nothing_outside) -> AskedPorts:
    """What the script's source says of where it listens. outside: what names of other files stand for."""
    facts = module_facts(source)
    started = [launch for launch in facts.launches if launch.when in {When.MAIN, When.IMPORT}]
    return AskedPorts(tuple(_asked(facts.names, launch, outside) for launch in started), source.path)


def _written(value: Value | None, number: int | None, path: str) -> Iterator[Place]:
    """Where the number stands among the values that decide. path: of the file that they are seen from."""
    while number is not None and isinstance(value, (Environment, CommandLine)):
        value = value.default
    # uvicorn's own default is written nowhere.
    if isinstance(value, Literal) and value.span.end and _port_number(value.value) == number:
        yield Place(value.path or path, value.span)


def _asked(names: Names, launch: Launch, outside: Outside) -> _Asked:
    host, port = (
        trace(names, node, outside) if (node := launch.options.get(option)) is not None else None
        for option in ("host", "port")
    )
    if "port" not in launch.options and launch.complete:
        port = Literal(_UVICORNS_PORT, Span(0, 0))
    elsewhere = {"uds", "fd"} & launch.options.keys()
    return _Asked(host, None if elsewhere else port)


@dataclass(frozen=True, slots=True)
class _Process:
    arguments: Sequence[str]
    environment: Mapping[str, str]

    def text(self, value: Value | None) -> str | None:
        found = self._resolved(value)
        return found if isinstance(found, str) and found else None

    def number(self, value: Value | None) -> int | None:
        return _port_number(self._resolved(value))

    def may_differ(self, value: Value | None) -> bool:
        """Whether a variable that is not set here would change it."""
        match value:
            case Environment():
                return not self.environment.get(value.variable)
            case CommandLine():
                return self._argument(value.option) is None and self.may_differ(value.default)
        return False

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


def _port_number(value: Constant) -> int | None:
    text = "" if value is None or isinstance(value, bool) else str(value)
    return int(text) if text.isascii() and text.isdecimal() and int(text) <= 65535 else None
