"""The import string of an app, also where the script puts it together from its own name.

uvicorn.run(f"{Path(__file__).stem}:app", …)     in server.py: server:app
"""

from __future__ import annotations

import posixpath
import re

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.nodes import operator_of, own_parts
from portside.python.source.syntax import string_value

# Ways to say the script's own module, without spaces and with one kind of quotes.
_STEMS = frozenset(
    {
        "Path(__file__).stem",
        "os.path.splitext(os.path.basename(__file__))[0]",
        "os.path.basename(__file__)[:-3]",
        "os.path.basename(__file__).split('.')[0]",
        "os.path.basename(__file__).replace('.py','')",
        "os.path.basename(__file__).removesuffix('.py')",
        "Path(__file__).name.removesuffix('.py')",
        "Path(__file__).name.split('.')[0]",
    }
)
_PARTS = frozenset({"string", "concatenated_string", "binary_operator"})


def app_string(names: Names, node: Node) -> str | None:
    """The text; None where it is no text, or none that can be told."""
    value = names.value_of(node)
    text = string_value(names.tree, value)
    if text is not None:
        return text
    if value.type == "binary_operator" and operator_of(value) == "+":
        found = [app_string(names, side) for side in own_parts(value)]
        return "".join(part for part in found if part is not None) if None not in found else None
    if value.type == "string":
        return _interpolated(names, value)
    return _own_name(names, value)


def is_text(names: Names, node: Node) -> bool:
    """Whether it is a text, known or not."""
    return names.value_of(node).type in _PARTS


def _interpolated(names: Names, string: Node) -> str | None:
    found: list[str | None] = []
    for child in string.named_children:
        inside = own_parts(child)
        if child.type == "string_content":
            found.append(names.tree.text(child) if not inside else None)
        elif child.type == "interpolation":
            found.append(app_string(names, inside[0]) if len(inside) == 1 else None)
    return "".join(part for part in found if part is not None) if None not in found else None


def _own_name(names: Names, node: Node) -> str | None:
    text = re.sub(r"\s+|\bpathlib\.|\.(?:resolve|absolute)\(\)", "", names.tree.text(node)).replace('"', "'")
    text = re.sub(r"os\.path\.(?:abspath|realpath)\(__file__\)", "__file__", text)
    if text == "__name__":
        return "__main__"
    path = names.tree.source.path.replace("\\", "/")
    return posixpath.basename(path).removesuffix(".py") if text in _STEMS else None
