"""SARIF: what the 2.1.0 schema demands, and what GitHub code scanning makes of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from portside.lint.finding import (
    Applicability,
    Blocker,
    Edit,
    Finding,
    Fix,
    LaunchReport,
    LintResult,
    Related,
    Severity,
)
from portside.lint.source import SourceFile, Span
from portside.report import sarif
from portside.report.checked import Checked, CheckedFile
from portside.rules import ALL

TEXT = "import uvicorn\n한 = uvicorn.run(app, port=8010)\n"
SOURCE = SourceFile("pkg dir/a.py", TEXT)
OTHER = SourceFile("Dockerfile", "FROM x\nCMD y\n")


def finding(marked: str = "8010", severity: Severity = Severity.WARNING, **more: Any) -> Finding:
    start = TEXT.index(marked)
    span = Span(start, start + len(marked))
    return Finding("PS201", "hardcoded-port", span, "`8010` is fixed", severity, **more)


def checked(*findings: Finding, source: SourceFile = SOURCE, complete: bool = True) -> Checked:
    others = {"/abs/Dockerfile": OTHER, "/abs/a.py": source, "/abs/new.sh": SourceFile("new.sh", "")}
    return Checked((CheckedFile(source, LintResult(findings)),), 1, others, complete)


def log(outcome: Checked) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(sarif.render(outcome))
    assert_valid(parsed)
    return parsed


def result(found: Finding) -> dict[str, Any]:
    (one,) = log(checked(found))["runs"][0]["results"]
    return one


def assert_valid(parsed: dict[str, Any]) -> None:
    """The parts of sarif-schema-2.1.0.json that this log makes use of."""
    assert set(parsed) == {"$schema", "version", "runs"}
    assert parsed["version"] == "2.1.0"
    (run,) = parsed["runs"]
    assert set(run) == {"tool", "invocations", "columnKind", "results"}
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
        assert rule["helpUri"].startswith("https://")
    for one in run["results"]:
        assert_result(one, rules)


def assert_result(one: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    assert set(one) <= {
        "ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "relatedLocations",
        "fixes", "properties",
    }  # fmt: skip
    assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    assert one["level"] in {"none", "note", "warning", "error"}
    assert one["message"]["text"]
    assert all(isinstance(value, str) for value in one["partialFingerprints"].values())
    for location in (*one["locations"], *one.get("relatedLocations", ())):
        assert_physical(location["physicalLocation"])
    for fix in one.get("fixes", ()):
        assert set(fix) <= {"description", "artifactChanges", "properties"}
        assert fix["artifactChanges"]
        for change in fix["artifactChanges"]:
            assert change["replacements"]
            for replacement in change["replacements"]:
                where = {
                    "artifactLocation": change["artifactLocation"],
                    "region": replacement["deletedRegion"],
                }
                assert_physical(where)
                assert set(replacement["insertedContent"]) == {"text"}


def assert_physical(location: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9%/._~:-]+", location["artifactLocation"]["uri"])
    region = location["region"]
    assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(isinstance(value, int) and value >= 1 for value in region.values())
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_every_rule_comes_with_its_help() -> None:
    rules = log(checked())["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in ALL]
    for rule in rules:
        assert rule["help"]["markdown"].startswith("## What it does")
        assert len(rule["fullDescription"]["text"]) <= 1024


def test_columns_count_characters_and_ends_are_exclusive() -> None:
    one = result(finding("uvicorn.run(app, port=8010)"))
    assert one["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 5,
        "endLine": 2,
        "endColumn": 32,
    }


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFORMATION, "note"),
        (Severity.HINT, "note"),
    ],
)
def test_the_level_is_that_of_the_severity(severity: Severity, level: str) -> None:
    assert result(finding(severity=severity))["level"] == level


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("pkg dir/a.py", "pkg%20dir/a.py"),
        ("pkg\\a.py", "pkg/a.py"),
        ("a:b/한.py", "a%3Ab/%ED%95%9C.py"),
        ("/srv/a.py", "file:///srv/a.py"),
        ("C:\\srv\\a.py", "file:///C:/srv/a.py"),
    ],
)
def test_paths_are_uris_and_relative_where_they_can_be(path: str, uri: str) -> None:
    (one,) = log(checked(finding(), source=SourceFile(path, TEXT)))["runs"][0]["results"]
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_fix_names_every_file_that_it_changes_once() -> None:
    edits = (
        Edit("/abs/a.py", Span(0, 0), "import os\n"),
        Edit("/abs/Dockerfile", Span(7, 12), "CMD z"),
        Edit("/abs/a.py", Span(15, 16), "x"),
        Edit("/abs/new.sh", Span(0, 0), "#!/bin/sh\n"),
    )
    fix = Fix("Do", edits, Applicability.UNSAFE, ("Look.",))
    (one,) = result(finding(fixes=(fix,)))["fixes"]
    assert one["description"] == {"text": "Do"}
    assert one["properties"] == {"applicability": "unsafe", "notes": ["Look."]}
    changes = {change["artifactLocation"]["uri"]: change["replacements"] for change in one["artifactChanges"]}
    assert {uri: len(replacements) for uri, replacements in changes.items()} == {
        "pkg%20dir/a.py": 2,
        "Dockerfile": 1,
        "new.sh": 1,
    }
    assert changes["Dockerfile"][0]["deletedRegion"]["startLine"] == 2
    assert changes["Dockerfile"][0]["insertedContent"] == {"text": "CMD z"}


def test_a_fix_with_an_unknown_place_is_left_out_as_a_whole() -> None:
    edits = (Edit("/abs/a.py", Span(0, 0), "x"), Edit("/gone", Span(3, 4), "x"))
    assert "fixes" not in result(finding(fixes=(Fix("Do", edits, Applicability.SAFE),)))


def test_related_places_are_numbered() -> None:
    places = (Related("/abs/Dockerfile", Span(0, 4), "runs it"), Related("/abs/a.py", Span(0, 6), "here"))
    one = result(finding(related=places))
    assert [(related["id"], related["message"]["text"]) for related in one["relatedLocations"]] == [
        (1, "runs it"),
        (2, "here"),
    ]


def test_what_is_known_of_a_launch_is_a_property() -> None:
    launch = LaunchReport(False, None, (Blocker(12, "`args` exists only there"),))
    assert result(finding(launch=launch))["properties"]["launch"] == {
        "movable": False,
        "command": None,
        "cwd": ".",
        "blockers": [{"line": 12, "reason": "`args` exists only there"}],
    }


def test_a_run_that_could_not_check_everything_says_so() -> None:
    assert log(checked())["runs"][0]["invocations"] == [{"executionSuccessful": True}]
    assert log(checked(complete=False))["runs"][0]["invocations"] == [{"executionSuccessful": False}]
