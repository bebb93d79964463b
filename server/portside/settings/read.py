"""The text of a settings file -> its table, and the line of every key."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portside.records import cached_property, dataclass
from portside.settings.model import SettingsError, SettingsMistake
from portside.workspace.presence import exists
from portside.workspace.text_file import UnreadableFile, read_bytes

if TYPE_CHECKING:
    from tree_sitter import Node

Key = tuple[str, ...]
KEYS = ("select", "ignore", "per-file-ignores", "severity", "exclude", "port-variable", "servers")
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
        for key, line in _keys(tree.root_node):
            lines.setdefault(key, line)
        return lines


def read_table(file: Path) -> SettingsTable | None:
    """Portside's table in this file; None where a pyproject.toml has none. Raises SettingsError."""
    data = _data(file)
    # What is wrong with a file that says nothing to Portside, in no encoding, is none of its business.
    if data is None or (file.name != "portside.toml" and b"portside" not in data.replace(b"\0", b"")):
        return None
    text = _text(file, data)
    try:
        document = _parsed(text)
    except ValueError as error:
        raise _failure(file, _error_line(str(error), text), _AT_LINE.sub("", str(error))) from None
    except RecursionError:
        raise _failure(file, 1, "nests too deep to be read") from None
    tool = document.get("tool")
    inner = tool.get("portside") if isinstance(tool, dict) else None
    if inner is None:
        return SettingsTable(file, text, document, ()) if file.name == "portside.toml" else None
    if not isinstance(inner, dict):
        line = SettingsTable(file, text, document, ()).line(("tool", "portside"))
        raise SettingsError((SettingsMistake(file, "tool.portside", line, "has to be a table"),))
    if file.name == "portside.toml":
        _refuse_both(SettingsTable(file, text, document, ()))
    return SettingsTable(file, text, inner, ("tool", "portside"))


def _refuse_both(whole: SettingsTable) -> None:
    """Raises SettingsError where a portside.toml has settings in two places: which of them count?"""
    beside = [key for key in whole.table if key in KEYS]
    if beside:
        reason = "stands beside `tool.portside`, which is what counts; have all keys in one of the two places"
        mistakes = (SettingsMistake(whole.file, key, whole.line((key,)), reason) for key in beside)
        raise SettingsError(tuple(sorted(mistakes, key=lambda mistake: mistake.line)))


def _parsed(text: str) -> dict[str, Any]:
    # Loaded late: most projects have no settings, and every start would wait for it.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    document: dict[str, Any] = tomllib.loads(text)
    return document


def _data(file: Path) -> bytes | None:
    """What it holds; None where it has gone meanwhile."""
    try:
        return read_bytes(file)
    except UnreadableFile as error:
        if not os.path.lexists(file):
            return None
        said = error if exists(file) else "is a link that leads to no file"
        raise _failure(file, 1, str(said)) from None


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


def _keys(root: Node) -> Iterator[tuple[Key, int]]:
    """Every key and table header, in order, with its line from 1."""
    waiting: list[tuple[Node, Key]] = [(root, ())]
    while waiting:
        node, table = waiting.pop()
        match node.type:
            case "table" | "table_array_element":
                table = _key_of(node.named_children[0])
                yield table, node.start_point.row + 1
            case "pair":
                table = (*table, *_key_of(node.named_children[0]))
                yield table, node.start_point.row + 1
            case "document" | "inline_table" | "array":
                pass
            case _:
                continue
        waiting += [(child, table) for child in reversed(node.named_children)]


def _key_of(node: Node) -> Key:
    parts: list[str] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.type == "dotted_key":
            waiting += reversed(part.named_children)
        else:
            raw = (part.text or b"").decode()
            parts.append(raw[1:-1] if part.type == "quoted_key" else raw)
    return tuple(parts)
