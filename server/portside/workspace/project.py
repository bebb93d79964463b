"""A workspace being checked: files in, findings out, with all that can be kept between two keystrokes.

This is where reading files ends. What rules see are values: the facts of one file,
and what the files around say about it.
"""

from __future__ import annotations

import importlib
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from portside.launchfiles.reading import load_readers
from portside.lint.engine import in_launch_files, run_rules
from portside.lint.finding import LintResult
from portside.lint.selection import EVERYTHING, Selection
from portside.lint.source import SourceFile
from portside.python.facts import FileFacts, ModuleFacts, WorkspaceFacts, module_facts
from portside.python.names.import_text import ImportText, import_text
from portside.python.prefilter import Interest, given_ports, interest
from portside.python.source.layout import PythonLayout
from portside.rules import ALL
from portside.workspace.asked_facts import AskedFacts, Surroundings
from portside.workspace.file_kinds import launch_format
from portside.workspace.importers import ImporterIndex
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.launched_python import LaunchedPython
from portside.workspace.local_modules import LocalModules
from portside.workspace.script_runners import ScriptRunners
from portside.workspace.stopwatch import Stopwatch
from portside.workspace.survey import Survey

if TYPE_CHECKING:
    from portside.launchfiles.facts import Format
    from portside.launchfiles.graph.launch_facts import LaunchFacts

# As many trees as an editor has tabs; a tree is some ten times the size of its text.
_MOST_TREES = 16
# The folders and files that are looked at where nothing marks a project: more than most projects have.
_MOST_OF_A_GUESS = 10_000
# A command looks at each file once.
_MOST_TREES_STEADY = 1
# Loaded with the first of them: many trees have none.
_OF_LAUNCH_FILES = (
    "portside.workspace.asked_launch_facts",
    "portside.launchfiles.text.layout",
    "portside.launchfiles.commands.script_references",
    "portside.launchfiles.graph.resolution",
)


def load_rules() -> None:
    """Import them now, where there is time to."""
    assert ALL


def load_launch_files(names: Iterable[str]) -> None:
    """The same of what reads launch files of these names, and finds what they run."""
    for module in _OF_LAUNCH_FILES:
        importlib.import_module(module)
    load_readers(names)


class Project:
    """The files below a root, as checked by one user.

    port_variable: the environment variable that fixes use for a port. stopwatch: takes the time
    of the phases `parse` and `rules`. is_guess: whether nothing says that a project begins at the root; then
    it may be a disk, and no more than a part of it is looked at. steady: whether no file changes while this
    lives, as when a command checks a tree once. survey: what is known of them then.
    around: gives the project that this one is a part of, as a service is of a repository.
    Not safe for threads.
    """

    def __init__(
        self,
        root: Path,
        *,
        port_variable: str = "PORT",
        stopwatch: Stopwatch | None = None,
        is_guess: bool = False,
        steady: bool = False,
        survey: Survey | None = None,
        around: Callable[[], Project | None] = lambda: None,
    ) -> None:
        self.root = root.absolute()
        self._stopwatch = stopwatch or Stopwatch()
        self._steady = steady
        self.port_variable = port_variable
        self._facts: OrderedDict[Path, ModuleFacts] = OrderedDict()
        self._modules = LocalModules(
            self.root, steady=steady, leading_to_no_engine=self._files_leading_to_none
        )
        self._survey = survey = survey or Survey()
        most = _MOST_OF_A_GUESS if is_guess else math.inf
        self._importers = ImporterIndex(self.root, self._modules, steady=steady, survey=survey, most=most)
        self._texts = LaunchTexts(self.root, walked=survey.walked.get(str(self.root)), most=most)
        self.launch_files = LaunchIndex(self._texts, self._modules)
        self._surroundings = Surroundings(
            self.root,
            self._modules,
            self._importers,
            ScriptRunners(self._texts, self.launch_files, survey.imports),
            self.launch_files,
            LaunchedPython(self._texts, self._modules),
            lambda: found.runners if (found := around()) is not None else None,
        )

    def check(
        self,
        path: Path,
        text: str | SourceFile,
        selection: Selection = EVERYTHING,
        *,
        fixes_later: bool = False,
        keep: bool = True,
    ) -> LintResult:
        """What is to be said of this text as the content of the file at `path`.

        What the path names as a launch file is read as one, everything else as Python.

        The text counts, not what is saved. Paths in the result are in the form of `path`.
        fixes_later: make fixes that take time when they are asked for; they may raise then. keep: the tree,
        for the next check of the same file.
        """
        source = text if isinstance(text, SourceFile) else SourceFile(str(path), text)
        absolute = self._absolute(path)
        format_ = launch_format(absolute, source.text)
        if format_ is not None:
            return self._check_launch_file(absolute, source, format_, selection, fixes_later=fixes_later)
        imports = import_text(source.data)
        if not self._may_say_something(absolute, source, imports):
            self._facts.pop(absolute, None)
            return LintResult(())
        module = self._module_facts(absolute, source, imports, keep=keep)
        self._stopwatch.lap("parse")
        facts = FileFacts(module, self._workspace_facts(absolute, module, imports))
        layout = PythonLayout(module.tree, module.names.statements)
        with self._modules.glance():
            findings = run_rules(ALL, facts, source, layout, selection, fixes_later=fixes_later)
        self._stopwatch.lap("rules")
        return LintResult(findings, module.tree.errors)

    def _check_launch_file(
        self, path: Path, source: SourceFile, format_: Format, selection: Selection, *, fixes_later: bool
    ) -> LintResult:
        facts = self._launch_facts(path, source)
        if facts is None:
            return LintResult(())
        self._stopwatch.lap("parse")
        from portside.launchfiles.text.layout import LaunchLayout

        layout = LaunchLayout(source, format_)
        findings = run_rules(
            ALL, facts, source, layout, selection, check_of=in_launch_files, fixes_later=fixes_later
        )
        self._stopwatch.lap("rules")
        return LintResult(findings, facts.file.errors)

    def _launch_facts(self, path: Path, source: SourceFile) -> LaunchFacts | None:
        file = self.launch_files.with_text(path, source.text)
        if file is None:
            return None
        from portside.launchfiles.graph.launch_facts import LaunchFacts
        from portside.workspace.asked_launch_facts import AskedLaunchFacts

        workspace = AskedLaunchFacts(path, file, source, self.port_variable, self._surroundings)
        return LaunchFacts(source, file, workspace)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """The unsaved text of a file counts where others import or run it; None for the saved one again."""
        absolute = self._absolute(path)
        self._texts.set_overlay(absolute, text)
        if text is not None and launch_format(absolute, text) is not None:
            return
        if text is None:
            self._modules.overlays.pop(absolute, None)
        else:
            self._modules.overlays[absolute] = text
        self._importers.changed()

    def learn(self) -> Iterator[None]:
        """Look at the workspace in steps, ahead of the first question about all of it."""
        yield from self.launch_files.learn()
        yield from self.runners.learn()

    def changed(self, path: Path | None = None) -> None:
        """A file was written, made or removed on disk; without one, any may have been."""
        self._texts.changed(self._absolute(path) if path is not None else None)
        self._importers.changed()

    def launch_facts(self, path: Path, text: str) -> LaunchFacts | None:
        """What rules would see of this text as a launch file; None where it is none."""
        return self._launch_facts(self._absolute(path), SourceFile(str(path), text))

    def file_facts(self, path: Path, text: str) -> FileFacts:
        """What rules would see of this text."""
        absolute = self._absolute(path)
        source = SourceFile(str(path), text)
        imports = import_text(source.data)
        module = self._module_facts(absolute, source, imports)
        return FileFacts(module, self._workspace_facts(absolute, module, imports))

    def _may_say_something(self, path: Path, source: SourceFile, imports: ImportText) -> bool:
        found = self._survey.interesting.get(str(path)) or interest(source.data, source.path, imports)
        if found & (Interest.ANY | Interest.ELSEWHERE):
            return True
        if not self._steady and found & ~Interest.GIVES:
            return True
        # What files around answer; looking at their imports takes a part of the time that parsing takes.
        top = self._modules.top(path)
        if Interest.RETIRED in found and not self._modules.has_own_vllm(path, top):
            return True
        if self._modules.engines.may_be_made(path, source.data):
            return True
        return Interest.GIVES in found and self._gives_port(path, source, imports)

    def leading_to_engine(self) -> frozenset[str]:
        """The files that may make an engine or import one that may; none where they are many."""
        ways = self._importers.engine_ways
        return (ways.leading if ways is not None else None) or frozenset()

    def _gives_port(self, path: Path, source: SourceFile, imports: ImportText) -> bool:
        """Whether the file imports what listens on what it is given, and so may give it a port."""
        given = given_ports(source.data, imports)
        return bool(given) and bool(self._modules.port_takers(path, source.data, imports, given))

    def _files_leading_to_none(self) -> frozenset[str]:
        ways = self._importers.engine_ways
        return ways.not_leading if ways is not None else frozenset()

    @property
    def runners(self) -> ScriptRunners:
        """Who runs which script."""
        return self._surroundings.runners

    def relative(self, path: Path) -> str:
        """The path from the root, with slashes; as it is for one that lies elsewhere."""
        return path.relative_to(self.root).as_posix() if self.root in path.parents else path.as_posix()

    def _absolute(self, path: Path) -> Path:
        return path if path.is_absolute() else self.root / path

    def _module_facts(
        self, path: Path, source: SourceFile, imports: ImportText, *, keep: bool = True
    ) -> ModuleFacts:
        known = self._facts.get(path)
        elsewhere = self._modules.handed_on(path, source.data, imports)
        if known is None or known.source != source or known.names.elsewhere != elsewhere:
            known = module_facts(source, known, elsewhere)
        if not keep and path not in self._facts:
            return known
        self._facts[path] = known
        self._facts.move_to_end(path)
        if len(self._facts) > (_MOST_TREES_STEADY if self._steady else _MOST_TREES):
            self._facts.popitem(last=False)
        return known

    def _workspace_facts(self, path: Path, module: ModuleFacts, imports: ImportText) -> WorkspaceFacts:
        return AskedFacts(path, module, imports, self.port_variable, self._surroundings)
