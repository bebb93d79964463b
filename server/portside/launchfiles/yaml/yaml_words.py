"""Commands, numbers and tables in YAML, with variables replaced in the way of the file's format."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.facts import Setting
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Lookup, Style, expand
from portside.launchfiles.text.words import Command, Word, unquoted
from portside.launchfiles.yaml.yaml_nodes import Mapping, Node, Scalar, Sequence
from portside.launchfiles.yaml.yaml_templates import UNKNOWN
from portside.lint.source import Span

_PART = re.compile(r"(?:\\\S|\"(?:\\.|[^\"\\])*\"|'[^']*'|\$\{[^}]*\}|[^\s\"'\\]|[\"'])+", re.DOTALL)
_LONGEST_COMMAND = 20_000
_SAYS = "{{…}}"
_UNKNOWNS = re.compile(f"{UNKNOWN}+")


def placed(node: Scalar, style: Style, lookup: Lookup) -> Placed:
    """The value with its variables replaced; what a template puts out is not known."""
    return expanded(node.word, style, lookup)


def expanded(word: Word, style: Style, lookup: Lookup) -> Placed:
    value = Placed.of_word(word)
    if UNKNOWN in word.text:
        value = _with_unknowns(value)
    return expand(value, style, lookup)


def _with_unknowns(value: Placed) -> Placed:
    parts: list[Placed] = []
    position = 0
    for found in _UNKNOWNS.finditer(value.text):
        part = value.part(*found.span())
        parts += (value.part(position, found.start()), Placed.unknown(_SAYS, part.span))
        position = found.end()
    return Placed.joined([*parts, value.part(position)], quoted=value.quoted)


def is_known(text: str) -> bool:
    """Whether a name is written out, no variable and no template in it."""
    return UNKNOWN not in text and "$" not in text


def readable(name: str) -> str:
    """A name with `{{…}}` for what a template puts into it."""
    return _UNKNOWNS.sub(_SAYS, name)


def list_words(node: Sequence) -> Command:
    """Each item of a list is one word."""
    return tuple(item.word for item in node.items if isinstance(item, Scalar))


def text_words(node: Scalar) -> Command:
    """A string as words: split at blanks and line ends, quotes and backslashes as in a shell, but no more."""
    word = node.word
    if len(word.text) > _LONGEST_COMMAND:
        return ()
    return tuple(unquoted(word.part(*found.span())) for found in _PART.finditer(word.text))


def words_of(node: Node | None) -> Command | None:
    """A command of either form; None where there is none."""
    match node:
        case Sequence():
            return list_words(node)
        case Scalar() if not node.is_null:
            return text_words(node)
    return None


def strings(node: Node | None) -> tuple[str, ...]:
    """A string or a list of them."""
    match node:
        case Sequence():
            return tuple(item.text for item in node.items if isinstance(item, Scalar) and not item.is_null)
        case Scalar() if not node.is_null:
            return (node.text,)
    return ()


def settings_in(node: Node | None, style: Style, lookup: Lookup) -> Iterator[Setting]:
    """`{A: 1}` or `[A=1]`; a name without a value gets it from outside."""
    if isinstance(node, Mapping):
        for key, value in node:
            if isinstance(value, Scalar):
                yield _setting(key.word, None if value.is_null else value.word, style, lookup)
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Scalar):
            name, equals, _ = item.text.partition("=")
            value_word = item.word.part(len(name) + 1, len(item.text)) if equals else None
            yield _setting(item.word.part(0, len(name)), value_word, style, lookup)


def _setting(name: Word, value: Word | None, style: Style, lookup: Lookup) -> Setting:
    name_span = name.span(0, len(name.text))
    if value is None:
        return Setting(name.text, None, name_span, name_span)
    return expanded(value, style, lookup).setting(name.text, name_span)


def number_in(node: Node | None) -> int | None:
    if isinstance(node, Scalar) and node.text.isascii() and node.text.isdecimal() and len(node.text) < 10:
        return int(node.text)
    return None


def is_true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.text.lower() in ("true", "yes", "on")


def is_false(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.text.lower() in ("false", "no", "off")


def whole(key: Scalar, value: Node) -> Span:
    """From the key to the end of its value; of an alias, the key."""
    end = value.span.end if value.span.start >= key.span.end else key.span.end
    return Span(key.span.start, max(end, key.span.end))
