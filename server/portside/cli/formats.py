"""What `portside check` prints, in every format. Each is imported only when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable

from portside.cli import output
from portside.cli.check_run import Run
from portside.report.checked import Checked


def render(checked: Checked, output_format: str) -> str:
    """The findings, as this format has them."""
    return _RENDERERS[output_format](checked)


def _text(checked: Checked) -> str:
    from portside.report import text

    return text.render(checked, output.ink_for(sys.stdout))


def summary(checked: Checked) -> str:
    from portside.report import text

    return text.summary(checked, output.ink_for(sys.stdout))


def statistics(run: Run, checked: Checked) -> str:
    from portside.report import statistics

    return statistics.render(run.statistics(), checked)


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
