"""The text of a settings file -> its table, and the line of every key."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portside.records import cached_property, dataclass
from portside.settings.model import SettingsError, SettingsMistake

if TYPE_CHECKING:
    from tree_sitter import Node

Key = tuple[str, ...]
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)$|\s*\(at end of document\)$")


@dataclass(frozen=True)
class SettingsTable:
    """Portside's table in one file. prefix: where it lies, `("tool", "portside")` or `()`."""

    file: Path
    text: str
    table: Mapping[str, Any]
    prefix: Key

    def line(self, key: Key) -> int:
        """The line, from 1, of this key below the table; of the nearest that holds it, failing that."""
        whole = (*self.prefix, *key)
        while whole:
            if whole in self._lines:
                return self._lines[whole]
            whole = whole[:-1]
        return 1

    @cached_property
    def _lines(self) -> dict[Key, int]:
        """Only computed to report a mistake: tomllib keeps no lines, so the text is parsed again."""
        import tree_sitter_toml
        from tree_sitter import Language, Parser

        tree = Parser(Language(tree_sitter_toml.language())).parse(self.text.encode())
        lines: dict[Key, int] = {}
        for key, line in _keys(tree.root_node, ()):
            lines.setdefault(key, line)
        return lines


def read_table(file: Path) -> SettingsTable | None:
    """Portside's table in this file; None where a pyproject.toml has none. Raises SettingsError."""
    data = _data(file)
    # What is wrong with a file that says nothing to Portside is none of its business.
    if file.name != "portside.toml" and b"portside" not in data:
        return None
    text = _text(file, data)
    try:
        document = _parsed(text)
    except ValueError as error:
        raise _failure(file, _error_line(str(error), text), _AT_LINE.sub("", str(error))) from None
    tool = document.get("tool")
    inner = tool.get("portside") if isinstance(tool, dict) else None
    if inner is None:
        return SettingsTable(file, text, document, ()) if file.name == "portside.toml" else None
    if not isinstance(inner, dict):
        line = SettingsTable(file, text, document, ()).line(("tool", "portside"))
        raise SettingsError((SettingsMistake(file, "tool.portside", line, "has to be a table"),))
    return SettingsTable(file, text, inner, ("tool", "portside"))


def _parsed(text: str) -> dict[str, Any]:
    # Loaded late: most projects have no settings, and every start would wait for it.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    document: dict[str, Any] = tomllib.loads(text)
    return document


def _data(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _failure(file, 1, f"can't be read: {error.strerror or error}") from None


def _text(file: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _failure(file, line, "is not UTF-8, which TOML has to be") from None


def _failure(file: Path, line: int, message: str) -> SettingsError:
    return SettingsError((SettingsMistake(file, "", line, message),))


def _error_line(message: str, text: str) -> int:
    found = _AT_LINE.search(message)
    return int(found[1]) if found and found[1] else text.rstrip().count("\n") + 1


def _keys(node: Node, table: Key) -> Iterator[tuple[Key, int]]:
    """Every key and table header below this node, with its line from 1."""
    for child in node.children:
        match child.type:
            case "table" | "table_array_element":
                header = next(_key_of(part) for part in child.named_children)
                yield header, child.start_point.row + 1
                yield from _keys(child, header)
            case "pair":
                key = (*table, *_key_of(child.named_children[0]))
                yield key, child.start_point.row + 1
                yield from _keys(child, key)
            case "inline_table" | "array":
                yield from _keys(child, table)
            case _:
                pass


def _key_of(node: Node) -> Key:
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key_of(child))
    raw = (node.text or b"").decode()
    if node.type == "quoted_key":
        return (raw[1:-1],)
    return (raw,)
