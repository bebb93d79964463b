"""Modules that a file runs as `python -m` would, in its own process: `runpy.run_module(…, …, "__main__")`."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.syntax import arguments, string_value


def main_modules(names: Names) -> Iterator[tuple[str, Node]]:
    """The module's name, and what is passed for it. By another name than `__main__` it is only loaded."""
    for chunk in names.chunks_with(["run_module"]):
        for call in chunk.nodes("call"):
            callee = call.child_by_field_name("function")
            if callee is None or names.qualified(callee) != "runpy.run_module":
                continue
            module, name = (_passed(call, *each) for each in ((0, "mod_name"), (2, "run_name")))
            text = _text(names, module)
            if module is not None and text is not None and _text(names, name) == "__main__":
                yield text, module


def _passed(call: Node, position: int, keyword: str) -> Node | None:
    passed = arguments(call)
    return passed.keywords.get(keyword) or next(iter(passed.positional[position : position + 1]), None)


def _text(names: Names, node: Node | None) -> str | None:
    value = names.value_of(node) if node is not None else None
    return string_value(names.tree, value) if value is not None and value.type == "string" else None
