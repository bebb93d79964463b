"""Pods that run vLLM and get `VLLM_PORT` from Kubernetes, for a Service that is called `vllm`.

Kubernetes gives each container variables for every Service of its namespace: NAME_PORT holds a URL, with the
name in capitals and `_` for `-` (https://kubernetes.io/docs/concepts/services-networking/service/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.knowledge.vllm import PORT_VARIABLE
from portside.launchfiles.facts import Format, LaunchFile, Unit
from portside.launchfiles.graph.around import Around, Place, folder_of
from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span
from portside.records import dataclass

_CONTAINERS = re.compile(r"^(?P<indent>[ \t]+)containers[ \t]*:", re.MULTILINE)
_NAME = re.compile(r"\bname[ \t]*:[ \t]*[\"']?(?P<name>[^\s\"'#]+)")


@dataclass(frozen=True, slots=True)
class Linked:
    """A container that runs vLLM, and the Service that it gets the variable for."""

    container: Unit
    service: Place


def linked(around: Around, file: LaunchFile) -> Iterator[Linked]:
    """The containers of this file; one for each pod."""
    if file.format is not Format.KUBERNETES:
        return
    seen: set[tuple[str, str]] = set()
    for unit in file.units:
        key = (unit.namespace, unit.group)
        if unit.kind != "container" or not unit.service_links or key in seen or not _runs_vllm(unit):
            continue
        service = _service(around, file, unit.namespace)
        if service is not None and PORT_VARIABLE not in unit.settings:
            seen.add(key)
            yield Linked(unit, service)


def _runs_vllm(unit: Unit) -> bool:
    return any(launch.is_vllm for launch in unit.launches)


def _service(around: Around, file: LaunchFile, namespace: str) -> Place | None:
    """A Service of that name in this file, or in one that is applied with it: of the same folder."""
    others = [one for one in around.in_folder(folder_of(file.path)) if one.path != file.path]
    for each in (file, *others):
        for unit in each.units:
            named = unit.name.upper().replace("-", "_") + "_PORT" == PORT_VARIABLE
            # A headless Service has no address, so there are no variables for it.
            if unit.kind == "Service" and named and unit.namespace == namespace and unit.service_links:
                return Place(each.path, unit.span)
    return None


def name_span(source: SourceFile, unit: Unit) -> Span:
    """Where the unit's name is written; its first line where that is not found."""
    for match in _NAME.finditer(source.text, unit.span.start, unit.span.end):
        if match["name"] == unit.name:
            return Span(*match.span("name"))
    line = source.line_span(source.line_of(unit.span.start))
    return Span(unit.span.start, max(unit.span.start, line.start + len(source.slice(line).rstrip())))


def switched_off(source: SourceFile, unit: Unit) -> Edit | None:
    """`enableServiceLinks: false` for the pod of this container; None where no place for it is found."""
    above = list(_CONTAINERS.finditer(source.text, 0, unit.span.start))
    if not above:
        return None
    indent, start = above[-1]["indent"], above[-1].start()
    said = re.compile(rf"^{indent}enableServiceLinks[ \t]*:[ \t]*(?P<value>true)\b", re.MULTILINE)
    document = max(source.text.rfind("\n---", 0, start), 0)
    end = source.text.find("\n---", start)
    found = said.search(source.text, document, end if end >= 0 else len(source.text))
    if found is not None:
        return Edit(source.path, Span(*found.span("value")), "false")
    line = f"{indent}enableServiceLinks: false{source.newline}"
    return Edit(source.path, Span(start, start), line)
