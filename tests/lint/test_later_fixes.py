"""Fixes that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portside.lint.engine import RULE_FAILED, run_rules
from portside.lint.finding import Applicability, Finding, Fix, LaterFixes, Severity
from portside.lint.rule import Rule
from portside.lint.source import SourceFile, Span
from portside.python.source.layout import PythonLayout
from portside.python.source.syntax import parse
from portside.workspace.project import Project

FIX = Fix("Do better", (), Applicability.SAFE)
SERVER = """\
import uvicorn
from fastapi import FastAPI

app = FastAPI()
uvicorn.run(app, port=8000)
"""


def _found(check: object, *, fixes_later: bool) -> tuple[Finding, ...]:
    source = SourceFile("a.py", "x = 1\n")
    rule = Rule("PS999", "bad-thing", Severity.ERROR, "", "", check, (), ())  # type: ignore[arg-type]
    return run_rules([rule], None, source, PythonLayout(parse(source)), fixes_later=fixes_later)


def _finding(fixes: LaterFixes) -> Finding:
    return Finding("PS999", "bad-thing", Span(0, 1), "bad", Severity.ERROR, fixes)


def test_nothing_is_made_before_it_is_asked_for_and_then_once() -> None:
    made: list[int] = []

    def make() -> Iterator[Fix | None]:
        made.append(1)
        yield from (None, FIX)

    fixes = LaterFixes(make)
    (finding,) = _found(lambda _: [_finding(fixes)], fixes_later=True)
    assert made == []
    assert finding.fixes == (FIX,)
    assert (len(fixes), fixes[0], fixes[:1], hash(fixes)) == (1, FIX, (FIX,), hash((FIX,)))
    assert finding == finding.settled
    assert made == [1]


def test_a_rule_whose_fix_fails_has_failed_where_fixes_are_made_at_once() -> None:
    def check(_: object) -> list[Finding]:
        return [_finding(LaterFixes(lambda: [1 / 0]))]  # type: ignore[list-item]

    assert [finding.code for finding in _found(check, fixes_later=False)] == [RULE_FAILED]
    assert [finding.code for finding in _found(check, fixes_later=True)] == ["PS999"]


def test_an_editor_gets_the_fixes_that_a_command_line_gets(tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    later = Project(tmp_path).check(path, SERVER, fixes_later=True).findings
    at_once = Project(tmp_path).check(path, SERVER).findings
    assert any(isinstance(finding.fixes, LaterFixes) for finding in later)
    assert all(isinstance(finding.fixes, tuple) for finding in at_once)
    assert later == at_once
