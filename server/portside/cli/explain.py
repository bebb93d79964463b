"""`portside explain`: why a server failed, from its log; or a rule's page."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import NoReturn

import click

from portside.cli import output
from portside.workspace.presence import exists, is_folder

_HELP = """Say why a server failed, and what to do; or print the page of a rule.

WHAT is a log file, `-` for a log on standard input, a message in quotes, or the name of a rule
(hardcoded-port, PS201) or of a failure (port-taken). Of a log the cause is shown, not its
consequences, with the line of your code and what to do. Keys and tokens are masked.

\b
  vllm serve MODEL 2>&1 | tee server.log
  portside explain server.log
  kubectl logs deploy/vllm | portside explain -
  portside explain "OSError: [Errno 98] Address already in use"

Exit code: 0 explained, 1 nothing was found that failed, or nothing that is known, 2 the log
could not be read.
"""
_FOUND, _NOT_FOUND = 0, 1


@click.command(help=_HELP, short_help="Say why a server failed, from its log; or print a rule's page.")
@click.argument("what", required=False, default="-", metavar="[WHAT]")
@click.option("--folder", metavar="DIR", help="The project: its lines are yours  [current folder]")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(what: str, folder: str | None, output_format: str) -> None:
    is_json = output_format == "json"
    if what == "-" and sys.stdin is None:
        output.give_up("standard input can't be read: it is closed")
    if what == "-" and sys.stdin.isatty():
        raise click.UsageError("give a log file, or pass a log on: kubectl logs … | portside explain -")
    if what != "-" and is_folder(what):
        output.give_up(f"{what}: is a folder, not a log")
    if folder is not None and not is_folder(folder):
        output.give_up(f"{folder}: is no folder")
    # A log may come from a pipe as well: `portside explain <(kubectl logs …)`.
    if what != "-" and not exists(what):
        if " " in what.strip():
            _explain_text(what, folder, is_json=is_json)
        _explain_name(what, is_json=is_json)
    _explain_log(what, folder, is_json=is_json)


def _explain_log(path: str, folder: str | None, *, is_json: bool) -> NoReturn:
    from portside.cli import log_source
    from portside.failures import Reader

    reader = Reader(str(Path(folder or ".").resolve()))
    try:
        with log_source.opened(path) as lines:
            for line in lines:
                reader.feed(line)
    except (OSError, EOFError) as error:
        output.give_up(f"{path}: {getattr(error, 'strerror', None) or error}")
    _say(reader.failures(), reader.number, is_json=is_json)


def _explain_text(text: str, folder: str | None, *, is_json: bool) -> NoReturn:
    from portside.failures import explain as explain_lines

    lines = text.splitlines()
    _say(explain_lines(lines, folder), len(lines), is_json=is_json)


def _say(failures: tuple[object, ...], count: int, *, is_json: bool) -> NoReturn:
    from portside.failures import Failure
    from portside.report import failures as report

    found = [failure for failure in failures if isinstance(failure, Failure)]
    if is_json:
        output.say(report.render_json(found, count))
    elif found:
        output.say(report.render(found, output.ink_for(sys.stdout)))
    else:
        of = f"{count} lines" if count != 1 else "1 line"
        output.say(f"nothing that failed was found in {of}\n")
    sys.exit(_FOUND if any(failure.is_known for failure in found) else _NOT_FOUND)


def _explain_name(name: str, *, is_json: bool) -> NoReturn:
    from portside.knowledge import failures as knowledge
    from portside.report import failures as report
    from portside.report import rule_pages
    from portside.rules import by_name

    ink = output.ink_for(sys.stdout)
    if (rule := by_name(name)) is not None:
        page = rule_pages.page_object(rule)
        output.say(json.dumps(page, indent=2) + "\n" if is_json else rule_pages.page(rule, ink))
    elif (entry := knowledge.by_name(name.lower())) is not None:
        output.say(report.page_json(entry) if is_json else report.page(entry, ink))
    else:
        output.give_up(_unknown(name))
    sys.exit(_FOUND)


def _unknown(name: str) -> str:
    from portside.knowledge import failures as knowledge
    from portside.settings.names import unknown_rule

    if "/" in name or Path(name).suffix:
        return f"there is no file {name}"
    if near := difflib.get_close_matches(name.lower(), [entry.name for entry in knowledge.ALL], n=1):
        return f"there is no file, rule or failure `{name}`; did you mean `{near[0]}`?"
    return unknown_rule(name).replace("there is no rule", "there is no file, rule or failure")
