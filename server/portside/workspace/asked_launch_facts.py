"""What the files around a launch file say about it, found out when a rule asks."""

from __future__ import annotations

from pathlib import Path

from portside.launchfiles.facts import Launch, LaunchFile, Unit
from portside.launchfiles.graph.launch_facts import LaunchWorkspace
from portside.launchfiles.graph.launched import Launched
from portside.lint.source import SourceFile, Span
from portside.lint.variable_use import VariableUses
from portside.records import cached_property
from portside.workspace.asked_facts import Surroundings
from portside.workspace.installed import vllm_version


class AskedLaunchFacts(LaunchWorkspace):
    """The facts around the launch file at an absolute path.

    Effect: a field that is read for the first time may read files.
    """

    _path: Path
    _file: LaunchFile
    _source: SourceFile
    _around: Surroundings
    _launched: dict[tuple[Span, Span, str | None], Launched]
    """By what it starts, too: a line of a function can start something else with every call."""

    def __init__(
        self, path: Path, file: LaunchFile, source: SourceFile, port_variable: str, around: Surroundings
    ) -> None:
        # Not the base's: to everybody else this is a value, and it would set all fields.
        vars(self).update(_path=path, _file=file, _source=source, _around=around, port_variable=port_variable)
        vars(self).update(around=around.files, _launched={})

    def launched(self, unit: Unit, launch: Launch) -> Launched:
        key = (unit.span, launch.span, launch.target.text if launch.target is not None else None)
        if key not in self._launched:
            self._launched[key] = self._around.python.of(self._file, unit, launch, self._source.text)
        return self._launched[key]

    def variable_uses(self, _variable: str, _path: str, _unit: Unit) -> VariableUses:
        here = self._around.files.relative(self._path)
        return self._around.renaming(_variable).of_unit(_path, _unit, here)

    def shown(self, path: str) -> str:
        return str(self._around.root / path)

    @cached_property
    def vllm_version(self) -> tuple[int, int] | None:
        return vllm_version(self._around.root, self._path.parent)

    @cached_property
    def has_own_vllm(self) -> bool:
        return self._around.modules.has_own_vllm(self._path, self._around.modules.top(self._path))
