"""What the launch files of a workspace say, each read once, and again when it has changed.

Questions about one file and its neighbours (a service's Dockerfile, the `.env` beside it) read those alone;
only who asks for all of them has the workspace walked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portside.knowledge.clients import only_calls
from portside.launchfiles.facts import Format, LaunchFile
from portside.launchfiles.graph.around import Place, ScriptPort
from portside.launchfiles.names import may_launch, name_of
from portside.launchfiles.prefilter import is_interesting
from portside.launchfiles.reading import read
from portside.lint.source import SourceFile, Span
from portside.records import dataclass
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.local_modules import LocalModules
from portside.workspace.script_address import AskedPorts, asked_ports
from portside.workspace.walk import PYTHON_SUFFIXES

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
    only_calls: bool = False


_NONE = _Entry(None, SourceFile("", ""), False)


def _entry_of(path: str, text: str) -> _Entry:
    file = read(path, text)
    if file is None:
        return _NONE
    source = SourceFile(path, text)
    return _Entry(file, source, _PROXIES.search(source.data.lower()) is not None)


class LaunchIndex:
    """Answers the questions of `launchfiles.around.Around`.

    Paths are relative to the texts' root, with slashes. Not safe for threads.
    """

    def __init__(self, texts: LaunchTexts, modules: LocalModules | None = None) -> None:
        self._texts = texts
        self._modules = modules or LocalModules(texts.root)
        self._entries: dict[str, _Entry] = {}
        self._given: dict[str, str] = {}
        self._dull: set[str] = set()
        self._scripts: dict[str, _Script] = {}
        texts.tell(self._forget)

    # -- questions -----------------------------------------------------------------------------

    def all(self) -> Iterator[LaunchFile]:
        """Every launch file that the user has not excluded, in the order of their paths.

        Effect: the first call walks the workspace and reads them.
        """
        for path in sorted(self._texts.paths()):
            file = self._entry(path).file if self._may_matter(path) else None
            # Of a folder that was removed not every editor tells.
            if file is not None and file.format is not Format.DOTENV and self._texts.is_file(path):
                yield file

    def learn(self) -> Iterator[None]:
        """Read them in steps, so that whoever asks for all of them has them at once."""
        yield from self._texts.learn()
        for path in sorted(self._texts.paths() - self._entries.keys() - self._dull):
            self._may_matter(path)
            yield

    def file(self, path: str) -> LaunchFile | None:
        return self._entry(path).file

    def in_folder(self, folder: str) -> Sequence[LaunchFile]:
        found = (self.file(path) for path in self._texts.in_folder(folder))
        return tuple(file for file in found if file is not None)

    def is_file(self, path: str) -> bool:
        return self._texts.is_file(path)

    def ports_of(
        self, script: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> Sequence[ScriptPort]:
        found = self._script(script).ports.with_(arguments, environment)
        return [replace(port, written=tuple(map(self._below, port.written))) for port in found]

    def only_calls(self, script: str) -> bool:
        return self._script(script).only_calls

    def line(self, path: str, span: Span) -> int:
        source = self._entry(path).source
        return source.line_of(min(span.start, len(source.text))) + 1

    def may_proxy(self, path: str) -> bool:
        return self._entry(path).may_proxy

    def source(self, path: str) -> SourceFile:
        """The text as it was read, empty for a file that is none."""
        return self._entry(path).source

    def relative(self, path: Path) -> str:
        return self._texts.relative(path)

    def text_of(self, path: str) -> str:
        """The text of any file, as it is in the editor; "" for one that is not there, or is no text."""
        given = self._given.get(path)
        return given if given is not None else self._texts.text(path) or ""

    def with_text(self, path: Path, text: str) -> LaunchFile | None:
        """What the file says with this text, which counts from now on; it is read once."""
        relative = self._texts.relative(path)
        self._given[relative] = text
        known = self._entries.get(relative)
        if known is None or known.source.text != text:
            known = self._entries[relative] = _entry_of(relative, text)
        return known.file

    # -- changes -------------------------------------------------------------------------------

    def _forget(self, path: str | None) -> None:
        if path is None:
            self._entries.clear()
            self._given.clear()
            self._dull.clear()
            self._scripts.clear()
            return
        self._entries.pop(path, None)
        self._given.pop(path, None)
        self._dull.discard(path)
        if path.endswith(PYTHON_SUFFIXES):
            # A module goes by its own name or, as `__init__.py`, by its folder's.
            folder, _, name = path.rpartition("/")
            names = {name.partition(".")[0], folder.rpartition("/")[2]}
            for script, asked in list(self._scripts.items()):
                if script == path or names & asked.words:
                    del self._scripts[script]

    # -- reading -------------------------------------------------------------------------------

    def _entry(self, path: str) -> _Entry:
        known = self._entries.get(path)
        if known is None:
            known = self._entries[path] = self._read(path)
        return known

    def _may_matter(self, path: str) -> bool:
        """Whether a server can be in the file, as far as one look tells; most are not read any further."""
        if path in self._entries or self._texts.is_unsaved(path):
            return True
        if path in self._dull:
            return False
        data = self._texts.data(path) if may_launch(name_of(path)) else None
        if data is None or not is_interesting(data):
            self._dull.add(path)
            return False
        self._entries[path] = self._read(path, data)
        return True

    def _read(self, path: str, data: bytes | None = None) -> _Entry:
        text = self._texts.text(path, data) if may_launch(name_of(path)) else None
        return _entry_of(path, text) if text is not None else _NONE

    def _script(self, script: str) -> _Script:
        if script not in self._scripts:
            self._scripts[script] = self._asked(script)
        return self._scripts[script]

    def _asked(self, script: str) -> _Script:
        text = self._texts.text(script)
        if text is None:
            return _Script(AskedPorts())
        path, words = self._texts.root / script, set[str]()
        top = self._modules.top(path)
        source = SourceFile(script, text)
        ports = asked_ports(source, lambda name: self._modules.outside_value(path, name, top, words))
        return _Script(ports, frozenset(words), only_calls(text))

    def _below(self, place: Place) -> Place:
        return Place(self._texts.relative(Path(place.path)), place.span)
