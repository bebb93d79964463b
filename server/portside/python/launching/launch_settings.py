"""The run configuration that a moved launch leaves in the settings file of its workspace."""

from __future__ import annotations

import json
import re
import sys

from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span
from portside.python.launching.launch_app import AppTarget
from portside.python.launching.launch_command import Options
from portside.python.launching.script_place import SettingsFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def settings_edit(settings: SettingsFile, name: str, target: AppTarget, options: Options) -> Edit | None:
    """Appends a `[tool.portside.servers.NAME]` table; all else in the file stays as it is.

    None where a table for this app is there already, or where the file could not be read
    as TOML any more afterwards.
    """
    servers = _servers(settings)
    if servers is None or any(table.get("app") == target.text for table in servers.values()):
        return None
    newline = SourceFile(settings.path, settings.text).newline
    prefix = "tool.portside.servers" if settings.is_pyproject else "servers"
    lines = [f"[{prefix}.{_key(_free(name, servers))}]", *_entries(target, options)]
    text = newline * _blank_lines_needed(settings.text) + newline.join(lines) + newline
    if not _is_toml(settings.text + text):
        return None
    return Edit(settings.path, Span(len(settings.text), len(settings.text)), text)


def _entries(target: AppTarget, options: Options) -> list[str]:
    entries = [f"app = {json.dumps(target.text, ensure_ascii=False)}"]
    if target.factory:
        entries.append("factory = true")
    folder = target.place.app_dir or target.place.cwd
    if folder:
        entries.append(f"app-dir = {json.dumps(folder, ensure_ascii=False)}")
    if options.host is not None:
        entries.append(f"host = {json.dumps(options.host, ensure_ascii=False)}")
    if options.port is not None:
        entries.append(f"port = {options.port}")
    return entries


def _servers(settings: SettingsFile) -> dict[str, dict[str, object]] | None:
    try:
        table: object = tomllib.loads(settings.text)
    except (ValueError, RecursionError):
        return None
    for key in ("tool", "portside", "servers") if settings.is_pyproject else ("servers",):
        table = table.get(key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return None
    return {name: server for name, server in table.items() if isinstance(server, dict)}


def _free(name: str, taken: dict[str, dict[str, object]]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _blank_lines_needed(text: str) -> int:
    """Line ends to write before the table: one to end the last line, one for a blank line."""
    if not text.strip():
        return 0
    body = text.replace("\r\n", "\n")
    return 2 - min(2, len(body) - len(body.rstrip("\n")))


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
