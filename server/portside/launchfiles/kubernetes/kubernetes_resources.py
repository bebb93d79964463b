"""The resources of a manifest, and the pods that they make, of whatever kind they are.

A pod is where `containers` is a list: in a Deployment, a CronJob, a LeaderWorkerSet or a RayService alike, so
no list of kinds has to be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portside.launchfiles.yaml.yaml_nodes import Mapping, Node, Scalar
from portside.launchfiles.yaml.yaml_nodes import Sequence as SequenceNode
from portside.launchfiles.yaml.yaml_words import is_known, readable
from portside.records import dataclass

_DEEPEST = 16
# Required of these in apps/v1.
_SELECTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


@dataclass(frozen=True)
class Resource:
    """One document, or an item of a List."""

    kind: str
    node: Mapping

    @property
    def metadata(self) -> Mapping:
        return self.node.mapping("metadata")

    @property
    def name(self) -> str:
        return readable(text_of(self.metadata.get("name")))

    @property
    def namespace(self) -> str:
        return text_of(self.metadata.get("namespace"))


@dataclass(frozen=True)
class Pod:
    """group: names it among the pods of its file. spec: where the containers are.

    is_patch: whether it only changes a part of what another file says (Kustomize).
    """

    group: str
    spec: Mapping
    labels: dict[str, str]
    namespace: str
    is_patch: bool = False


def resources(roots: Sequence[Node]) -> Iterator[Resource]:
    """Every resource, those in lists too."""
    for root in roots:
        if not isinstance(root, Mapping):
            continue
        kind = text_of(root.get("kind"))
        if kind.endswith("List") and (items := root.items_of("items")):
            yield from resources(items)
        elif kind:
            yield Resource(kind, root)


def pods(resource: Resource) -> Iterator[Pod]:
    """The pods of a resource: mostly one."""
    if resource.kind == "CustomResourceDefinition":
        return
    whole = resource.node.mapping("spec").get("selector") is not None
    is_patch = resource.kind in _SELECTING and not whole
    found = list(_specs(resource.node, resource.metadata, (), 0))
    for spec, metadata, path in found:
        more = " " + ".".join(path) if len(found) > 1 else ""
        # Names may be what a template puts in, or the same in two namespaces: the place tells them apart.
        group = f"{resource.kind} {resource.name}{more} at {spec.span.start}"
        yield Pod(group, spec, table_of(metadata.get("labels")), resource.namespace, is_patch)


def _specs(
    node: Node, metadata: Mapping, path: tuple[str, ...], depth: int
) -> Iterator[tuple[Mapping, Mapping, tuple[str, ...]]]:
    """The mappings that have containers, with the metadata beside `spec`."""
    if depth > _DEEPEST:
        return
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            yield from _specs(item, metadata, (*path, str(index)), depth + 1)
    if not isinstance(node, Mapping):
        return
    is_pod = isinstance(node.get("containers"), SequenceNode)
    if is_pod:
        yield node, metadata, path
    beside = node.get("metadata")
    for key, value in node:
        # KServe puts `workerSpec`, a pod of its own, into the other's.
        if is_pod and not key.text.endswith("Spec"):
            continue
        inner = beside if isinstance(beside, Mapping) else metadata
        step = () if key.text in ("spec", "template") else (key.text,)
        yield from _specs(value, inner, (*path, *step), depth + 1)


def text_of(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.is_null else ""


def table_of(node: Node | None) -> dict[str, str]:
    """Labels and selectors; one whose value is not written out says nothing."""
    if not isinstance(node, Mapping):
        return {}
    return {
        key.text: value.text
        for key, value in node
        if isinstance(value, Scalar) and is_known(key.text) and is_known(value.text)
    }
