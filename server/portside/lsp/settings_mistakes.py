"""Mistakes in settings files, shown where they are: in those files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portside.lsp.convert import SOURCE, Json
from portside.lsp.outbox import Outbox
from portside.lsp.workspace import Workspace

if TYPE_CHECKING:
    from portside.settings.model import SettingsError

_ERROR = 1


class SettingsMistakes:
    """Keeps the client's view of settings files up to date.

    They are sent, since such a file need not be open; one that is, a client that pulls asks for.
    """

    def __init__(self, workspace: Workspace, outbox: Outbox) -> None:
        self._workspace = workspace
        self._outbox = outbox
        self._mistakes: dict[Path, SettingsError] = {}
        self._sent: set[Path] = set()

    def is_about(self, path: Path) -> bool:
        return path in self._mistakes

    def items(self, path: Path) -> list[Json]:
        return _diagnostics(self._mistakes[path])

    def show(self, mistakes: Mapping[Path, SettingsError]) -> None:
        """Show these mistakes, by file, and take back what no longer is one.

        Effect: a message too, when a file goes wrong, since it may not be open.
        """
        if not mistakes and not self._mistakes:
            return
        for file in mistakes.keys() - self._mistakes.keys():
            message = f"{mistakes[file]} (the last settings that were right stay in use)"
            self._outbox.notify("window/showMessage", {"type": _ERROR, "message": message})
        changed = {file for file in mistakes.keys() | self._mistakes.keys() if self._differs(file, mistakes)}
        self._mistakes = dict(mistakes)
        for file in sorted(changed):
            self._send(file)

    def opened(self, path: Path) -> None:
        """A client that pulls asks for these itself from now on."""
        if path in self._sent and self._is_pulled(path):
            self._sent.discard(path)
            self._outbox.publish(self._workspace.documents.uri(path), None, [])

    def closed(self, path: Path) -> None:
        if path in self._mistakes:
            self._send(path)

    def _differs(self, file: Path, mistakes: Mapping[Path, SettingsError]) -> bool:
        before, now = self._mistakes.get(file), mistakes.get(file)
        return str(before) != str(now)

    def _send(self, file: Path) -> None:
        if self._is_pulled(file):
            return
        known = self._mistakes.get(file)
        if known is None and file not in self._sent:
            return
        (self._sent.add if known is not None else self._sent.discard)(file)
        self._outbox.publish(self._workspace.documents.uri(file), None, _diagnostics(known) if known else [])

    def _is_pulled(self, path: Path) -> bool:
        return self._workspace.client.pulls and self._workspace.documents.at(path) is not None


def _diagnostics(error: SettingsError) -> list[Json]:
    return [
        {
            "range": {
                "start": {"line": mistake.line - 1, "character": 0},
                "end": {"line": mistake.line, "character": 0},
            },
            "severity": _ERROR,
            "source": SOURCE,
            "code": "settings",
            "message": f"{mistake.key}: {mistake.message}" if mistake.key else mistake.message,
        }
        for mistake in error.mistakes
    ]
