"""Paths that a script names by where it lies itself: `str(Path(__file__).resolve().parent / "src")`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from tree_sitter import Node

from portside.python.launching.script_place import ScriptPlace
from portside.python.names.names import Names
from portside.python.source.nodes import operator_of, own_parts
from portside.python.source.syntax import argument_nodes, string_value, unwrapped

_DEEPEST = 12
# They give the path that they are given, or are called on, in another form.
_FORMS = frozenset(
    {"builtins.str", "os.fspath", "os.path.abspath", "os.path.normpath", "os.path.realpath", "pathlib.Path"}
)
_FORM_METHODS = frozenset({"absolute", "as_posix", "resolve"})


def script_path(names: Names, place: ScriptPlace, node: Node, depth: int = _DEEPEST) -> str | None:
    """The path from the workspace's root, "" for the root itself; None where it is another, or above that."""
    made = unwrapped(names.value_of(node))
    if depth == 0:
        return None
    match made.type:
        case "identifier":
            return place.path if made.text == b"__file__" else None
        case "attribute":
            holder, name = made.child_by_field_name("object"), made.child_by_field_name("attribute")
            is_parent = holder is not None and name is not None and name.text == b"parent"
            return _up(script_path(names, place, holder, depth - 1), 1) if is_parent and holder else None
        case "subscript":
            return _of_parents(names, place, made, depth)
        case "binary_operator" if operator_of(made) == "/":
            left, right = own_parts(made)
            return _joined(names, script_path(names, place, left, depth - 1), [right])
        case "call":
            return _of_call(names, place, made, depth)
    return None


def _of_parents(names: Names, place: ScriptPlace, subscript: Node, depth: int) -> str | None:
    """`Path(__file__).parents[1]`."""
    value, index = subscript.child_by_field_name("value"), subscript.child_by_field_name("subscript")
    holder = value.child_by_field_name("object") if value is not None else None
    name = value.child_by_field_name("attribute") if value is not None else None
    if holder is None or name is None or name.text != b"parents" or index is None or index.type != "integer":
        return None
    return _up(script_path(names, place, holder, depth - 1), int(names.tree.text(index), 0) + 1)


def _of_call(names: Names, place: ScriptPlace, call: Node, depth: int) -> str | None:
    callee, passed = call.child_by_field_name("function"), argument_nodes(call)
    if callee is None:
        return None
    called = names.qualified(callee)
    if called in _FORMS or called in {"os.path.dirname", "os.path.join"}:
        inner = script_path(names, place, passed[0], depth - 1) if passed else None
        return _up(inner, 1) if called == "os.path.dirname" else _joined(names, inner, passed[1:])
    holder, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    if holder is None or method is None:
        return None
    name = names.tree.text(method)
    if name not in _FORM_METHODS and name != "joinpath":
        return None
    inner = script_path(names, place, holder, depth - 1)
    return _joined(names, inner, passed) if name == "joinpath" else inner


def _up(path: str | None, levels: int) -> str | None:
    for _ in range(levels):
        if not path:
            return None
        path = posixpath.dirname(path)
    return path


def _joined(names: Names, path: str | None, parts: Iterable[Node]) -> str | None:
    for part in parts:
        text = string_value(names.tree, names.value_of(part))
        if path is None or text is None or text.startswith("/"):
            return None
        path = posixpath.normpath(posixpath.join(path, text))
        if path == ".." or path.startswith("../"):
            return None
    return "" if path == "." else path
