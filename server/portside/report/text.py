"""Findings for people: where, what, the line with the place marked, and what mends it."""

from __future__ import annotations

from collections import Counter

from portside.lint.finding import Applicability, Finding, Severity
from portside.lint.source import SourceFile
from portside.report.checked import Checked, best_fix
from portside.report.counting import counted
from portside.report.ink import Ink, printable, width

# Longer lines are cut around the place that they are shown for.
_WIDEST = 140
_LEAD = 40


def render(checked: Checked, ink: Ink) -> str:
    """Every finding, each followed by a blank line."""
    return "".join(_finding(source, finding, ink) + "\n" for source, finding in checked.findings())


def summary(checked: Checked, ink: Ink) -> str:
    """One or two closing lines: how much was found, and how much of it `portside fix` mends."""
    found = [finding for _, finding in checked.findings()]
    if not found:
        return _nothing(checked, ink)
    files = {source.path for source, _ in checked.findings()}
    kinds = Counter(finding.severity for finding in found)
    named = ", ".join(_severity_count(severity, kinds[severity]) for severity in Severity if kinds[severity])
    more = f"; the baseline accepts {checked.accepted} more" if checked.accepted else ""
    return f"Found {named} in {counted(len(files), 'file')} of {checked.count}{more}.\n" + _mendable(found)


def _nothing(checked: Checked, ink: Ink) -> str:
    where = f"in {counted(checked.count, 'file')}"
    if checked.accepted:
        accepted = counted(checked.accepted, "finding")
        return f"{ink.good('Nothing new')} {where}; the baseline accepts {accepted}.\n"
    return f"{ink.good('Nothing found')} {where}.\n"


def _severity_count(severity: Severity, count: int) -> str:
    return f"{count} information" if severity is Severity.INFORMATION else counted(count, severity.value)


def _mendable(found: list[Finding]) -> str:
    fixes = [fix for fix in map(best_fix, found) if fix is not None]
    safe = sum(fix.applicability is Applicability.SAFE for fix in fixes)
    unsafe = len(fixes) - safe
    match safe, unsafe:
        case 0, 0:
            return ""
        case _, 0:
            return f"`portside fix` mends {safe}.\n"
        case 0, _:
            return f"`portside fix --unsafe` mends {unsafe}; look at it with `--diff` first.\n"
        case _:
            return f"`portside fix` mends {safe}; with `--unsafe` {unsafe} more, to be looked at first.\n"


def _finding(source: SourceFile, finding: Finding, ink: Ink) -> str:
    place = f"{ink.bold(printable(source.path))}:{source.where(finding.span.start)}:"
    code = ink.severity(finding.severity, finding.code)
    head = f"{place} {code} {printable(finding.message)} {ink.dim(f'[{finding.name}]')}\n"
    return head + _excerpt(source, finding, ink) + _remedy(finding, ink)


def _excerpt(source: SourceFile, finding: Finding, ink: Ink) -> str:
    """The finding's first line, and carets under the place."""
    line = source.line_of(finding.span.start)
    whole = source.line_span(line)
    content = source.slice(whole).rstrip("\r\n")
    start = finding.span.start - whole.start
    end = min(finding.span.end - whole.start, len(content))
    content, start, end = _cut(content, start, end)
    before, marked = printable(content[:start]), printable(content[start:end])
    number = str(source.position(finding.span.start).line)
    gutter = ink.dim("│")
    carets = ink.severity(finding.severity, "^" * max(1, width(marked)))
    return (
        f"  {ink.dim(number)} {gutter} {before}{marked}{printable(content[end:])}\n"
        f"  {' ' * len(number)} {gutter} {' ' * width(before)}{carets}\n"
    )


def _cut(content: str, start: int, end: int) -> tuple[str, int, int]:
    """A piece of a long line around the place, which is then at the new start and end."""
    if len(content) <= _WIDEST:
        return content, start, end
    first = max(0, min(start - _LEAD, len(content) - _WIDEST))
    piece = content[first : first + _WIDEST]
    lead = "…" if first else ""
    tail = "…" if first + _WIDEST < len(content) else ""
    shift = len(lead) - first
    return lead + piece + tail, start + shift, min(end + shift, len(lead) + len(piece))


def _remedy(finding: Finding, ink: Ink) -> str:
    fix = best_fix(finding)
    if fix is None:
        return "".join(
            f"    {ink.dim('stays:')} line {blocker.line}: {printable(blocker.reason)}\n"
            for blocker in (finding.launch.blockers if finding.launch else ())
        )
    needs = "" if fix.applicability is Applicability.SAFE else ink.dim(" (--unsafe)")
    title = fix.title.removeprefix("Fix: ")
    return f"    {ink.good('fix:')} {printable(title)}{needs}\n"
