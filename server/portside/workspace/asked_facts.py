"""What the files around one say about it, found out when a rule asks: most answers cost a look at files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tree_sitter import Node

from portside.knowledge.vllm import PORT_VARIABLE
from portside.knowledge.vllm_entrypoints import WORDS as RETIRED_WORDS
from portside.lint.moved_command import MovedCommand
from portside.lint.variable_use import VariableUses
from portside.python.facts import (
    ImportedEngine,
    LaunchMoves,
    LaunchReference,
    ModuleFacts,
    StartedCuda,
    WorkspaceFacts,
)
from portside.python.launching.script_place import ScriptPlace
from portside.python.launching.served_app import import_string
from portside.python.names.import_text import ImportText
from portside.python.ports.port_takers import NONE, ByName
from portside.python.ports.ports import may_listen
from portside.python.prefilter import given_ports
from portside.python.values.value_types import Value
from portside.records import cached_property, dataclass
from portside.workspace.imported_ports import imported_ports
from portside.workspace.importers import ImporterIndex, Importers
from portside.workspace.installed import vllm_version
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launched_python import LaunchedPython
from portside.workspace.local_modules import LocalModules
from portside.workspace.modules import module_name
from portside.workspace.script_runners import ScriptRunners

if TYPE_CHECKING:
    from portside.workspace.variable_renaming import VariableRenaming


@dataclass(frozen=True)
class Surroundings:
    """What answers questions about a workspace."""

    root: Path
    modules: LocalModules
    importers: ImporterIndex
    runners: ScriptRunners
    files: LaunchIndex
    python: LaunchedPython
    outside: Callable[[], ScriptRunners | None]

    def renaming(self, variable: str) -> VariableRenaming:
        from portside.workspace.variable_renaming import VariableRenaming

        return VariableRenaming(variable, self.runners, self.files, self.modules, self.root)


class AskedFacts(WorkspaceFacts):
    """The facts around the file at an absolute path.

    Effect: a field that is read for the first time may read files.
    """

    _file: Path
    _module: ModuleFacts
    _imports: ImportText
    _around: Surroundings

    def __init__(
        self, file: Path, module: ModuleFacts, imports: ImportText, port_variable: str, around: Surroundings
    ) -> None:
        # Not the base's: to everybody else this is a value, and it would set all fields.
        vars(self).update(
            _file=file, _module=module, _imports=imports, _around=around, port_variable=port_variable
        )

    @cached_property
    def path(self) -> str | None:
        root = self._around.root
        return self._file.relative_to(root).as_posix() if root in self._file.parents else None

    @cached_property
    def module(self) -> str | None:
        return module_name(self._file, self._top, self._around.root)

    @cached_property
    def place(self) -> ScriptPlace | None:
        if not self._module.launches:
            return None
        return self._around.modules.places.of(self._file, self._importers.names)

    @cached_property
    def launch_references(self) -> tuple[LaunchReference, ...]:
        if not self._module.launches:
            return ()
        found = self._around.runners.references_to(self._file)
        own = (LaunchReference(r.path, r.line, r.text) for r in found)
        return (*own, *self._outside_references)

    def launch_moves(self, _command: MovedCommand) -> LaunchMoves:
        moves = self._around.runners.moves(self._file, _command)
        outside = ((reference, "it belongs to another project") for reference in self._outside_references)
        return dataclasses.replace(moves, left=(*moves.left, *outside))

    @cached_property
    def _outside_references(self) -> tuple[LaunchReference, ...]:
        """Who runs it in the project that this one is a part of."""
        runners = self._around.outside()
        return runners.outside_of(self._around.root, self._file) if runners is not None else ()

    def variable_uses(self, _variable: str) -> VariableUses:
        return self._around.renaming(_variable).of_script(self.path or "")

    def shown(self, path: str) -> str:
        return str(self._around.root / path)

    @cached_property
    def imports_vllm_code(self) -> bool:
        if self._module.is_vllm_code:
            return False
        return self._around.modules.engines.imports_vllm_code(self._file, self._module, self._top)

    @cached_property
    def imported_engines(self) -> tuple[ImportedEngine, ...]:
        if not self._module.has_app:
            return ()
        return tuple(self._around.modules.engines.behind_imports(self._file, self._module, self._top))

    @cached_property
    def called_engines(self) -> tuple[ImportedEngine, ...]:
        if self._module.serves:
            return ()
        return tuple(self._around.modules.engines.called_on_import(self._file, self._module, self._top))

    @cached_property
    def made_engines(self) -> tuple[ImportedEngine, ...]:
        return tuple(self._around.modules.engines.made_by_calls(self._file, self._module, self._top))

    @cached_property
    def started_cuda(self) -> tuple[StartedCuda, ...]:
        if not self._module.engines and not self.made_engines:
            return ()
        return tuple(self._around.modules.cuda.started(self._file, self._module, self._top))

    @cached_property
    def started_engines(self) -> tuple[ImportedEngine, ...]:
        if not self._module.has_app and not self._module.names.chunks_with(["asynccontextmanager"]):
            return ()
        return tuple(self._around.modules.engines.made_at_startup(self._file, self._module, self._top))

    @cached_property
    def imported_by(self) -> tuple[str, ...]:
        return tuple(map(str, self._importers.files))

    @cached_property
    def imported_early_by(self) -> tuple[str, ...]:
        return tuple(map(str, self._importers.early))

    @cached_property
    def served_by(self) -> tuple[str, ...]:
        if self._module.has_app or not self._module.engines_at_import:
            return ()
        return tuple(str(file) for file in self._around.importers.loading(self._file) if self._has_app(file))

    @cached_property
    def served_engines(self) -> tuple[ImportedEngine, ...]:
        found: list[ImportedEngine] = []
        names, engines = self._module.names, self._around.modules.engines
        for launch in self._module.launches:
            served = import_string(names, launch) if launch.starts_processes(names, self.outside) else None
            if served is not None:
                statement = self._module.tree.span(served.node)
                found += engines.served_with(self._file, served.module, statement, self._top)
        return tuple(found)

    @cached_property
    def port_settings(self) -> tuple[LaunchReference, ...]:
        return self._lines_setting(self.port_variable) if may_listen(self._module.names) else ()

    @cached_property
    def vllm_port_settings(self) -> tuple[LaunchReference, ...]:
        names_it = self._module.names.chunks_with([PORT_VARIABLE])
        return self._lines_setting(PORT_VARIABLE) if names_it else ()

    @cached_property
    def vllm_version(self) -> tuple[int, int] | None:
        return vllm_version(self._around.root, self._file.parent) if self._names_retired else None

    @cached_property
    def has_own_vllm(self) -> bool:
        return self._names_retired and self._around.modules.has_own_vllm(self._file, self._top)

    @cached_property
    def constants(self) -> Mapping[str, Value]:
        return imported_ports(self._around.modules, self._file, self._module, self._top)

    @cached_property
    def port_takers(self) -> ByName:
        data = self._module.source.data
        given = given_ports(data, self._imports)
        return self._around.modules.port_takers(self._file, data, self._imports, given) if given else NONE

    def made_by(self, _qualified: str) -> frozenset[str]:
        return self._around.modules.made_by(self._file, _qualified, self._top)

    def definition(self, _qualified: str) -> Node | None:
        return self._around.modules.definition(self._file, _qualified, self._top)

    @cached_property
    def parsing_arguments(self) -> tuple[tuple[int, str], ...]:
        if not self._module.launches:
            return ()
        return tuple(self._around.modules.parsers.run_on_import(self._file, self._module, self._top))

    @cached_property
    def argument_parsers(self) -> frozenset[str]:
        if not self._module.launches:
            return frozenset()
        return frozenset(self._around.modules.parsers.imported(self._file, self._module, self._top))

    def outside(self, qualified: str) -> Value | None:
        known = self.constants.get(qualified)
        return known or self._around.modules.outside_value(self._file, qualified, self._top)

    @cached_property
    def _top(self) -> Path:
        return self._around.modules.top(self._file)

    @cached_property
    def _importers(self) -> Importers:
        if self._module.engines_at_import or self._module.launches or self.called_engines:
            return self._around.importers.of(self._file)
        return Importers()

    @cached_property
    def _names_retired(self) -> bool:
        return bool(self._module.names.chunks_with(RETIRED_WORDS))

    def _lines_setting(self, variable: str) -> tuple[LaunchReference, ...]:
        runners = self._around.runners
        paths = {reference.path for reference in runners.references_to(self._file)}
        return tuple(LaunchReference(*place) for place in runners.lines_setting(variable, sorted(paths)))

    def _has_app(self, path: Path) -> bool:
        summary = self._around.modules.summary(path)
        return summary is not None and summary.has_app
