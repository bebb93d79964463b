"""Run configurations of a script in launch.json: `"program": "x.py"` -> `"module": "uvicorn", "args": …`."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping

import yaml

from portside.launchfiles.moving.command_sites import Piece
from portside.launchfiles.moving.moving import Arguments, Change, Left, arguments_of, places_without
from portside.launchfiles.moving.writing import json_string, plain_word, yaml_word
from portside.launchfiles.yaml.yaml_commands import Loader, without_comments
from portside.lint.moved_command import VARIABLE, MovedCommand, start_folder
from portside.lint.source import Span
from portside.records import dataclass

_WORKSPACE = re.compile(r"\$\{(?:workspaceFolder|workspaceRoot)\}/?")
_PYTHON_TYPES = frozenset({"python", "debugpy", ""})


@dataclass(frozen=True)
class Configuration:
    """An object with a `program` or a `module`. script: that value. at: where it begins in the file."""

    text: str
    entries: Mapping[str, tuple[yaml.Node, yaml.Node]]
    key: str
    folder: str

    @property
    def value(self) -> yaml.ScalarNode:
        node = self.entries[self.key][1]
        assert isinstance(node, yaml.ScalarNode)
        return node

    @property
    def at(self) -> int:
        return int(self.value.start_mark.index) + 1

    def said(self, key: str) -> str:
        node = self.entries[key][1] if key in self.entries else None
        return node.value if isinstance(node, yaml.ScalarNode) else ""

    # What is changed

    def moved(self, command: MovedCommand) -> tuple[Change, ...]:
        """The changes of this configuration. Raises Left."""
        if self.said("type") not in _PYTHON_TYPES or self.said("request") not in {"launch", ""}:
            raise Left(f"its type is `{self.said('type') or self.said('request')}`")
        passed = self._passed()
        arguments = arguments_of(passed, command)
        head = list(self._head(command, arguments))
        key_node, value_node = self.entries[self.key]
        changes = [
            Change(_span(key_node), '"module"'),
            Change(_span(value_node), '"uvicorn"'),
            *(Change(piece.span, json_string(word)) for piece, word in arguments.renamed),
        ]
        changes += self._with_items(head, passed, arguments)
        if arguments.handed:
            changes.append(self._with_variable(shlex.join(piece.text for piece in arguments.handed)))
        return tuple(changes)

    def _head(self, command: MovedCommand, arguments: Arguments) -> Iterator[str]:
        folder, written = self._start()
        module = self.key == "module"
        where = folder if module or not written else start_folder(command.script, written, None, module=False)
        found = command.target(folder if where is not None else None, written, module=module)
        if found is None or written.startswith(("/", "$")):
            raise Left("the app has no name from the folder that it starts in")
        if command.factory:
            yield "--factory"
        yield found[0]
        if found[1] is not None:
            yield from ("--app-dir", found[1])
        for option in command.options:
            if option.flag not in arguments.given:
                yield from map(self._plain, option.words)

    def _start(self) -> tuple[str, str]:
        """The folder that it starts in, from the workspace's root, and the script from there."""
        cwd = self.said("cwd")
        folder = posixpath.normpath(posixpath.join(self.folder, _WORKSPACE.sub("", cwd) or "."))
        folder = "" if folder == "." else folder
        if "$" in folder or folder.startswith(("/", "..")):
            raise Left("it starts in a folder that can't be told from here")
        if self.key == "module":
            return folder, self.value.value
        program = self.value.value
        if not _WORKSPACE.match(program):
            return folder, posixpath.normpath(program)
        whole = posixpath.normpath(posixpath.join(self.folder, _WORKSPACE.sub("", program)))
        return folder, posixpath.relpath(whole, folder or ".")

    def _plain(self, word: str) -> str:
        """The word without a variable: what the configuration sets it to, else its default."""
        plain = plain_word(word)
        if plain is not None:
            return plain
        found = re.fullmatch(r'"\$\{(\w+)(?::-([^{}$`]*))?(?::\?)?\}"', word)
        value = self._environment().get(found[1], found[2]) if found is not None else None
        if value is None or "envFile" in self.entries:
            raise Left("a variable has no form there")
        return value

    def _environment(self) -> dict[str, str]:
        node = self.entries["env"][1] if "env" in self.entries else None
        items = node.value if isinstance(node, yaml.MappingNode) else []
        return {key.value: value.value for key, value in items if isinstance(value, yaml.ScalarNode)}

    def _passed(self) -> tuple[Piece, ...]:
        node = self.entries["args"][1] if "args" in self.entries else None
        if node is None:
            return ()
        items = node.value if isinstance(node, yaml.SequenceNode) else [None]
        pieces: list[Piece] = []
        for item in items:
            if not isinstance(item, yaml.ScalarNode):
                raise Left("its arguments can't be told from here")
            word = yaml_word(item.value, self.text, *_ends(item), item.style)
            if word is None or "${input:" in word.text or "${command:" in word.text:
                raise Left("its arguments can't be told from here")
            pieces.append(Piece(word, word.text, _span(item), inside=None))
        return tuple(pieces)

    def _with_items(self, head: list[str], passed: tuple[Piece, ...], arguments: Arguments) -> list[Change]:
        items = ", ".join(map(json_string, head))
        if "args" not in self.entries:
            end = _span(self.value).end
            return [Change(Span(end, end), f',{self._line_start()}"args": [{items}]')]
        node = self.entries["args"][1]
        start = _span(node).start + 1
        gone = places_without(passed, arguments.gone)
        if not passed or len(arguments.gone) == len(passed):
            return [Change(Span(start, _span(node).end - 1), items)]
        first = passed[0].span.start
        parting = re.sub(r"[^\s]", "", self.text[start:first]) if "\n" in self.text[start:first] else " "
        return [Change(Span(first, first), f"{items},{parting}"), *gone]

    def _with_variable(self, value: str) -> Change:
        item = f'"{VARIABLE}": {json_string(value)}'
        if "env" not in self.entries:
            end = _span(self.entries[self.key][0]).start
            return Change(Span(end, end), f'"env": {{{item}}},{self._line_start() or " "}')
        node = self.entries["env"][1]
        if not isinstance(node, yaml.MappingNode):
            raise Left("its environment can't be told from here")
        start = _span(node).start + 1
        return Change(Span(start, start), f"{item}, " if node.value else item)

    def _line_start(self) -> str:
        """The line end and the spaces before the configuration's keys; a space where they share a line."""
        key = _span(self.entries[self.key][0]).start
        before = self.text[self.text.rfind("\n", 0, key) + 1 : key]
        return f"\n{before}" if not before.strip() else " "


def configurations(path: str, text: str) -> Iterator[Configuration]:
    """Each object of the file that runs a Python program or module."""
    try:
        document = yaml.compose(without_comments(text), Loader=Loader)
    except yaml.YAMLError:
        return
    folder = posixpath.dirname(posixpath.dirname(path))
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
            entries = {
                key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)
            }
            for name in ("program", "module"):
                if name in entries and isinstance(entries[name][1], yaml.ScalarNode):
                    yield Configuration(text, entries, name, folder)


def _ends(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def _span(node: yaml.Node) -> Span:
    return Span(*_ends(node))
