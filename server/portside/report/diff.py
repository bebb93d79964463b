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


def unified(changes: Iterable[Change], label: Callable[[str], str], ink: Ink) -> str:
    """The diff of all changes; nothing where there are none."""
    return "".join(line for change in changes for line in _one(change, label(str(change.path)), ink))


def _one(change: Change, name: str, ink: Ink) -> Iterator[str]:
    old = f"a/{name}" if change.file else "/dev/null"
    lines = difflib.unified_diff(
        _LINE.findall(change.stored_before), _LINE.findall(change.stored), old, f"b/{name}", lineterm="\n"
    )
    for line in lines:
        yield _painted(line, ink)
        if not line.endswith("\n"):
            yield "\n\\ No newline at end of file\n"


def _painted(line: str, ink: Ink) -> str:
    body = line.removesuffix("\n")
    end = line[len(body) :]
    paint: Any = {"+": ink.added, "-": ink.removed, "@": ink.link}.get(body[:1], str)
    return f"{ink.bold(body) if body.startswith(('+++ ', '--- ')) else paint(body)}{end}"
