"""The engines that other files of the workspace make for one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from pathlib import Path

from portside.lint.source import Span
from portside.python.engines.engine_lives import startup_calls
from portside.python.engines.engine_makers import callable_names, calls_of_imported, imported_calls_of
from portside.python.facts import ImportedEngine, ModuleFacts
from portside.python.names.import_text import import_text
from portside.python.running.guards import When
from portside.records import dataclass
from portside.workspace.engine_mentions import EngineMentions
from portside.workspace.engine_paths import EnginePaths
from portside.workspace.import_graph import ImportGraph
from portside.workspace.module_summary import EngineSummary, ModuleSummary
from portside.workspace.modules import Modules, called_of, is_module

# An engine that is in an object of an object of an object; further, nobody hands it on.
_LONGEST_CHAIN = 4


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which calls make an engine.

    awaited: those of coroutines too. certain: only of what makes one whatever it is given. steps: the calls
    in between that are followed.
    """

    awaited: bool = False
    certain: bool = False
    steps: int = _LONGEST_CHAIN

    def further(self) -> _Asked:
        return dataclasses.replace(self, steps=self.steps - 1)


class EnginesElsewhere:
    """Asked about one file at a time: its path, its facts, and the folder from which its name counts.

    Effect: reads files, those that imports lead to. graph: what the workspace's files import, where nothing
    changes; None where they are looked up each time. leading_to_none: gives files that surely lead to no
    engine then.
    """

    def __init__(
        self, modules: Modules, graph: ImportGraph | None, leading_to_none: Callable[[], frozenset[str]]
    ) -> None:
        self._modules = modules
        self._leading_to_none = leading_to_none
        self._paths = EnginePaths(lambda: self._narrowed(graph), self) if graph is not None else None
        self._mentions = EngineMentions(modules.names_of_import, modules.top, modules.version, modules.data)
        self._inner: dict[tuple[Path, str, bool, bool], tuple[ModuleSummary, tuple[str, ...]]] = {}

    def _narrowed(self, graph: ImportGraph) -> ImportGraph:
        """The graph without what leads to no engine, where anything is known of that."""
        without = self._leading_to_none()
        if not without:
            return graph
        return ImportGraph(self._modules.names_of_import, self._modules.top, without)

    def may_be_made(self, path: Path, data: bytes) -> bool:
        """Whether what the file imports may make an engine. False is certain, True is not."""
        paths = self._paths
        if paths is None:
            return self._mentions.lead_from(path, import_text(data).lines)
        if str(path) in self._leading_to_none():
            return False
        return paths.imports_may_make_engine(path, data) or paths.names_maker(path, data)

    def behind_imports(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that the imports of this file make, through any number of files.

        An engine is reported once, at the first import that leads to it.
        """
        paths = self._paths
        if paths is None or paths.imports_may_make_engine(path, facts.source.data):
            yield from self._by_imports(path, facts, top)
        for name, span, file, engine in self._called(path, self._modules.local_calls(path, facts, top), top):
            yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def called_on_import(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that functions and classes of other files make for this one when it is imported.

        A file that says nothing of vLLM itself has to be certain of it.
        """
        if self.may_be_made(path, facts.source.data):
            calls, certain = self._modules.local_calls(path, facts, top), not facts.imports_vllm
            for name, span, file, engine in self._called(path, calls, top, certain=certain):
                yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def _by_imports(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        seen = {path}
        within = self._paths.leading if self._paths is not None else None
        for found in facts.imports:
            if found.when in {When.IMPORT, When.MAIN}:
                statement = facts.tree.span(found.statement)
                files = self._modules.files_of(path, found.module, found.name, top)
                for target in self._modules.reached(files, top, seen, within):
                    summary = self._modules.summary(target)
                    for engine in summary.engines if summary is not None else ():
                        yield self._imported(statement, target, engine)
                    for _, _, file, engine in self._called(target, summary.calls if summary else (), top):
                        yield self._imported(statement, file, engine)

    def made_by_calls(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that other files make for calls of this one, wherever those stand, whatever they give.

        Not those of a file that has vLLM spawn its processes.
        """
        if not self.may_be_made(path, facts.source.data):
            return
        bound = self._modules.bound_to_local(path, facts, top, in_functions=True)
        chunks = facts.names.chunks_with(bound) if bound else ()
        calls = [(one.name, facts.tree.span(one.call)) for one in calls_of_imported(facts.names, chunks)]
        for name, span, file, engine in self._called(path, calls, top, certain=True):
            made = self._modules.summary(file)
            if made is not None and not made.spawns:
                yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def made_at_startup(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that other files make for the lifespans and startup handlers of this one."""
        calls = [(one.name, facts.tree.span(one.call)) for one in startup_calls(facts)]
        if calls:
            self.may_be_made(path, facts.source.data)  # so that what it may call is known
        for name, span, file, engine in self._called(path, calls, top, awaited=True):
            yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def served_with(self, path: Path, module: str, statement: Span, top: Path) -> Iterator[ImportedEngine]:
        """The engines in a process that serves the module, which `path` names: its own and imported ones."""
        own = self._modules.files_of(path, module, None, top)
        for target in self._modules.reached(own, top, {path}, self._leading_to_engines(own)):
            summary = self._modules.summary(target)
            if summary is not None:
                for engine in summary.held if target == own[-1] else summary.engines:
                    yield self._imported(statement, target, engine)
                calls = summary.served_calls if target == own[-1] else ()
                for _, _, file, engine in self._called(target, calls, top, awaited=True):
                    yield self._imported(statement, file, engine)

    def imports_vllm_code(self, path: Path, facts: ModuleFacts, top: Path) -> bool:
        """Whether a file of the workspace that it imports, directly, is vLLM code."""
        targets = (
            target
            for found in facts.imports
            for target in self._modules.files_of(path, found.module, found.name, top)
        )
        # Most files never name it, and reading a file costs a small part of understanding it.
        summaries = (
            self._modules.summary(target)
            for target in targets
            if target != path and self._mentions.mentioned_in(target)
        )
        return any(summary is not None and summary.is_vllm_code for summary in summaries)

    def makes_engine(self, path: Path) -> bool:
        """Whether importing the file makes an engine, by itself."""
        found = self._modules.summary(path)
        return found is not None and bool(found.engines)

    def names(self, path: Path) -> frozenset[str]:
        """What in the file makes an engine when it, or a method of it, is called or awaited."""
        found = self._modules.summary(path)
        made = (*found.makers, *found.coroutines) if found is not None else ()
        return frozenset(name.partition(".")[0] for name in made)

    def names_leading_on(self, path: Path) -> frozenset[str]:
        """What in the file calls, when it or a method of it is called, what makes an engine elsewhere."""
        summary, top = self._modules.summary(path), self._modules.top(path)
        if summary is None or (names := self._modules.names_of(path)) is None:
            return frozenset()
        called = (
            name
            for name in callable_names(names)
            if self._inner_maker(path, summary, name, top, _Asked(awaited=True)) is not None
        )
        return frozenset(name.partition(".")[0] for name in called)

    def calls_maker(self, path: Path) -> bool:
        """Whether importing the file calls what makes an engine in another one."""
        found = self._modules.summary(path)
        top = self._modules.top(path)
        return found is not None and next(self._called(path, found.calls, top), None) is not None

    def _called(
        self,
        path: Path,
        calls: Iterable[tuple[str, Span]],
        top: Path,
        *,
        awaited: bool = False,
        certain: bool = False,
    ) -> Iterator[tuple[str, Span, Path, EngineSummary]]:
        """The calls of what makes an engine in another file, with that file.

        awaited: coroutines too. certain: only of what makes one whatever it is given.
        """
        asked = _Asked(awaited, certain)
        for name, span in calls:
            if self._paths is not None and not self._paths.may_make(name):
                continue
            module, called = called_of(name)
            found = self._maker(path, module, called, top, asked)
            if found is not None and found[0] != path:
                yield called, span, *found

    def _maker(
        self, path: Path, module: str, name: str, top: Path, asked: _Asked
    ) -> tuple[Path, EngineSummary] | None:
        """The engine that a function or class makes, which `path` knows under this name."""
        files = self._modules.files_of(path, module, None, top)
        summary = self._modules.summary(files[-1]) if files else None
        if summary is None or not is_module(files[-1], module):
            holder = called_of(module)
            if "." in name or not holder[1]:
                return None
            # `engine.service.load`: a method of what the module `engine` has.
            return self._maker(path, holder[0], f"{holder[1]}.{name}", top, asked)
        if name in (summary.certain_makers if asked.certain else summary.makers):
            return files[-1], summary.makers[name]
        if asked.awaited and name in summary.coroutines:
            return files[-1], summary.coroutines[name]
        first, taken = name.partition(".")[0], (*summary.imports, *summary.lazy)
        handed_on = next((source for source, imported in taken if imported == first), None)
        if asked.steps == 0:
            return None
        if handed_on is not None:
            return self._maker(files[-1], handed_on, name, top, asked.further())
        return self._inner_maker(files[-1], summary, name, top, asked.further())

    def _inner_maker(
        self, path: Path, summary: ModuleSummary, name: str, top: Path, asked: _Asked
    ) -> tuple[Path, EngineSummary] | None:
        """The same of what the function or class of `path` calls in turn, of other files."""
        imported = (file for each in summary.imports for file in self._modules.files_of(path, *each, top))
        if not any(self._mentions.mentioned_in(file) for file in imported):
            return None
        known = self._inner.get((path, name, asked.awaited, asked.certain))
        if known is None or known[0] is not summary:
            names = self._modules.names_of(path)
            calls = (
                imported_calls_of(names, name, awaited=asked.awaited, certain=asked.certain) if names else ()
            )
            known = self._inner[path, name, asked.awaited, asked.certain] = (summary, calls)
        for qualified in known[1]:
            found = self._maker(path, *called_of(qualified), top, asked)
            if found is not None:
                return found
        return None

    def _leading_to_engines(self, files: Collection[Path]) -> Container[str] | None:
        """The files on a way from these to an engine, and these; None where any may be."""
        if self._paths is None:
            return None
        targets = frozenset(map(str, files))
        self._paths.follow(targets)
        return self._paths.leading | targets

    def _imported(self, statement: Span, file: Path, engine: EngineSummary) -> ImportedEngine:
        label, path = self._modules.label(file), str(file)
        return ImportedEngine(statement, label, engine.constructor, path, engine.span, engine.line)
