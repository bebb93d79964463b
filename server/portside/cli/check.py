"""`portside check`: what is wrong, and where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from portside.checking import Checker
from portside.cli import options, output
from portside.cli.files import NoTarget, Target, label, targets
from portside.lint.engine import RULE_FAILED
from portside.lint.finding import Finding
from portside.lint.source import SourceFile
from portside.python.confirmed_syntax import is_valid_python
from portside.python.prefilter import is_interesting
from portside.report.checked import Checked, CheckedFile
from portside.settings import SettingsError
from portside.workspace.text_file import TextFile, UnreadableFile, decode, read_bytes, read_text_file

STDIN = Path("-")


@dataclass
class Run:
    """What a check has come to so far.

    failed: something that the user named could not be checked, or a rule broke down.
    """

    files: list[CheckedFile] = field(default_factory=list)
    others: dict[str, SourceFile] = field(default_factory=dict)
    count: int = 0
    failed: bool = False

    def checked(self) -> Checked:
        return Checked(tuple(self.files), self.count, self.others, complete=not self.failed)


@click.command(short_help="Say what is wrong, and where.")
@options.paths_argument
@options.rule_options
@click.option(
    "--output-format",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="json: one list of findings. github: annotations in GitHub Actions. sarif: for code scanning.",
)
@click.option("-q", "--quiet", is_flag=True, help="Findings only: no summary.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also when something was found.")
@click.option(
    "--no-cache", is_flag=True, expose_value=False, help="Accepted; nothing is kept between two runs."
)
@options.stdin_filename_option
def check(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    output_format: str,
    quiet: bool,
    exit_zero: bool,
    stdin_filename: Path | None,
) -> None:
    """Say what is wrong in the Python files at PATHS (default: the current folder), and where.

    In folders, files that .gitignore or the setting `exclude` name and virtual
    environments are left out; a file that you name is always checked. `-` reads
    standard input.

    Exit code: 0 nothing found, 1 something found, 2 something could not be
    checked, or a rule of Portside broke down (PS000).
    """
    checker = options.checker(select, ignore)
    try:
        run = _check_stdin(paths, stdin_filename, checker) if STDIN in paths else _check(paths, checker)
    except SettingsError as error:
        output.give_up_on_settings(error)
    checked = run.checked()
    output.say(_render(checked, output_format))
    if output_format == "text" and not quiet and run.count:
        output.say(_summary(checked))
    if run.failed:
        sys.exit(output.COULD_NOT_RUN)
    found = any(file.result.findings for file in run.files)
    sys.exit(output.FOUND if found and not exit_zero else output.CLEAN)


def _check(paths: tuple[Path, ...], checker: Checker) -> Run:
    run = Run()
    for target in targets(paths or (Path(),), checker):
        match target:
            case NoTarget(path, reason, fatal):
                (output.complain if fatal else output.warn)(f"{label(path)}: {reason}")
                run.failed |= fatal
            case Target(path, named):
                _check_target(run, checker, path, named)
    return run


def _check_target(run: Run, checker: Checker, path: Path, named: bool) -> None:
    try:
        data = read_bytes(path)
        run.count += 1
        if named or is_interesting(data):
            _check_text(run, checker, decode(path, data))
    except UnreadableFile as error:
        (output.complain if named else output.warn)(f"{label(path)}: {error}")
        run.failed |= named
    except SettingsError:
        raise
    except Exception as error:
        # One file that Portside stumbles over must not hide what it finds in the others.
        output.complain_of_bug(label(path), error)
        run.failed = True


def _check_stdin(paths: tuple[Path, ...], filename: Path | None, checker: Checker) -> Run:
    if len(paths) > 1:
        raise click.UsageError("`-` (standard input) goes with no other path")
    path = Path.cwd() / (filename or "stdin.py")
    run = Run(count=1)
    try:
        _check_text(run, checker, decode(path, sys.stdin.buffer.read()), str(filename or "-"))
    except UnreadableFile as error:
        output.complain(f"{filename or '-'}: {error}")
        run.failed = True
    return run


def _check_text(run: Run, checker: Checker, file: TextFile, shown: str | None = None) -> None:
    result = checker.check(file.path, file.text)
    shown = shown or label(file.path)
    source = SourceFile(shown, file.text)
    if result.syntax_errors:
        start = source.position(result.syntax_errors[0].start)
        what = "valid, but not understood" if is_valid_python(file.text) else "syntax error"
        output.warn(f"{shown}:{start.line}:{start.column}: {what}; the rest of the file was checked")
    run.files.append(CheckedFile(source, result))
    run.others[str(file.path)] = source
    for finding in result.findings:
        # The findings of a rule that broke down are missing: a clean exit would be a lie.
        run.failed |= finding.code == RULE_FAILED
        _note_others(run, finding)


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


def _render(checked: Checked, output_format: str) -> str:
    return _RENDERERS[output_format](checked)


def _text(checked: Checked) -> str:
    from portside.report import text

    return text.render(checked, output.ink_for(sys.stdout))


def _summary(checked: Checked) -> str:
    from portside.report import text

    return text.summary(checked, output.ink_for(sys.stdout))


def _json(checked: Checked) -> str:
    from portside.report import as_json

    return as_json.render(checked)


def _github(checked: Checked) -> str:
    from portside.report import github

    return github.render(checked)


def _sarif(checked: Checked) -> str:
    from portside.report import sarif

    return sarif.render(checked)


_RENDERERS: dict[str, Callable[[Checked], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
