"""The answer to `portside/launchTargets`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from portside.lsp import uris
from portside.settings import ServerSettings, Settings, SettingsError, load
from portside.workspace.apps import LaunchTarget, discover
from portside.workspace.presence import is_folder


def launch_targets(params: Mapping[str, Any], folders: Iterable[Path]) -> list[dict[str, Any]]:
    """What can be served from the folders that the request means, as methods.py describes it."""
    return [target for folder in _meant(params, list(folders)) for target in _in(folder)]


def _in(folder: Path) -> Iterator[dict[str, Any]]:
    settings = _settings(folder)
    for target in discover(folder):
        name = next((name for name, server in settings.servers.items() if _is(server, target)), None)
        if name is None:
            yield as_json(target, None)
        else:
            yield as_json(_configured(target, settings.servers[name], settings.root), name)


def _settings(folder: Path) -> Settings:
    try:
        return load(folder)
    except SettingsError:
        return Settings(root=folder)  # the mistake is told where the settings' own findings are shown


def _is(server: ServerSettings, target: LaunchTarget) -> bool:
    return target.target in (server.app, server.script)


def _configured(target: LaunchTarget, server: ServerSettings, root: Path) -> LaunchTarget:
    """The target with what the settings say of it, as `portside serve NAME` starts it."""
    return replace(
        target,
        host=server.host if server.host is not None else target.host,
        port=server.port if server.port is not None else target.port,
        app_dir=server.app_dir if server.app_dir is not None else target.app_dir,
        cwd=root,
    )


def _meant(params: Mapping[str, Any], folders: list[Path]) -> list[Path]:
    """The folder named; the workspace folder that holds the document named; else all of them."""
    if params.get("folder"):
        named = uris.to_path(params["folder"])
        return [named] if named is not None and is_folder(named) else []
    document = uris.to_path(params["uri"]) if params.get("uri") else None
    if document is None:
        return [folder for folder in folders if is_folder(folder)]
    holding = [folder for folder in folders if document.is_relative_to(folder)]
    return [max(holding, key=lambda folder: len(folder.parts), default=document.parent)]


def as_json(target: LaunchTarget, name: str | None) -> dict[str, Any]:
    """The target as methods.py describes it. name: of the server in the settings."""
    return {
        "name": name,
        "kind": target.kind,
        "target": target.target,
        "path": str(target.path),
        "line": target.line,
        "host": target.host,
        "port": target.port,
        "appDir": None if target.app_dir is None else str(target.app_dir),
        "cwd": None if target.cwd is None else str(target.cwd),
    }
