"""The launch files of a workspace, each read once, and again when told that it changed.

Questions about one file and its neighbours (a service's Dockerfile, the `.env` beside it) read those alone;
only who asks for all of them has the workspace walked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from portside.launchfiles.around import Place, ScriptPort, folder_of
from portside.launchfiles.facts import Format, LaunchFile
from portside.launchfiles.prefilter import LARGEST_BYTES, is_interesting
from portside.launchfiles.reading import may_launch, read
from portside.lint.source import SourceFile, Span
from portside.workspace.local_modules import LocalModules
from portside.workspace.script_address import AskedPorts, asked_ports
from portside.workspace.text_file import UnreadableFile, decode
from portside.workspace.walk import PYTHON_SUFFIXES, Excluded, nothing_excluded, paths_below

# What listens for others, or starts processes that no command of the file shows.
_PROXIES = re.compile(
    rb"\b(nginx|openresty|caddy|haproxy|traefik|envoy|apache2|httpd|socat|supervisord?|s6-\w+|circusd?|pm2|"
    rb"honcho|foreman|forego|runit|systemctl|iptables|ngrok|cloudflared)\b"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """file: None where it is no launch file, or starts nothing."""

    file: LaunchFile | None
    source: SourceFile
    may_proxy: bool


@dataclass(frozen=True, slots=True)
class _Script:
    """words: of the modules that its ports were looked for in."""

    ports: AskedPorts
    words: frozenset[str] = frozenset()


_NONE = _Entry(None, SourceFile("", ""), False)


def _entry_of(path: str, text: str) -> _Entry:
    file = read(path, text)
    if file is None:
        return _NONE
    source = SourceFile(path, text)
    return _Entry(file, source, _PROXIES.search(source.data.lower()) is not None)


class LaunchFiles:
    """What the launch files below a root say; answers the questions of `launchfiles.around.Around`.

    Paths are relative to the root, with slashes. Not safe for threads.
    """

    def __init__(
        self, root: Path, excluded: Excluded = nothing_excluded, modules: LocalModules | None = None
    ) -> None:
        self._root = root.absolute()
        self._modules = modules or LocalModules(self._root)
        self._top = str(self._root).rstrip(os.sep) + os.sep
        self._excluded = excluded
        self._overlays: dict[str, str] = {}
        self._entries: dict[str, _Entry] = {}
        self._dull: set[str] = set()
        self._folders: dict[str, tuple[str, ...]] = {}
        self._scripts: dict[str, _Script] = {}
        self._walked: dict[str, None] | None = None

    # -- questions -----------------------------------------------------------------------------

    def all(self) -> Iterator[LaunchFile]:
        """Every launch file that the user has not excluded, in the order of their paths.

        Effect: the first call walks the workspace and reads them.
        """
        if self._walked is None:
            self._walked = dict.fromkeys(self._walk())
        for path in sorted({*self._walked, *self._overlays}):
            file = self._entry(path).file if self._may_matter(path) else None
            if file is not None and file.format is not Format.DOTENV:
                yield file

    def file(self, path: str) -> LaunchFile | None:
        return self._entry(path).file

    def in_folder(self, folder: str) -> Sequence[LaunchFile]:
        if folder not in self._folders:
            self._folders[folder] = tuple(self._names_in(folder))
        found = (self.file(path) for path in self._folders[folder])
        return tuple(file for file in found if file is not None)

    def is_file(self, path: str) -> bool:
        return path in self._overlays or os.path.isfile(self._top + path)  # noqa: PTH113 (many, and often)

    def ports_of(
        self, script: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> Sequence[ScriptPort]:
        if script not in self._scripts:
            self._scripts[script] = self._asked(script)
        found = self._scripts[script].ports.with_(arguments, environment)
        return [replace(port, written=tuple(map(self._below, port.written))) for port in found]

    def _asked(self, script: str) -> _Script:
        text = self._text(script)
        if text is None:
            return _Script(AskedPorts())
        path, words = self._root / script, set[str]()
        top = self._modules.top(path)
        source = SourceFile(script, text)
        ports = asked_ports(source, lambda name: self._modules.outside_value(path, name, top, words))
        return _Script(ports, frozenset(words))

    def _below(self, place: Place) -> Place:
        return Place(self._relative(Path(place.path)), place.span)

    def line(self, path: str, span: Span) -> int:
        source = self._entry(path).source
        return source.line_of(min(span.start, len(source.text))) + 1

    def may_proxy(self, path: str) -> bool:
        return self._entry(path).may_proxy

    def source(self, path: str) -> SourceFile:
        """The text as it was read, empty for a file that is none."""
        return self._entry(path).source

    def text_of(self, path: str) -> str:
        """The text of any file, as it is in the editor; "" for one that is not there, or is no text."""
        return self._text(path) or ""

    def with_text(self, path: Path, text: str) -> LaunchFile | None:
        """What the file says with this text, which counts from now on; it is read once."""
        relative = self._relative(path)
        known = self._entries.get(relative)
        if known is None or known.source.text != text:
            known = self._entries[relative] = _entry_of(relative, text)
        return known.file

    # -- changes -------------------------------------------------------------------------------

    def changed(self, path: Path | None = None) -> None:
        """Forget what was known of a file that was written, made or removed; of all files without one."""
        if path is None:
            self._entries.clear()
            self._dull.clear()
            self._folders.clear()
            self._scripts.clear()
            self._walked = None
            return
        relative = self._relative(path)
        self._forget(relative)
        if self._walked is not None and may_launch(path.name):
            if self.is_file(relative):
                self._walked[relative] = None
            else:
                self._walked.pop(relative, None)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """The unsaved text of a file counts instead of the saved one; None for the saved one again."""
        relative = self._relative(path)
        if text is None:
            self._overlays.pop(relative, None)
        else:
            self._overlays[relative] = text
        self._forget(relative)

    def _forget(self, path: str) -> None:
        self._entries.pop(path, None)
        self._dull.discard(path)
        self._folders.pop(folder_of(path), None)
        if path.endswith(PYTHON_SUFFIXES):
            # A module goes by its own name or, as `__init__.py`, by its folder's.
            folder, _, name = path.rpartition("/")
            names = {name.partition(".")[0], folder.rpartition("/")[2]}
            for script, asked in list(self._scripts.items()):
                if script == path or names & asked.words:
                    del self._scripts[script]

    # -- reading -------------------------------------------------------------------------------

    def _walk(self) -> Iterator[str]:
        for path in paths_below(self._root, self._excluded, may_launch):
            yield path[len(self._top) :].replace(os.sep, "/")

    def _names_in(self, folder: str) -> Iterator[str]:
        try:
            names = sorted(os.listdir(self._top + folder))  # noqa: PTH208 (names are enough)
        except OSError:
            names = []
        own = [path for path in self._overlays if folder_of(path) == folder]
        paths = [f"{folder}/{name}" if folder else name for name in names if may_launch(name)]
        yield from sorted({*paths, *own})

    def _entry(self, path: str) -> _Entry:
        known = self._entries.get(path)
        if known is None:
            known = self._entries[path] = self._read(path)
        return known

    def _may_matter(self, path: str) -> bool:
        """Whether a server can be in the file, as far as one look tells; most are not read any further."""
        if path in self._entries or path in self._overlays:
            return True
        if path in self._dull:
            return False
        data = self._data(path)
        if data is None or not is_interesting(data):
            self._dull.add(path)
            return False
        self._entries[path] = self._read(path, data)
        return True

    def _read(self, path: str, data: bytes | None = None) -> _Entry:
        text = self._text(path, data) if may_launch(path.rpartition("/")[2]) else None
        return _entry_of(path, text) if text is not None else _NONE

    def _text(self, path: str, data: bytes | None = None) -> str | None:
        if path in self._overlays:
            return self._overlays[path]
        data = data if data is not None else self._data(path)
        try:
            return decode(Path(path), data).text if data is not None else None
        except UnreadableFile:
            return None

    def _data(self, path: str) -> bytes | None:
        try:
            with open(self._top + path, "rb") as opened:  # noqa: PTH123 (thousands of them)
                data = opened.read(LARGEST_BYTES + 1)
        except OSError:
            return None
        return data if len(data) <= LARGEST_BYTES else None

    def _relative(self, path: Path) -> str:
        text = str(path if path.is_absolute() else self._root / path)
        return text.removeprefix(self._top).replace(os.sep, "/")
