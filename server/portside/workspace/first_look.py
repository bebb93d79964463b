"""The first look at a file: whether rules might say something of it, and what it imports.

Most files of a tree get no other, so nothing is imported here that only a second look takes.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter

from portside.python.names.import_text import import_text
from portside.python.ports.port_words import PORT
from portside.python.prefilter import Interest, interest
from portside.workspace.file_kinds import is_interesting, is_notebook_name, is_python_name, launch_content
from portside.workspace.text_file import UnreadableFile, decode, read_bytes

# Generated code and data; nobody imports a module of that size from one written by hand.
_LARGEST_BYTES = 2_000_000


# A port in a script may be set by whoever runs it; a library has no such port.
_LONGEST_SCRIPT = 5_000
_PORT_WRITTEN = re.compile(PORT + rb"\W{1,6}\d\d")


class Verdict(enum.IntEnum):
    """What is to be done with a file. LAUNCHES: check it; what it starts, mostly, asks who runs it."""

    NOTHING = 0
    NOT_OURS = 1
    UNREADABLE = 2
    CHECK = 3
    LAUNCHES = 4


Look = tuple[int, int, str, "int | None"]
"""The number of a file, its verdict, why it can't be read, and what Python may be about: `Interest.value`."""

LastLook = tuple[int, list["bytes | None"], tuple[float, float]]
"""Of some files in turn: the number of the first; of each Python file, the lines with imports; the seconds
that reading took, and the rest."""


def first_looks(files: Iterable[tuple[str, bool]], first: int = 0) -> Iterator[Look | LastLook]:
    """A look for each file that there is more to do with than to count it, in their order; then the last.

    files: absolute paths, each with whether it is to be checked whatever is in it. first: the number of
    the first one. All values are such that `marshal` knows them.
    """
    lines: list[bytes | None] = []
    reading_s, started = 0.0, perf_counter()
    for number, (path, named) in enumerate(files, first):
        before = perf_counter()
        imports = None
        try:
            data = _content(path, named)
            reading_s += perf_counter() - before
            if data is None:
                yield number, int(Verdict.NOT_OURS), "", None
            elif is_python_name(path):
                verdict, found, imports = _python(path, data, named)
                if verdict is not Verdict.NOTHING:
                    yield number, int(verdict), "", found.value
            elif named or is_interesting(data, Path(path)):
                yield number, int(Verdict.CHECK), "", None
        except UnreadableFile as error:
            yield number, int(Verdict.UNREADABLE), str(error), None
        except Exception:
            # What this look stumbles over the second one does too, and says it.
            yield number, int(Verdict.CHECK), "", None
        lines.append(imports)
    yield first, lines, (reading_s, perf_counter() - started - reading_s)


def may_matter(path: str) -> bool:
    """Whether a check might find something in the file, an absolute path."""
    looks = list(first_looks([(path, False)]))
    worth = (Verdict.CHECK, Verdict.LAUNCHES)
    return any(look[1] in worth for look in looks[:-1])


def _content(path: str, named: bool) -> bytes | None:
    if named or is_python_name(path) or is_notebook_name(path):
        return read_bytes(path)
    return launch_content(Path(path))


def _python(path: str, data: bytes, named: bool) -> tuple[Verdict, Interest, bytes]:
    imports = import_text(data)
    found = interest(data, path.rpartition(os.sep)[2], imports)
    lines = imports.lines if len(data) <= _LARGEST_BYTES else b""
    if found is Interest.NONE:
        if named:
            decode(Path(path), data)  # the user wants to know of one that is no text
        return Verdict.NOTHING, found, lines
    return (Verdict.LAUNCHES if _may_launch(data) else Verdict.CHECK), found, lines


def _may_launch(data: bytes) -> bool:
    if b"uvicorn" in data:
        return True
    return len(data) <= _LONGEST_SCRIPT and _PORT_WRITTEN.search(data) is not None
