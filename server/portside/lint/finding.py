"""What a rule says about a file, and what can be done about it. Values only."""

from __future__ import annotations

import dataclasses
import enum
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import overload

from portside.lint.source import Span
from portside.records import dataclass


class Severity(enum.Enum):
    """How much a finding matters. The order is that of LSP, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


class Applicability(enum.Enum):
    """Whether a fix may be applied without being looked at.

    SAFE: proved to keep what the program does. UNSAFE: right as far as this
    file tells, but a person has to look (another file still runs the script, …).
    """

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span`, in the file at `path`, by `new_text`."""

    path: str
    span: Span
    new_text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that ends a finding.

    title: what an editor offers, exactly. edits: none overlap within a file.
    notes: what the user should know before applying it, one sentence each
    (a print that goes, files that still run the script).
    """

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability
    notes: tuple[str, ...] = ()


class LaterFixes(Sequence[Fix]):
    """Fixes that are made when somebody asks for them, as an editor does where the cursor is."""

    def __init__(self, make: Callable[[], Iterable[Fix | None]]) -> None:
        self._make: Callable[[], Iterable[Fix | None]] | None = make
        self._made: tuple[Fix, ...] = ()

    @property
    def made(self) -> tuple[Fix, ...]:
        if self._make is not None:
            self._made = tuple(fix for fix in self._make() if fix is not None)
            self._make = None
        return self._made

    @overload
    def __getitem__(self, index: int) -> Fix: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Fix]: ...
    def __getitem__(self, index: int | slice) -> Fix | Sequence[Fix]:
        return self.made[index]

    def __len__(self) -> int:
        return len(self.made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (LaterFixes, tuple)) and self.made == tuple(other)

    def __hash__(self) -> int:
        return hash(self.made)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a finding."""

    path: str
    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a launch can't be moved to the uvicorn CLI as it stands. line: from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class LaunchReport:
    """What Portside knows about moving a launch to the uvicorn CLI.

    movable: as it stands. command: the shell command that starts the app once a fix of the
    finding is applied; None where none is offered. blockers: empty exactly when `movable`.
    folder: where the command holds, from where the user is; None for right there.
    """

    movable: bool
    command: str | None
    blockers: tuple[Blocker, ...] = ()
    folder: str | None = None

    @property
    def shell_command(self) -> str | None:
        """The command as it works from where the user is."""
        if self.command is None or self.folder is None:
            return self.command
        return f"cd {shlex.quote(self.folder)} && {self.command}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause of trouble at one place.

    message: one line, code in backticks, the fact and its consequence, no full stop.
    fixes: maybe not made yet (`LaterFixes`).
    """

    code: str
    name: str
    span: Span
    message: str
    severity: Severity
    fixes: Sequence[Fix] = ()
    related: tuple[Related, ...] = ()
    launch: LaunchReport | None = None

    @property
    def settled(self) -> Finding:
        """The same with its fixes made."""
        return dataclasses.replace(self, fixes=tuple(self.fixes))


@dataclass(frozen=True, slots=True)
class LintResult:
    """All that is said of one file, in the order of the text.

    syntax_errors: where the parser had to skip something; the findings of the rest stand.
    """

    findings: tuple[Finding, ...]
    syntax_errors: tuple[Span, ...] = ()


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with these edits made; all must be edits of this one file.

    Raises ValueError where two overlap: the caller picked fixes that can't go together.
    """
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < position:
            raise ValueError(f"edits overlap at offset {edit.span.start}")
        parts += (text[position : edit.span.start], edit.new_text)
        position = edit.span.end
    return "".join([*parts, text[position:]])
