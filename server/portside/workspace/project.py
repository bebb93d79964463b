"""A workspace being checked: files in, findings out, with all that can be kept between two keystrokes.

This is where reading files ends. What rules see are values: the facts of one file,
and what the files around say about it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from portside.knowledge.vllm import PORT_VARIABLE
from portside.knowledge.vllm_entrypoints import WORDS as RETIRED_WORDS
from portside.lint.engine import run_rules
from portside.lint.finding import LintResult
from portside.lint.selection import EVERYTHING, Selection
from portside.lint.source import SourceFile
from portside.python.facts import (
    FileFacts,
    ImportedEngine,
    LaunchReference,
    ModuleFacts,
    WorkspaceFacts,
    module_facts,
)
from portside.python.layout import PythonLayout
from portside.python.ports import may_listen
from portside.python.prefilter import is_interesting
from portside.python.script_place import ScriptPlace
from portside.python.served_app import import_string
from portside.rules import ALL
from portside.workspace.import_roots import import_root, script_place
from portside.workspace.importers import ImporterIndex, Importers
from portside.workspace.installed import vllm_version
from portside.workspace.launch_references import LaunchIndex
from portside.workspace.local_modules import LocalModules, module_name

# As many trees as an editor has tabs; a tree is some ten times the size of its text.
_MOST_TREES = 16


class Project:
    """The files below a root, as checked by one user.

    port_variable: the environment variable that fixes use for a port. Not safe for threads.
    """

    def __init__(self, root: Path, *, port_variable: str = "PORT") -> None:
        self.root = root.absolute()
        self.port_variable = port_variable
        self._facts: OrderedDict[Path, ModuleFacts] = OrderedDict()
        self._modules = LocalModules(self.root)
        self._importers = ImporterIndex(self.root, self._modules)
        self._launches = LaunchIndex(self.root)

    def check(self, path: Path, text: str, selection: Selection = EVERYTHING) -> LintResult:
        """What is to be said of this text as the content of the Python file at `path`.

        The text counts, not what is saved. Paths in the result are in the form of `path`.
        """
        source = SourceFile(str(path), text)
        absolute = self._absolute(path)
        if not is_interesting(source.data):
            self._facts.pop(absolute, None)
            return LintResult(())
        module = self._module_facts(absolute, source)
        facts = FileFacts(module, self._workspace_facts(absolute, module))
        findings = run_rules(ALL, facts, source, PythonLayout(module.tree), selection)
        return LintResult(findings, module.tree.errors)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """The unsaved text of a file counts where others import or run it; None for the saved one again."""
        absolute = self._absolute(path)
        if text is None:
            self._modules.overlays.pop(absolute, None)
        else:
            self._modules.overlays[absolute] = text
        self._launches.set_overlay(absolute, text)
        self._importers.changed()

    def changed(self, path: Path | None = None) -> None:
        """A file was written, made or removed on disk; without one, any may have been."""
        self._launches.changed(self._absolute(path) if path is not None else None)
        self._importers.changed()

    def file_facts(self, path: Path, text: str) -> FileFacts:
        """What rules would see of this text."""
        absolute = self._absolute(path)
        module = self._module_facts(absolute, SourceFile(str(path), text))
        return FileFacts(module, self._workspace_facts(absolute, module))

    def _absolute(self, path: Path) -> Path:
        return path if path.is_absolute() else self.root / path

    def _module_facts(self, path: Path, source: SourceFile) -> ModuleFacts:
        known = self._facts.get(path)
        if known is None or known.source != source:
            known = module_facts(source, known)
        self._facts[path] = known
        self._facts.move_to_end(path)
        if len(self._facts) > _MOST_TREES:
            self._facts.popitem(last=False)
        return known

    def _workspace_facts(self, path: Path, module: ModuleFacts) -> WorkspaceFacts:
        """Asks only for what matters to this file: most questions cost a look at other files."""
        top = import_root(path, self.root)
        importers = self._importers.of(path) if module.engines_at_import or module.launches else Importers()
        place, references = None, tuple[LaunchReference, ...]()
        if module.launches:
            place = self._place(path, importers)
            found = self._launches.references_to(path)
            references = tuple(LaunchReference(r.path, r.line, r.text) for r in found)
        names_retired = bool(module.names.chunks_with(RETIRED_WORDS))
        return WorkspaceFacts(
            path=path.relative_to(self.root).as_posix() if self.root in path.parents else None,
            module=module_name(path, top, self.root),
            place=place,
            launch_references=references,
            imports_vllm_code=not module.is_vllm_code and self._modules.imports_vllm_code(path, module, top),
            imported_engines=self._imported_engines(path, module, top),
            imported_by=tuple(map(str, importers.files)),
            served_by=self._served_by(path, module),
            served_engines=self._served_engines(path, module, top),
            port_variable=self.port_variable,
            port_settings=self._port_settings(path, module, references),
            vllm_port_settings=self._vllm_port_settings(path, module),
            vllm_version=vllm_version(self.root) if names_retired else None,
            has_own_vllm=names_retired and bool(self._modules.files_of(path, "vllm", None, top)),
            constants=self._modules.constants(path, module, top),
        )

    def _port_settings(
        self, path: Path, module: ModuleFacts, launches: Iterable[LaunchReference]
    ) -> tuple[LaunchReference, ...]:
        if not may_listen(module.names):
            return ()
        paths = {launch.path for launch in launches} or {r.path for r in self._launches.references_to(path)}
        found = self._launches.lines_setting(self.port_variable, sorted(paths))
        return tuple(LaunchReference(*place) for place in found)

    def _vllm_port_settings(self, path: Path, module: ModuleFacts) -> tuple[LaunchReference, ...]:
        if not module.names.chunks_with([PORT_VARIABLE]):
            return ()
        paths = sorted({reference.path for reference in self._launches.references_to(path)})
        return tuple(LaunchReference(*place) for place in self._launches.lines_setting(PORT_VARIABLE, paths))

    def _place(self, path: Path, importers: Importers) -> ScriptPlace:
        return script_place(path, self.root, imported_names=importers.names)

    def _served_by(self, path: Path, module: ModuleFacts) -> tuple[str, ...]:
        """The apps that load the engine which this file makes on import."""
        if module.has_app or not module.engines_at_import:
            return ()
        return tuple(str(file) for file in self._importers.all_of(path) if self._has_app(file))

    def _served_engines(self, path: Path, module: ModuleFacts, top: Path) -> tuple[ImportedEngine, ...]:
        """The engines of the apps that this file serves by an import string in processes of their own."""
        found: list[ImportedEngine] = []
        for launch in module.launches:
            served = import_string(module.names, launch) if launch.starts_processes(module.names) else None
            if served is not None:
                statement = module.tree.span(served.node)
                found += self._modules.engines_served(path, served.module, statement, top)
        return tuple(found)

    def _imported_engines(self, path: Path, module: ModuleFacts, top: Path) -> tuple[ImportedEngine, ...]:
        return tuple(self._modules.engines_behind(path, module, top)) if module.has_app else ()

    def _has_app(self, path: Path) -> bool:
        summary = self._modules.summary(path)
        return summary is not None and summary.has_app
