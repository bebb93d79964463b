"""Rules over facts: what they find, weighed and sifted as the user asked."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from portside.lint.finding import Finding, LaterFixes, Severity
from portside.lint.layout import Layout
from portside.lint.rule import Rule
from portside.lint.selection import EVERYTHING, RuleNames, Selection
from portside.lint.source import SourceFile, Span
from portside.lint.suppress import Context, sift

RULE_FAILED = "PS000"
RULE_FAILED_NAME = "rule-failed"

Check = Callable[[Any], Iterable[Finding]]


def in_python(rule: Rule[Any]) -> Check | None:
    """What the rule does with the facts of a Python file."""
    return rule.check


def in_launch_files(rule: Rule[Any]) -> Check | None:
    """What the rule does with the facts of a launch file."""
    return rule.launch_check


def run_rules(
    rules: Sequence[Rule[Any]],
    facts: object,
    source: SourceFile,
    layout: Layout,
    selection: Selection = EVERYTHING,
    *,
    check_of: Callable[[Rule[Any]], Check | None] = in_python,
    fixes_later: bool = False,
) -> tuple[Finding, ...]:
    """All findings of these rules that the user wants to see, in the order of the text.

    rules: every rule there is, also those that the selection turns off, since
    comments may name them. check_of: what of a rule suits these facts. fixes_later: leave fixes that
    take time to whoever asks for them, and is ready for one that raises. A rule that raises takes only
    its own findings with it: the exception becomes a finding (`rule-failed`), which no comment hides.
    """
    found: list[Finding] = []
    failures: dict[str, Finding] = {}
    for rule in rules:
        check = check_of(rule)
        if check is None or not selection.enables(rule.code):
            continue
        try:
            said = check(facts)
            found += said if fixes_later else [_settled(finding) for finding in said]
        except Exception as error:
            failures[rule.code] = _failure(rule, error, source)
    sifted = sift(_once(found), Context(source, layout, RuleNames.of(rules), selection, frozenset(failures)))
    shown = [*sifted.kept, *sifted.about_comments]
    if selection.enables(RULE_FAILED):
        shown += failures.values()
    return tuple(selection.weigh(finding) for finding in sorted(shown, key=_order))


def _once(found: Iterable[Finding]) -> list[Finding]:
    """Each finding once: a Dockerfile's line belongs to its stage and to those that are built upon it."""
    return list({(one.code, one.span, one.message): one for one in found}.values())


def _settled(finding: Finding) -> Finding:
    return finding.settled if isinstance(finding.fixes, LaterFixes) else finding


def _order(finding: Finding) -> tuple[Span, str]:
    return finding.span, finding.code


def _failure(rule: Rule[Any], error: Exception, source: SourceFile) -> Finding:
    message = (
        f"the rule `{rule.name}` failed on this file with `{_describe(error)}`, "
        "so its findings are missing: this is a bug in Portside, please report it"
    )
    span = Span(0, len(source.slice(source.line_span(0)).rstrip("\r\n")))
    return Finding(RULE_FAILED, RULE_FAILED_NAME, span, message, Severity.ERROR)


def _describe(error: Exception) -> str:
    """The exception on one line, with the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    said = " ".join(str(error).replace("`", "'").split())
    return f"{type(error).__name__}: {said[:200]}{place}"
