"""Kubernetes manifests: what the containers of each pod start, and which Services lead to them.

Templates of Helm and Jinja are read as far as they are YAML; what they put in is not known.
"""

from __future__ import annotations

import re

from portside.launchfiles.facts import Format, LaunchFile, Unit
from portside.launchfiles.kubernetes.kubernetes_containers import ConfigMaps, containers
from portside.launchfiles.kubernetes.kubernetes_ports import service_ports
from portside.launchfiles.kubernetes.kubernetes_resources import Resource, pods, resources, table_of, text_of
from portside.launchfiles.yaml.yaml_nodes import Mapping
from portside.launchfiles.yaml.yaml_reading import documents

_MOST_RESOURCES = 500
# Documents that launch nothing and name no port are not read at all: there are many of them.
_WANTED = re.compile(r"\bcontainers[\"']?[ \t]*:|\bkind[\"']?[ \t]*:[ \t]*[\"']?(?:\w*List|Service)\b")
_MAP = re.compile(r"^[ \t-]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?ConfigMap\b", re.MULTILINE)
_USES_MAP = re.compile(r"\bconfigMap(?:Ref|KeyRef)?[\"']?[ \t]*:")


def read(path: str, text: str) -> LaunchFile:
    uses_maps = _USES_MAP.search(text) is not None

    def wanted(document: str) -> bool:
        return bool(_WANTED.search(document) or (uses_maps and _MAP.search(document)))

    found = documents(text, wanted)
    every = list(resources(found.roots))
    maps = {one.name: one.node.mapping("data") for one in every if one.kind == "ConfigMap"}
    units = tuple(unit for one in every[:_MOST_RESOURCES] for unit in _units(one, maps))
    return LaunchFile(path, Format.KUBERNETES, units, found.mistakes)


def _units(resource: Resource, maps: ConfigMaps) -> list[Unit]:
    if resource.kind == "Service" and resource.node.mapping("spec").get("ports") is not None:
        return [_service(resource)]
    return [unit for pod in pods(resource) for unit in containers(pod, maps)]


def _service(resource: Resource) -> Unit:
    spec = resource.node.mapping("spec")
    return Unit(
        "Service",
        resource.name,
        resource.node.span,
        mentions=tuple(service_ports(spec)),
        selector=table_of(spec.get("selector")),
        labels=table_of(resource.metadata.get("labels")),
        namespace=resource.namespace,
        service_links=_has_address(spec),
    )


def _has_address(spec: Mapping) -> bool:
    """Not one that is headless, or only a name for something outside."""
    return text_of(spec.get("clusterIP")) != "None" and text_of(spec.get("type")) != "ExternalName"
