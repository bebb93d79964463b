"""Which rules are on, and how much their findings matter. Values only; `settings` fills them in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from portside.lint.finding import Finding, Severity
from portside.lint.rule import Rule
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user wants to hear of in one file.

    enabled: the codes of the rules that are on; None stands for all of them.
    severity: what replaces a finding's own severity, by code.
    """

    enabled: frozenset[str] | None = None
    severity: Mapping[str, Severity] = field(default_factory=dict)

    def enables(self, code: str) -> bool:
        return self.enabled is None or code in self.enabled

    def weigh(self, finding: Finding) -> Finding:
        """The finding with the severity that the user gave its rule, if any."""
        severity = self.severity.get(finding.code, finding.severity)
        if severity is finding.severity:
            return finding
        return dataclasses.replace(finding, severity=severity)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class RuleNames:
    """The words by which a user may name a rule: its name, or its code in any case."""

    codes: Mapping[str, str]

    @classmethod
    def of(cls, rules: Iterable[Rule[Any]]) -> RuleNames:
        words = {}
        for rule in rules:
            words[rule.code.lower()] = words[rule.name] = rule.code
        return cls(words)

    def code(self, word: str) -> str | None:
        return self.codes.get(word.strip().lower())

    def nearest(self, word: str) -> str | None:
        """The rule name that someone who wrote `word` most likely meant."""
        import difflib  # noqa: PLC0415 - few ask, and every start would wait for it

        names = [name for name, code in self.codes.items() if name != code.lower()]
        found = difflib.get_close_matches(word.strip().lower(), names, n=1, cutoff=0.75)
        return found[0] if found else None
