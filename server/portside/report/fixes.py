"""What `portside fix` did, what it left, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from portside.fixing import Applied, Fixing, Left
from portside.report.counting import counted
from portside.report.ink import Ink, printable

Label = Callable[[str], str]


def done(fixing: Fixing, unwritten: frozenset[str], label: Label, ink: Ink) -> str:
    """What was done, file by file, then what is left, then the count. unwritten: files that stayed."""
    applied = [entry for entry in fixing.applied if str(entry.path) not in unwritten]
    lines = [*_applied_lines(applied, label, ink), *_left_lines(fixing.left, label, ink)]
    count = _count(applied, fixing.left, len(fixing.applied) - len(applied))
    return "".join(f"{line}\n" for line in [*lines, count])


def would(fixing: Fixing) -> str:
    """The count, for a diff that is only shown."""
    files = len(fixing.changed())
    if not files:
        return "Nothing to change.\n"
    return f"Would fix {_findings(len(fixing.applied))}, changing {counted(files, 'file')}.\n"


def _applied_lines(applied: list[Applied], label: Label, ink: Ink) -> Iterator[str]:
    for path, entries in groupby(applied, key=lambda entry: entry.path):
        yield ink.bold(printable(label(str(path))))
        for entry in entries:
            yield from _applied_one(entry, label, ink)


def _applied_one(entry: Applied, label: Label, ink: Ink) -> Iterator[str]:
    title = entry.fix.title.removeprefix("Fix: ")
    cell = "" if entry.cell is None else f"cell {entry.cell}, "
    yield f"  {ink.good('fixed')} {cell}line {entry.position.line}: {entry.finding.code} {printable(title)}"
    elsewhere = dict.fromkeys(edit.path for edit in entry.fix.edits)
    for path in elsewhere:
        if path != str(entry.path):
            yield f"    also changed: {printable(label(path))}"
    if entry.finding.launch is not None and (command := entry.finding.launch.shell_command) is not None:
        yield f"    start it with: {ink.bold(printable(command))}"
    for note in entry.fix.notes:
        yield f"    note: {printable(note)}"


def _left_lines(left: list[Left], label: Label, ink: Ink) -> Iterator[str]:
    for entry in left:
        where = entry.source.where(entry.finding.span.start)
        place = f"{ink.bold(printable(label(entry.source.path)))}:{where}:"
        code = ink.severity(entry.finding.severity, entry.finding.code)
        yield f"{place} {code} {printable(entry.finding.message)}"
        yield f"    {ink.dim('left:')} {printable(entry.reason)}"


def _count(applied: list[Applied], left: list[Left], unwritten: int) -> str:
    """unwritten: fixes whose files could not be written."""
    files = len({path for entry in applied for path in (str(entry.path), *(e.path for e in entry.fix.edits))})
    if not applied and not left and not unwritten:
        return "Nothing to fix."
    fixed = f"Fixed {_findings(len(applied))}" + (f" in {counted(files, 'file')}" if applied else "")
    unsafe = sum(entry.needs_unsafe for entry in left)
    more = f", {unsafe} of them for `--unsafe`" if unsafe else ""
    rest = f"; {len(left)} left{more}" if left else ""
    lost = f"; {counted(unwritten, 'fix', 'fixes')} could not be written" if unwritten else ""
    return f"{fixed}{rest}{lost}."


def _findings(count: int) -> str:
    return counted(count, "finding")
