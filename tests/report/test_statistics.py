"""Statistics: files, time by phase, findings by rule."""

from __future__ import annotations

from portside.lint.finding import Finding, LintResult, Severity
from portside.lint.source import SourceFile, Span
from portside.report.checked import Checked, CheckedFile
from portside.report.statistics import Statistics, render

NOTHING = Checked(())


def finding(code: str) -> Finding:
    return Finding(code, f"rule-{code[-1]}", Span(0, 1), "so", Severity.WARNING)


def test_the_rules_that_found_most_come_first() -> None:
    findings = tuple(map(finding, ("PS102", "PS101", "PS205", "PS205")))
    checked = Checked((CheckedFile(SourceFile("a.py", "x"), LintResult(findings)),))
    said = render(Statistics(9, 0, 3, {"find": 0.001, "rules": 0.0205}), checked)
    assert said == (
        "files: 9 found, 6 skipped by the prefilter, 3 parsed\n"
        "time: find 1.0 ms, rules 20.5 ms; together 21.5 ms\n"
        "2 PS205 rule-5\n"
        "1 PS101 rule-1\n"
        "1 PS102 rule-2\n"
    )


def test_files_that_cannot_be_read_are_not_skipped() -> None:
    said = render(Statistics(found=9, unread=2, parsed=3, seconds={"find": 0.0}), NOTHING)
    assert said.startswith("files: 9 found, 4 skipped by the prefilter, 3 parsed, 2 not readable\n")
