"""A launch file in which a script's launches have become those of a command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from portside.launchfiles.commands.python_runs import PythonRun, python_runs
from portside.launchfiles.commands.script_references import ScriptReference
from portside.launchfiles.moving.command_sites import Site
from portside.launchfiles.moving.moving import Change, Left, moved
from portside.launchfiles.moving.sites import command_sites
from portside.lint.finding import Edit, apply_edits
from portside.lint.moved_command import MovedCommand
from portside.records import dataclass

Mover = Callable[[MovedCommand], tuple[Change, ...]]


@dataclass(frozen=True, slots=True)
class LeftLaunch:
    """A place that runs the script still. reason: why, as the rest of a sentence."""

    reference: ScriptReference
    reason: str


@dataclass(frozen=True, slots=True)
class FileMoves:
    """What becomes of one file. changed: the places that start the command from now on."""

    changes: tuple[Change, ...] = ()
    changed: tuple[ScriptReference, ...] = ()
    left: tuple[LeftLaunch, ...] = ()


def file_moves(
    path: str,
    text: str,
    references: Collection[ScriptReference],
    command: MovedCommand,
    remaining: Callable[[str], int],
) -> FileMoves:
    """The moves in one file, out of the places in it that run the script.

    remaining: how many places of the file with another text would run the script. A file in which
    that is not what was meant stays as it is.
    """
    found = _moved(path, text, {reference.offset: reference for reference in references}, command)
    if not found.changes:
        return found
    after = apply_edits(text, (Edit(path, change.span, change.text) for change in found.changes))
    if remaining(after) <= len(found.left) and _parses(path, text, after):
        return found
    return FileMoves(
        left=tuple(LeftLaunch(r, "the new command would not be read as one") for r in references)
    )


def _moved(
    path: str, text: str, references: Mapping[int, ScriptReference], command: MovedCommand
) -> FileMoves:
    changes: dict[int, tuple[Change, ...]] = {}
    reasons: dict[int, str] = {}
    for offset, move in (*_configurations(path, text), *_sites(path, text, references)):
        if offset not in references:
            continue
        try:
            changes[offset] = move(command)
        except Left as reason:
            reasons[offset] = str(reason)
    _part(changes, reasons)
    changed = tuple(reference for offset, reference in references.items() if offset in changes)
    left = tuple(
        LeftLaunch(reference, reasons.get(offset, "a launch of this kind can't be changed"))
        for offset, reference in references.items()
        if offset not in changes
    )
    made = dict.fromkeys(change for found in changes.values() for change in found)
    return FileMoves(tuple(made), changed, left)


def _configurations(path: str, text: str) -> Iterator[tuple[int, Mover]]:
    if path.endswith(("launch.json", ".code-workspace")):
        from portside.launchfiles.moving.configuration_moves import configurations  # noqa: PLC0415 - loads PyYAML

        for configuration in configurations(path, text):
            yield configuration.at, configuration.moved


def _sites(path: str, text: str, references: Collection[int]) -> Iterator[tuple[int, Mover]]:
    """The command of each reference; of ENTRYPOINT with and without CMD, the whole one."""
    found: dict[int, tuple[Site, PythonRun]] = {}
    for site in command_sites(path, text):
        for run in python_runs(site.words):
            offset = run.word.inner
            if offset in references and (
                offset not in found or len(found[offset][0].pieces) < len(site.pieces)
            ):
                found[offset] = site, run
    for offset, (site, run) in found.items():
        yield offset, partial(moved, site, run)


def _part(changes: dict[int, tuple[Change, ...]], reasons: dict[int, str]) -> None:
    """Keep apart what would meet: two launches in one place are a command that nobody foresaw."""
    taken: list[tuple[int, int]] = []
    for offset in sorted(changes):
        spans = [(change.span.start, change.span.end) for change in changes[offset]]
        if any(start < last and first < end for start, end in spans for first, last in taken):
            reasons[offset] = "another launch stands in the same place"
            del changes[offset]
        else:
            taken += spans


def _parses(path: str, before: str, after: str) -> bool:
    """Whether what was YAML is YAML still."""
    if not path.endswith((".yml", ".yaml", ".json")):
        return True
    from portside.launchfiles.yaml.yaml_commands import is_yaml, without_comments  # noqa: PLC0415 - loads PyYAML

    if path.endswith(".json"):
        before, after = without_comments(before), without_comments(after)
    return is_yaml(after) or not is_yaml(before)
