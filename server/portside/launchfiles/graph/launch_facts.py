"""What a rule judges a launch file by: the file itself, and what the files around say about it."""

from __future__ import annotations

from dataclasses import field

from portside.launchfiles.facts import Launch, LaunchFile, Unit
from portside.launchfiles.graph.around import Alone, Around
from portside.launchfiles.graph.launched import UNKNOWN, Launched
from portside.lint.source import SourceFile
from portside.lint.variable_use import VariableUses
from portside.records import dataclass


@dataclass(frozen=True)
class LaunchWorkspace:
    """What other files say; the defaults are those of a file on its own.

    port_variable: the environment variable that fixes use for a port. vllm_version: of the one that is
    installed in the workspace's virtual environment. has_own_vllm: whether the workspace has a package
    `vllm` of its own. around: what answers questions about launch files and scripts.
    """

    port_variable: str = "PORT"
    vllm_version: tuple[int, int] | None = None
    has_own_vllm: bool = False
    around: Around = field(default_factory=Alone)

    def launched(self, _unit: Unit, _launch: Launch) -> Launched:
        """What the Python code is that a launch of this file starts."""
        return UNKNOWN

    def variable_uses(self, _variable: str, _path: str, _unit: Unit) -> VariableUses:
        """Where files name the variable for what a unit of the launch file at this path starts."""
        return VariableUses()

    def shown(self, path: str) -> str:
        """The path, which counts from the workspace, as findings name it."""
        return path


@dataclass(frozen=True, eq=False)
class LaunchFacts:
    """What a rule's `launch_check` is given.

    source: the text, under the path that findings name. file: what it says.
    """

    source: SourceFile
    file: LaunchFile
    workspace: LaunchWorkspace = field(default_factory=LaunchWorkspace)

    def shown(self, path: str) -> str:
        """As `workspace.shown`, and this file under the name that it was given by."""
        return self.source.path if path == self.file.path else self.workspace.shown(path)
