"""The imports of a text, read off its bytes: some that are none among them, none left out.

For questions about a whole workspace, where parsing every file would take too long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.records import dataclass

_IMPORT = b"import"
# Ends a line, too.
_LONE_RETURN = re.compile(rb"\r(?!\n)")
# What a line goes on to: behind backslashes, and in the parentheses that an import or a call opens.
_ON = re.compile(
    rb"[^\n(\\]*(?:\\(?:\r?\n)?[^\n(\\]*)*"
    rb"(?:\([^)#]*(?:#[^\n]*[^)#]*)*[^\n]*)?"
)
# In parentheses, or to the end of the line that the statement goes on to.
_REST = re.compile(rb"[ \t\f]*(?:\((?:[^)#]|#[^\n]*)*\)?|[^\n;\\]*(?:\\\r?\n[^\n;\\]*)*)")
_SOURCE = re.compile(rb"\bfrom[\s\\]*([.\w][\w.\s\\]*)$")
_CONTINUES = re.compile(rb"\\\r?\n$")
_BEFORE_CONTINUED = (b"\\", b"\r")
_COMMENT = re.compile(rb"#[^\n]*")
_BLANKS = re.compile(rb"[\s\\()]+")
_NAME = re.compile(r"[.\w]+|\*")
# Most imports: each is all of its line, or of its lines in parentheses. Begins with plain text: a search for
# that runs at memory speed.
_ONE = rb"[.\w]+(?:[ \t]+as[ \t]+\w+)?"
_PLAIN = re.compile(
    rb"\n(?<!\\\n)(?<!\\\r\n)[ \t]*(?:from[ \t]+([.\w]+)[ \t]+)?import[ \t]+"
    rb"(%b(?:[ \t]*,[ \t]*%b)*|\*|\([\w\s,]+\))[ \t]*\r?(?=\n|\Z)" % (_ONE, _ONE)
)
_OF_NAMES = b"._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class ImportText:
    """What a text imports, as it is written: one line for each that has an `import` in it.

    lines: those, with what they go on to; much shorter than the text. behind: of each, what stands
    behind the word.
    """

    lines: bytes
    behind: bytes


def import_text(data: bytes) -> ImportText:
    """Every line with the word, in comments and as a part of others too: at memory speed."""
    data = _LONE_RETURN.sub(b"\n", data) if b"\r" in data else data
    lines: list[bytes] = []
    behind: list[bytes] = []
    find, rfind, length = data.find, data.rfind, len(_IMPORT)
    found = find(_IMPORT)
    while found >= 0:
        start = found + length
        end = find(b"\n", start)
        rest = data[start:end] if end >= 0 else data[start:]
        if b"(" in rest or b"\\" in rest:
            rest = _on(data, start)
        end = start + len(rest)
        first = rfind(b"\n", 0, found) + 1
        # Few lines go on from the one before, and this loop is a good part of the look at a tree.
        if data[first - 2 : first - 1] in _BEFORE_CONTINUED:
            first = _line_start(data, found)
        lines.append(data[first:end])
        behind.append(rest)
        found = find(_IMPORT, end)
    return ImportText(b"\n".join(lines), b"\n".join(behind))


def _on(data: bytes, start: int) -> bytes:
    matched = _ON.match(data, start)
    return matched[0] if matched is not None else b""


def imports_in(data: bytes) -> frozenset[tuple[str, str | None]]:
    """Module and name as `Import` has them: of a text, or of its import lines."""
    # What is between two plain ones, their modules, and their names, in turn.
    parts = _PLAIN.split(b"\n" + data)
    found: set[tuple[str, str | None]] = set()
    for module, names in zip(parts[1::3], parts[2::3], strict=True):
        found.update(_plain_pairs(module, names))
    for between in parts[::3]:
        if _IMPORT in between:
            found.update(pair for head, rest in _statements(between) for pair in _pairs(head, rest))
    return frozenset(found)


def _plain_pairs(module: bytes | None, names: bytes) -> Iterator[tuple[str, str | None]]:
    source = module.decode() if module is not None else None
    for item in names.strip(b"()").split(b","):
        words = item.split(None, 1)
        if words:
            name = words[0].decode()
            yield (source, name) if source is not None else (name, None)


def _statements(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What stands before each `import` on its line, and what belongs to it behind."""
    found = data.find(_IMPORT)
    while found >= 0:
        behind = found + len(_IMPORT)
        if _is_part_of_word(data, found, behind):
            found = data.find(_IMPORT, behind)
            continue
        rest = _REST.match(data, behind)
        end = rest.end() if rest is not None else behind
        yield data[_line_start(data, found) : found], data[behind:end]
        found = data.find(_IMPORT, end)


def _is_part_of_word(data: bytes, start: int, end: int) -> bool:
    before, after = data[start - 1 : start], data[end : end + 1]
    return before.isalnum() or after.isalnum() or before == b"_" or after == b"_"


def _line_start(data: bytes, inside: int) -> int:
    start = data.rfind(b"\n", 0, inside) + 1
    while (
        start > 1
        and data[start - 2 : start - 1] in _BEFORE_CONTINUED
        and _CONTINUES.search(data, max(0, start - 3), start) is not None
    ):
        start = data.rfind(b"\n", 0, start - 1) + 1
    return start


def _pairs(head: bytes, rest: bytes) -> Iterator[tuple[str, str | None]]:
    module = _module(head)
    for item in (_COMMENT.sub(b"", rest) if b"#" in rest else rest).split(b","):
        name = _imported(item)
        if name is not None:
            yield (module, name) if module is not None else (name, None)


def _module(head: bytes) -> str | None:
    words = head.split()
    if not words:
        return None
    if len(words) == 2 and words[0] == b"from" and not words[1].translate(None, _OF_NAMES):
        return words[1].decode()  # as it mostly is, in half of the time
    source = _SOURCE.search(head)
    return _clean(source[1]).replace(" ", "") if source is not None else None


def _imported(item: bytes) -> str | None:
    words = item.split()
    is_plain = len(words) == 1 or (len(words) == 3 and words[1] == b"as")
    if is_plain and not words[0].translate(None, _OF_NAMES):
        return words[0].decode()
    name = _clean(item).partition(" as ")[0].replace(" ", "")
    # Behind a name, the rest of a line of prose; what is before it counts.
    matched = _NAME.match(name)
    return matched[0] if matched is not None else None


def _clean(data: bytes) -> str:
    return _BLANKS.sub(b" ", data).strip().decode("utf-8", "replace")
