"""Changes as a unified diff that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from portside.fixing import Change
from portside.report.ink import Ink

# Only these end a line for patch; str.splitlines knows more of them.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# Beyond, each line that is there often would be compared with all others like it.
_MOST_LINES_AS_THEY_ARE = 2000
_TO_BE_QUOTED = re.compile(r'[\x00-\x1f"\\\x7f\ud800-\udfff]')
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def unified(changes: Iterable[Change], label: Callable[[str], str], ink: Ink) -> str:
    """The diff of all changes, for people; nothing where there are none."""
    return "".join(
        line for change in changes for line in _one(change, change.stored_before, change.stored, label, ink)
    )


def patch(changes: Iterable[Change], label: Callable[[str], str]) -> bytes:
    """The same for programs: every byte is that of the files, whatever they are encoded in.

    Raises UnreadableFile where what a file would hold can't be encoded.
    """
    plain = Ink()
    lines = (line for change in changes for line in _one(change, *_contents(change), label, plain))
    return "".join(lines).encode("utf-8", "surrogateescape")


def _contents(change: Change) -> tuple[str, str]:
    return _decoded(change.file.data if change.file else b""), _decoded(change.encoded())


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _one(change: Change, before: str, after: str, label: Callable[[str], str], ink: Ink) -> Iterator[str]:
    name = label(str(change.path))
    old = _named(f"a/{name}") if change.file else "/dev/null"
    for line in _lines(_LINE.findall(before), _LINE.findall(after), old, _named(f"b/{name}")):
        yield _painted(line, ink)
        if not line.endswith("\n"):
            yield "\n\\ No newline at end of file\n"


def _lines(before: list[str], after: list[str], old: str, new: str) -> Iterator[str]:
    """As difflib.unified_diff, which takes lines that are many, as empty ones, for none that stay."""
    many = max(len(before), len(after)) > _MOST_LINES_AS_THEY_ARE
    hunks = difflib.SequenceMatcher(None, before, after, autojunk=many).get_grouped_opcodes(3)
    for number, hunk in enumerate(hunks):
        if number == 0:
            yield from (f"--- {old}\n", f"+++ {new}\n")
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = hunk[0], hunk[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@\n"
        for tag, old_first, old_last, new_first, new_last in hunk:
            if tag == "equal":
                yield from (f" {line}" for line in before[old_first:old_last])
                continue
            yield from (f"-{line}" for line in before[old_first:old_last])
            yield from (f"+{line}" for line in after[new_first:new_last])


def _range(start: int, end: int) -> str:
    """Of lines from 0 on, as a hunk says it: the first from 1 on, or the line before where there is none."""
    count = end - start
    return str(start + 1) if count == 1 else f"{start + bool(count)},{count}"


def _named(path: str) -> str:
    """As git writes it: in quotes where it has to be, and ended by a tab where it has blanks."""
    if _TO_BE_QUOTED.search(path) is not None:
        return f'"{_TO_BE_QUOTED.sub(lambda found: _escaped(found.group()), path)}"'
    return f"{path}\t" if " " in path else path


def _escaped(char: str) -> str:
    octal = "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
    return _ESCAPES.get(char, octal)


def _painted(line: str, ink: Ink) -> str:
    body = line.removesuffix("\n")
    end = line[len(body) :]
    paint: Any = {"+": ink.added, "-": ink.removed, "@": ink.link}.get(body[:1], str)
    return f"{ink.bold(body) if body.startswith(('+++ ', '--- ')) else paint(body)}{end}"
