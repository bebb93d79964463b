"""Findings as JSON: a list with one object per finding, lines and columns from 1, ends exclusive.

In notebooks they count in the cell, which is named.
"""

from __future__ import annotations

import json
from typing import Any

from portside.knowledge.pages import rule_url
from portside.lint.finding import Edit, Finding, Fix, Related
from portside.lint.source import SourceFile, Span
from portside.report.checked import Checked, Place, place_in
from portside.report.launch import launch_values


def render(checked: Checked) -> str:
    """The whole outcome, ending in a newline."""
    found = [finding_object(checked, source, finding) for source, finding in checked.findings()]
    return json.dumps(found, indent=2) + "\n"


def finding_object(checked: Checked, source: SourceFile, finding: Finding) -> dict[str, Any]:
    found = {
        **_place(place_in(source, finding.span)),
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "url": rule_url(finding.code, finding.name),
        "fixes": [_fix(checked, source, fix) for fix in finding.fixes],
        "related": [_related(checked, source, related) for related in finding.related],
    }
    if finding.launch is not None:
        found["launch"] = launch_values(finding.launch)
    return found


def _fix(checked: Checked, source: SourceFile, fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "applicability": fix.applicability.value,
        "notes": list(fix.notes),
        "edits": [_edit(checked, source, edit) for edit in fix.edits],
    }


def _edit(checked: Checked, source: SourceFile, edit: Edit) -> dict[str, Any]:
    return {**_elsewhere(checked, source, edit.path, edit.span), "new_text": edit.new_text}


def _related(checked: Checked, source: SourceFile, related: Related) -> dict[str, Any]:
    return {**_elsewhere(checked, source, related.path, related.span), "message": related.message}


def _elsewhere(checked: Checked, source: SourceFile, path: str, span: Span) -> dict[str, Any]:
    """The place of a span that may lie in another file; without lines where its text isn't known."""
    place = place_in(source, span) if path == source.path else checked.place(path, span)
    return {"path": path} if place is None else _place(place)


def _place(place: Place) -> dict[str, Any]:
    return {
        "path": place.path,
        **({} if place.cell is None else {"cell": place.cell}),
        "line": place.start.line,
        "column": place.start.column,
        "end_line": place.end.line,
        "end_column": place.end.column,
    }
