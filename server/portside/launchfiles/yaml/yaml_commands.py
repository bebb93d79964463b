"""Commands in YAML and JSON: compose, Kubernetes, workflows, package.json, launch.json, tasks.json.

The formats differ in their keys, and new ones come up each year, so no list of keys
is kept: a string that reads as a command is one, and so is a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from portside.launchfiles.text.words import Command, Word, nested_commands, shell_commands

# The C parser where PyYAML was built with it: ten times as fast.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Keys whose values follow each other on one command line (compose, Kubernetes, tasks.json).
_JOINED = (("entrypoint", "command"), ("command", "args"))
_PROGRAM_KEYS = frozenset({"program", "script"})

# Strings are matched first, so that `//` within one is no comment.
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def yaml_commands(text: str) -> Iterator[Command]:
    """The commands of a YAML file. One that does not parse (a Helm template) is read line by line."""
    try:
        documents = list(yaml.compose_all(text, Loader=Loader))
    except yaml.YAMLError:
        yield from shell_commands(re.sub(r'[\[\],"]', " ", re.sub(r"(?m)^\s*(- )?[\w-]+:", _blank, text)))
        return
    for document in documents:
        yield from _commands(document, text)


def json_commands(text: str) -> Iterator[Command]:
    """The commands of a JSON file, which may have comments and trailing commas, as VS Code allows."""
    yield from yaml_commands(without_comments(text))


def is_yaml(text: str) -> bool:
    try:
        list(yaml.compose_all(text, Loader=Loader))
    except yaml.YAMLError:
        return False
    return True


def without_comments(text: str) -> str:
    """JSON with its comments blanked out, which is YAML then; blanks keep every offset where it was."""
    return _COMMENT.sub(_without_comment, text).replace("\t", " ")


def _commands(node: yaml.Node | None, text: str) -> Iterator[Command]:
    match node:
        case yaml.ScalarNode():
            yield from _scalar_commands(node, text)
        case yaml.SequenceNode():
            words = _words(node)
            yield words
            # What stands in a block is not where its text would be; as an item of its own it is.
            if not any(getattr(item, "style", None) in ("|", ">") for item in node.value):
                yield from nested_commands(words)
            for item in node.value:
                yield from _commands(item, text)
        case yaml.MappingNode():
            yield from _mapping_commands(node, text)


def _mapping_commands(node: yaml.MappingNode, text: str) -> Iterator[Command]:
    entries = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    for first, second in _JOINED:
        if first in entries and second in entries:
            yield (*_words(entries[first]), *_words(entries[second]))
    for key, value in entries.items():
        if key in _PROGRAM_KEYS and isinstance(value, yaml.ScalarNode):
            yield _started_by(value, "python")
        elif key == "module" and isinstance(value, yaml.ScalarNode):
            yield _started_by(value, "python", "-m")
        yield from _commands(value, text)


def _started_by(node: yaml.ScalarNode, *before: str) -> Command:
    """`"program": "${workspaceFolder}/core/server.py"` as the command that it stands for."""
    word = _word(node)
    implied = tuple(Word(text, word.start, word.start, word.start) for text in before)
    return (*implied, Word(word.text.replace(" ", "_"), word.start, word.end, word.inner))


def _scalar_commands(node: yaml.ScalarNode, text: str) -> Iterator[Command]:
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        start = text.find("\n", start, end) + 1 or end
    elif node.style:
        start, end = start + 1, end - 1
    yield from shell_commands(text, start, end, lines=node.style == "|")


def _words(node: yaml.Node) -> Command:
    match node:
        case yaml.ScalarNode():
            if any(character.isspace() for character in node.value):
                offset = node.start_mark.index + bool(node.style)
                parts = re.finditer(r"\S+", node.value)
                return tuple(_placed(part.group(), part.start() + offset) for part in parts)
            return (_word(node),)
        case yaml.SequenceNode():
            return tuple(_word(item) for item in node.value if isinstance(item, yaml.ScalarNode))
    return ()


def _placed(text: str, start: int) -> Word:
    return Word(text, start, start + len(text), start)


def _word(node: yaml.ScalarNode) -> Word:
    start, end = node.start_mark.index, node.end_mark.index
    return Word(node.value, start, end, start + (node.style in ("'", '"')))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _without_comment(match: re.Match[str]) -> str:
    found = match.group()
    return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)
