"""Mistakes in settings files, shown where they are: in those files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portside.lsp.convert import SOURCE, Json
from portside.lsp.documents import Documents
from portside.lsp.outbox import Outbox

if TYPE_CHECKING:
    from portside.settings.model import SettingsError

_ERROR = 1


class SettingsMistakes:
    """Keeps the client's view of settings files up to date."""

    def __init__(self, documents: Documents, outbox: Outbox) -> None:
        self._documents = documents
        self._outbox = outbox
        self._shown: set[Path] = set()

    def show(self, mistakes: Mapping[Path, SettingsError]) -> None:
        """Show these mistakes, by file, and take back what no longer is one.

        Effect: a message too, when a file goes wrong, since it may not be open.
        """
        for file in self._shown - mistakes.keys():
            self._outbox.publish(self._documents.uri(file), None, [])
        for file, error in mistakes.items():
            if file not in self._shown:
                message = f"{error} (the last settings that were right stay in use)"
                self._outbox.notify("window/showMessage", {"type": _ERROR, "message": message})
                self._outbox.publish(self._documents.uri(file), None, _diagnostics(error))
        self._shown = set(mistakes)


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
