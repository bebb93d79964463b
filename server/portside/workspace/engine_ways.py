"""Which files of a workspace lead to none that makes an engine: mostly nearly all.

Found from those on that do, which are few; to follow all imports of every app takes long.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from portside.python.names.import_text import import_text, imports_in
from portside.python.names.lazy_attributes import lazy_attributes
from portside.python.prefilter import may_make_engine
from portside.workspace.import_graph import FilesOf, read_module
from portside.workspace.import_lines import ImportLines

# Where more lead to engines, following the imports of those that are asked for is no slower.
_MOST = 150
# The same where so many had to be looked at.
_MOST_IMPORTS = 200
# What stands in the package itself, and what in a folder above.
_OF_PACKAGE = re.compile(rb"from[\s\\]*\.+[\s\\]*import")
_ABOVE = re.compile(rb"from[\s\\]*(\.{2,})")

TopOf = Callable[[Path], Path]


def leading_to_no_engine(
    lines: ImportLines, candidates: Collection[str], left_out: Collection[str], top: TopOf, files_of: FilesOf
) -> frozenset[str]:
    """The files that neither make an engine nor import one that may; none of them where many may.

    candidates: all that may make one. left_out: names of files and folders whose imports are not among the
    lines; what imports one of them may lead anywhere.
    """
    if len(candidates) > _MOST:
        return frozenset()
    ways = _Ways(lines, top, files_of)
    found = {file for file in candidates if _may_make(file)} | set(ways.leading_out(left_out))
    waiting = list(found)
    while waiting:
        for file in ways.importing(waiting.pop()):
            if file not in found:
                found.add(file)
                waiting.append(file)
            if len(found) > _MOST or len(ways.imports) > _MOST_IMPORTS:
                return frozenset()
    return frozenset(lines.files) - found


def _may_make(file: str) -> bool:
    data = read_module(Path(file))
    return may_make_engine(data, import_text(data))


class _Ways:
    """imports: of the files that were looked at, the files that they run."""

    def __init__(self, lines: ImportLines, top: TopOf, files_of: FilesOf) -> None:
        self._lines, self._top, self._files_of = lines, top, files_of
        self.imports: dict[str, frozenset[str]] = {}
        self._tops: dict[str, str] = {}
        self._lazy: defaultdict[str, list[str]] = defaultdict(list)
        for number in lines.with_text(b"import_module"):
            file = lines.files[number]
            for target in self._run_by(file, lazy_attributes(read_module(Path(file)))):
                self._lazy[target].append(file)

    def importing(self, target: str) -> Iterator[str]:
        """The files that run this one when they are imported, or asked for a name."""
        folder, name = os.path.split(target)
        candidates = dict[str, bytes]()
        if name == "__init__.py":
            # `from . import x` in the package, and its name from elsewhere.
            inside = self._lines.that_may_import(b".", folder)
            candidates.update((file, text) for file, text in inside if _OF_PACKAGE.search(text) is not None)
            folder, name = os.path.split(folder)
        stem = name.removesuffix(".py").encode()
        word = re.compile(rb"\b%b\b" % re.escape(stem))
        named = self._lines.that_may_import(stem, folder)
        candidates.update((file, text) for file, text in named if word.search(text) is not None)
        yield from self._lazy.get(target, ())
        yield from (file for file, text in candidates.items() if target in self._imported(file, text))

    def leading_out(self, left_out: Collection[str]) -> Iterator[str]:
        """Those whose imports may run a file that is not among these."""
        for name in left_out:
            stem = name.removesuffix(".py").encode()
            word = re.compile(rb"\b%b\b" % re.escape(stem))
            for number in self._lines.with_text(stem):
                if word.search(self._lines.lines(number)) is not None:
                    yield self._lines.files[number]
        for number in self._lines.with_text(b".."):
            steps = max(map(len, _ABOVE.findall(self._lines.lines(number))), default=0)
            file = self._lines.files[number]
            if steps and steps > len(Path(file).relative_to(self._lines.root).parts):
                yield file

    def _imported(self, file: str, text: bytes) -> frozenset[str]:
        if file not in self.imports:
            self.imports[file] = frozenset(self._run_by(file, imports_in(text)))
        return self.imports[file]

    def _run_by(self, file: str, imports: Iterable[tuple[str, str | None]]) -> Iterator[str]:
        folder = os.path.dirname(file)  # noqa: PTH120 - for many files of a large tree
        top = self._tops.get(folder)
        if top is None:
            top = self._tops[folder] = str(self._top(Path(file)))
        return (target for module, name in imports for target in self._files_of(file, module, name, top))
