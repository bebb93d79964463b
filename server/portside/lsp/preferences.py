"""What the user has set in the editor, per folder: how much Portside shows there.

What it finds is the business of pyproject.toml and portside.toml, so that all editors and the
command line agree; nothing of that can be set here.

    enable            true; false silences a folder
    diagnosticMode    "workspace": files that nobody has open, too. "openFilesOnly"
    codeLens.enable   true
    inlayHints.ports  false; the number behind `port=settings.port` and `--port $PORT`

By default a client that pulls diagnostics gets those of the workspace, since it asked for them, and any
other only those of open files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from portside.lsp import uris
from portside.lsp.client import Client
from portside.lsp.outbox import Outbox
from portside.records import dataclass

SECTION = "portside"


@dataclass(frozen=True, slots=True)
class Preferences:
    """Of one folder. whole_workspace: None where the user has not said."""

    enable: bool = True
    whole_workspace: bool | None = None
    lenses: bool = True
    port_hints: bool = False

    def with_(self, said: Any) -> Preferences:
        """These with what an editor says, nested or dotted; what is of the wrong kind counts as not said."""
        mode = _at(said, "diagnosticMode")
        values = {
            "enable": _at(said, "enable"),
            "whole_workspace": {"workspace": True, "openFilesOnly": False}.get(str(mode)),
            "lenses": _at(said, "codeLens.enable"),
            "port_hints": _at(said, "inlayHints.ports"),
        }
        return replace(self, **{name: value for name, value in values.items() if isinstance(value, bool)})


def _at(said: Any, path: str) -> Any:
    if not isinstance(said, Mapping):
        return None
    if path in said:
        return said[path]
    first, _, rest = path.partition(".")
    return _at(said.get(first), rest) if rest else None


class EditorSettings:
    """The preferences of every folder, asked for where the editor can be asked.

    changed: called when some folder has others than before.
    """

    def __init__(self, outbox: Outbox, changed: Callable[[], None]) -> None:
        self._outbox, self._changed = outbox, changed
        self._general = Preferences()
        self._by_folder: dict[Path, Preferences] = {}

    def start(self, options: Any) -> None:
        """What the editor has sent with `initialize`, alone or as `settings`."""
        said = options.get("settings", options) if isinstance(options, Mapping) else None
        self._general = Preferences().with_(_own(said))

    def of(self, path: Path) -> Preferences:
        """What counts for a file: the preferences of the innermost folder that holds it."""
        holding = [folder for folder in self._by_folder if folder == path or folder in path.parents]
        if not holding:
            return self._general
        return self._by_folder[max(holding, key=lambda folder: len(folder.parts))]

    def sent(self, settings: Any, client: Client) -> None:
        """The editor says that settings have changed; some say which, others want to be asked."""
        if isinstance(settings, Mapping) and SECTION in settings:
            self._take(Preferences().with_(_own(settings)), {})
        self.ask(client)

    def ask(self, client: Client) -> None:
        """Have the editor say what counts in each folder. Effect: `changed` is called, later."""
        if not client.tells_settings:
            return
        folders = client.folders
        scoped = [{"scopeUri": uris.from_path(folder), "section": SECTION} for folder in folders]
        params = {"items": [{"section": SECTION}, *scoped]}
        self._outbox.request("workspace/configuration", params, lambda said: self._answered(said, folders))

    def _answered(self, said: Any, folders: tuple[Path, ...]) -> None:
        if not isinstance(said, list) or len(said) != len(folders) + 1:
            return
        # Where the editor has nothing to say (null), what came with `initialize` stays.
        general = self._general if said[0] is None else Preferences().with_(said[0])
        own = zip(folders, said[1:], strict=True)
        self._take(general, {folder: general.with_(one) for folder, one in own})

    def _take(self, general: Preferences, by_folder: dict[Path, Preferences]) -> None:
        before, self._general = self._general, general
        by_folder_before, self._by_folder = self._by_folder, by_folder
        folders = by_folder_before.keys() | by_folder.keys()
        if before != general or any(
            by_folder_before.get(folder, before) != by_folder.get(folder, general) for folder in folders
        ):
            self._changed()


def _own(said: Any) -> Any:
    """Portside's part of settings, which some editors send without the name around it."""
    return said.get(SECTION, said) if isinstance(said, Mapping) else None
