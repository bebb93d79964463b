"""What there is to report: files, what was found in them, and the texts that findings point into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from portside.lint.finding import Applicability, Finding, Fix, LintResult
from portside.lint.source import Position, SourceFile, Span
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file and all that is said of it. The source's path is what the user sees."""

    source: SourceFile
    result: LintResult


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span is, for people: both ends count lines and columns from 1; the end is exclusive.

    cell: of a notebook, the one that these count in; None in other files. line_in_file: the line of the
    start in what is stored, which for a notebook is JSON.
    """

    path: str
    start: Position
    end: Position
    cell: int | None = None
    line_in_file: int = 0


@dataclass(frozen=True)
class Checked:
    """The outcome of a check.

    files: those with something to say, in the order in which to say it.
    count: how many files were looked at. others: the texts of files that edits and
    related places lie in, by their path as it stands there. complete: whether all that
    the user named could be checked, by every rule. accepted: how many findings a baseline took out.
    """

    files: tuple[CheckedFile, ...]
    count: int = 0
    others: Mapping[str, SourceFile] = field(default_factory=dict)
    complete: bool = True
    accepted: int = 0

    def findings(self) -> Iterator[tuple[SourceFile, Finding]]:
        for file in self.files:
            for finding in file.result.findings:
                yield file.source, finding

    def place(self, path: str, span: Span) -> Place | None:
        """Where this span of that file is; None where the file's text isn't known."""
        source = self.others.get(path)
        return None if source is None else place_in(source, span)


def place_in(source: SourceFile, span: Span) -> Place:
    start, end = source.position(span.start), source.position(span.end)
    return Place(source.path, start, end, source.cell(span.start), source.line_in_file(span.start))


def best_fix(finding: Finding) -> Fix | None:
    """The fix to name first: a safe one where there is one."""
    safe = (fix for fix in finding.fixes if fix.applicability is Applicability.SAFE)
    return next(safe, finding.fixes[0] if finding.fixes else None)
