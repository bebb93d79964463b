"""A check of the files that a command line means, and what it comes to."""

from __future__ import annotations

import gc
from dataclasses import field
from pathlib import Path

from portside.checking import Checker
from portside.cli import output
from portside.cli.check_many import Examined, examine
from portside.cli.files import NoTarget, Target, content, label, targets
from portside.cli.progress import Progress
from portside.cli.unsettled import Unsettled
from portside.lint.engine import RULE_FAILED
from portside.lint.finding import Finding, LintResult
from portside.lint.source import SourceFile, Span
from portside.records import dataclass
from portside.report.checked import Checked, CheckedFile
from portside.report.statistics import Statistics
from portside.settings import SettingsError
from portside.workspace.file_kinds import is_python_name, launch_format
from portside.workspace.first_look import Verdict
from portside.workspace.text_file import TextFile, UnreadableFile, decode, read_text_file

_GONE_ON = "; the rest of the file was checked"


@dataclass
class Run:
    """What a check has come to so far.

    found: files that were meant. count: those that could be opened. unread: those that hold
    no text, or could not be opened. failed: something that the user named could not be
    checked, or a rule broke down.
    """

    checker: Checker
    files: list[CheckedFile] = field(default_factory=list)
    others: dict[str, SourceFile] = field(default_factory=dict)
    found: int = 0
    count: int = 0
    unread: int = 0
    failed: bool = False
    unsettled: Unsettled = field(default_factory=Unsettled)

    def checked(self) -> Checked:
        return Checked(tuple(self.files), self.count, self.others, complete=not self.failed)

    def statistics(self) -> Statistics:
        stopwatch = self.checker.stopwatch
        return Statistics(self.found, self.unread, stopwatch.laps["parse"], stopwatch.seconds)


def check_paths(paths: tuple[Path, ...], checker: Checker, progress: Progress) -> Run:
    """Check every file that these paths mean, but those whose settings have mistakes."""
    run = Run(checker)
    # A syntax tree is a few objects and megabytes: looked for this often, few that are done with are left.
    gc.set_threshold(1_000, 2, 1)
    found = list(targets(paths or (Path(),), checker))
    examined = examine(checker, [target for target in found if isinstance(target, Target)], progress)
    number = 0
    for target in found:
        match target:
            case NoTarget(path, reason, fatal):
                (output.complain if fatal else output.warn)(f"{label(path)}: {reason}")
                run.failed |= fatal
            case Target():
                _report_target(run, target, number, examined)
                number += 1
    run.unsettled.tell("checked")
    return run


def _report_target(run: Run, target: Target, number: int, examined: Examined) -> None:
    verdict, reason = examined.verdicts.get(number, (Verdict.NOTHING, ""))
    run.found += verdict is not Verdict.NOT_OURS
    run.count += verdict not in {Verdict.NOT_OURS, Verdict.UNREADABLE}
    try:
        if verdict is Verdict.UNREADABLE:
            raise UnreadableFile(reason)
        if verdict >= Verdict.CHECK:
            _report_checked(run, target, examined.results.get(number))
    except UnreadableFile as error:
        run.unread += 1
        (output.complain if target.named else output.warn)(f"{label(target.file)}: {error}")
        run.failed |= target.named
    except SettingsError as error:
        run.unsettled.note(error)
        run.count -= 1
        run.failed = True
    except Exception as error:
        # One file that Portside stumbles over must not hide what it finds in the others.
        output.complain_of_bug(label(target.file), error)
        run.failed = True


def _report_checked(run: Run, target: Target, result: LintResult | None) -> None:
    if result is not None and not result.findings and not result.syntax_errors:
        return  # as of most of what rules might have to say something of: nobody needs its text
    data = content(target)
    if data is not None:
        tell_errors = target.named or is_python_name(target.file)
        _report(run, decode(target.path, data), result, tell_errors=tell_errors)


def check_stdin(filename: Path | None, checker: Checker) -> Run:
    """Check what standard input holds as the content of that file. Raises SettingsError."""
    path = Path.cwd() / (filename or "stdin.py")
    run = Run(checker, found=1)
    try:
        file = decode(path, output.read_stdin())
        run.count = 1
        checker.stopwatch.lap("read")
        _report(run, file, None, str(filename or "-"))
    except UnreadableFile as error:
        run.unread += 1
        output.complain(f"{filename or '-'}: {error}")
        run.failed = True
    return run


def _report(
    run: Run, file: TextFile, result: LintResult | None, shown: str | None = None, *, tell_errors: bool = True
) -> None:
    """result: of a check that somebody has made already.

    tell_errors: not for launch files that nobody named, many of which are templates.
    """
    if result is None:
        result = run.checker.check(file.path, file.checked(file.text))
    shown = shown or label(file.path)
    source = file.source(shown, file.text)
    if result.syntax_errors and tell_errors:
        error = _syntax_error(file, source, result.syntax_errors[0])
        output.warn(f"{shown}:{error}")
    run.files.append(CheckedFile(source, result))
    run.others[str(file.path)] = source
    for finding in result.findings:
        # The findings of a rule that broke down are missing: a clean exit would be a lie.
        run.failed |= finding.code == RULE_FAILED
        _note_others(run, finding)
    run.checker.stopwatch.lap("report")


def _syntax_error(file: TextFile, source: SourceFile, error: Span) -> str:
    """Where it is, and what. error: what the parser had to skip, which may begin long before the mistake."""
    from portside.python.source.confirmed_syntax import objection, place_of
    from portside.python.source.syntax import too_deep

    text, offset = file.checked(file.text), error.start
    if launch_format(file.path, text) is not None:
        return f"{source.where(offset)}: syntax error{_GONE_ON}"
    if too_deep(SourceFile(source.path, text).data) is not None:
        return f"{source.where(offset)}: nests too deep to be read; the file was not checked"
    found = objection(text)
    if found is None:
        return f"{source.where(offset)}: valid, but not understood{_GONE_ON}"
    line, column = place_of(found) or (0, 0)
    if 0 < line <= len(source.line_starts):
        said = source.line_starts[line - 1] + column - 1
        # An error before it may be none to a newer Python than this one.
        offset = said if error.start <= said <= error.end else offset
    return f"{source.where(offset)}: syntax error{_GONE_ON}"


def _note_others(run: Run, finding: Finding) -> None:
    """Read the other files that a finding points into: reports need their lines."""
    edited = (edit.path for fix in finding.fixes for edit in fix.edits)
    for path in (*edited, *(related.path for related in finding.related)):
        if path not in run.others:
            try:
                text = read_text_file(Path(path)).text
            except UnreadableFile:
                text = ""  # a file that a fix makes
            run.others[path] = SourceFile(label(Path(path)), text)
