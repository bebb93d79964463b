"""Applying fixes until nothing is left to fix. In memory only: `workspace/rewrite.py` writes.

One fix at a time, or several of one rule that leave each other alone, then the file is
checked again: a fix moves what the next one would change, may be what makes the next one
possible (a guard, then the launch), and has to prove itself (the result still parses)
before it is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from portside.checking import Checker
from portside.lint.finding import Applicability, Blocker, Edit, Finding, Fix, LintResult, apply_edits
from portside.lint.source import Position, SourceFile, Span
from portside.lint.together import Choice, joined, together
from portside.records import dataclass
from portside.rules import by_name
from portside.workspace.presence import exists
from portside.workspace.rewrite import identity
from portside.workspace.text_file import NOTEBOOK_SUFFIX, TextFile, UnreadableFile, read_text_file

# Fixes that keep making each other necessary must come to an end.
_MOST_FIXES_PER_FILE = 200


@dataclass(frozen=True, slots=True)
class Applied:
    """One fix that was made. position: of the finding, in the text as it was then, or in that cell of it."""

    path: Path
    position: Position
    finding: Finding
    fix: Fix
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """One finding that stays, in the text as it is now, and why. needs_unsafe: `--unsafe` would fix it."""

    source: SourceFile
    finding: Finding
    reason: str
    needs_unsafe: bool = False


@dataclass
class Change:
    """A file that fixes may change. file: None where they make it."""

    path: Path
    file: TextFile | None
    text: str

    @property
    def before(self) -> str:
        return self.file.text if self.file else ""

    @property
    def checked(self) -> str:
        return self.file.checked(self.text) if self.file else self.text

    @property
    def stored_before(self) -> str:
        return self.file.stored(self.file.text) if self.file else ""

    @property
    def stored(self) -> str:
        return self.file.stored(self.text) if self.file else self.text

    def source(self) -> SourceFile:
        return (
            self.file.source(str(self.path), self.text)
            if self.file
            else SourceFile(str(self.path), self.text)
        )

    def may_edit(self, span: Span) -> bool:
        return self.file is None or self.file.may_edit(self.text, span)

    def encoded(self) -> bytes:
        """The bytes to write. Raises UnreadableFile where the file's encoding lacks a character."""
        return self.file.encode(self.text) if self.file else self.text.encode()


class Fixing:
    """The texts as fixes leave them, what was done, and what was not.

    unsafe: apply also fixes that a person should look at. within: the only file that
    fixes may change; those that change others too are left.
    """

    def __init__(self, checker: Checker, *, unsafe: bool = False, within: Path | None = None) -> None:
        self._within = within
        self._checker = checker
        self._unsafe = unsafe
        self._changes: dict[Path, Change] = {}
        self.applied: list[Applied] = []
        self.left: list[Left] = []

    def fix(self, file: TextFile) -> LintResult:
        """Fix one file, and with it what its fixes change elsewhere; what the last check says of it.

        Raises SettingsError.
        """
        path = file.path
        self._changes.setdefault(path, Change(path, file, file.text))
        refused: dict[str, str] = {}
        result = self._check(path)
        for _ in range(_MOST_FIXES_PER_FILE):
            choices = list(self._choices(result, refused))
            if not choices:
                break
            alike = _made_at_once(choices)
            after, reason = self._try(path, alike, result)
            if reason is not None and len(alike) > 1:
                alike = alike[:1]
                after, reason = self._try(path, alike, result)
            result = after
            if reason is not None:
                refused[_identity(alike[0][0])] = reason
        self._note_left(path, result, refused)
        return result

    def changed(self) -> list[Change]:
        """The files whose text is no longer what it was, by path."""
        changed = (change for change in self._changes.values() if change.text != change.before)
        return sorted(changed, key=lambda change: change.path)

    def groups(self) -> list[list[Change]]:
        """The changed files; in one group those that fixes changed together: all of them or none.

        So are the names of one file, which would each be written over what the other has become.
        """
        groups: list[set[object]] = []
        for applied in self.applied:
            paths = {applied.path, *(Path(edit.path) for edit in applied.fix.edits)}
            files = {identity(path) for path in paths}
            meeting = [group for group in groups if group & files]
            groups = [group for group in groups if not group & files]
            groups.append(files.union(*meeting))
        changed = [(identity(change.path), change) for change in self.changed()]
        return [[change for file, change in changed if file in group] for group in groups]

    def _check(self, path: Path) -> LintResult:
        return self._checker.check(path, self._changes[path].checked)

    def _choices(self, result: LintResult, refused: dict[str, str]) -> Iterator[Choice]:
        for finding in sorted(result.findings, key=_turn):
            fix = self._allowed_fix(finding)
            if fix is not None and _identity(finding) not in refused:
                yield finding, fix

    def _allowed_fix(self, finding: Finding) -> Fix | None:
        fixes = [fix for fix in finding.fixes if self._is_within(fix) and self._may_edit(fix)]
        safe = next((fix for fix in fixes if fix.applicability is Applicability.SAFE), None)
        return fixes[0] if safe is None and self._unsafe and fixes else safe

    def _is_within(self, fix: Fix) -> bool:
        return self._within is None or all(Path(edit.path) == self._within for edit in fix.edits)

    def _may_edit(self, fix: Fix) -> bool:
        """Not where a notebook has lines that are IPython's, or the end of a cell."""
        edits = ((self._changes.get(Path(edit.path)), edit.span) for edit in fix.edits)
        return all(change is None or change.may_edit(span) for change, span in edits)

    def _try(
        self, path: Path, choices: Sequence[Choice], result: LintResult
    ) -> tuple[LintResult, str | None]:
        """Make the fixes; take them back, and say why, where the outcome isn't what a fix promises."""
        before = self._changes[path].source()
        saved = {other: change.text for other, change in self._changes.items()}
        reason = self._apply(joined(choices) if len(choices) > 1 else choices[0][1])
        # It may leave this file as it is: a variable that another module reads for it.
        if reason is None and all(c.text == saved.get(p, c.before) for p, c in self._changes.items()):
            reason = "its fix changes nothing"
        if reason is None:
            after = self._check(path)
            if len(after.syntax_errors) > len(result.syntax_errors):
                reason = "its fix would leave a file that does not parse"
            elif not _ends(choices, result, after):
                reason = "its fix would leave it as it is"
            else:
                for finding, fix in choices:
                    start = finding.span.start
                    self.applied.append(
                        Applied(path, before.position(start), finding, fix, before.cell(start))
                    )
                return after, None
        self._restore(saved)
        return result, reason

    def _apply(self, fix: Fix) -> str | None:
        """Put the fix's edits into the texts; why not, where that fails, with texts half changed."""
        names = dict.fromkeys(edit.path for edit in fix.edits)
        return next(filter(None, (self._apply_in(name, fix) for name in names)), None)

    def _apply_in(self, name: str, fix: Fix) -> str | None:
        try:
            change = self._change_at(Path(name))
            self._set_text(change, _applied(change.text, fix.edits, name))
        except UnreadableFile as error:
            return f"its fix also changes {name}, which {error}"
        except ValueError as error:
            return f"its fix is in conflict with itself: {error}"
        return None

    def _change_at(self, path: Path) -> Change:
        if path not in self._changes:
            file = read_text_file(path) if exists(path) else None
            self._changes[path] = Change(path, file, file.text if file else "")
        return self._changes[path]

    def _set_text(self, change: Change, text: str) -> None:
        change.text = text
        # Other files' findings depend on this one, and it is not written yet.
        if change.path.suffix != NOTEBOOK_SUFFIX:
            self._checker.set_overlay(change.path, text)

    def _restore(self, saved: dict[Path, str]) -> None:
        for path, change in self._changes.items():
            self._set_text(change, saved.get(path, change.before))

    def _note_left(self, path: Path, result: LintResult, refused: dict[str, str]) -> None:
        source = self._changes[path].source()
        for finding in result.findings:
            reason = refused.get(_identity(finding)) or _why_left(finding)
            self.left.append(Left(source, finding, reason, bool(finding.fixes) and not self._unsafe))


def _ends(choices: Sequence[Choice], before: LintResult, after: LintResult) -> bool:
    """Whether each finding that was to be fixed is there less often than before."""
    was, now = (Counter(map(_identity, result.findings)) for result in (before, after))
    return all(now[name] < was[name] for name in {_identity(finding) for finding, _ in choices})


def _made_at_once(choices: Sequence[Choice]) -> Sequence[Choice]:
    rule = by_name(choices[0][0].code)
    return together(choices) if rule is not None and rule.fixes_apart else choices[:1]


def _turn(finding: Finding) -> int:
    """First a launch that moves as it stands, last one that can't: else lines would decide on the outcome.

    What a move takes along needs no other fix; what goes into a factory is better fixed before.
    """
    if finding.launch is None:
        return 1
    return 0 if finding.launch.movable else 2


def _applied(text: str, edits: Iterable[Edit], path: str) -> str:
    own = [edit for edit in edits if edit.path == path]
    if any(edit.span.end > len(text) for edit in own):
        raise ValueError("an edit lies behind the end of the file")
    return apply_edits(text, own)


def _identity(finding: Finding) -> str:
    """What stays the same of a finding while fixes elsewhere in the file move it."""
    return f"{finding.code} {finding.message}"


def _why_left(finding: Finding) -> str:
    if finding.launch is not None and finding.launch.blockers:
        return _why_not_moved(finding, finding.launch.blockers)
    if finding.fixes:
        notes = finding.fixes[0].notes
        return "; ".join(("its fix is unsafe and needs `--unsafe`", *notes))
    return "it has no fix"


def _why_not_moved(finding: Finding, blockers: Sequence[Blocker]) -> str:
    """What hinders the factory decides, where only that hinders; and whether there is one."""
    of_factory = [blocker for blocker in blockers if blocker.reason.startswith("as a factory: ")]
    first, *rest = of_factory or blockers
    places = sorted({blocker.line for blocker in rest} - {first.line})
    more = f" (and of line {', '.join(map(str, places))})" if places else ""
    text = f"it can't be moved as it stands, because of line {first.line}: {first.reason}{more}"
    return f"{text}; as a factory it can, with `--unsafe`" if finding.fixes else text
