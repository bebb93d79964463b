"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from portside.checking import Checker
from portside.cli import output
from portside.lint.finding import Severity
from portside.workspace.presence import is_folder

Command = TypeVar("Command", bound=Callable[..., Any])


class GivenPath(click.ParamType[Path]):
    """A path as it was written: a variable that is empty names none, and not the current folder."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not value:
            self.fail("is empty; the current folder is `.`", param, ctx)
        return Path(value)


def paths_argument(command: Command) -> Command:
    return click.argument("paths", nargs=-1, type=GivenPath())(command)


def rule_options(command: Command) -> Command:
    """--select and --ignore."""
    select = click.option(
        "--select",
        multiple=True,
        metavar="RULES",
        help="Only these rules: names, codes, beginnings of codes (PS2) or ALL, separated by commas.",
    )
    ignore = click.option("--ignore", multiple=True, metavar="RULES", help="Leave these rules out.")
    return select(ignore(command))


def severity_option(command: Command) -> Command:
    return click.option(
        "--severity",
        multiple=True,
        metavar="RULES=LEVEL",
        help="Report these rules as error, warning, information or hint. May be repeated.",
    )(command)


def stdin_filename_option(command: Command) -> Command:
    return click.option(
        "--stdin-filename",
        type=GivenPath(),
        metavar="PATH",
        help="What the file on standard input (`-`) is called; its folder's settings count.",
    )(command)


def refuse_name_without_stdin(paths: tuple[Path, ...], name: Path | None) -> None:
    """A name for standard input says that it is meant: the files around are not. Raises UsageError."""
    if name is not None and Path("-") not in paths:
        raise click.UsageError("--stdin-filename goes with `-` (standard input)")


def checker(
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: tuple[str, ...] = (),
    *,
    paths: tuple[Path, ...] = (),
    steady: bool = False,
) -> Checker:
    """A checker that follows these options. Raises click.BadParameter for a word that names no rule.

    steady: whether no file changes meanwhile.
    """
    here = _current_folder()
    selected = _codes(select, "--select") if select else None
    if selected is not None and not selected:
        raise click.BadParameter("names no rule", param_hint="--select")
    ignored, severities = _codes(ignore, "--ignore"), _severities(severity)
    return Checker(selected, ignored, severities, _opened(paths, here), here, steady=steady)


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        output.give_up(f"the current folder can't be worked in: {error.strerror}")


def _severities(values: tuple[str, ...]) -> dict[str, Severity]:
    """By code; of two values for one rule the later one counts."""
    chosen: dict[str, Severity] = {}
    for value in values:
        words, equals, level = value.rpartition("=")
        if not equals:
            raise click.BadParameter(f"`{value}` is not of the form RULES=LEVEL", param_hint="--severity")
        codes = _codes((words,), "--severity")
        if not codes:
            raise click.BadParameter(f"`{value}` names no rule", param_hint="--severity")
        chosen |= dict.fromkeys(codes, _severity(level))
    return chosen


def _severity(level: str) -> Severity:
    try:
        return Severity(level.strip().lower())
    except ValueError:
        known = ", ".join(f"`{severity.value}`" for severity in Severity)
        message = f"there is no severity `{level.strip()}`; known are {known}"
        raise click.BadParameter(message, param_hint="--severity") from None


def _opened(paths: tuple[Path, ...], here: Path) -> tuple[Path, ...]:
    """The folders that the paths show the user to work in: those named, else the current one."""
    absolute = [Path(os.path.abspath(path)) for path in paths or (Path(),)]  # noqa: PTH100 - links stay links
    folders = [path for path in absolute if is_folder(path)]
    if all(path == here or here in path.parents for path in absolute) and not _holds_everything(here):
        return (here,)
    return tuple(folders)


def _holds_everything(folder: Path) -> bool:
    """Whether it is no project's folder but the home of many, as `/` and one's home are."""
    home = Path.home()
    return folder == Path(folder.anchor) or folder in (home, *home.parents)


def _codes(values: tuple[str, ...], option: str) -> frozenset[str]:
    words = [word.strip() for value in values for word in value.split(",") if word.strip()]
    if not words:
        return frozenset()
    from portside.settings.names import codes_of, unknown_rule

    unknown = [unknown_rule(word) for word in words if not codes_of(word)]
    if unknown:
        raise click.BadParameter("; ".join(unknown), param_hint=option)
    return frozenset().union(*map(codes_of, words))
