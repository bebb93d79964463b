"""Findings as SARIF 2.1.0, which GitHub code scanning and many other tools take.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from portside import __version__
from portside.knowledge.pages import HOME, rule_url
from portside.lint.finding import Edit, Finding, Fix, Related, Severity
from portside.lint.rule import Rule
from portside.report.checked import Checked, CheckedFile, Place, place_in
from portside.report.fingerprints import fingerprinted
from portside.report.launch import launch_values
from portside.rules import ALL

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub's upload action adds `primaryLocationLineHash` of its own, and complains of one that is not its own.
_FINGERPRINT = "portside/v1"
_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "note",
    Severity.HINT: "note",
}
_PROBLEM_SEVERITIES = {"error": "error", "warning": "warning", "note": "recommendation"}
_INDEX = {rule.code: index for index, rule in enumerate(ALL)}


def render(checked: Checked) -> str:
    """The whole outcome as a log with one run, ending in a newline."""
    run = {
        "tool": {"driver": _driver()},
        "invocations": [{"executionSuccessful": checked.complete}],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(checked, file, finding, fingerprint)
            for file in checked.files
            for finding, fingerprint in fingerprinted(file)
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _driver() -> dict[str, Any]:
    return {
        "name": "Portside",
        "semanticVersion": __version__,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in ALL],
    }


def _rule(rule: Rule[Any]) -> dict[str, Any]:
    level = _LEVELS[rule.severity]
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.documentation, "markdown": rule.documentation},
        "helpUri": rule_url(rule.code, rule.name),
        "defaultConfiguration": {"level": level},
        "properties": {"problem.severity": _PROBLEM_SEVERITIES[level], "precision": "very-high"},
    }


def _result(checked: Checked, file: CheckedFile, finding: Finding, fingerprint: str) -> dict[str, Any]:
    source = file.source
    result = {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": _physical(place_in(source, finding.span))}],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
    }
    related = [_related(checked, number, one) for number, one in enumerate(finding.related, 1)]
    fixes = [_fix(checked, fix) for fix in finding.fixes if _whole(checked, fix)]
    more = {"relatedLocations": related, "fixes": fixes}
    result |= {name: value for name, value in more.items() if value}
    if finding.launch is not None:
        result["properties"] = {"launch": launch_values(finding.launch)}
    return result


def _related(checked: Checked, number: int, related: Related) -> dict[str, Any]:
    place = checked.place(related.path, related.span)
    location = {"artifactLocation": {"uri": _uri(related.path)}} if place is None else _physical(place)
    return {"id": number, "physicalLocation": location, "message": {"text": related.message}}


def _whole(checked: Checked, fix: Fix) -> bool:
    """Whether all places of the fix are known: half a fix is none. Of a notebook they are not the file's."""
    places = (checked.place(edit.path, edit.span) for edit in fix.edits)
    return all(place is not None and place.cell is None for place in places)


def _fix(checked: Checked, fix: Fix) -> dict[str, Any]:
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.path, []).append(edit)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [_change(checked, edits) for edits in by_path.values()],
        "properties": {"applicability": fix.applicability.value, "notes": list(fix.notes)},
    }


def _change(checked: Checked, edits: list[Edit]) -> dict[str, Any]:
    """All edits of one file."""
    texts: dict[Place, str] = {}
    for edit in edits:
        place = checked.place(edit.path, edit.span)
        if place is not None:
            # Of two insertions at one place nobody could tell which comes first, so they are one.
            texts[place] = texts.get(place, "") + edit.new_text
    return {
        "artifactLocation": {"uri": _uri(next(iter(texts)).path)},
        "replacements": [
            {"deletedRegion": _region(place), "insertedContent": {"text": text}}
            for place, text in texts.items()
        ],
    }


def _physical(place: Place) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(place.path)}, "region": _region(place)}


def _region(place: Place) -> dict[str, int]:
    if place.cell is not None:
        return {"startLine": place.line_in_file}
    return {
        "startLine": place.start.line,
        "startColumn": place.start.column,
        "endLine": place.end.line,
        "endColumn": place.end.column,
    }


def _uri(path: str) -> str:
    """Relative where the path is: GitHub looks for such ones from the top of the repository."""
    slashed = path.replace("\\", "/")
    if slashed.startswith("/"):
        return "file://" + quote(slashed, errors="surrogateescape")
    if slashed[1:3] == ":/":
        return "file:///" + quote(slashed, safe="/:", errors="surrogateescape")
    # Escaped also is a `:`, which would make a scheme of the first folder.
    return quote(slashed, errors="surrogateescape")
