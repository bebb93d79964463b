"""Ports that manifests name: a container's, its probes', a Service's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from portside.launchfiles.commands.local_urls import local_ports, spaced
from portside.launchfiles.facts import Mention, Port, PortMention, Setting
from portside.launchfiles.kubernetes.kubernetes_resources import text_of
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, expand, of_settings
from portside.launchfiles.yaml.yaml_nodes import Mapping as MappingNode
from portside.launchfiles.yaml.yaml_nodes import Node, Scalar, Sequence
from portside.launchfiles.yaml.yaml_words import expanded, list_words

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HERE = frozenset({"", "localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104


def container_ports(container: MappingNode) -> Iterator[PortMention]:
    """`ports`; a hostPort leads to the containerPort of its entry."""
    count = 0
    for entry in container.mappings("ports"):
        inner, outer = entry.scalar("containerPort"), entry.scalar("hostPort")
        if inner is None:
            continue
        protocol = (text_of(entry.get("protocol")) or "TCP").lower()
        if outer is not None:
            address = text_of(entry.get("hostIP"))
            count += 1
            yield PortMention(
                Mention.PUBLISHED, _port(outer), address=address, protocol=protocol, leads_to=count
            )
        count += 1
        name = text_of(entry.get("name")) or None
        yield PortMention(Mention.CONTAINER, _port(inner), name, protocol=protocol)


def probed(container: MappingNode, environment: Mapping[str, Setting]) -> Iterator[PortMention]:
    """Where the kubelet, or a command of the container, looks whether it is there."""
    probes = [container.mapping(name) for name in _PROBES]
    hooks = container.mapping("lifecycle")
    for probe in (*probes, hooks.mapping("postStart"), hooks.mapping("preStop")):
        for name in ("httpGet", "tcpSocket", "grpc"):
            asked = probe.mapping(name)
            if text_of(asked.get("host")) in _HERE:
                yield from _numbered_or_named(Mention.PROBE, asked.get("port"))
        command = probe.mapping("exec").get("command")
        if isinstance(command, Sequence):
            settings = of_settings(environment)
            text = expand(spaced(list_words(command)), Style.KUBERNETES, settings)
            yield from local_ports(expand(text, Style.BRACES, settings), Mention.PROBE)


def service_ports(spec: MappingNode) -> Iterator[PortMention]:
    """Of each port: the Service's own, where it leads, and on which port of the nodes it is."""
    count = 0
    for entry in spec.mappings("ports"):
        own, node = entry.scalar("port"), entry.scalar("nodePort")
        if own is None:
            continue
        protocol = (text_of(entry.get("protocol")) or "TCP").lower()
        name = text_of(entry.get("name")) or None
        target = count + 1
        mentions = [
            PortMention(Mention.SERVICE, _port(own), name, protocol=protocol, leads_to=target),
            replace(_target(own, entry.get("targetPort")), protocol=protocol),
        ]
        if node is not None:
            mentions.append(PortMention(Mention.PUBLISHED, _port(node), protocol=protocol, leads_to=target))
        count += len(mentions)
        yield from mentions


def _target(own: Scalar, target: Node | None) -> PortMention:
    """Without a targetPort, the Service's port is the one of the container, too."""
    found = next(_numbered_or_named(Mention.TARGET, target), None)
    if found is not None:
        return found
    return PortMention(Mention.TARGET, replace(_port(own), digits=None, is_default=True))


def _numbered_or_named(kind: Mention, node: Node | None) -> Iterator[PortMention]:
    if not isinstance(node, Scalar) or node.is_null:
        return
    placed = _placed(node)
    if placed.known and not node.text.isdecimal():
        yield PortMention(kind, Port(None, placed.span), refers=node.text)
    else:
        yield PortMention(kind, placed.port())


def _port(node: Scalar) -> Port:
    return _placed(node).port()


def _placed(node: Scalar) -> Placed:
    return expanded(node.word, Style.NONE, lambda _: None)
