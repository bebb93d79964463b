"""An environment variable under another name, wherever it flows: from who sets it to who reads it.

Launch files, `.env` files and the Python that the program is; not the parts of them that name the variable
for somebody else.
"""

from __future__ import annotations

import posixpath
import re
import sys
from dataclasses import field
from pathlib import Path

from portside.launchfiles.facts import Format, LaunchFile, Unit
from portside.launchfiles.graph.around import folder_of
from portside.launchfiles.graph.variable_flow import Flow, flow_to
from portside.launchfiles.names import Kind, kind_of, name_of
from portside.lint.source import SourceFile, Span
from portside.lint.variable_use import VariableUse, VariableUses
from portside.python.facts import module_facts
from portside.python.values.variable_names import naming
from portside.records import dataclass
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.local_modules import LocalModules
from portside.workspace.script_runners import ScriptRunners

# Each part of these is a process with an environment of its own.
_IN_PARTS = frozenset(
    {
        Format.COMPOSE,
        Format.KUBERNETES,
        Format.VSCODE_LAUNCH,
        Format.VSCODE_TASKS,
        Format.PACKAGE_JSON,
        Format.PROCFILE,
    }
)
_PROSE = frozenset({Kind.README, Kind.MARKDOWN, Kind.RST})
_SUFFIXES = ("", ".example", ".template", ".sample", ".dist")
_ENV_FILES = (*(f".env{end}" for end in _SUFFIXES), "example.env", "env.example")


@dataclass
class VariableRenaming:
    """The files of one workspace, asked where they name the variable for one program."""

    variable: str
    runners: ScriptRunners
    files: LaunchIndex
    modules: LocalModules
    root: Path
    _uses: list[VariableUse] = field(default_factory=list)
    _staying: list[str] = field(default_factory=list)

    def of_script(self, script: str) -> VariableUses:
        """For a Python file; its own text is whoever asks's to change."""
        flow = flow_to(self.files, self.files.all(), script)
        for reference in self.runners.references_of(script):
            file = self.files.file(reference.path)
            units = file.units if file is not None else ()
            own = [unit for unit in units if unit.span.start <= reference.offset <= unit.span.end]
            if kind_of(name_of(reference.path)) not in {None, *_PROSE}:
                known = flow.parts.setdefault(reference.path, [])
                known += [unit for unit in own if not flow.has(reference.path, unit)]
        return self._of(flow, "", script)

    def of_unit(self, path: str, unit: Unit, seen_from: str) -> VariableUses:
        """For what a part of a launch file starts. seen_from: the file that is to change in any case."""
        return self._of(flow_to(self.files, self.files.all(), path, unit), path, seen_from)

    def _of(self, flow: Flow, path: str, asked: str) -> VariableUses:
        for each, units in flow.parts.items():
            self._in_launch_file(each, units, surely=each == path)
        folders = {folder_of(each) for each in (*flow.parts, *flow.python, "")}
        beside = {posixpath.join(folder, name) for folder in folders for name in _ENV_FILES}
        for each in sorted({*flow.env_files, *beside}):
            self._in_env_file(each, surely=each == asked)
        for script in sorted(flow.python):
            self._in_python(script, asked)
        # The text of a Python file that asks is its own to change.
        uses = tuple(dict.fromkeys(use for use in self._uses if path or use.path != asked))
        return VariableUses(uses, tuple(dict.fromkeys(self._staying)))

    # Launch files

    def _in_launch_file(self, path: str, units: list[Unit], *, surely: bool) -> None:
        """All of the file, whose parts hand a variable to each other, or only the parts that are meant."""
        text = self.files.source(path).text or self.files.text_of(path)
        spans: list[Span] | None = self._spans(text)
        file = self.files.file(path)
        if file is not None and spans and _names_for_others(file, spans, units):
            if file.format in _IN_PARTS:
                spans = _within(file, units, spans, text, self.variable)
            elif not surely:
                spans = None
        if spans is None:
            self._staying.append(path)
        self._uses += (VariableUse(path, span, text) for span in spans or ())

    def _in_env_file(self, path: str, *, surely: bool) -> None:
        text = self.files.text_of(path)
        spans = self._spans(text)
        if spans and (surely or not self._is_named_beside(path)):
            self._uses += (VariableUse(path, span, text) for span in spans)
        elif spans:
            self._staying.append(path)

    def _is_named_beside(self, env_file: str) -> bool:
        """Whether a launch file that may read these settings goes on naming the variable."""
        folder = folder_of(env_file)
        below = f"{folder}/" if folder else ""
        renamed = {use.path for use in self._uses} - {*self._staying}
        for file in self.files.all():
            reads = file.path.startswith(below) or any(
                posixpath.normpath(posixpath.join(folder_of(file.path), name)) == env_file
                for unit in file.units
                for name in unit.env_files
            )
            if reads and file.path not in renamed and self._spans(self.files.source(file.path).text):
                return True
            if reads and file.path in renamed and self._has_left(file.path):
                return True
        return False

    def _has_left(self, path: str) -> bool:
        """Whether some places of the file keep the name."""
        uses = {use.span for use in self._uses if use.path == path}
        return any(span not in uses for span in self._spans(self.files.source(path).text))

    def _spans(self, text: str) -> list[Span]:
        if self.variable not in text:
            return []
        word = rf"(?<!\w){re.escape(self.variable)}(?!\w)"
        return [Span(*found.span()) for found in re.finditer(word, text)]

    # Python

    def _in_python(self, script: str, asked: str) -> None:
        """The script and the modules that it imports; both are one process."""
        path = self.root / script
        for module in self.modules.process_of(path, self.variable):
            relative = self.files.relative(module)
            text = self.files.text_of(relative)
            if self.variable.lower() not in text.lower():
                continue
            found = naming(module_facts(SourceFile(str(module), text)).names, self.variable)
            if found.otherwise and relative != asked:
                self._staying.append(relative)
            elif not found.otherwise:
                self._uses += (VariableUse(relative, span, text) for span in found.spans)


def _names_for_others(file: LaunchFile, spans: list[Span], units: list[Unit]) -> bool:
    """Whether a part of the file names the variable that is not among these."""
    for unit in file.units:
        own = any(unit is one or (one.span == unit.span and one.name == unit.name) for one in units)
        named = any(unit.span.start <= span.start < _end(file, unit) for span in spans)
        if named and not own and unit.kind not in {"stage", "Service"}:
            return True
    return False


def _end(file: LaunchFile, unit: Unit) -> int:
    """Where the part ends; of a Makefile's target, whose span is its name, where the next one begins."""
    if file.format is not Format.MAKEFILE:
        return unit.span.end
    behind = [other.span.start for other in file.units if other.span.start > unit.span.start]
    return min(behind, default=sys.maxsize)


def _within(
    file: LaunchFile, units: list[Unit], spans: list[Span], text: str, variable: str
) -> list[Span] | None:
    """The places in these parts; None where one of them is given the variable by a place outside of it."""
    found: list[Span] = []
    for unit in units:
        given = unit.settings.get(variable)
        if given is not None and not unit.span.start <= given.name_span.start < unit.span.end:
            return None
        found += (span for span in spans if unit.span.start <= span.start < unit.span.end)
    if file.format is Format.COMPOSE:
        # `${X}` is filled in by compose, for all services.
        found = [span for span in found if not _is_filled_in(text, span)]
    return sorted(set(found))


def _is_filled_in(text: str, span: Span) -> bool:
    before = text[max(0, span.start - 3) : span.start].removesuffix("{")
    return before.endswith("$") and not before.endswith("$$")
