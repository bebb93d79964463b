"""Import strings that only the running script knows: `uvicorn.run(settings.app)`.

uvicorn imports what such a string names. Returned by a factory, or named on the command line, it is no app.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from portside.python.launching.app_string import app_string, is_text
from portside.python.names.names import Names
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import choices, unwrapped
from portside.python.values.instances import returned
from portside.python.values.value_types import CommandLine, Environment, Literal, Outside, Parameter, Value
from portside.python.values.values import trace

_LONGEST_WAY = 6


def named_either_way(names: Names, expression: Node) -> Node | None:
    """The app of `"server:app" if reload else app`, where the string names it in the script itself."""
    node = names.value_of(unwrapped(expression))
    if node.type != "conditional_expression":
        return None
    parts = own_parts(node)
    if len(parts) != 3:  # half typed
        return None
    first, _, other = parts
    for string, name in ((first, other), (other, first)):
        module, _, attribute = (app_string(names, string) or "").partition(":")
        if name.type == "identifier" and names.tree.text(name) == attribute and is_own_module(names, module):
            return name
    return None


def is_own_module(names: Names, module: str) -> bool:
    """Whether an import string with this module means the file itself."""
    path = names.tree.source.path.replace("\\", "/").removesuffix(".py")
    return module == "__main__" or (bool(module) and f"/{path}".endswith("/" + module.replace(".", "/")))


def app_texts(
    names: Names, expression: Node, outside: Outside, steps: int = _LONGEST_WAY
) -> tuple[str, ...] | None:
    """The strings that the expression may be, as far as they are known; None where it is none."""
    node = unwrapped(expression)
    if is_text(names, node):
        text = app_string(names, node)
        return (text,) if text is not None else ()
    found = _behind(names, node, outside, steps - 1) if steps else None
    return found if found is not None else _traced(trace(names, node, outside))


def _behind(names: Names, node: Node, outside: Outside, steps: int) -> tuple[str, ...] | None:
    """Of what the expression gets its value from."""
    parts: Iterable[Node | None]
    if node.type == "identifier":
        parts = (binding.value for binding in names.bindings_of(node))
    elif node.type == "call":
        parts = returned(names, node) or ()
    else:
        parts = choices(node)
    each = [app_texts(names, part, outside, steps) for part in parts if part is not None]
    known = [texts for texts in each if texts is not None]
    return tuple(dict.fromkeys(text for texts in known for text in texts)) if known else None


def _traced(value: Value | None) -> tuple[str, ...] | None:
    match value:
        case Literal(value=str() as text):
            return (text,)
        case Environment(default=default) | CommandLine(default=default):
            return _traced(default) or ()
        case Parameter(default=default):
            return _traced(default)
        case _:
            return None
