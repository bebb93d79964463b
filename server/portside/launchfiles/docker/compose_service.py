"""One service of a compose file, with what it has from those that it extends in the same file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from portside.launchfiles.commands.started import Around, ScriptRun, Started
from portside.launchfiles.docker.compose_ports import checked, exposed, published
from portside.launchfiles.docker.image_commands import Given, Image, starts
from portside.launchfiles.facts import Build, Form, Launch, PortMention, Setting, Unit
from portside.launchfiles.kubernetes.kubernetes_resources import text_of
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Lookup, Style
from portside.launchfiles.text.words import Command
from portside.launchfiles.yaml.yaml_nodes import Mapping as MappingNode
from portside.launchfiles.yaml.yaml_nodes import Node, Scalar
from portside.launchfiles.yaml.yaml_nodes import Sequence as SequenceNode
from portside.launchfiles.yaml.yaml_words import (
    expanded,
    number_in,
    placed,
    readable,
    settings_in,
    strings,
    whole,
    words_of,
)
from portside.records import dataclass

_ADDED = ("ports", "expose", "environment", "env_file", "profiles")
_SEPARATORS = frozenset({"&&", "||", ";", "&", "|"})
_REPLACING = ("!override", "!reset")


@dataclass(frozen=True)
class Services:
    """All services of a file. lookup: what `$X` in it comes to."""

    table: MappingNode
    lookup: Lookup

    def named(self, name: str) -> MappingNode | None:
        found = self.table.get(name)
        return found if isinstance(found, MappingNode) else None

    def layers(self, service: MappingNode) -> list[MappingNode]:
        """The service, and in front of it those of the same file that it extends, the furthest first."""
        found = [service]
        while (extends := extended(found[0])) is not None and not extends[0]:
            base = self.named(extends[1])
            if base is None or any(base is one for one in found):
                break
            found.insert(0, base)
        return found


def extended(service: MappingNode) -> tuple[str, str] | None:
    """The file, "" for the same, and the name of the service that this one extends."""
    match service.get("extends"):
        case Scalar() as name if not name.is_null:
            return "", name.text
        case MappingNode() as told:
            file, service_name = told.scalar("file"), told.scalar("service")
            if service_name is not None:
                return file.text if file is not None else "", service_name.text
    return None


def unit_of(services: Services, key: Scalar, service: MappingNode, group: str) -> Unit:
    lookup = services.lookup
    layers = services.layers(service)
    environment = {one.name: one for layer in layers for one in _environment(layer, lookup)}
    started = list(_started(layers, environment, lookup))
    entrypoint, command = service.get("entrypoint"), service.get("command")
    image, network, folder = (
        service.scalar("image"),
        service.scalar("network_mode"),
        _last(layers, "working_dir"),
    )
    return Unit(
        "service",
        readable(key.text),
        whole(key, service),
        tuple(one for one in started if isinstance(one, Launch)),
        tuple(_mentions(service, lookup, environment, key.text)),
        {one.name: one for one in _environment(service, lookup)},
        group,
        network is not None and network.text == "host",
        strings(service.get("profiles")),
        _build(service.get("build"), lookup),
        readable(placed(image, Style.BRACES, lookup).text) if image is not None else None,
        env_files=tuple(_env_files(service.get("env_file"), lookup)),
        extends=extended(service),
        network=network.text if network is not None else None,
        entrypoint=words_of(entrypoint),
        entrypoint_form=_form(entrypoint),
        command=words_of(command),
        command_form=_form(command),
        runs=tuple(one.word for one in started if isinstance(one, ScriptRun)),
        folder=placed(folder, Style.BRACES, lookup).text if isinstance(folder, Scalar) else None,
        replicas=_replicas(layers),
        replaces=tuple(name for name in _ADDED if _replaces(service.get(name))),
        mounts=tuple(mount for layer in layers for mount in _mounts(layer, lookup)),
    )


def _started(
    layers: Sequence[MappingNode], environment: Mapping[str, Setting], lookup: Lookup
) -> Iterator[Started]:
    image, entrypoint = _last(layers, "image"), _last(layers, "entrypoint")
    folder, command = _last(layers, "working_dir"), _last(layers, "command")
    where = placed(folder, Style.BRACES, lookup).text if isinstance(folder, Scalar) else None
    # With `build`, `image` is only what the result is called.
    is_built = _last(layers, "build") is not None
    name = placed(image, Style.BRACES, lookup) if isinstance(image, Scalar) and not is_built else None
    around = Around(_form(command), environment, where)
    before, behind = list(_given(entrypoint, lookup)), list(_given(command, lookup))
    yield from starts(next(iter(before), None), next(iter(behind), None), Image(name, around))
    for other in (*before[1:], *behind[1:]):
        yield from starts(other, None, Image(None, around))


def _last(layers: Sequence[MappingNode], key: str) -> Node | None:
    """What the service itself says, else the nearest that it extends."""
    for layer in reversed(layers):
        found = layer.get(key)
        if found is not None and not (isinstance(found, Scalar) and found.is_null):
            return found
    return None


def _given(node: Node | None, lookup: Lookup) -> Iterator[Given]:
    """The command; several where somebody took it for a shell's (`migrate && serve`), as they meant it."""
    words = words_of(node)
    if words is None:
        return
    command: list[Placed] = []
    for word in _expanded(words, node, lookup):
        if isinstance(node, Scalar) and not word.quoted and word.text in _SEPARATORS:
            yield Given(tuple(command), _form(node))
            command = []
        else:
            command.append(word)
    yield Given(tuple(command), _form(node))


def _expanded(words: Command, node: Node | None, lookup: Lookup) -> Iterator[Placed]:
    for word in words:
        value = expanded(word, Style.BRACES, lookup)
        if isinstance(node, SequenceNode) or word.inner > word.start:
            yield value
        else:
            yield from value.split()


def _form(node: Node | None) -> Form:
    return Form.YAML_TEXT if isinstance(node, Scalar) else Form.YAML_LIST


def _environment(service: MappingNode, lookup: Lookup) -> Iterator[Setting]:
    return settings_in(service.get("environment"), Style.BRACES, lookup)


def _mentions(
    service: MappingNode, lookup: Lookup, environment: Mapping[str, Setting], name: str
) -> Iterator[PortMention]:
    both = tuple(published(service.get("ports"), lookup, 0))
    yield from both
    yield from exposed(service.get("expose"), lookup)
    container = service.scalar("container_name")
    names = {name, *((container.text,) if container is not None else ())}
    yield from checked(service.mapping("healthcheck"), lookup, environment, frozenset(names))


def _build(node: Node | None, lookup: Lookup) -> Build | None:
    if isinstance(node, Scalar) and not node.is_null:
        return Build(placed(node, Style.BRACES, lookup).text)
    # An image whose Dockerfile stands in the compose file is built from no other.
    if not isinstance(node, MappingNode) or node.get("dockerfile_inline") is not None:
        return None

    def text(key: str) -> str | None:
        found = node.scalar(key)
        return placed(found, Style.BRACES, lookup).text if found is not None else None

    arguments = {one.name: one for one in settings_in(node.get("args"), Style.BRACES, lookup)}
    return Build(text("context") or ".", text("dockerfile"), text("target"), arguments)


def _env_files(node: Node | None, lookup: Lookup) -> Iterator[str]:
    for item in node.items if isinstance(node, SequenceNode) else [node]:
        path = item.scalar("path") if isinstance(item, MappingNode) else item
        if isinstance(path, Scalar) and not path.is_null:
            yield placed(path, Style.BRACES, lookup).text


def _mounts(service: MappingNode, lookup: Lookup) -> Iterator[str]:
    """Where the container has the machine's files: bound, or kept alike by `docker compose watch`."""
    volumes = service.get("volumes")
    for item in volumes.items if isinstance(volumes, SequenceNode) else ():
        if isinstance(item, MappingNode):
            target = item.scalar("target") if text_of(item.get("type")) == "bind" else None
            yield from [target.text] if target is not None else []
        elif isinstance(item, Scalar):
            source, colon, rest = placed(item, Style.BRACES, lookup).text.partition(":")
            if colon and source.startswith((".", "/", "~", "$")):
                yield rest.partition(":")[0]
    for watched in service.mapping("develop").mappings("watch"):
        if text_of(watched.get("action")).startswith("sync"):
            yield text_of(watched.get("target"))


def _replicas(layers: Sequence[MappingNode]) -> int:
    for layer in reversed(layers):
        for found in (layer.get("scale"), layer.mapping("deploy").get("replicas")):
            if (number := number_in(found)) is not None:
                return number
    return 1


def _replaces(node: Node | None) -> bool:
    return node is not None and node.tag in _REPLACING
