"""YAML as nodes with places, out of files that may be broken, templated or hostile.

PyYAML's own composer stops at the first mistake, at an anchor that is used twice, and nests as deep as the
file does. This one builds the same nodes from libyaml's events, which come until the mistake, and hands out
what was open then. `<<` is resolved where a mapping is read, so that an alias costs nothing until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import TypeAlias

from portside.launchfiles.text.words import Word
from portside.launchfiles.yaml.yaml_places import places_of
from portside.lint.source import Span
from portside.records import cached_property, dataclass

# Lines that are indented deeper are not folded. No command begins with an option: whoever wrote `>` for one
# over several lines meant it to be one.
_OPTION_LINE = re.compile(r"\n(?=[ \t]+--?[A-Za-z])")


@dataclass(eq=False)
class Scalar:
    """text: its value. style: `'`, `"`, `|`, `>`, or "" for plain. source: the whole file."""

    text: str
    span: Span
    style: str
    source: str = field(repr=False)
    tag: str = ""

    @property
    def is_null(self) -> bool:
        return not self.style and self.text in ("", "~", "null", "Null", "NULL")

    @cached_property
    def word(self) -> Word:
        """The value as a word of a command, each character with its place."""
        start, end = self.span.start, self.span.end
        text = _OPTION_LINE.sub(" ", self.text) if self.style == ">" else self.text
        quoted = self.style in ("'", '"') and start < end
        inner = start + quoted
        if self.source.startswith(text, inner) and self.style not in ("|", ">"):
            return Word(text, start, end, inner)
        places = places_of(self.text, self.source, start, end, self.style)
        return Word(text, start, end, places[0], places)

    @property
    def inner(self) -> Span:
        """Where the value stands, without quotes."""
        return self.word.span(0, len(self.text))


@dataclass(eq=False)
class Sequence:
    items: list[Node]
    span: Span
    tag: str = ""


@dataclass(eq=False)
class Mapping:
    """entries: as written, `<<` among them."""

    entries: list[tuple[Scalar, Node]]
    span: Span
    tag: str = ""

    @cached_property
    def table(self) -> dict[str, tuple[Scalar, Node]]:
        """Each key's node and value, with what `<<` brings in and the mapping itself does not say."""
        self.__dict__["table"] = {}  # a mapping that merges itself gains nothing by it
        found = {key.text: (key, value) for key, value in self.entries if key.text != "<<" or key.style}
        for key, value in self.entries:
            if key.text == "<<" and not key.style:
                for merged in value.items if isinstance(value, Sequence) else [value]:
                    if isinstance(merged, Mapping):
                        found = {**merged.table, **found}
        return found

    def get(self, key: str) -> Node | None:
        found = self.table.get(key)
        return found[1] if found else None

    def scalar(self, key: str) -> Scalar | None:
        """The value where it is a scalar that says something."""
        found = self.get(key)
        return found if isinstance(found, Scalar) and not found.is_null else None

    def mapping(self, key: str) -> Mapping:
        """The value where it is a mapping, else an empty one."""
        found = self.get(key)
        return found if isinstance(found, Mapping) else Mapping([], self.span)

    def items_of(self, key: str) -> list[Node]:
        """The items of a list; none where there is no list."""
        found = self.get(key)
        return found.items if isinstance(found, Sequence) else []

    def mappings(self, key: str) -> Iterator[Mapping]:
        return (item for item in self.items_of(key) if isinstance(item, Mapping))

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.table.values())


Node: TypeAlias = Scalar | Sequence | Mapping
