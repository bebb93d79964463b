"""The answer to `portside/launchTargets`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from portside.lsp import uris
from portside.workspace.apps import LaunchTarget, discover


def launch_targets(params: Mapping[str, Any], folders: Iterable[Path]) -> list[dict[str, Any]]:
    """What can be served from the folders that the request means, as methods.py describes it."""
    return [_target(target) for folder in _meant(params, list(folders)) for target in discover(folder)]


def _meant(params: Mapping[str, Any], folders: list[Path]) -> list[Path]:
    """The folder named; the workspace folder that holds the document named; else all of them."""
    if params.get("folder"):
        named = uris.to_path(params["folder"])
        return [named] if named is not None and named.is_dir() else []
    document = uris.to_path(params["uri"]) if params.get("uri") else None
    if document is None:
        return [folder for folder in folders if folder.is_dir()]
    holding = [folder for folder in folders if document.is_relative_to(folder)]
    return [max(holding, key=lambda folder: len(folder.parts), default=document.parent)]


def _target(target: LaunchTarget) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "target": target.target,
        "path": str(target.path),
        "line": target.line,
        "host": target.host,
        "port": target.port,
        "appDir": None if target.app_dir is None else str(target.app_dir),
        "cwd": None if target.cwd is None else str(target.cwd),
    }
