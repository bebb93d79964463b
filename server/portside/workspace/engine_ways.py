"""Which files of a workspace lead to one that makes an engine: mostly few.

Found from those on that do; to follow all imports of every app takes long.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from portside.python.names.import_text import import_text, imports_in
from portside.python.names.lazy_attributes import lazy_attributes
from portside.python.prefilter import may_import_engine, may_make_engine
from portside.records import cached_property
from portside.workspace.import_graph import FilesOf
from portside.workspace.import_lines import ImportLines
from portside.workspace.text_file import read_module

# Where more lead to engines, following the imports of those that are asked for is no slower.
_MOST = 150
# The same where so many looks at files were needed.
_MOST_LOOKS = 1_000
_LONGEST_HOLDER = 100
# What stands in the package itself, and what in a folder above.
_OF_PACKAGE = re.compile(rb"from[\s\\]*\.+[\s\\]*import")
_ABOVE = re.compile(rb"from[\s\\]*(\.{2,})")

TopOf = Callable[[Path], Path]


class EngineWays:
    """The files of a workspace that lead to one that makes an engine, found when they are first asked for.

    candidates: all that may make one. left_out: names of files and folders whose imports are not among the
    lines; what imports one of them may lead anywhere.
    """

    def __init__(
        self,
        lines: ImportLines,
        candidates: Iterable[str],
        left_out: Collection[str],
        top: TopOf,
        files_of: FilesOf,
    ) -> None:
        self._lines, self._candidates, self._left_out = lines, candidates, left_out
        self._ways = _Ways(lines, top, files_of)

    @cached_property
    def leading(self) -> frozenset[str] | None:
        """Those that may make an engine, or import one that may; None where they are many."""
        return self._all_importing(itertools.islice(self._makers(), _MOST + 1))

    @cached_property
    def not_leading(self) -> frozenset[str]:
        """Those that surely lead to none; none where to know that takes longer than it saves."""
        if self.leading is None:
            return frozenset()
        found = self._all_importing(self._ways.leading_out(self._left_out), self.leading)
        return frozenset(self._lines.files) - found if found is not None else frozenset()

    def _makers(self) -> Iterator[str]:
        for file in self._candidates:
            # Most candidates are of interest for something else, and are not read again for that.
            if may_import_engine(import_text(self._lines.of_file(file))) and _may_make(file):
                yield file

    def _all_importing(
        self, files: Iterable[str], known: frozenset[str] = frozenset()
    ) -> frozenset[str] | None:
        """These files and those that import one of them, directly or through others; and the known ones."""
        waiting = [file for file in dict.fromkeys(files) if file not in known]
        found = {*known, *waiting}
        for target in waiting:
            if len(found) > _MOST or self._ways.looks > _MOST_LOOKS:
                return None
            new = [file for file in self._ways.importing(target) if file not in found]
            found.update(new)
            waiting += new
        return frozenset(found)


def _may_make(file: str) -> bool:
    data = read_module(Path(file))
    return may_make_engine(data, import_text(data))


def _calls(lines: bytes, stem: bytes, holder: bytes) -> bool:
    """Whether an import calls a module by itself, or as what its folder, the holder, has."""
    for found in _whole(stem).finditer(lines):
        before = lines[max(0, found.start() - _LONGEST_HOLDER) : found.start()].rstrip(b" \t\\\n")
        package = before.rstrip(b".")
        if before == package or package.endswith(holder) or package[-1:].isspace():
            return True
    return False


@functools.lru_cache(maxsize=64)
def _whole(word: bytes) -> re.Pattern[bytes]:
    # What precedes is looked at last: a search for what begins with plain text runs at memory speed.
    return re.compile(rb"%b\b(?<!\w%b)" % (re.escape(word), re.escape(word)))


class _Ways:
    """looks: at files that may import what was asked for."""

    def __init__(self, lines: ImportLines, top: TopOf, files_of: FilesOf) -> None:
        self._lines, self._top, self._files_of = lines, top, files_of
        self.looks = 0
        self._imports: dict[str, frozenset[tuple[str, str | None]]] = {}
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
        stem = name.removesuffix(".py")
        word, holder = os.fsencode(stem), os.fsencode(folder.rpartition(os.sep)[2])
        named = self._lines.that_may_import(word, folder)
        candidates.update((file, text) for file, text in named if _calls(text, word, holder))
        yield from self._lazy.get(target, ())
        self.looks += len(candidates)
        yield from (file for file, text in candidates.items() if self._runs(file, text, stem, target))

    def leading_out(self, left_out: Collection[str]) -> Iterator[str]:
        """Those whose imports may run a file that is not among these."""
        for name in left_out:
            stem = os.fsencode(name.removesuffix(".py"))
            word = re.compile(rb"\b%b\b" % re.escape(stem))
            for number in self._lines.with_text(stem):
                if word.search(self._lines.lines(number)) is not None:
                    yield self._lines.files[number]
        for number in self._lines.with_text(b".."):
            steps = max(map(len, _ABOVE.findall(self._lines.lines(number))), default=0)
            file = self._lines.files[number]
            if steps and steps > len(Path(file).relative_to(self._lines.root).parts):
                yield file

    def _runs(self, file: str, text: bytes, stem: str, target: str) -> bool:
        """Whether the lines of the file import the target, which has that name."""
        known = self._imports.get(file)
        if known is None:
            known = self._imports[file] = imports_in(text)
        named = (
            (module, name)
            for module, name in known
            if name == stem or not module.strip(".") or stem in module.split(".")
        )
        return target in self._run_by(file, named)

    def _run_by(self, file: str, imports: Iterable[tuple[str, str | None]]) -> Iterator[str]:
        folder = os.path.dirname(file)  # noqa: PTH120 - for many files of a large tree
        top = self._tops.get(folder)
        if top is None:
            top = self._tops[folder] = str(self._top(Path(file)))
        return (target for module, name in imports for target in self._files_of(file, module, name, top))
