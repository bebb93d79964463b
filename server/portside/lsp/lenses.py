"""Code lenses on what starts a server: run the same with `portside serve`.

An editor that named a command of its own for it (VS Code's extension) gets the target as that command's
argument; any other is shown what to type.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from portside.launchfiles.facts import Launch, Serves, Unit
from portside.launchfiles.graph.launch_facts import LaunchFacts
from portside.launchfiles.graph.listeners import API
from portside.lint.source import Span
from portside.lsp.commands import TELL
from portside.lsp.documents import Document
from portside.lsp.launch_targets import as_json
from portside.workspace.apps import LaunchTarget, targets_in
from portside.workspace.project import Project

_TITLE = "▶ Run with portside serve"
_DEBUG_TITLE = "Debug"


def lenses(project: Project, document: Document, debugs: str | None) -> list[dict[str, Any]]:
    """Where they are; what each does is worked out once it is seen. debugs: as `resolved` takes it."""
    found = enumerate(_found(project, document))
    return [
        {
            "range": document.buffer.range(Span(span.start, span.start)),
            "data": {"uri": document.uri, "version": document.version, "number": number, "debug": debug},
        }
        for number, (span, _) in found
        for debug in ((False, True) if debugs is not None else (False,))
    ]


def resolved(
    project: Project, document: Document, lens: dict[str, Any], starts: str | None, debugs: str | None
) -> dict[str, Any]:
    """The lens with what it does. starts, debugs: the editor's own commands for a launch target."""
    _, target = next(itertools.islice(_found(project, document), lens["data"]["number"], None))
    command: dict[str, Any]
    if lens["data"]["debug"]:
        command = {"title": _DEBUG_TITLE, "command": debugs, "arguments": [as_json(target, None)]}
    elif starts is not None:
        command = {"title": _TITLE, "command": starts, "arguments": [as_json(target, None)]}
    else:
        told = f"Start it with: {_typed(target)}"
        command = {"title": _TITLE, "command": TELL, "arguments": [told]}
    return {**lens, "command": command}


def _found(project: Project, document: Document) -> Iterator[tuple[Span, LaunchTarget]]:
    return _in_python(project, document) if document.is_python else _in_launch_file(project, document)


def _typed(target: LaunchTarget) -> str:
    words = ["portside", "serve", *(["--factory"] if target.kind == "factory" else []), target.target]
    words += ["--app-dir", str(target.app_dir)] if target.app_dir is not None else []
    words += ["--host", target.host] if target.host is not None else []
    words += ["--port", str(target.port)] if target.port is not None else []
    return f"cd {shlex.quote(str(target.cwd))} && {shlex.join(words)}"


def _in_python(project: Project, document: Document) -> Iterator[tuple[Span, LaunchTarget]]:
    facts = project.file_facts(document.path, document.buffer.text)
    if not facts.module.serves:
        return
    source = facts.source
    for target in targets_in(project.root, document.path, facts.module):
        yield source.line_span(target.line - 1), target


def _in_launch_file(project: Project, document: Document) -> Iterator[tuple[Span, LaunchTarget]]:
    facts = project.launch_facts(document.path, document.buffer.text)
    for unit in facts.file.units if facts is not None else ():
        for launch in unit.launches:
            target = _target(project, facts, unit, launch) if facts is not None else None
            if target is not None:
                yield launch.span, target


def _target(project: Project, facts: LaunchFacts, unit: Unit, launch: Launch) -> LaunchTarget | None:
    """The same server, of the workspace's own files; None where it has none for it."""
    found = facts.workspace.launched(unit, launch)
    if launch.elsewhere or found.path is None or launch.target is None:
        return None
    port = next((one.port.number for one in launch.ports if one.what == API), None)
    path = project.root / found.path
    if launch.serves is Serves.SCRIPT and launch.program.startswith("python"):
        return LaunchTarget("script", found.path, path, 1, None, port, None, project.root)
    folder = _import_folder(path, launch.target.text.partition(":")[0])
    if launch.serves is not Serves.APP or folder is None:
        return None
    factory = any(word.text == "--factory" for word in launch.command)
    kind: Literal["app", "factory"] = "factory" if factory else "app"
    return LaunchTarget(kind, launch.target.text, path, 1, None, port, None, folder)


def _import_folder(path: Path, module: str) -> Path | None:
    """The folder from which the file is this module."""
    parts = module.split(".")
    own = path.parent if path.name == "__init__.py" else path.with_suffix("")
    named = own.parts[-len(parts) :]
    return Path(*own.parts[: -len(parts)]) if list(named) == parts else None
