"""Rules over facts: selection, severities, order, and rules that fail."""

from __future__ import annotations

import pytest

from portside.lint.engine import run_rules
from portside.lint.finding import Finding, Severity
from portside.lint.rule import Rule
from portside.lint.selection import RuleNames, Selection
from portside.lint.source import SourceFile, Span


class NoLayout:
    """A text without comments."""

    mark = "#"

    def comment_at(self, offset):
        return None

    def lines_of(self, span):
        return (0,)

    def comment_place(self, span):
        return None


def _rule(code: str, name: str, *starts: int) -> Rule[object]:
    findings = [Finding(code, name, Span(s, s + 1), "said", Severity.WARNING) for s in starts]
    return Rule(code, name, Severity.WARNING, "", "", lambda facts: findings, (), ())


def _fail(facts: object) -> list[Finding]:
    raise KeyError("`no such\nkey")


FAILING: Rule[object] = Rule("PS903", "fails", Severity.WARNING, "", "", _fail, (), ())
LATE, EARLY = _rule("PS901", "late", 5, 2), _rule("PS902", "early", 0, 2)


def _run(*rules: Rule[object], selection: Selection | None = None) -> list[tuple[int, str]]:
    found = run_rules(rules, None, SourceFile("a.py", "0123456\n"), NoLayout(), selection or Selection())
    return [(finding.span.start, finding.code) for finding in found]


def test_findings_come_in_the_order_of_the_text():
    assert _run(LATE, EARLY) == [(0, "PS902"), (2, "PS901"), (2, "PS902"), (5, "PS901")]


def test_what_a_rule_says_twice_of_one_place_is_one_finding():
    assert _run(_rule("PS901", "twice", 3, 3)) == [(3, "PS901")]


def test_a_rule_that_is_off_does_not_even_run():
    assert _run(FAILING, LATE, selection=Selection(frozenset({"PS901"}))) == [(2, "PS901"), (5, "PS901")]


def test_the_users_severity_replaces_the_rules():
    selection = Selection(severity={"PS901": Severity.ERROR})
    found = run_rules((LATE, EARLY), None, SourceFile("a.py", "0123456"), NoLayout(), selection)
    assert {(f.code, f.severity) for f in found} == {("PS901", Severity.ERROR), ("PS902", Severity.WARNING)}


def test_a_rule_that_raises_becomes_a_finding_beside_the_others():
    found = run_rules((FAILING, EARLY), None, SourceFile("a.py", "0123456\n"), NoLayout())
    assert [f.code for f in found] == ["PS902", "PS000", "PS902"]
    failure = found[1]
    assert failure.severity is Severity.ERROR
    assert failure.span == Span(0, 7)
    assert failure.message.startswith("the rule `fails` failed on this file with `KeyError: '")
    assert "at _fail:" in failure.message
    assert "\n" not in failure.message
    assert failure.message.count("`") == 4


@pytest.mark.parametrize("word", ["early", "PS902", "ps902", " Early "])
def test_a_rule_is_known_by_name_and_by_code(word):
    assert RuleNames.of([LATE, EARLY]).code(word) == "PS902"


def test_the_nearest_name_is_what_the_user_meant():
    names = RuleNames.of([LATE, EARLY])
    assert names.nearest("erly") == "early"
    assert names.nearest("something-else") is None
