"""`portside check`: what is wrong, and where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from portside.cli import baseline, options, output
from portside.cli.check_run import Run, check_paths, check_stdin
from portside.cli.progress import Progress
from portside.report.checked import Checked
from portside.settings import SettingsError

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
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Report only what this baseline doesn't accept.",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
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
    """Say what is wrong in the Python files at PATHS (default: the current folder), and where.

    In folders, files that .gitignore or the setting `exclude` name and virtual
    environments are left out; a file that you name is always checked. `-` reads
    standard input.

    Exit code: 0 nothing found, 1 something found, 2 something could not be
    checked, or a rule of Portside broke down (PS000).
    """
    if STDIN in paths and len(paths) > 1:
        raise click.UsageError("`-` (standard input) goes with no other path")
    if baseline_file and write_baseline:
        raise click.UsageError("--baseline and --write-baseline do not go together")
    checker = options.checker(select, ignore, severity)
    known = baseline.read(baseline_file) if baseline_file else None
    try:
        with Progress(quiet=quiet) as progress:
            run = (
                check_stdin(stdin_filename, checker)
                if STDIN in paths
                else check_paths(paths, checker, progress)
            )
    except SettingsError as error:
        output.give_up_on_settings(error)
    everything = run.checked()
    if write_baseline:
        baseline.write(write_baseline, everything)
        sys.exit(output.COULD_NOT_RUN if run.failed else output.CLEAN)
    checked = known.sift(everything) if known else everything
    output.say(_render(checked, output_format))
    if output_format == "text" and not quiet and run.count:
        output.say(_summary(checked))
    if known and not quiet:
        searched = (stdin_filename or STDIN,) if STDIN in paths else paths or (Path(),)
        known.tell_gone(everything, searched, checker)
    checker.stopwatch.lap("report")
    if statistics:
        # Among findings as data it would break what reads them.
        click.echo(_statistics(run, checked), nl=False, err=output_format != "text")
    if run.failed:
        sys.exit(output.COULD_NOT_RUN)
    found = any(file.result.findings for file in checked.files)
    sys.exit(output.FOUND if found and not exit_zero else output.CLEAN)


def _render(checked: Checked, output_format: str) -> str:
    return _RENDERERS[output_format](checked)


def _text(checked: Checked) -> str:
    from portside.report import text

    return text.render(checked, output.ink_for(sys.stdout))


def _summary(checked: Checked) -> str:
    from portside.report import text

    return text.summary(checked, output.ink_for(sys.stdout))


def _statistics(run: Run, checked: Checked) -> str:
    from portside.report.statistics import render

    return render(run.statistics(), checked)


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
