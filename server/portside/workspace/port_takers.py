"""What listens on what it is given, of the files that a file imports: `from lib import serve`.

lib.py:   def serve(app, port): uvicorn.run(app, port=port)
main.py:  serve(app, 9000)          ->  in main.py, `lib.serve` listens on its second argument
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path

from portside.knowledge import listeners
from portside.python.names.import_text import ImportText, import_text, imports_in
from portside.python.names.names import Names
from portside.python.ports.port_takers import NONE, ByName
from portside.python.ports.port_use import Listener
from portside.python.ports.port_words import PORT
from portside.python.ports.ports import takers_of
from portside.python.prefilter import may_listen
from portside.records import dataclass

FilesOf = Callable[[Path, str, str | None, Path], tuple[Path, ...]]
NamesOf = Callable[[Path], "Names | None"]
StateOf = Callable[[Path], "object | None"]
TextOf = Callable[[Path], "str | None"]
MadeBy = Callable[[Path, str, Path], frozenset[str]]

_Import = tuple[str, "str | None"]
"""A module, and the name that is imported from it."""

# A helper of a helper of a helper; further, nobody hands a port.
_LONGEST_CHAIN = 3
# Whoever imports more than these that have to do with ports is no starter of one server.
_MOST_FILES = 60
# What listens there is known by name, also where a workspace has the library in it.
_LIBRARIES = sys.stdlib_module_names | {
    name.partition(".")[0] for name in (*listeners.FUNCTIONS, *listeners.METHODS)
}
_PORT = re.compile(PORT + rb"\b")


@dataclass(frozen=True, slots=True)
class _File:
    """A text. state: what tells it from another. listens: whether it may, by itself."""

    state: object
    imports: tuple[_Import, ...]
    listens: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """takers: of a text, with what its imports brought then. asked: what other files made, as it was then."""

    state: object
    heard: ByName
    asked: dict[str, frozenset[str]]
    takers: ByName


class PortTakers:
    """Effect: reads files, those that imports of files with a port lead to.

    state_of, text_of: of a file, with its unsaved text; None where there is none. The others as the
    workspace's modules have them. steady: whether nothing changes while this lives.
    """

    def __init__(
        self,
        files_of: FilesOf,
        names_of: NamesOf,
        made_by: MadeBy,
        state_of: StateOf,
        text_of: TextOf,
        *,
        steady: bool = False,
    ) -> None:
        self._files_of, self._names_of, self._made_by = files_of, names_of, made_by
        self._state_of, self._text_of = state_of, text_of
        self._steady = steady
        self._files: dict[Path, _File] = {}
        self._known: dict[Path, _Known] = {}
        self._whole: dict[tuple[Path, Path, int], ByName] = {}
        self._left = 0
        self._is_whole = True

    def heard(self, path: Path, imports: ImportText, top: Path, among: Set[str]) -> ByName:
        """What this text, as that file, may hand a port to, by the qualified names that it has there.

        among: the imported names that count; all with a `*` in it.
        """
        self._left, self._is_whole = _MOST_FILES, True
        if not self._steady:
            self._whole.clear()
        every = ((module, name, name or module.partition(".")[0]) for module, name in _imports(imports))
        wanted = ((module, name) for module, name, bound in every if "*" in among or bound in among)
        return self._of_imports(path, wanted, top, (path,))

    def _of_imports(
        self, importer: Path, imports: Iterable[_Import], top: Path, above: tuple[Path, ...]
    ) -> ByName:
        found: dict[str, tuple[Listener, ...]] = {}
        for module, name in imports:
            if module.partition(".")[0] in _LIBRARIES:
                continue
            files = self._files_of(importer, module, name, top)
            if not files:
                continue
            if files[-1] in above:
                self._is_whole = False
            else:
                takers = self._of_file(files[-1], top, above)
                found.update(_as_imported(module, name, files[-1], takers))
        return found

    def _of_file(self, path: Path, top: Path, above: tuple[Path, ...]) -> ByName:
        """What in the file listens on what it is given. above: the files on the way to it."""
        place = (path, top, len(above))
        known = self._whole.get(place)
        if known is not None:
            return known
        before, self._is_whole = self._is_whole, True
        found = self._takers(path, top, above)
        if self._is_whole:
            self._whole[place] = found
        self._is_whole &= before
        return found

    def _takers(self, path: Path, top: Path, above: tuple[Path, ...]) -> ByName:
        file = self._file(path)
        if self._left <= 0:
            self._is_whole = False
        if file is None or self._left <= 0:
            return NONE
        self._left -= 1
        goes_on = len(above) < _LONGEST_CHAIN
        heard = self._of_imports(path, file.imports, top, (*above, path)) if goes_on else NONE
        if not heard and not file.listens:
            return NONE
        known = self._known.get(path)
        if known is None or (known.state, known.heard) != (file.state, heard) or self._is_old(path, top):
            known = self._known[path] = self._find(path, file, heard, top)
        return known.takers

    def _file(self, path: Path) -> _File | None:
        known = self._files.get(path)
        if known is not None and self._steady:
            return known
        state = self._state_of(path)
        if state is None:
            return None
        if known is None or known.state != state:
            known = self._files[path] = self._read(path, state)
        return known

    def _read(self, path: Path, state: object) -> _File:
        data = (self._text_of(path) or "").encode("utf-8", "replace")
        # A package's own file hands on what its modules have, without a word of it.
        if path.stem != "__init__" and _PORT.search(data) is None:
            return _File(state, (), listens=False)
        text = import_text(data)
        return _File(state, _imports(text), may_listen(data, text))

    def _is_old(self, path: Path, top: Path) -> bool:
        asked = self._known[path].asked.items()
        return not self._steady and any(self._made_by(path, name, top) != made for name, made in asked)

    def _find(self, path: Path, file: _File, heard: ByName, top: Path) -> _Known:
        asked: dict[str, frozenset[str]] = {}

        def made_by(name: str) -> frozenset[str]:
            asked[name] = self._made_by(path, name, top)
            return asked[name]

        names = self._names_of(path)
        found = takers_of(names, made_by, heard) if names is not None else NONE
        return _Known(file.state, heard, asked, {**dict(_handed_on(file, heard)), **found})


def _imports(text: ImportText) -> tuple[_Import, ...]:
    return tuple(sorted(imports_in(text.lines), key=lambda one: (one[0], one[1] or "")))


def _as_imported(
    module: str, name: str | None, file: Path, takers: ByName
) -> Iterator[tuple[str, tuple[Listener, ...]]]:
    """By their names where the import stands: `lib.serve` of `import lib` and `from lib import serve`."""
    start = f"{module}." if module.strip(".") or not module else module
    for taken, found in takers.items():
        if name is None or name == "*" or taken.partition(".")[0] == name:
            yield f"{start}{taken}", found
        elif file.stem == name:
            yield f"{start}{name}.{taken}", found


def _handed_on(file: _File, heard: ByName) -> Iterator[tuple[str, tuple[Listener, ...]]]:
    """What others can import from the file that it imports itself."""
    for qualified, found in heard.items():
        for module, name in file.imports:
            start = f"{module}." if module.strip(".") or not module else module
            if name is not None and qualified.startswith(start):
                taken = qualified[len(start) :]
                if name == "*" or taken.partition(".")[0] == name:
                    yield taken, found
