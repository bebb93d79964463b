"""Ports that a compose service names: `ports` in both forms, `expose`, and its health check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from portside.launchfiles.commands.local_urls import local_ports, spaced
from portside.launchfiles.facts import Mention, Port, PortMention, Setting
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Lookup, Style, expand, of_settings
from portside.launchfiles.yaml.yaml_nodes import Mapping as MappingNode
from portside.launchfiles.yaml.yaml_nodes import Node, Scalar, Sequence
from portside.launchfiles.yaml.yaml_words import is_true, placed

# `[ADDRESS:][HOST]:CONTAINER[/PROTOCOL]`, after variables have been replaced; one that is not known may be
# the address as well, but hardly ever is.
_ENTRY = re.compile(
    r"(?:(?:(?P<address>\[[^\]]*\]|\d+\.\d+\.\d+\.\d+|localhost|[^:]*(?=:[^:]*:)):)?(?P<host>[^:]*):)?"
    r"(?P<inside>[^:/]+)(?:/(?P<protocol>\w+))?"
)
_RANGE = re.compile(r"(?P<first>\d+)-(?P<last>\d+)")


def published(ports: Node | None, lookup: Lookup, before: int) -> Iterator[PortMention]:
    """Both sides of each entry. before: how many mentions the unit has already."""
    for item in ports.items if isinstance(ports, Sequence) else ():
        found = tuple(_entry(item, lookup))
        for mention in found:
            yield (
                replace(mention, leads_to=before + 1) if len(found) == 2 and mention is found[0] else mention
            )
        before += len(found)


def _entry(item: Node, lookup: Lookup) -> Iterator[PortMention]:
    match item:
        case Scalar() if not item.is_null:
            yield from _short(placed(item, Style.BRACES, lookup))
        case MappingNode():
            yield from _long(item, lookup)


def _short(entry: Placed) -> Iterator[PortMention]:
    found = _ENTRY.fullmatch(entry.text.rstrip())
    if found is None:
        return
    protocol = (found["protocol"] or "tcp").lower()
    inside, count = _ranged(entry.part(*found.span("inside")))
    if found["host"]:
        outside, _ = _ranged(entry.part(*found.span("host")))
        address = (found["address"] or "").strip("[]")
        yield PortMention(Mention.PUBLISHED, outside, address=address, protocol=protocol, count=count)
    yield PortMention(Mention.CONTAINER, inside, protocol=protocol, count=count)


def _long(entry: MappingNode, lookup: Lookup) -> Iterator[PortMention]:
    target, outer = entry.scalar("target"), entry.scalar("published")
    if target is None:
        return
    protocol = (entry.scalar("protocol") or target).text.lower() if entry.scalar("protocol") else "tcp"
    inside, count = _ranged(placed(target, Style.BRACES, lookup))
    host = entry.scalar("host_ip")
    if outer is not None:
        outside, _ = _ranged(placed(outer, Style.BRACES, lookup))
        address = placed(host, Style.BRACES, lookup).text if host is not None else ""
        yield PortMention(Mention.PUBLISHED, outside, address=address, protocol=protocol, count=count)
    name = entry.scalar("name")
    yield PortMention(Mention.CONTAINER, inside, name.text if name else None, protocol=protocol, count=count)


def exposed(expose: Node | None, lookup: Lookup) -> Iterator[PortMention]:
    for item in expose.items if isinstance(expose, Sequence) else ():
        if isinstance(item, Scalar) and not item.is_null:
            for mention in _short(placed(item, Style.BRACES, lookup)):
                if mention.kind is Mention.CONTAINER:
                    yield replace(mention, kind=Mention.EXPOSED)


def checked(
    healthcheck: MappingNode, lookup: Lookup, environment: Mapping[str, Setting], names: frozenset[str]
) -> Iterator[PortMention]:
    """Where the health check looks. names: those that the service has for itself in its network."""
    test = healthcheck.get("test")
    if test is None or is_true(healthcheck.get("disable")):
        return
    if isinstance(test, Sequence):
        words = [item.word for item in test.items if isinstance(item, Scalar)]
        if words[:1] and words[0].text == "NONE":
            return
        text = expand(spaced(words[1:]), Style.BRACES, lookup)
    elif isinstance(test, Scalar):
        text = placed(test, Style.BRACES, lookup)
    else:
        return
    # What compose leaves (`$$PORT`), the container's shell replaces.
    yield from local_ports(expand(text, Style.BRACES, of_settings(environment)), Mention.HEALTHCHECK, names)


def _ranged(value: Placed) -> tuple[Port, int]:
    found = _RANGE.fullmatch(value.text)
    if found is None or not value.known:
        return value.port(), 1
    first, last = int(found["first"][:6]), int(found["last"][:6])
    return value.part(*found.span("first")).port(), max(1, last - first + 1)
