"""Findings for people: the place marked where it is, whatever the line looks like."""

from __future__ import annotations

import pytest

from portside.lint.finding import Applicability, Blocker, Finding, Fix, LaunchReport, LintResult, Severity
from portside.lint.source import SourceFile, Span
from portside.report.checked import Checked, CheckedFile
from portside.report.ink import Ink
from portside.report.text import render, summary

PLAIN = Ink()


def finding(text: str, marked: str, **more: object) -> tuple[SourceFile, Finding]:
    start = text.index(marked)
    found = Finding(
        "PS999", "some-rule", Span(start, start + len(marked)), "it is so", Severity.WARNING, **more
    )  # type: ignore[arg-type]
    return SourceFile("a.py", text), found


def checked(*found: tuple[SourceFile, Finding]) -> Checked:
    return Checked(tuple(CheckedFile(source, LintResult((one,))) for source, one in found), count=7)


def excerpt(text: str, marked: str) -> tuple[str, str]:
    lines = render(checked(finding(text, marked)), PLAIN).splitlines()
    return lines[1].partition("│ ")[2], lines[2].partition("│ ")[2]


def fix(applicability: Applicability) -> Fix:
    return Fix("Fix: do it", (), applicability)


def test_a_finding_says_where_what_and_what_mends_it() -> None:
    found = finding("x = 1\ny = port\n", "port", fixes=(fix(Applicability.SAFE),))
    assert render(checked(found), PLAIN) == (
        "a.py:2:5: PS999 it is so [some-rule]\n  2 │ y = port\n    │     ^^^^\n    fix: do it\n\n"
    )


@pytest.mark.parametrize(
    ("text", "marked", "line", "carets"),
    [
        ("\tx = port", "port", "    x = port", "        ^^^^"),
        ("s = '한국'; port", "port", "s = '한국'; port", "            ^^^^"),
        ("s = '😀'; port", "port", "s = '😀'; port", "          ^^^^"),
        ("x = (\n  port)", "(\n  port", "x = (", "    ^"),
        ("x = '\x1b[31m' + port", "port", "x = '·[31m' + port", "              ^^^^"),
        ("x = port\r\n", "port", "x = port", "    ^^^^"),
        ("", "", "", "^"),
    ],
)
def test_the_carets_stand_under_the_place(text: str, marked: str, line: str, carets: str) -> None:
    assert excerpt(text, marked) == (line, carets)


def test_a_long_line_is_cut_around_the_place() -> None:
    line, carets = excerpt("a" * 500 + "port" + "b" * 500, "port")
    assert len(line) < 150
    assert line.startswith("…")
    assert line.endswith("…")
    assert line[len(carets) - 4 : len(carets)] == "port"


def test_what_stands_in_the_way_of_a_move_is_named() -> None:
    launch = LaunchReport(False, None, (Blocker(12, "`args` exists only there"),))
    assert "    stays: line 12: `args` exists only there\n" in render(
        checked(finding("x", "x", launch=launch)), PLAIN
    )


@pytest.mark.parametrize(
    ("fixes", "closing"),
    [
        ((), ""),
        ((Applicability.SAFE,), "`portside fix` mends 1.\n"),
        ((Applicability.UNSAFE,), "`portside fix --unsafe` mends 1; look at it with `--diff` first.\n"),
    ],
)
def test_the_summary_counts_what_can_be_mended(fixes: tuple[Applicability, ...], closing: str) -> None:
    found = finding("x", "x", fixes=tuple(map(fix, fixes)))
    assert summary(checked(found), PLAIN) == f"Found 1 warning in 1 file of 7.\n{closing}"


def test_colour_changes_nothing_but_colour() -> None:
    import re

    found = checked(finding("x = port", "port", fixes=(fix(Applicability.UNSAFE),)))
    coloured = render(found, Ink(True))
    assert coloured != render(found, PLAIN)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(found, PLAIN)
