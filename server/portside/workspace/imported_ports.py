"""The ports that a file of the workspace takes from others: `from config import PORT`, `config.port`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from portside.python.facts import ModuleFacts
from portside.python.names.imports import Import
from portside.python.ports.port_words import ENDS_IN_PORT
from portside.python.values.value_types import Unknown, Value
from portside.workspace.modules import Modules

# Of settings that are handed on by the settings of a package; further, nobody does.
_LONGEST_CHAIN = 4

_PORT_ATTRIBUTE = re.compile(rb"(?i)\.\w*%b\b|[\[(][\"']\w*port[\"']" % ENDS_IN_PORT)
_PORT_NAME = re.compile(rb"(?i)\b\w*%b\b" % ENDS_IN_PORT)


def imported_ports(modules: Modules, path: Path, facts: ModuleFacts, top: Path) -> dict[str, Value]:
    """The ports among what the file imports from others, by the qualified name that it has here."""
    found: dict[str, Value] = {}
    for one in facts.all_imports:
        files = modules.files_of(path, one.module, one.name, top)
        if not files or files[-1] == path or not _takes_port(facts, one):
            continue
        for name, value in _ports_in(modules, files[-1], top).items():
            if not isinstance(value, Unknown):
                found[_qualified(one, files[-1], name)] = value
    return found


def _ports_in(modules: Modules, path: Path, top: Path, steps: int = _LONGEST_CHAIN) -> Mapping[str, Value]:
    """Those of the file, and the ports that it takes from others and hands on."""
    summary = modules.summary(path)
    handed_on: dict[str, Value] = {}
    for module, name in summary.imports if summary is not None and steps else ():
        if name is None or (name != "*" and "port" not in name.lower()):
            continue
        files = modules.files_of(path, module, name, top)
        if files and files[-1] != path:
            inner = _ports_in(modules, files[-1], top, steps - 1)
            handed_on |= inner if name == "*" else {k: v for k, v in inner.items() if k == name}
    return {**handed_on, **summary.constants} if summary is not None else {}


def _takes_port(facts: ModuleFacts, found: Import) -> bool:
    """Whether the file takes a port from this import: `from config import PORT`, `config.port`."""
    if found.name is not None and "port" in found.name.lower():
        return True
    data = facts.source.data
    if found.name == "*":
        return _PORT_NAME.search(data) is not None
    chunks = facts.names.chunks_with(facts.names.bound_names(found.statement))
    return any(_PORT_ATTRIBUTE.search(data, chunk.start, chunk.end) is not None for chunk in chunks)


def _qualified(found: Import, file: Path, name: str) -> str:
    """`config.PORT` for `import config` and `from config import PORT`; `app.config.PORT` for a submodule."""
    if found.name is None:
        return f"{found.module}.{name}"
    prefix = found.module if found.module.endswith(".") else f"{found.module}."
    return f"{prefix}{found.name}.{name}" if file.stem == found.name else f"{prefix}{name}"
