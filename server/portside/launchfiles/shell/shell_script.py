"""Shell scripts: `start.sh`, `run.sbatch`, entrypoints without a suffix."""

from __future__ import annotations

from portside.launchfiles.commands.commands import start_placed
from portside.launchfiles.commands.started import Around
from portside.launchfiles.facts import Form, Format, LaunchFile, Unit
from portside.launchfiles.shell.shell_run import run
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.units import with_outcome
from portside.lint.source import Span


def read(path: str, text: str) -> LaunchFile:
    """One unit for the script, and one for each container that it starts."""
    outcome = run(Placed.literal(text, 0), Around(Form.SHELL), start=start_placed)
    unit = Unit(
        "script",
        path.rpartition("/")[2],
        Span(0, len(text)),
        settings=outcome.state.environment(),
        host_network=True,
    )
    return LaunchFile(path, Format.SHELL, tuple(with_outcome(unit, outcome)))
