"""How text has to be written where a file holds it: in a JSON string, a YAML scalar, a quoted shell word."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable

from portside.launchfiles.text.words import Word
from portside.records import dataclass

# From what a program is to read to what stands in the file.
Writer = Callable[[str], str]


def as_it_is(text: str) -> str:
    return text


def in_json(text: str) -> str:
    return json_string(text)[1:-1]


def json_string(text: str) -> str:
    """With its quotes."""
    return json.dumps(text, ensure_ascii=False)


def in_single_yaml(text: str) -> str:
    return text.replace("'", "''")


def doubled_dollars(text: str) -> str:
    """For Make and compose, which have a meaning of their own for `$`."""
    return text.replace("$", "$$")


def in_unit(text: str) -> str:
    """For systemd: `%` and `$` have a meaning there."""
    return text.replace("%", "%%").replace("$", "$$")


def doubled_percents(text: str) -> str:
    """For supervisor's ini files."""
    return text.replace("%", "%%")


def in_single_quotes(text: str) -> str:
    return text.replace("'", "'\\''")


def in_double_quotes(text: str) -> str:
    return re.sub(r'(["\\$`])', r"\\\1", text)


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes into one kind of place. raw: what was there in other words; new: what no one has escaped yet.

    They differ where `$` or `%` has a meaning of its own: `$PORT` is `$$PORT` in a Makefile.
    """

    raw: Writer = as_it_is
    new: Writer = as_it_is

    def within(self, inner: Writer) -> Pen:
        """For what is quoted there."""
        return Pen(then(inner, self.raw), then(inner, self.new))

    def meaning(self, special: Writer) -> Pen:
        """The same where such a character has a meaning of its own."""
        return Pen(self.raw, then(special, self.new))


def in_split_quotes(text: str) -> str:
    """In double quotes, for what splits words as a shell does and looks up no variable in them."""
    return re.sub(r'(["\\])', r"\\\1", text)


def then(inner: Writer, outer: Writer) -> Writer:
    """The one, and what it writes by the other."""
    return lambda text: outer(inner(text))


def pen(write: Writer, special: Writer = as_it_is) -> Pen:
    return Pen(write, then(special, write))


# YAML

_PLAIN = re.compile(r"[A-Za-z_./~][\w./:@=+~-]*(?<!:)|--?[A-Za-z][\w./:@=+~-]*(?<!:)|-c")
_WORDS_WITH_MEANING = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~", ".", "-"})


def yaml_item(text: str, quote: str = "") -> str:
    """An item of a YAML list. quote: that of its neighbours, "" where they have none."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_WITH_MEANING
    if not quote and plain:
        return text
    if quote == "'" and text.isprintable():
        return f"'{in_single_yaml(text)}'"
    return json.dumps(text, ensure_ascii=False)


def yaml_word(node_value: str, text: str, start: int, end: int, style: str | None) -> Word | None:
    """A scalar's value with the place of each of its characters; None where the two don't agree.

    start, end: of the scalar in the file, with its quotes or its `|`.
    """
    position = start
    if style in ("'", '"'):
        position += 1
    elif style in ("|", ">"):
        position = text.find("\n", start, end) + 1
        if not position:
            return None
    inner, places = position, []
    for character in node_value:
        found = _next(character, text, position, end, style)
        if found is None:
            return None
        place, position = found
        places.append(place)
    return Word(node_value, start, end, places[0] if places else inner, (*places, position))


_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/", " ": " "}
_CODE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")


def _next(character: str, text: str, position: int, end: int, style: str | None) -> tuple[int, int] | None:
    """Where the character stands, and where the next one may."""
    while position < end:
        written = text[position]
        if style == '"' and written == "\\":
            code = _CODE.match(text, position, end)
            if code is not None:
                return (position, code.end()) if chr(int(code[1] or code[2], 16)) == character else None
            if text[position + 1 : position + 2] == "\n":
                position += 2
                continue
            stands_for = _ESCAPES.get(text[position + 1 : position + 2])
            return (position, position + 2) if stands_for == character else None
        if style == "'" and text[position : position + 2] == "''":
            return (position, position + 2) if character == "'" else None
        if written == character:
            return position, position + 1
        if not written.isspace():
            return None
        if character in " \n" and "\n" in (rest := _space(text, position, end)):
            return position, position + (len(rest) if character == " " else rest.rindex("\n") + 1)
        position += 1
    return None


def _space(text: str, position: int, end: int) -> str:
    found = re.compile(r"\s*").match(text, position, end)
    return found.group() if found else ""


# Shell


def shell_word(text: str) -> str:
    """A word for a shell, readable where that is possible."""
    return shlex.quote(text)


def plain_word(word: str) -> str | None:
    """What a word that is ready for a shell means; None where a shell has to look something up in it."""
    if word.startswith("'") and word.endswith("'") and "'" not in word[1:-1]:
        return word[1:-1]
    if any(sign in word for sign in "$`"):
        return None
    try:
        split = shlex.split(word)
    except ValueError:
        return None
    return split[0] if len(split) == 1 else None
