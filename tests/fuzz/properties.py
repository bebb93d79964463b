"""What has to hold for any file: no crash, no hang, no place outside of it, no fix that breaks it."""

from __future__ import annotations

import signal
import traceback
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portside.checking import Checker
from portside.fixing import Fixing
from portside.lint.engine import RULE_FAILED
from portside.lint.finding import Finding, Fix, LintResult, apply_edits
from portside.workspace.text_file import TextFile, UnreadableFile, decode

LONGEST_S = 2.0
"""Of processor time, for checking and for fixing each: what an editor's user would call a hang."""


class Hang(Exception):  # noqa: N818
    pass


def complaints(data: bytes, folder: Path, name: str = "server.py") -> list[str]:
    """What is wrong with how Portside takes these bytes as a file of that name; nothing, as it should be."""
    try:
        file = decode(folder / name, data)
    except UnreadableFile:
        return []
    except Exception:
        return ["reading it raised " + _last_lines()]
    return [*_checked(file, folder), *_fixed(file)]


def _checked(file: TextFile, folder: Path) -> Iterator[str]:
    checker = Checker(stands_in=folder)
    try:
        with at_most(LONGEST_S):
            result = checker.check(file.path, file.text)
    except Exception:
        yield "checking it raised " + _last_lines()
        return
    for finding in result.findings:
        if finding.code == RULE_FAILED:
            yield finding.message
        yield from _outside(finding, file)
        for fix in finding.fixes:
            yield from _broken_by(finding, fix, file, result, checker)


def _outside(finding: Finding, file: TextFile) -> Iterator[str]:
    spans = [finding.span]
    spans += [related.span for related in finding.related if related.path == str(file.path)]
    for fix in finding.fixes:
        spans += [edit.span for edit in fix.edits if edit.path == str(file.path)]
    for span in spans:
        if not 0 <= span.start <= span.end <= len(file.text):
            yield f"{finding.code} names {span} in a text of {len(file.text)} characters"


def _broken_by(
    finding: Finding, fix: Fix, file: TextFile, before: LintResult, checker: Checker
) -> Iterator[str]:
    """Each fix alone, as an editor applies it."""
    name = f"the fix {fix.title!r} of {finding.code}"
    try:
        text = apply_edits(file.text, [edit for edit in fix.edits if edit.path == str(file.path)])
    except ValueError as error:
        yield f"{name} is in conflict with itself: {error}"
        return
    if file.path.suffix == ".py" and _compiles(file.text) and not _compiles(text):
        yield f"{name} leaves a file that does not compile"
    after = checker.check(file.path, text)
    # Where something is broken already, the parser may come to terms with the rest in another way.
    if file.path.suffix == ".py" and after.syntax_errors and not before.syntax_errors:
        yield f"{name} leaves {len(after.syntax_errors)} syntax errors"


def _fixed(file: TextFile) -> Iterator[str]:
    """All of them, as `portside fix --unsafe` does."""
    fixing = Fixing(Checker(), unsafe=True)
    try:
        with at_most(LONGEST_S):
            fixing.fix(file)
    except Exception:
        yield "fixing it raised " + _last_lines()
        return
    for change in fixing.changed():
        is_python = file.path.suffix == ".py"
        if is_python and change.file is file and _compiles(file.text) and not _compiles(change.text):
            yield "all fixes together leave a file that does not compile"
        try:
            change.encoded()
        except UnreadableFile:
            continue  # said to the user, and not written
        except Exception:
            yield "encoding what the fixes leave raised " + _last_lines()


def _compiles(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "server.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _last_lines() -> str:
    return "\n".join(traceback.format_exc().strip().splitlines()[-6:])


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises Hang once the block has taken that much processor time. For the main thread."""

    def ring(number: int, frame: types.FrameType | None) -> None:
        raise Hang(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
