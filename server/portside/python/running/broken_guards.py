"""Tests that were meant to be a main guard and are none: `_name_ == "_main_"`, `__name__ == "main"`.

Only where it is certain: a name that nothing binds, or a text that `__name__` never is.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.main_guard import UNDEFINED_NAMES
from portside.python.names.names import Names
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import fields_of, own_parts
from portside.python.source.syntax import string_value, unwrapped
from portside.records import dataclass

_MAIN = "__main__"
_LETTERS = re.compile(r"[^a-z]")
# A key too many: `"a__main__"`. With a dot it is the name of a package's `__main__`.
_SLIPPED = re.compile(r"\w*__main\w*")
# What can bind a name without naming it.
_BINDS_ANYTHING = frozenset({b"exec", b"globals", b"vars", b"__dict__"})


class Fault(enum.Enum):
    """What is wrong with a guard."""

    UNDEFINED = "a name that nothing defines"
    OTHER_TEXT = "a text that __name__ never is"
    IDENTITY = "identity instead of equality"
    QUOTED = "the text of the name in place of the name"


@dataclass(frozen=True, slots=True, eq=False)
class BrokenGuard:
    """A condition that was to be `__name__ == "__main__"`.

    condition: the comparison. body: what it was to guard. culprit: the undefined name, or the text.
    """

    condition: Node
    body: Node
    fault: Fault
    culprit: str


def find_broken_guards(names: Names) -> Iterator[BrokenGuard]:
    """Those at module level, in the order of the text."""
    for chunk in names.chunks_with(["__name__", *UNDEFINED_NAMES]):
        if chunk.node.type == "if_statement":
            for condition in fields_of(chunk.nodes("if_statement", "elif_clause"), "condition"):
                found = _broken(names, unwrapped(condition))
                holder = condition.parent
                body = holder.child_by_field_name("consequence") if holder is not None else None
                if found is not None and body is not None and holder is not None:
                    yield BrokenGuard(unwrapped(condition), body, *found)


def may_fail(chunk: Chunk) -> bool:
    """Whether the statement may be a guard with an undefined name, by its words."""
    if chunk.node.type != "if_statement":
        return False
    return any(_letters(word.decode("utf-8", "replace")) == "main" for word in chunk.words)


def fails(names: Names, comparison: Node) -> bool:
    """Whether the test is such a guard and ends in a NameError, or never holds."""
    found = _broken(names, comparison)
    return found is not None and found[0] in {Fault.UNDEFINED, Fault.QUOTED}


def _broken(names: Names, comparison: Node) -> tuple[Fault, str] | None:
    sides = [unwrapped(side) for side in own_parts(comparison)]
    if comparison.type != "comparison_operator" or len(sides) != 2:
        return None
    operator = names.tree.text(comparison.child_by_field_name("operators") or comparison)
    if operator not in {"==", "is"}:
        return None
    for name, main in (sides, sides[::-1]):
        if _is_meant_as_name(names, name) and _is_meant_as_main(names, main):
            return _fault(names, name, main, operator)
    return None


def _is_meant_as_name(names: Names, node: Node) -> bool:
    text = names.tree.text(node) if node.type == "identifier" else string_value(names.tree, node)
    return text == "__name__" or text in UNDEFINED_NAMES


def _is_meant_as_main(names: Names, node: Node) -> bool:
    value = names.tree.text(node) if node.type == "identifier" else string_value(names.tree, node)
    if value is None or _letters(value) in {"main", "mainpy"}:
        return value is not None
    return node.type == "string" and _SLIPPED.fullmatch(value) is not None


def _letters(text: str) -> str:
    return _LETTERS.sub("", text.lower())


def _fault(names: Names, name: Node, main: Node, operator: str) -> tuple[Fault, str] | None:
    if name.type == "string":
        return (Fault.QUOTED, "__name__") if string_value(names.tree, main) is not None else None
    for side in (name, main):
        text = names.tree.text(side)
        if side.type == "identifier" and text != "__name__":
            return (Fault.UNDEFINED, text) if _is_undefined(names, side) else None
    if names.bindings_of(name):
        return None
    value = string_value(names.tree, main)
    if value is None or value != _MAIN:
        return (Fault.OTHER_TEXT, value or "")
    return (Fault.IDENTITY, _MAIN) if operator == "is" else None


def _is_undefined(names: Names, identifier: Node) -> bool:
    """Whether nothing in the file can have bound the name, and nobody waits for the NameError."""
    if names.bindings_of(identifier) or names.module_bindings("*"):
        return False
    return not any(words & _BINDS_ANYTHING for words in (chunk.words for chunk in names.chunks))
