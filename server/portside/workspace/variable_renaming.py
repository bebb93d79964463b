"""Where the launch files of a script name an environment variable that the script reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.launchfiles.around import Around
from portside.launchfiles.compose_project import project_of
from portside.launchfiles.facts import Format, LaunchFile
from portside.lint.source import Span
from portside.python.facts import VariableUse
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.script_runners import ScriptRunners


def variable_uses(
    variable: str, script: str, runners: ScriptRunners, files: LaunchIndex
) -> tuple[tuple[VariableUse, ...], tuple[str, ...]]:
    """The places that name it for this script, and the files where others may be meant, too.

    A file is taken as a whole, since its parts hand a variable to each other, and only where each part of it
    that names the variable runs the script. A `.env` is, where no file that stays names the variable.
    """
    word = re.compile(rf"(?<!\w){re.escape(variable)}(?!\w)")
    uses: list[VariableUse] = []
    staying: list[str] = []
    for path, offsets in _running(script, runners, files).items():
        text = files.source(path).text or files.text_of(path)
        spans = [Span(*found.span()) for found in word.finditer(text)]
        file = files.file(path)
        if spans and file is not None and _names_for_others(file, spans, offsets):
            staying.append(path)
        else:
            uses += (VariableUse(path, span, text) for span in spans)
    if not staying and not _named_elsewhere(word, {use.path for use in uses}, files):
        text = files.text_of(".env")
        uses += (VariableUse(".env", Span(*found.span()), text) for found in word.finditer(text))
    return tuple(uses), tuple(staying)


def _running(script: str, runners: ScriptRunners, files: LaunchIndex) -> dict[str, list[int]]:
    """The launch files that run the script, each with the places of the parts that do."""
    found: dict[str, list[int]] = {}
    for reference in runners.references_of(script):
        if not reference.path.lower().endswith((".md", ".mdx", ".markdown", ".rst")):
            found.setdefault(reference.path, []).append(reference.offset)
    for file in files.all():
        for offset in _services_with(script, files, file):
            found.setdefault(file.path, []).append(offset)
    return found


def _services_with(script: str, around: Around, file: LaunchFile) -> Iterator[int]:
    """The compose services whose image runs the script."""
    if file.format is not Format.COMPOSE:
        return
    for service in project_of(around, file).services:
        if any(listener.script == script for listener in service.running.listeners):
            yield from (unit.span.start for unit in file.units if unit.name == service.name)


def _names_for_others(file: LaunchFile, spans: list[Span], offsets: list[int]) -> bool:
    """Whether a part of the file names the variable that does not run the script."""
    for unit in file.units:
        runs = any(unit.span.start <= offset <= unit.span.end for offset in offsets)
        named = any(unit.span.start <= span.start < unit.span.end for span in spans)
        if named and not runs and unit.kind not in {"stage", "Service"}:
            return True
    return False


def _named_elsewhere(word: re.Pattern[str], known: set[str], files: LaunchIndex) -> bool:
    return any(
        word.search(files.source(file.path).text) is not None
        for file in files.all()
        if file.path not in known and file.format is not Format.DOTENV
    )
