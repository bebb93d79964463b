"""The rules' table and pages, for terminals and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from portside.knowledge.pages import rule_url
from portside.lint.rule import Rule
from portside.report.ink import Ink, width

_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def rule_object(rule: Rule[Any]) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "summary": rule.summary,
        "url": rule_url(rule.code, rule.name),
    }


def page_object(rule: Rule[Any]) -> dict[str, Any]:
    return {**rule_object(rule), "documentation": rule.documentation}


def table(rules: Iterable[Rule[Any]], ink: Ink) -> str:
    """One line per rule: code, name, severity, what it looks for."""
    rows = list(rules)
    name_width = max((width(rule.name) for rule in rows), default=0)
    severity_width = max((len(rule.severity.value) for rule in rows), default=0)
    return "".join(
        f"{ink.bold(rule.code)}  {rule.name:<{name_width}}  "
        f"{ink.severity(rule.severity, f'{rule.severity.value:<{severity_width}}')}  "
        f"{_inline(rule.summary, ink)}\n"
        for rule in rows
    )


def page(rule: Rule[Any], ink: Ink) -> str:
    """The rule's page: its head, then its documentation with the Markdown turned into layout."""
    severity = ink.severity(rule.severity, rule.severity.value)
    head = f"{ink.bold(f'{rule.code} {rule.name}')} ({severity})\n{_inline(rule.summary, ink)}\n"
    return f"{head}\n{_body(rule.documentation, ink)}\n{ink.dim(rule_url(rule.code, rule.name))}\n"


def _body(markdown: str, ink: Ink) -> str:
    lines: list[str] = []
    fenced = False
    for line in markdown.strip().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            lines.append(f"    {ink.link(line)}".rstrip())
        elif line.startswith("#"):
            lines.append(ink.bold(line.lstrip("#").strip()))
        else:
            lines.append(_inline(line, ink))
    return "\n".join(lines) + "\n"


def _inline(text: str, ink: Ink) -> str:
    """Markdown within a line. Without colour code keeps its backticks: they are all that marks it."""
    linked = _LINK.sub(lambda found: f"{found[1]} ({found[2]})", text)
    return _CODE.sub(lambda found: ink.link(found[1]), linked) if ink.colour else linked
