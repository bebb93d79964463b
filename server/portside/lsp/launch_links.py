"""Links from what a launch file starts, `server:app` or `server.py`, to the file that it is."""

from __future__ import annotations

from portside.lsp.convert import Json
from portside.lsp.documents import Document
from portside.lsp.uris import from_path
from portside.workspace.project import Project


def links(project: Project, document: Document) -> list[Json]:
    """One for each target that is a file of the workspace."""
    facts = project.launch_facts(document.path, document.buffer.text)
    found: dict[tuple[int, int], Json] = {}
    for unit in facts.file.units if facts is not None else ():
        for launch in unit.launches:
            path = facts.workspace.launched(unit, launch).path if facts is not None else None
            if path is None or launch.target is None or launch.elsewhere:
                continue
            span = launch.target.inside
            target = project.root / path
            found[span.start, span.end] = {
                "range": document.buffer.range(span),
                "target": from_path(target),
                "tooltip": f"Open {path}",
            }
    return list(found.values())
