"""`portside check`: what is wrong, and where."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from portside.checking import Checker
from portside.cli import formats, options, output
from portside.cli.check_run import Run, check_paths, check_stdin
from portside.cli.progress import Progress
from portside.report.checked import Checked
from portside.settings import SettingsError

if TYPE_CHECKING:
    from portside.cli.baseline import Known

STDIN = Path("-")


@click.command(short_help="Say what is wrong, and where.")
@options.paths_argument
@options.rule_options
@options.severity_option
@click.option(
    "--output-format",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="json: one list of findings. github: annotations in GitHub Actions. sarif: for code scanning.",
)
@click.option("-q", "--quiet", is_flag=True, help="Findings only: no summary.")
@click.option("--statistics", is_flag=True, help="Also say what the check went over, and what took how long.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also when something was found.")
@click.option(
    "--no-cache", is_flag=True, expose_value=False, help="Accepted; nothing is kept between two runs."
)
@click.option(
    "--baseline",
    "baseline_file",
    type=options.GivenPath(),
    metavar="FILE",
    help="Report only what this baseline doesn't accept.",
)
@click.option(
    "--write-baseline",
    type=options.GivenPath(),
    metavar="FILE",
    help="Accept today's findings: write them to this file, and report none.",
)
@options.stdin_filename_option
def check(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: tuple[str, ...],
    output_format: str,
    quiet: bool,
    statistics: bool,
    exit_zero: bool,
    baseline_file: Path | None,
    write_baseline: Path | None,
    stdin_filename: Path | None,
) -> None:
    """Say what is wrong in the Python and launch files at PATHS (default: the current folder), and where.

    Launch files: Dockerfiles, compose files, Kubernetes manifests, shell scripts, Makefiles and the like.

    In folders, files that .gitignore or the setting `exclude` name and virtual
    environments are left out; a file that you name is always checked. `-` reads
    standard input.

    Exit code: 0 nothing found, 1 something found, 2 something could not be
    checked, or a rule of Portside broke down (PS000).
    """
    if STDIN in paths and len(paths) > 1:
        raise click.UsageError("`-` (standard input) goes with no other path")
    options.refuse_name_without_stdin(paths, stdin_filename)
    if baseline_file and write_baseline:
        raise click.UsageError("--baseline and --write-baseline do not go together")
    checker = options.checker(select, ignore, severity, paths=paths, steady=True)
    known, extended = _baseline(baseline_file), _baseline_to_write(write_baseline)
    run = _run(paths, stdin_filename, checker, quiet)
    everything = run.checked()
    searched = (stdin_filename or STDIN,) if STDIN in paths else paths or (Path(),)
    if extended:
        _accept(everything, extended, searched, checker)
    checked = known.sift(everything) if known else everything
    output.say(formats.render(checked, output_format))
    if output_format == "text" and not quiet and run.count:
        output.say(formats.summary(checked))
    elif not (run.found or run.count or run.failed or quiet):
        output.warn("nothing to check: there is no Python or launch file, or the settings leave it out")
    if known and not quiet:
        known.tell_gone(everything, searched, checker)
    checker.stopwatch.lap("report")
    if statistics:
        # Among findings as data it would break what reads them.
        click.echo(formats.statistics(run, checked), nl=False, err=output_format != "text")
    found = any(file.result.findings for file in checked.files)
    _end(checked, output.FOUND if found and not exit_zero else output.CLEAN)


def _run(paths: tuple[Path, ...], stdin_filename: Path | None, checker: Checker, quiet: bool) -> Run:
    try:
        if STDIN in paths:
            return check_stdin(stdin_filename, checker)
        with Progress(quiet=quiet) as progress:
            return check_paths(paths, checker, progress)
    except SettingsError as error:
        output.give_up_on_settings(error)


def _baseline(file: Path | None) -> Known | None:
    if file is None:
        return None
    from portside.cli import baseline

    return baseline.read(file)


def _baseline_to_write(file: Path | None) -> Known | None:
    if file is None:
        return None
    from portside.cli import baseline

    return baseline.read_to_write(file)


def _accept(checked: Checked, known: Known, searched: tuple[Path, ...], checker: Checker) -> NoReturn:
    from portside.cli import baseline

    baseline.write(known, checked, searched, checker)
    _end(checked, output.CLEAN)


def _end(checked: Checked, code: int) -> NoReturn:
    sys.exit(code if checked.complete else output.COULD_NOT_RUN)
