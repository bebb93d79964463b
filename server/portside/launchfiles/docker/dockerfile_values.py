"""Values in a Dockerfile's instructions: what ARG and ENV set, which ports EXPOSE names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.docker.dockerfile_instructions import Instruction
from portside.launchfiles.facts import Mention, PortMention, Setting
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import Lookup, Style, expand
from portside.launchfiles.text.words import Command, Word, exec_words, unquoted, within

_PART = re.compile(r"(?:\\.|\"(?:\\.|[^\"\\])*\"|'[^']*'|\$\{[^}]*\}|[^\s\"'\\]|[\"'])+", re.DOTALL)
_PAIR = re.compile(r"(?P<name>[^=\s\"']+)=(?P<value>.*)", re.DOTALL)
_SINGLE = re.compile(r"(?P<name>\S+)\s+(?P<value>.+)", re.DOTALL)
_PORT = re.compile(r"(?P<first>[^\s/-]+)(?:-(?P<last>\d+))?(?:/(?P<protocol>\w+))?")


def words_in(text: Word) -> Command:
    """What blanks part, with quotes and escapes as they are written."""
    return tuple(text.part(*found.span()) for found in _PART.finditer(text.text))


def exec_within(text: Word) -> Command:
    """The words of an exec form."""
    return tuple(within(text, word) for word in exec_words(text.text, 0, len(text.text)))


def assigned(instruction: Instruction, lookup: Lookup) -> Iterator[Setting]:
    """`ENV A=1 B="2 3"`, `ENV A 1`, `ARG A=1`, `ARG A`.

    lookup: all of one instruction see the variables from before it.
    """
    is_argument = instruction.name == "ARG"
    for name, value in _assignments(instruction.text, is_argument):
        if value is None:
            yield Setting(name.text, None, name.span(0, len(name.text)), name.span(0, len(name.text)), True)
            continue
        placed = Placed.of_word(unquoted(value))
        if not value.text.startswith("'"):
            placed = expand(placed, Style.BRACES, lookup)
        setting = placed.setting(name.text, name.span(0, len(name.text)))
        is_default = setting.is_default or is_argument
        yield Setting(setting.name, setting.value, setting.span, setting.name_span, is_default)


def _assignments(text: Word, is_argument: bool) -> Iterator[tuple[Word, Word | None]]:
    words = words_in(text)
    if words and not is_argument and not _PAIR.fullmatch(words[0].text):
        single = _SINGLE.fullmatch(text.text)
        if single:
            yield text.part(*single.span("name")), text.part(*single.span("value"))
        return
    for word in words:
        pair = _PAIR.fullmatch(word.text)
        if pair:
            yield word.part(*pair.span("name")), word.part(*pair.span("value"))
        elif is_argument:
            yield word, None


def exposed(ports: Placed) -> Iterator[PortMention]:
    """`8000`, `8000/udp`, `8000-8010`, each a port or so many from it on."""
    for word in ports.split():
        found = _PORT.fullmatch(word.text)
        if found is None:
            continue
        port = word.part(*found.span("first")).port()
        count = int(found["last"][:6]) - port.number + 1 if found["last"] and port.number is not None else 1
        yield PortMention(
            Mention.EXPOSED, port, protocol=(found["protocol"] or "tcp").lower(), count=max(1, count)
        )
