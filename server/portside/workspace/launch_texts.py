"""The files below a root that may start something, or say how: found by one walk, read in one place.

What an editor holds unsaved counts before what is saved. Who keeps something that was made of these texts
is told when one of them may have changed.
"""

from __future__ import annotations

import codecs
import math
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from pathlib import Path

from portside.launchfiles.graph.around import folder_of
from portside.launchfiles.names import kind_of, name_of
from portside.launchfiles.prefilter import LARGEST_BYTES
from portside.workspace.text_file import UnreadableFile, decode, read_start
from portside.workspace.walk import PYTHON_SUFFIXES, Excluded, Walked, is_below, nothing_excluded, paths_below

Forget = Callable[["str | None"], None]
"""Told of a path whose file is no longer what it was; of all of them without one."""


class LaunchTexts:
    """Paths are relative to the root, with slashes. Not safe for threads.

    Effect: the first question about all files walks the workspace. walked: what that comes to, where somebody
    has done it and nothing changes. most: as `paths_below` has it.
    """

    def __init__(
        self,
        root: Path,
        excluded: Excluded = nothing_excluded,
        walked: Walked | None = None,
        most: float = math.inf,
    ) -> None:
        self.root = root.absolute()
        self._top = str(self.root).rstrip(os.sep) + os.sep
        self._excluded = excluded
        self._found, self._most = walked, most
        self._overlays: dict[str, str] = {}
        self._python: defaultdict[str, set[str]] = defaultdict(set)
        self._others: set[str] | None = None
        self._folders: dict[str, tuple[str, ...]] = {}
        self._listeners: list[Forget] = []
        self._changes = 0

    # -- names ---------------------------------------------------------------------------------

    def paths(self) -> Set[str]:
        """All whose name promises something (`names.kind_of`), saved or not; in no order."""
        unsaved = {path for path in self._overlays if kind_of(name_of(path)) is not None}
        return self._walked() | unsaved if unsaved else self._walked()

    def python(self) -> Mapping[str, Collection[str]]:
        """The Python files by their names without folders."""
        self._walked()
        return self._python

    def in_folder(self, folder: str) -> tuple[str, ...]:
        """The same right in this folder, in their order, whatever ignores them."""
        if folder not in self._folders:
            self._folders[folder] = tuple(self._names_in(folder))
        return self._folders[folder]

    def is_file(self, path: str) -> bool:
        """Whether the workspace has this file, whatever it is."""
        return path in self._overlays or os.path.isfile(self._top + path)  # noqa: PTH113 (many, and often)

    def is_unsaved(self, path: str) -> bool:
        return path in self._overlays

    def relative(self, path: Path) -> str:
        text = str(path if path.is_absolute() else self.root / path)
        return text.removeprefix(self._top).replace(os.sep, "/")

    def absolute(self, path: str) -> str:
        return self._top + (path if os.sep == "/" else path.replace("/", os.sep))

    # -- texts ---------------------------------------------------------------------------------

    def text(self, path: str, data: bytes | None = None) -> str | None:
        """What the file holds; None where there is none, it is no text, or larger than people write by hand.

        data: its bytes, where they have been read.
        """
        if path in self._overlays:
            return self._overlays[path]
        data = data if data is not None else self.data(path)
        try:
            return decode(Path(path), data).text if data is not None else None
        except UnreadableFile:
            return _in_another_encoding(data) if data is not None else None

    def data(self, path: str) -> bytes | None:
        """What is saved; None where nothing can be read, or too much."""
        data = read_start(self._top + path, LARGEST_BYTES + 1)
        return data if data is not None and len(data) <= LARGEST_BYTES else None

    # -- changes -------------------------------------------------------------------------------

    def tell(self, forget: Forget) -> None:
        """Call this whenever a file may have changed."""
        self._listeners.append(forget)

    def changed(self, path: Path | None = None) -> None:
        """A file was written, made or removed; without one, any may have been."""
        self._changes += 1
        if path is None:
            self._others = None
            self._folders.clear()
            self._say(None)
            return
        relative = self.relative(path)
        if self._is_folder(relative):
            self.changed()
            return
        self._note(relative, path.name)
        self._forget(relative)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """The unsaved text of a file counts instead of the saved one; None for the saved one again."""
        relative = self.relative(path)
        if text is None:
            self._overlays.pop(relative, None)
        else:
            self._overlays[relative] = text
        self._forget(relative)

    def _forget(self, path: str) -> None:
        self._folders.pop(folder_of(path), None)
        self._say(path)

    def _say(self, path: str | None) -> None:
        for forget in self._listeners:
            forget(path)

    def _is_folder(self, path: str) -> bool:
        """Whether it is a folder, or was one with files that are known."""
        if self._others is None or path in self._others or path.endswith(PYTHON_SUFFIXES):
            return False
        if os.path.isdir(self._top + path):  # noqa: PTH112 - for each of many events
            return True
        inside = f"{path}/"
        python = (known for files in self._python.values() for known in files)
        return not self.is_file(path) and any(known.startswith(inside) for known in (*self._others, *python))

    def _note(self, path: str, name: str) -> None:
        """Keep what the walk found in step with a file that came or went."""
        if self._others is None:
            return
        is_python = name.endswith(PYTHON_SUFFIXES)
        if not is_python and kind_of(name) is None:
            return
        known = self._python[name] if is_python else self._others
        if not self.is_file(path):
            known.discard(path)
        elif path not in known and is_below(self._top, self._top + path, self._excluded):
            known.add(path)

    # -- finding -------------------------------------------------------------------------------

    def _walked(self) -> set[str]:
        if self._others is None:
            self._python.clear()
            self._others = set(self._walk(self._python))
        return self._others

    def learn(self) -> Iterator[None]:
        """Walk the workspace in steps, so that no question has to; what changes meanwhile ends it."""
        python: defaultdict[str, set[str]] = defaultdict(set)
        others: set[str] = set()
        changes = self._changes
        for path in () if self._others is not None else self._walk(python, every=True):
            if path:
                others.add(path)
            yield
            if self._others is not None or self._changes != changes:
                return
        if self._others is None:
            self._python, self._others = python, others

    def _walk(self, python: defaultdict[str, set[str]], *, every: bool = False) -> Iterator[str]:
        """The files that are no Python. python: takes those that are; every: with "" in their place."""
        for path in self._files():
            relative = path[len(self._top) :].replace(os.sep, "/")
            if relative.endswith(PYTHON_SUFFIXES):
                python[relative.rpartition("/")[2]].add(relative)
                if every:
                    yield ""
            elif not (os.path.islink(path) and self._is_elsewhere_too(path)):  # noqa: PTH114 - as above
                yield relative

    def _files(self) -> Iterable[str]:
        if self._found is None:
            return paths_below(self.root, self._excluded, _is_of_interest, most=self._most)
        return (path for path in self._found.files if _is_of_interest(path.rpartition(os.sep)[2]))

    def _is_elsewhere_too(self, path: str) -> bool:
        """Whether a link leads to a file of the workspace, which the walk comes to as well."""
        return os.path.realpath(path).startswith(os.path.realpath(self._top) + os.sep)

    def _names_in(self, folder: str) -> Iterator[str]:
        try:
            names = os.listdir(self._top + folder)  # noqa: PTH208 (names are enough)
        except OSError:
            names = []
        own = [path for path in self._overlays if folder_of(path) == folder]
        paths = [f"{folder}/{name}" if folder else name for name in names if kind_of(name) is not None]
        yield from sorted({*paths, *own})


def _in_another_encoding(data: bytes) -> str | None:
    """A comment in Latin-1 says nothing about ports; for what does, one character a byte will do."""
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return None if is_wide or b"\0" in data else data.decode("latin-1")


def _is_of_interest(name: str) -> bool:
    return name.endswith(PYTHON_SUFFIXES) or kind_of(name) is not None
