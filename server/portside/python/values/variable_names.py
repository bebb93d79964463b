"""Where a Python file names an environment variable, and whether that may have another name."""

from __future__ import annotations

import re

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.names.names import Names
from portside.python.source.syntax import string_value
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Naming:
    """spans: of the name, in the strings that are it.

    otherwise: whether the file also sets it, or reads it by the field of a settings class.
    """

    spans: tuple[Span, ...]
    otherwise: bool


def naming(names: Names, variable: str) -> Naming:
    keys = strings_of(names, variable)
    spans = []
    for key in keys:
        whole, text = names.tree.span(key), names.tree.text(key)
        start = whole.start + text.index(variable)
        spans.append(Span(start, start + len(variable)))
    return Naming(tuple(spans), any(map(_sets, keys)) or _has_field(names, variable))


def strings_of(names: Names, variable: str) -> tuple[Node, ...]:
    """Every string literal of the file that is the variable's name."""
    strings = (node for chunk in names.chunks_with([variable]) for node in chunk.nodes("string"))
    return tuple(node for node in strings if string_value(names.tree, node) == variable)


def _sets(key: Node) -> bool:
    """`os.environ["X"] = …`, `os.environ.setdefault("X", …)`, `{"X": …}`."""
    holder = key.parent
    around = holder.parent if holder is not None else None
    if holder is None or around is None:
        return False
    if holder.type == "subscript":
        return around.type == "assignment" and around.child_by_field_name("left") == holder
    callee = around.child_by_field_name("function") if holder.type == "argument_list" else None
    called = callee.text.decode() if callee is not None and callee.text is not None else ""
    return holder.type == "pair" or called.endswith(("setdefault", "putenv", "setenv"))


def _has_field(names: Names, variable: str) -> bool:
    if not names.chunks_with(["BaseSettings"]):
        return False
    field = re.compile(rf"^[ \t]+{re.escape(variable)}[ \t]*:", re.IGNORECASE | re.MULTILINE)
    return field.search(names.tree.source.text) is not None
