"""Examples as rules write them, and the workspace that each runs in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.folders import lay_out

from portside.lint.finding import Edit, Finding, Fix, LintResult, apply_edits
from portside.lint.rule import Rule
from portside.lint.selection import Selection
from portside.lint.source import Span
from portside.workspace.project import Project

_MARK = re.compile("[«»]")


@dataclass(frozen=True)
class Marked:
    """A text without its «guillemets», and the spans that they stood around."""

    text: str
    spans: tuple[Span, ...]


def unmark(code: str) -> Marked:
    parts = _MARK.split(code)
    edges = [0]
    for part in parts:
        edges.append(edges[-1] + len(part))
    if len(parts) % 2 == 0:
        raise ValueError(f"unbalanced guillemets in {code!r}")
    return Marked("".join(parts), tuple(Span(edges[i], edges[i + 1]) for i in range(1, len(parts), 2)))


def case_id(value: object) -> str:
    """What a test of a rule's example is called by: the rule's name, the example's id."""
    return value.name if isinstance(value, Rule) else str(getattr(value, "id", value))


@dataclass
class Workspace:
    """A folder with an example's files in it. path: of the file under test, inside root."""

    root: Path
    path: str
    files: Mapping[str, str] = field(default_factory=dict)

    def check(self, text: str) -> LintResult:
        lay_out(self.root, {**self.files, self.path: text})
        return Project(self.root).check(self.root / self.path, text, Selection())

    def fixed(self, text: str, fix: Fix) -> str:
        """The file under test once this fix is applied; the example's other files change with it."""
        after = {path: apply_edits(content, self._edits(fix, path)) for path, content in self.files.items()}
        self.files = after
        return apply_edits(text, self._edits(fix, self.path))

    def _edits(self, fix: Fix, path: str) -> list[Edit]:
        target = (self.root / path).resolve()
        return [edit for edit in fix.edits if (self.root / edit.path).resolve() == target]


def of_rule(result: LintResult, code: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.code == code]
