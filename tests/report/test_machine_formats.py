"""JSON and GitHub annotations: every character survives, every place is there."""

from __future__ import annotations

import json

from portside.lint.finding import Applicability, Edit, Finding, Fix, LintResult, Related, Severity
from portside.lint.source import SourceFile, Span
from portside.report import as_json, github
from portside.report.checked import Checked, CheckedFile

SOURCE = SourceFile("pkg/a.py", "x = 1\né = 2\n")
OTHER = SourceFile("Dockerfile", "FROM x\nCMD y\n")


def checked(found: Finding) -> Checked:
    return Checked((CheckedFile(SOURCE, LintResult((found,))),), 1, {"/abs/Dockerfile": OTHER})


def finding(message: str = "so", end: int = 7, **more: object) -> Finding:
    return Finding("PS999", "rule", Span(6 if end == 7 else 0, end), message, Severity.INFORMATION, **more)  # type: ignore[arg-type]


def test_edits_and_related_places_in_other_files_have_their_lines() -> None:
    edit = Edit("/abs/Dockerfile", Span(7, 12), "CMD z")
    fix = Fix("Do", (edit,), Applicability.UNSAFE, ("Look.",))
    found = finding(fixes=(fix,), related=(Related("/abs/Dockerfile", Span(0, 4), "here"),))
    one = json.loads(as_json.render(checked(found)))[0]
    assert one["fixes"][0]["edits"] == [
        {"path": "Dockerfile", "line": 2, "column": 1, "end_line": 2, "end_column": 6, "new_text": "CMD z"}
    ]
    assert one["fixes"][0]["notes"] == ["Look."]
    assert one["related"][0]["line"] == 1
    assert (one["line"], one["column"], one["end_column"]) == (2, 1, 2)


def test_an_edit_in_a_file_that_is_not_known_keeps_its_path() -> None:
    fix = Fix("Do", (Edit("/new", Span(0, 0), "x"),), Applicability.SAFE)
    edit = json.loads(as_json.render(checked(finding(fixes=(fix,)))))[0]["fixes"][0]["edits"][0]
    assert edit == {"path": "/new", "new_text": "x"}


def test_annotations_escape_what_would_end_them() -> None:
    line = github.render(checked(finding("100 % of\nit, so: there")))
    assert line == (
        "::notice title=PS999 rule,file=pkg/a.py,line=2,endLine=2,col=1,endColumn=2"
        "::pkg/a.py:2:1: PS999 100 %25 of%0Ait, so: there\n"
    )


def test_annotations_over_several_lines_name_no_columns() -> None:
    assert ",line=1,endLine=2::" in github.render(checked(finding(end=8)))
