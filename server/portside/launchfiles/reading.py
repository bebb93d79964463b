"""From a path and a text to what the file launches: which format it is, and who reads that."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from types import ModuleType

from portside.launchfiles.facts import Format, LaunchFile
from portside.launchfiles.names import Kind, is_shell_by_first_line, kind_of, name_of

_FORMATS = {
    Kind.DOCKERFILE: Format.DOCKERFILE,
    Kind.COMPOSE: Format.COMPOSE,
    Kind.PROCFILE: Format.PROCFILE,
    Kind.MAKEFILE: Format.MAKEFILE,
    Kind.SHELL: Format.SHELL,
    Kind.SYSTEMD: Format.SYSTEMD,
    Kind.PACKAGE_JSON: Format.PACKAGE_JSON,
    Kind.VSCODE_LAUNCH: Format.VSCODE_LAUNCH,
    Kind.VSCODE_TASKS: Format.VSCODE_TASKS,
    Kind.DOTENV: Format.DOTENV,
}
_READERS = {
    Format.DOCKERFILE: "docker.dockerfile",
    Format.COMPOSE: "docker.compose",
    Format.KUBERNETES: "kubernetes.kubernetes",
    Format.SHELL: "shell.shell_script",
    Format.MAKEFILE: "lines.makefile",
    Format.PROCFILE: "lines.procfile",
    Format.SYSTEMD: "lines.systemd",
    Format.PACKAGE_JSON: "lines.package_json",
    Format.DOTENV: "lines.dotenv",
    Format.VSCODE_LAUNCH: "lines.vscode",
    Format.VSCODE_TASKS: "lines.vscode",
}


# What is longer was not written by people, and to read it takes seconds.
_LONGEST = 500_000


def format_of(path: str, text: str) -> Format | None:
    """What kind of launch file this is; None for none."""
    kind = kind_of(name_of(path))
    if kind is Kind.YAML:
        return _yaml_format(text)
    if kind is Kind.NO_SUFFIX:
        return Format.SHELL if is_shell_by_first_line(text) else None
    return _FORMATS.get(kind) if kind is not None else None


def load_readers(names: Iterable[str]) -> None:
    """Import what reads files of these names now, where there is time to."""
    kinds = {kind_of(name) for name in names}
    formats = {_FORMATS[kind] for kind in kinds if kind in _FORMATS}
    formats |= {Format.COMPOSE, Format.KUBERNETES} if Kind.YAML in kinds else set()
    formats |= {Format.SHELL} if Kind.NO_SUFFIX in kinds else set()
    for format_ in formats:
        _reader(format_)


def _reader(format_: Format) -> ModuleType:
    # Loaded late: each format has a parser of its own.
    return importlib.import_module(f"portside.launchfiles.{_READERS[format_]}")


def read(path: str, text: str) -> LaunchFile | None:
    """What the file launches; None where it is no launch file. path: relative to the workspace, slashes."""
    known = format_of(path, text)
    if known is None:
        return None
    if len(text) > _LONGEST:
        return LaunchFile(path, known, ())
    try:
        found: LaunchFile = _reader(known).read(path, text)
    except RecursionError:
        # Thousands of commands in each other, or tied by `&&`: nobody wrote that.
        return LaunchFile(path, known, ())
    return found


def _yaml_format(text: str) -> Format | None:
    text = text.removeprefix("\ufeff")
    if re.search(r"^apiVersion:", text, re.MULTILINE) and re.search(r"^kind:", text, re.MULTILINE):
        return Format.KUBERNETES
    if not re.search(r"^[\"']?services[\"']?:", text, re.MULTILINE):
        return None
    from portside.launchfiles.docker.compose import has_services  # noqa: PLC0415 - few files come as far as this

    return Format.COMPOSE if has_services(text) else None
