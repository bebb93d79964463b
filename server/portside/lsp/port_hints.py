"""The number behind a port that is written as a name: `port=settings.port`, `--port $PORT`. Off by default.

What the tooltip says of where it comes from takes other files; it is worked out for the hint that somebody
looks at, where the editor can ask for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portside.launchfiles.facts import Launch, ListeningPort
from portside.launchfiles.graph.plan import planned
from portside.lint.source import Span
from portside.lsp.convert import Json
from portside.lsp.documents import Document, Documents
from portside.python.ports.port_use import port_number
from portside.python.values.value_types import CommandLine, Environment, Literal, Parameter, Value
from portside.records import dataclass
from portside.workspace.project import Project


@dataclass(frozen=True, slots=True)
class Hint:
    """A port's number, to be shown behind this span.

    why: it is that one, as a sentence begins. where: it is written, in the file at `path`; None for this one.
    """

    span: Span
    number: int
    why: str
    where: Span | None = None
    path: Path | None = None


def hints(project: Project, document: Document) -> list[Hint]:
    """All that the document has, in the order of the text; none where the number stands there already."""
    found = _in_python(project, document) if document.is_python else _in_launch_file(project, document)
    text = document.buffer.text
    told = {
        hint.span: hint for hint in found if str(hint.number) not in text[hint.span.start : hint.span.end]
    }
    return [told[span] for span in sorted(told)]


def as_json(document: Document, documents: Documents, hint: Hint, number: int, *, resolves: bool) -> Json:
    """number: of the hint in its document. resolves: whether the editor asks for the tooltip later."""
    shown: Json = {
        "position": document.buffer.position(hint.span.end),
        "label": str(hint.number),
        "paddingLeft": True,
    }
    if resolves:
        return {**shown, "data": {"uri": document.uri, "version": document.version, "number": number}}
    return {**shown, "tooltip": tooltip(document, documents, hint)}


def tooltip(document: Document, documents: Documents, hint: Hint) -> Json:
    """What the number is, and where it is written."""
    said = f"**Port {hint.number}**: {hint.why}"
    buffer = document.buffer if hint.path is None else documents.buffer(hint.path)
    if hint.where is not None and buffer is not None:
        line = buffer.position(hint.where.start)["line"] + 1
        path = hint.path or document.path
        said += f", in [{path.name}:{line}]({documents.uri(path)}#L{line})"
    return {"kind": "markdown", "value": said}


def _in_python(project: Project, document: Document) -> Iterator[Hint]:
    facts = project.file_facts(document.path, document.buffer.text)
    for use in facts.listened.ports:
        yield _of_literal(use.use, use.port, use.literal)
    for one in facts.listened.sourced:
        yield from _of_value(one.use, one.value)


def _of_literal(use: Span, number: int, literal: Literal) -> Hint:
    why = f"`{literal.name}` is set to it" if literal.name else "it is set"
    return Hint(use, number, why, literal.span, Path(literal.path) if literal.path else None)


def _of_value(use: Span, value: Value) -> Iterator[Hint]:
    """What a variable, an option or a parameter is where nobody says otherwise."""
    match value:
        case Environment(variable=variable):
            otherwise = f"unless the environment sets `{variable}`"
        case CommandLine(option=option):
            otherwise = f"unless the command line says otherwise{f' with `{option}`' if option else ''}"
        case Parameter(name=name):
            otherwise = f"unless a caller passes another `{name}`"
        case _:
            return
    default = value.default
    while isinstance(default, Environment | CommandLine | Parameter):
        default = default.default
    number = port_number(default.value) if isinstance(default, Literal) else None
    if number is not None and isinstance(default, Literal):
        path = Path(default.path) if default.path else None
        yield Hint(use, number, f"the default, {otherwise}", default.span, path)


def _in_launch_file(project: Project, document: Document) -> Iterator[Hint]:
    facts = project.launch_facts(document.path, document.buffer.text)
    if facts is None:
        return
    for port in facts.file.ports():
        if port.variable is not None and port.number is not None:
            default = ", unless the environment says otherwise" if port.is_default else ""
            yield Hint(port.span, port.number, f"what `{port.variable}` is{default}", port.digits)
    launches = [launch for unit in facts.file.units for launch in unit.launches]
    asking = [(launch, one) for launch in launches for one in launch.ports if one.port.number is None]
    if asking:
        yield from _from_other_files(project, document, asking)


def _from_other_files(
    project: Project, document: Document, asking: list[tuple[Launch, ListeningPort]]
) -> Iterator[Hint]:
    """What a variable of this file is by another one: `.env`, a compose file's `environment`."""
    files, path = project.launch_files, project.relative(document.path)
    found = [row.claim.listener for row in planned(files, files.all())]
    known = {(one.launch.path, one.launch.span, one.what): one for one in found if one is not None}
    for launch, listening in asking:
        listener = known.get((path, launch.span, listening.what))
        if listener is not None and listening.port.variable is not None:
            why = f"what `{listening.port.variable}` is"
            digits = listener.digits
            file = Path(project.root) / digits.path if digits is not None else None
            where = digits.span if digits is not None else None
            yield Hint(listening.port.span, listener.number, why, where, file)


def within(document: Document, found: list[Hint], where: Any) -> Iterator[tuple[int, Hint]]:
    """Those of the part of the text that the editor shows, with their numbers."""
    shown = document.buffer.span(where)
    return ((number, hint) for number, hint in enumerate(found) if shown.start <= hint.span.end <= shown.end)
