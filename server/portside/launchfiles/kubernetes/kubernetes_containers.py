"""The containers of a pod: what each starts, with which environment, and what of it is on which port."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import field

from portside.launchfiles.commands.started import Around, ScriptRun
from portside.launchfiles.docker.image_commands import Given, Image, starts
from portside.launchfiles.facts import Form, Launch, Setting, Unit
from portside.launchfiles.kubernetes.kubernetes_ports import container_ports, probed
from portside.launchfiles.kubernetes.kubernetes_resources import Pod, text_of
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Style, of_settings
from portside.launchfiles.yaml.yaml_nodes import Mapping as MappingNode
from portside.launchfiles.yaml.yaml_nodes import Node, Scalar, Sequence
from portside.launchfiles.yaml.yaml_words import expanded, is_false, is_true, list_words, placed, readable
from portside.records import dataclass

ConfigMaps = Mapping[str, MappingNode]
"""The data of the file's ConfigMaps, by name."""


def containers(pod: Pod, maps: ConfigMaps) -> Iterator[Unit]:
    """Those that run side by side, and before them those that end first."""
    for key in ("initContainers", "containers"):
        for container in pod.spec.mappings(key):
            # A sidecar is an initContainer that stays: since Kubernetes 1.29.
            stays = key == "containers" or text_of(container.get("restartPolicy")) == "Always"
            yield _unit(_Container(pod, container, maps), is_first=not stays)


@dataclass(frozen=True)
class _Container:
    pod: Pod
    node: MappingNode
    maps: ConfigMaps = field(repr=False)

    def environment(self) -> dict[str, Setting]:
        """`envFrom`, and over it `env`; a value may speak of those before it."""
        found: dict[str, Setting] = {}
        for source in self.node.mappings("envFrom"):
            data = self._map(source.get("configMapRef"))
            prefix = text_of(source.get("prefix"))
            for key, value in data or ():
                if isinstance(value, Scalar):
                    found[prefix + key.text] = _setting(prefix + key.text, key, value, found)
        for entry in self.node.mappings("env"):
            name = entry.scalar("name")
            if name is not None:
                found[name.text] = self._given(name, entry, found)
        return found

    def scripts(self) -> dict[str, Placed]:
        """Files that the pod mounts from a ConfigMap of the same file, by path."""
        volumes = {text_of(one.get("name")): one for one in self.pod.spec.mappings("volumes")}
        found: dict[str, Placed] = {}
        for mount in self.node.mappings("volumeMounts"):
            volume = volumes.get(text_of(mount.get("name")))
            data = self._map(volume.get("configMap")) if volume is not None else None
            path, sub_path = text_of(mount.get("mountPath")), text_of(mount.get("subPath"))
            for key, value in data or ():
                if isinstance(value, Scalar) and (not sub_path or sub_path == key.text):
                    where = path if sub_path else posixpath.join(path, key.text)
                    found[posixpath.normpath(where)] = expanded(value.word, Style.NONE, lambda _: None)
        return found

    def _given(self, name: Scalar, entry: MappingNode, before: Mapping[str, Setting]) -> Setting:
        value = entry.scalar("value")
        if value is None:
            reference = entry.mapping("valueFrom").mapping("configMapKeyRef")
            data = self._map(reference)
            value = data.scalar(text_of(reference.get("key"))) if data is not None else None
        if value is None:
            return Setting(name.text, None, name.inner, name.inner)
        return _setting(name.text, name, value, before)

    def _map(self, reference: Node | None) -> MappingNode | None:
        name = text_of(reference.get("name")) if isinstance(reference, MappingNode) else ""
        return self.maps.get(name)


def _setting(name: str, key: Scalar, value: Scalar, before: Mapping[str, Setting]) -> Setting:
    return placed(value, Style.KUBERNETES, of_settings(before)).setting(name, key.inner)


def _unit(container: _Container, *, is_first: bool) -> Unit:
    node, pod = container.node, container.pod
    environment = container.environment()
    command, arguments = node.get("command"), node.get("args")
    folder = node.scalar("workingDir")
    around = Around(Form.YAML_LIST, environment, folder.text if folder is not None else None)
    image = node.scalar("image")
    name = expanded(image.word, Style.NONE, lambda _: None) if image is not None else None
    # A patch may leave out the arguments.
    says = command is not None or arguments is not None
    given = Image(name if says or not pod.is_patch else None, around, scripts=container.scripts())
    started = list(starts(_given(command, environment), _given(arguments, environment), given))
    return Unit(
        "container",
        readable(text_of(node.get("name"))),
        node.span,
        tuple(one for one in started if isinstance(one, Launch)),
        (*container_ports(node), *probed(node, environment)),
        environment,
        pod.group,
        is_true(pod.spec.get("hostNetwork")),
        image=readable(image.text) if image is not None else None,
        labels=pod.labels,
        service_links=not is_false(pod.spec.get("enableServiceLinks")),
        namespace=pod.namespace,
        entrypoint=list_words(command) if isinstance(command, Sequence) else None,
        entrypoint_form=Form.YAML_LIST,
        command=list_words(arguments) if isinstance(arguments, Sequence) else None,
        command_form=Form.YAML_LIST,
        runs=tuple(one.word for one in started if isinstance(one, ScriptRun)),
        first=is_first,
        folder=folder.text if folder is not None else None,
    )


def _given(node: Node | None, environment: Mapping[str, Setting]) -> Given | None:
    if not isinstance(node, Sequence) or not node.items:
        return None
    lookup = of_settings(environment)
    return Given(tuple(expanded(word, Style.KUBERNETES, lookup) for word in list_words(node)), Form.YAML_LIST)
