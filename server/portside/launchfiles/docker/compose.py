"""Compose files: what each service starts and publishes, and what it shares with others.

Variables in a compose file are the machine's (or those of `.env` beside it), not the service's: here
`${PORT:-8000}` comes to its default, and `$${PORT}` is left to the shell in the container.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice

from portside.launchfiles.docker.compose_service import Services, unit_of
from portside.launchfiles.facts import Format, LaunchFile, Unit
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.yaml.yaml_nodes import Mapping, Node, Scalar
from portside.launchfiles.yaml.yaml_reading import documents
from portside.launchfiles.yaml.yaml_words import strings

_MOST_SERVICES = 500
# One of these makes a mapping a service.
_KEYS = frozenset({"image", "build", "command", "entrypoint", "ports", "extends", "environment", "provider"})


def read(path: str, text: str) -> LaunchFile:
    found = documents(text)
    roots = [root for root in found.roots if isinstance(root, Mapping)]
    units = tuple(unit for root in roots for unit in _units(path, root))
    includes = tuple(file for root in roots for file in _included(root.get("include")))
    return LaunchFile(path, Format.COMPOSE, units, found.mistakes, includes)


def has_services(text: str) -> bool:
    """Whether a text has the shape of a compose file: `services`, at least one of which is one."""
    return any(
        _is_service(value)
        for root in documents(text).roots
        if isinstance(root, Mapping)
        for _, value in root.mapping("services")
    )


def _units(path: str, root: Mapping) -> Iterator[Unit]:
    services = Services(root.mapping("services"), _unset)
    for key, value in islice(services.table, _MOST_SERVICES):
        if isinstance(value, Mapping) and _is_service(value):
            yield unit_of(services, key, value, _project(path, root))


def _unset(_: str) -> Placed | None:
    return None


def _is_service(value: Node) -> bool:
    return isinstance(value, Mapping) and not _KEYS.isdisjoint(value.table)


def _project(path: str, root: Mapping) -> str:
    """The name of the project, else its folder, "." at the top: what compose goes by."""
    name = root.scalar("name")
    return name.text if name is not None else posixpath.dirname(path) or "."


def _included(node: Node | None) -> Iterator[str]:
    """`include: [a.yml, {path: b.yml}, {path: [c.yml, d.yml]}]`"""
    for item in getattr(node, "items", ()):
        if isinstance(item, Scalar):
            yield from strings(item)
        elif isinstance(item, Mapping):
            yield from strings(item.get("path"))
