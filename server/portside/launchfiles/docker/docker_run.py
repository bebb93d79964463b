"""`docker run`: a container with a network of its own, the ports it publishes, and what runs in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from portside.knowledge.runners import CONTAINER_FLAGS
from portside.launchfiles.commands.options import Options, is_option
from portside.launchfiles.commands.started import Around, ScriptRun, Started
from portside.launchfiles.facts import Launch, Mention, Port, PortMention, Setting, Unit
from portside.launchfiles.text.placed import Placed
from portside.lint.source import Span

_PUBLISHED = re.compile(
    r"(?:(?P<address>\[[^\]]*\]|\d+\.[\d.]+|localhost):)?(?:(?P<host>[^:]*):)?(?P<inside>[^:/]+)(?:/(?P<protocol>\w+))?"
)
_RANGE = re.compile(r"(\d+)-(\d+)")

Start = Callable[[Sequence[Placed], Around, "Placed | None"], Iterator[Started]]
"""Command, what stands around it, image: what it starts there."""


def container(words: Sequence[Placed], around: Around, start: Start) -> Iterator[Unit]:
    """words: `docker` first. Nothing where they start no container."""
    verb = next((i for i, word in enumerate(words[1:], 1) if word.text in {"run", "exec", "compose"}), None)
    if verb is None or any(not is_option(word) and word.text != "container" for word in words[1:verb]):
        return
    if words[verb].text == "compose":
        yield from _compose(words, verb, around, start)
        return
    options, rest = _parted(words[verb + 1 :])
    if not rest:
        return
    told = Options(options)
    is_new = words[verb].text == "run"
    detached = told.word(("--detach", "-d")) or next(
        (w for w in options if re.fullmatch(r"-\w*d\w*", w.text)), None
    )
    inside = _inside(told, around)
    inside = replace(inside, background=around.background or detached is not None)
    command = rest[1:]
    if entrypoint := told.last(("--entrypoint",)):
        command = [entrypoint, *command] if entrypoint.text else command
    image = rest[0] if is_new else None
    name = told.last(("--name",)) if is_new else rest[0]
    network = told.last(("--network", "--net"))
    on_host = network is not None and network.text == "host"
    inside = replace(inside, elsewhere=around.elsewhere or not on_host)
    started = list(start(command, inside, image if entrypoint is None else None))
    yield Unit(
        "container",
        name.text if name is not None else "",
        Span(words[0].span.start, max(word.span.end for word in words)),
        tuple(one for one in started if isinstance(one, Launch)),
        tuple(published(told)) if is_new else (),
        inside.environment,
        host_network=on_host,
        image=image.text if image is not None else None,
        env_files=inside.env_files,
        network=network.text if network is not None else None,
        runs=tuple(one.word for one in started if isinstance(one, ScriptRun)),
    )


def _compose(words: Sequence[Placed], verb: int, around: Around, start: Start) -> Iterator[Unit]:
    """`docker compose exec SERVICE command`."""
    position = next((i for i, w in enumerate(words) if i > verb and w.text in {"run", "exec"}), None)
    if position is None:
        return
    _, rest = _parted(words[position + 1 :])
    started = list(start(rest[1:], replace(around, environment={}, folder=None), None)) if rest else []
    if launches := tuple(one for one in started if isinstance(one, Launch)):
        whole = Span(words[0].span.start, max(word.span.end for word in words))
        yield Unit("container", rest[0].text, whole, launches)


def _parted(words: Sequence[Placed]) -> tuple[list[Placed], list[Placed]]:
    """The options of `docker run`, and the image with its command."""
    index = 0
    while index < len(words):
        word = words[index]
        if not is_option(word) and word.known:
            break
        if not word.known and not word.text.startswith("-"):
            # `$GPU_FLAGS`: options, as long as something that may be an image comes later.
            if not any(not is_option(later) for later in words[index + 1 :]):
                break
            if re.search(r"IMAGE|IMG|CONTAINER|TAG|REPO", word.text, re.IGNORECASE):
                break
            index += 1
            continue
        takes = "=" not in word.text and word.text not in CONTAINER_FLAGS and not _is_joined(word.text)
        index += 2 if takes else 1
    return list(words[:index]), list(words[index:])


def _is_joined(text: str) -> bool:
    """`-p8000:8000`"""
    return bool(re.match(r"-[pevw][^\s-]", text)) and not text.startswith("--")


def _inside(told: Options, around: Around) -> Around:
    environment: dict[str, Setting] = {}
    for given in told.all(("-e", "--env")):
        name, equals, _ = given.text.partition("=")
        if equals:
            value = given.part(len(name) + 1)
            environment[name] = value.setting(name, given.part(0, len(name)).span)
        elif name in around.environment:
            environment[name] = around.environment[name]
    folder = told.last(("-w", "--workdir"))
    env_files = tuple(value.text for value in told.all(("--env-file",)))
    return replace(
        around, environment=environment, folder=folder.text if folder else None, env_files=env_files
    )


def published(told: Options) -> Iterator[PortMention]:
    """Both sides of each `-p`."""
    given = [*told.all(("-p", "--publish"))]
    given += [
        word.part(2)
        for word in told.words
        if re.match(r"-p[^=\s]", word.text) and not word.text.startswith("--")
    ]
    index = 0
    for word in given:
        for mention in published_port(word, index):
            index += 1
            yield mention


def published_port(word: Placed, index: int) -> Iterator[PortMention]:
    """`8000:80`, `127.0.0.1:8000:80/tcp`, `8000-8002:8000-8002`; index: how many mentions come before."""
    text = word.text
    found = _PUBLISHED.fullmatch(text)
    if found is None:
        return
    protocol = found["protocol"] or "tcp"
    address = (found["address"] or "").strip("[]")
    inside, count = _ranged(word, found.span("inside"))
    if found["host"]:
        outside, _ = _ranged(word, found.span("host"))
        yield PortMention(
            Mention.PUBLISHED, outside, address=address, protocol=protocol, count=count, leads_to=index + 1
        )
    yield PortMention(Mention.CONTAINER, inside, protocol=protocol, count=count)


def _ranged(word: Placed, span: tuple[int, int]) -> tuple[Port, int]:
    part = word.part(*span)
    found = _RANGE.fullmatch(part.text)
    if found is None:
        return part.port(), 1
    first, last = int(found[1][:6]), int(found[2][:6])
    return word.part(span[0], span[0] + found.end(1)).port(), max(1, last - first + 1)
