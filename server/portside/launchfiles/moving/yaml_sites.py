"""Commands in YAML and JSON, ready to be replaced: compose, Kubernetes, workflows, package.json, tasks.json.

As in yaml_commands.py, a string that reads as a command is one. Who runs it decides on the form: compose
splits a `command` into words by itself and wants `$$`, Kubernetes takes lists alone, others run a shell.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

import yaml

from portside.launchfiles.moving.command_sites import Holder, Piece, Site, list_sites, text_sites
from portside.launchfiles.moving.writing import (
    Pen,
    Writer,
    as_it_is,
    doubled_dollars,
    in_json,
    in_single_yaml,
    json_string,
    pen,
    yaml_item,
    yaml_word,
)
from portside.launchfiles.text.words import Word
from portside.launchfiles.yaml.yaml_commands import Loader, without_comments
from portside.lint.source import Span
from portside.records import dataclass


def yaml_sites(text: str) -> Iterator[Site]:
    """The commands of a YAML file; none of one that does not parse."""
    try:
        documents = list(yaml.compose_all(text, Loader=Loader))
    except yaml.YAMLError:
        return
    for document in documents:
        yield from _Reader(text, _kind(document)).sites(document)


def json_sites(text: str) -> Iterator[Site]:
    """The commands of a JSON file, which may have comments and trailing commas."""
    plain = without_comments(text)
    try:
        document = yaml.compose(plain, Loader=Loader)
    except yaml.YAMLError:
        return
    yield from _Reader(text, "json").sites(document)


def _kind(document: yaml.Node | None) -> str:
    keys = {key.value for key, _ in document.value} if isinstance(document, yaml.MappingNode) else set()
    if {"apiVersion", "kind"} <= keys:
        return "kubernetes"
    return "compose" if "services" in keys else ""


# GitHub, GitLab, Circle, Bitbucket, Render, Railway, Taskfile, SkyPilot and others.
_SHELL_KEYS = re.compile(
    r"(before_|after_)?script|run|commands?|cmds?|start_?command|build_?command|setup|shell|args|entrypoint|test",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Reader:
    """Reads one document. kind: "compose", "kubernetes", "json", or "" for any other."""

    text: str
    kind: str

    def sites(self, node: yaml.Node | None, key: str = "") -> Iterator[Site]:
        """key: the nearest one around the node, which tells whether a shell will read it."""
        match node:
            case yaml.ScalarNode():
                yield from self._of_scalar(node, key=key)
            case yaml.SequenceNode():
                if (pieces := self._pieces(node, 0)) is not None:
                    yield from self._lists((node,), pieces, ())
                for item in node.value:
                    if isinstance(item, yaml.ScalarNode):
                        yield from self._of_scalar(item, key=key, must_have_space=True)
                    else:
                        yield from self.sites(item, key)
            case yaml.MappingNode():
                yield from self._of_mapping(node)

    def _of_mapping(self, node: yaml.MappingNode) -> Iterator[Site]:
        entries = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        variables = _variables(entries.get("env"))
        done: set[str] = set()
        for first, second in (("entrypoint", "command"), ("command", "args")):
            one, other = entries.get(first), entries.get(second)
            if one is None or not self._is_run(first, entries):
                continue
            done.add(first)
            yield from self._joined(one, other, variables, first)
            if other is not None:
                done.add(second)
        if self.kind == "kubernetes" and "command" not in entries and "args" in entries:
            done.add("args")
            yield from self._joined(entries["args"], None, variables, "args")
        for key, value in entries.items():
            if key not in done or (isinstance(value, yaml.SequenceNode) and self.kind == ""):
                yield from self.sites(value, key)

    def _is_run(self, key: str, entries: dict[str, yaml.Node]) -> bool:
        if self.kind == "compose":
            return key == "entrypoint" or (key == "command" and "entrypoint" not in entries)
        if self.kind == "json":
            return key == "command" and isinstance(entries.get("args"), yaml.SequenceNode)
        return self.kind == "kubernetes" and key == "command"

    def _joined(
        self, first: yaml.Node, second: yaml.Node | None, variables: frozenset[str], key: str
    ) -> Iterator[Site]:
        """The command of one or two keys, each a list or, in compose, a text."""
        if isinstance(first, yaml.ScalarNode) and second is None:
            yield from self._of_scalar(first, split=self.kind == "compose")
            return
        nodes = [node for node in (first, second) if node is not None]
        found = [self._pieces(node, number) for number, node in enumerate(nodes)]
        for node in nodes:
            if isinstance(node, yaml.ScalarNode):
                yield from self._of_scalar(node, split=self.kind == "compose")
        if any(pieces is None for pieces in found):
            return
        pieces = tuple(piece for part in found for piece in part or ())
        yield from self._lists(tuple(nodes), pieces, variables, takes_more=key == "entrypoint")

    def _lists(
        self,
        nodes: tuple[yaml.Node, ...],
        pieces: tuple[Piece, ...],
        variables: frozenset[str] | tuple[()],
        *,
        takes_more: bool = False,
    ) -> Iterator[Site]:
        holders = tuple(self._holder(node, takes_more and not index) for index, node in enumerate(nodes))
        if not pieces:
            return
        is_task = self.kind == "json" and isinstance(nodes[0], yaml.ScalarNode)
        yield from list_sites(
            Site(
                pieces,
                holders,
                False,
                variables=frozenset(variables),
                variable_form="$({})",
                sh=None if is_task else "sh",
            )
        )

    def _pen(self, write: Writer) -> Pen:
        return pen(write, doubled_dollars if self.kind == "compose" else as_it_is)

    def _pieces(self, node: yaml.Node, holder: int) -> tuple[Piece, ...] | None:
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        pieces: list[Piece] = []
        for item in items:
            if not isinstance(item, yaml.ScalarNode) or (word := self._word(item)) is None:
                return None
            span = Span(word.start, word.end)
            pieces.append(Piece(word, word.text, span, holder, self._pen(self._writer(item))))
        return tuple(pieces)

    def _word(self, node: yaml.ScalarNode) -> Word | None:
        return yaml_word(node.value, self.text, node.start_mark.index, node.end_mark.index, node.style)

    def _holder(self, node: yaml.Node, takes_more: bool) -> Holder:
        if self.kind == "json":
            return Holder(False, pen(json_string), ", ", takes_more)
        quote = self._quote(node)

        def write(text: str) -> str:
            return yaml_item(text, quote)

        if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
            column = node.start_mark.column
            return Holder(False, self._pen(write), f"\n{' ' * column}- ", takes_more)
        return Holder(False, self._pen(write), ", ", takes_more)

    def _quote(self, node: yaml.Node) -> str:
        """The quotes that most items of the list have."""
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        styles = [item.style or "" for item in items if isinstance(item, yaml.ScalarNode)]
        quoted = [style for style in styles if style in ("'", '"')]
        return max(quoted, key=quoted.count) if len(quoted) * 2 > len(styles) else ""

    def _of_scalar(
        self, node: yaml.ScalarNode, *, key: str = "run", split: bool = False, must_have_space: bool = False
    ) -> Iterator[Site]:
        if must_have_space and not re.search(r"\s", node.value):
            return
        word = self._word(node)
        if word is None:
            return
        # What reads a key that nobody knows may be no shell: a variable would stay what it is.
        is_known_key = split or _SHELL_KEYS.fullmatch(key) is not None
        is_known = is_known_key or self.kind in {"json", "kubernetes"}

        def shape(site: Site) -> Site:
            told = not is_known_key and self.kind != "kubernetes" and _is_told(site)
            return replace(site, literal_only=site.literal_only or not is_known, told=told)

        yield from text_sites(word, self._pen(self._writer(node)), shape=shape, shell=not split)

    def _writer(self, node: yaml.ScalarNode) -> Writer:
        if self.kind == "json" or node.style == '"':
            return in_json
        return in_single_yaml if node.style == "'" else as_it_is


# A word that tells somebody to run what follows.
_TOLD = re.compile(r"[^\x00-\x7f]|[A-Za-z)][:,.;!]$|^(?:using|with|via|please|type|by|use|then|the|or|and)$")


def _is_told(site: Site) -> bool:
    """Whether the command stands in a sentence: "not started, please run: python server.py"."""
    before = list(itertools.takewhile(lambda text: not _PROGRAM.match(text), _texts(site)))
    return before[:1] == ["run"] or any(_TOLD.search(text) for text in before if "/" not in text)


_PROGRAM = re.compile(r"(?:\S*/)?(?:python|pypy|py\b|uv$|poetry$|conda$)")


def _texts(site: Site) -> Iterator[str]:
    return (piece.text.lower() for piece in site.pieces)


def _variables(node: yaml.Node | None) -> frozenset[str]:
    """The names in a container's `env`."""
    found = set()
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        if isinstance(item, yaml.MappingNode):
            found |= {
                value.value
                for key, value in item.value
                if key.value == "name" and isinstance(value.value, str)
            }
    return frozenset(found)
