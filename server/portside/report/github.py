"""Findings as GitHub Actions workflow commands, which show as annotations on the changed lines.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from portside.lint.finding import Finding, Severity
from portside.lint.source import SourceFile
from portside.report.checked import Checked, place_in

_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "notice",
    Severity.HINT: "notice",
}


def render(checked: Checked) -> str:
    """One command per line; nothing where nothing was found."""
    return "".join(_command(source, finding) for source, finding in checked.findings())


def _command(source: SourceFile, finding: Finding) -> str:
    place = place_in(source, finding.span)
    properties = {
        "title": f"{finding.code} {finding.name}",
        "file": place.path.replace("\\", "/"),
        "line": str(place.line_in_file),
        "endLine": str(place.line_in_file + place.end.line - place.start.line),
    }
    # GitHub takes columns only where a finding begins and ends on one line. Of a notebook it shows the JSON.
    if place.start.line == place.end.line and place.cell is None:
        properties |= {"col": str(place.start.column), "endColumn": str(place.end.column)}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = f"{place.path}:{source.where(finding.span.start)}: {finding.code} {finding.message}"
    return f"::{_LEVELS[finding.severity]} {said}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
