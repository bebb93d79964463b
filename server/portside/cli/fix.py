"""`portside fix`: make the changes that end findings, and say what was done."""

from __future__ import annotations

import sys
from dataclasses import field
from pathlib import Path

import click

from portside.checking import Checker
from portside.cli import options, output
from portside.cli.files import NoTarget, Target, content, label, targets
from portside.cli.unsettled import Unsettled
from portside.fixing import Change, Fixing
from portside.lint.engine import RULE_FAILED
from portside.records import dataclass
from portside.report import diff, fixes
from portside.settings import SettingsError
from portside.workspace.file_kinds import is_interesting
from portside.workspace.rewrite import Rewrite, RewriteError, rewrite_together
from portside.workspace.text_file import UnreadableFile, decode

STDIN = Path("-")


@dataclass
class Run:
    """A fixing run. failed: something that the user named could not be read, or a change not written."""

    checker: Checker
    fixing: Fixing
    failed: bool = False
    unsettled: Unsettled = field(default_factory=Unsettled)


@click.command(short_help="Make the changes that end findings.")
@options.paths_argument
@options.rule_options
@click.option("--unsafe", is_flag=True, help="Also make changes that a person should look at.")
@click.option("--diff", "only_diff", is_flag=True, help="Print the changes as a diff, and write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also when findings are left.")
@options.stdin_filename_option
def fix(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    unsafe: bool,
    only_diff: bool,
    quiet: bool,
    exit_zero: bool,
    stdin_filename: Path | None,
) -> None:
    """Make the safe changes that end findings in the files at PATHS (default: the current folder).

    Files that one change touches together are all written or none of them.
    `-` reads standard input and prints the fixed file.

    Exit code: 0 nothing is left to do, 1 findings are left (with --diff: there is
    something to change), 2 something could not be read or written, or a rule of
    Portside broke down (PS000).
    """
    options.refuse_name_without_stdin(paths, stdin_filename)
    checker = options.checker(select, ignore, paths=paths)
    run = Run(checker, Fixing(checker, unsafe=unsafe))
    try:
        if STDIN in paths:
            _fix_stdin(run, paths, stdin_filename, only_diff)
        else:
            _fix_files(run, paths)
    except SettingsError as error:
        output.give_up_on_settings(error)
    if STDIN not in paths:
        _finish(run, only_diff, quiet)
    if run.failed or any(left.finding.code == RULE_FAILED for left in run.fixing.left):
        sys.exit(output.COULD_NOT_RUN)
    pending = run.fixing.changed() if only_diff else run.fixing.left
    sys.exit(output.FOUND if pending and not exit_zero else output.CLEAN)


def _fix_files(run: Run, paths: tuple[Path, ...]) -> None:
    for target in targets(paths or (Path(),), run.checker):
        match target:
            case NoTarget(path, reason, fatal):
                (output.complain if fatal else output.warn)(f"{label(path)}: {reason}")
                run.failed |= fatal
            case Target():
                _fix_file(run, target)
    run.unsettled.tell("fixed")


def _fix_file(run: Run, target: Target) -> None:
    path, named = target.path, target.named
    try:
        data = content(target)
        if data is not None and (named or is_interesting(data, path)):
            run.fixing.fix(decode(path, data))
    except UnreadableFile as error:
        (output.complain if named else output.warn)(f"{label(path)}: {error}")
        run.failed |= named
    except SettingsError as error:
        run.unsettled.note(error)
        run.failed = True
    except Exception as error:
        output.complain_of_bug(label(path), error)
        run.failed = True


def _fix_stdin(run: Run, paths: tuple[Path, ...], filename: Path | None, only_diff: bool) -> None:
    """Fix what comes in; only that: what a fix would change in other files is not written."""
    if len(paths) > 1:
        raise click.UsageError("`-` (standard input) goes with no other path")
    path = Path.cwd() / (filename or "stdin.py")
    data = output.read_stdin()
    try:
        run.fixing.fix(decode(path, data))
        changed = [change for change in run.fixing.changed() if change.path == path]
        if only_diff:
            _show(changed)
        else:
            sys.stdout.buffer.write(changed[0].encoded() if changed else data)
            sys.stdout.buffer.flush()  # here, what can't be written still has an exit code
    except UnreadableFile as error:
        output.complain(f"{filename or '-'}: {error}")
        run.failed = True


def _finish(run: Run, only_diff: bool, quiet: bool) -> None:
    ink = output.ink_for(sys.stdout)
    if only_diff:
        groups = [group for group in run.fixing.groups() if group]
        for group in sorted(groups, key=lambda group: group[0].path):
            _show_group(run, group)
        if not quiet:
            output.tell(fixes.would(run.fixing).rstrip("\n"))
        return
    refused = [path for group in run.fixing.groups() for path in _write(run, group)]
    if not quiet:
        output.say(fixes.done(run.fixing, frozenset(map(str, refused)), label, ink))


def _show_group(run: Run, group: list[Change]) -> None:
    """The diff of files that belong together, if they could be written."""
    try:
        _show(group)
    except UnreadableFile as error:
        output.complain(f"{label(group[0].path)}: {error}")
        run.failed = True


def _show(changes: list[Change]) -> None:
    """To people in their terminal's encoding, to programs byte for byte."""
    exact, ink = diff.patch(changes, label), output.ink_for(sys.stdout)
    if ink.colour or sys.stdout.isatty():
        output.say(diff.unified(changes, label, ink))
    else:
        click.echo(exact, nl=False)


def _write(run: Run, group: list[Change]) -> list[Path]:
    """Write files that belong together; those that could not be written, which then are all."""
    try:
        rewrite_together(
            Rewrite(change.path, change.file.data if change.file else None, change.encoded())
            for change in group
        )
    except (RewriteError, UnreadableFile) as error:
        named = f"{label(group[0].path)}: " if isinstance(error, UnreadableFile) else ""
        output.complain(f"{named}{error}")
        run.failed = True
        return [change.path for change in group]
    return []
