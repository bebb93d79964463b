"""What the workspace's launch files say of a port, where one is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portside.launchfiles.graph.around import Place
from portside.launchfiles.graph.plan import Planned, planned
from portside.lint.source import Span
from portside.lsp.documents import Document
from portside.lsp.port_rename import is_number
from portside.lsp.uris import from_path
from portside.records import dataclass
from portside.workspace.project import Project

# A port that half of a monorepo takes needs no list of all.
_MOST = 12


@dataclass(frozen=True, slots=True)
class PortAt:
    """A port number in a document, and where it stands."""

    number: int
    span: Span


def port_at(project: Project, document: Document, offset: int) -> PortAt | None:
    """The port at this place; None where there is none, or its number is not known."""
    found = _in_python(project, document) if document.is_python else _in_launch_file(project, document)
    known = next((one for one in found if one.span.start <= offset <= one.span.end), None)
    if known is not None or not document.is_python or not is_number(document.buffer.text, offset):
        return known
    return _for_scripts(project, document, offset)


def _for_scripts(project: Project, document: Document, offset: int) -> PortAt | None:
    """A number of a module that scripts have their port from: `PORT = 8000` in config.py."""
    files, path = project.launch_files, project.relative(document.path)
    for row in planned(files, files.all()):
        for place in row.claim.listener.in_python if row.claim.listener is not None else ():
            if place.path == path and place.span.start <= offset <= place.span.end:
                return PortAt(row.claim.number, place.span)
    return None


def _in_python(project: Project, document: Document) -> Iterator[PortAt]:
    facts = project.file_facts(document.path, document.buffer.text)
    for use in facts.listened.ports:
        yield PortAt(use.port, use.use)
        if use.literal.path is None:
            yield PortAt(use.port, use.literal.span)


def _in_launch_file(project: Project, document: Document) -> Iterator[PortAt]:
    facts = project.launch_facts(document.path, document.buffer.text)
    for port in facts.file.ports() if facts is not None else ():
        for span in (port.span, port.digits):
            if port.number is not None and span is not None:
                yield PortAt(port.number, span)


def section(project: Project, number: int) -> str:
    """Who listens on this port, or publishes it, according to all launch files; as Markdown."""
    files = project.launch_files
    rows = [row for row in planned(files, files.all()) if number in row.claim.ports]
    lines = [f"- {_link(project, row.claim.place)}: {_said(row)}" for row in rows]
    if not lines:
        return f"**Port {number}**\n\nNo launch file of the workspace has a server on it."
    more = [f"- and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join([f"**Port {number}** in this workspace's launch files\n", *lines[:_MOST], *more])


def _said(row: Planned) -> str:
    what = f", `{row.runs}`" if row.runs else ""
    if row.claim.is_published:
        said = f"{row.claim.who} is published on it{what}"
    else:
        where = "" if row.on_machine else ", inside its container"
        said = f"{row.claim.who} listens on it{where}{what}"
    conflict = ", and so does ".join(dict.fromkeys(claim.who for claim in row.against))
    return f"{said}; at the same time {conflict} wants it" if conflict else said


def _link(project: Project, place: Place) -> str:
    line = project.launch_files.line(place.path, place.span)
    return f"[{place.path}:{line}]({from_path(Path(project.root) / place.path)}#L{line})"
