"""The Python files of a workspace as modules: which file an import means, what importing it does.

Reads files, imports nothing. A summary is kept as long as the file stays as it is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Set
from pathlib import Path

from portside.lint.source import SourceFile, Span
from portside.python.engines.engine_lives import startup_calls
from portside.python.engines.engine_makers import (
    callable_names,
    calls_of_imported,
    imported_calls,
    imported_calls_of,
)
from portside.python.facts import ImportedEngine, ModuleFacts, StartedCuda, module_facts
from portside.python.names.import_text import ImportText, import_text
from portside.python.names.imports import Import
from portside.python.names.names import Names
from portside.python.ports.outside_servers import made_by
from portside.python.ports.port_takers import ByName
from portside.python.ports.port_words import ENDS_IN_PORT
from portside.python.running.guards import When
from portside.python.values.outside_values import Loaded, outside_value
from portside.python.values.value_types import Unknown, Value
from portside.records import dataclass
from portside.workspace.engine_mentions import EngineMentions
from portside.workspace.engine_paths import EnginePaths
from portside.workspace.handed_on import HandedOn
from portside.workspace.import_graph import ImportGraph
from portside.workspace.import_roots import import_root, is_project
from portside.workspace.module_files import ModuleFiles
from portside.workspace.module_summary import EngineSummary, ModuleSummary
from portside.workspace.parser_paths import ParserPaths
from portside.workspace.port_takers import PortTakers
from portside.workspace.script_places import ScriptPlaces
from portside.workspace.text_file import (
    LARGEST_MODULE_BYTES,
    UnreadableFile,
    decode,
    read_module,
    version,
)

# Files whose trees are kept, for launches that read their settings there.
_MOST_ASKED = 16
# A command that checks a tree comes back to few of them.
_MOST_ASKED_STEADY = 3

# Of others what they are asked for is kept, and what is asked for later is read again.
_MOST_FACTS = 3
_MOST_FACTS_STEADY = 1

# An engine that is in an object of an object of an object; further, nobody hands it on.
_LONGEST_CHAIN = 4

_PORT_ATTRIBUTE = re.compile(rb"(?i)\.\w*%b\b|[\[(][\"']\w*port[\"']" % ENDS_IN_PORT)
_PORT_NAME = re.compile(rb"(?i)\b\w*%b\b" % ENDS_IN_PORT)


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


class LocalModules:
    """The modules of one workspace.

    Effect: reads files and lists folders, those that imports lead to.
    steady: whether nothing changes while this lives, as when a command checks a tree once.
    leading_to_no_engine: gives files that surely lead to none then.
    """

    def __init__(
        self,
        root: Path,
        *,
        steady: bool = False,
        leading_to_no_engine: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._root = root
        self._steady = steady
        self._files = ModuleFiles(root, steady=steady)
        self._tops: dict[str, Path] = {}
        self.overlays: dict[Path, str] = {}
        self.places = ScriptPlaces(root, self.overlays)
        self._is_project = functools.cache(is_project)
        self._graph = graph = ImportGraph(self._files.names_of_import, self.top) if steady else None
        self._leading_to_no_engine = leading_to_no_engine
        self._engine_paths = EnginePaths(self._engine_graph, self) if graph is not None else None
        self._engine_mentions = EngineMentions(
            self._files.names_of_import,
            self.top,
            lambda path: version(path, self.overlays.get(path)),
            self._data,
        )
        self._parser_paths = ParserPaths(graph, self) if graph is not None else None
        self._handed_on = HandedOn(self.files_of, self._names_of)
        self._port_takers = PortTakers(
            self.files_of,
            self._names_of,
            self.made_by,
            lambda path: version(path, self.overlays.get(path)),
            lambda path: self._text(path, self.overlays.get(path)),
            steady=steady,
        )
        self._summaries: dict[Path, tuple[object, ModuleSummary | None]] = {}
        self._facts: OrderedDict[Path, tuple[object, ModuleFacts]] = OrderedDict()
        self._asked: dict[Path, tuple[object, Names | None]] = {}
        self._inner: dict[tuple[Path, str, bool, bool], tuple[ModuleSummary, tuple[str, ...]]] = {}
        self._local: dict[ModuleFacts, tuple[tuple[str, Span], ...]] | None = None

    def _engine_graph(self) -> ImportGraph:
        without = self._leading_to_no_engine()
        if not without and self._graph is not None:
            return self._graph
        return ImportGraph(self._files.names_of_import, self.top, without)

    @contextlib.contextmanager
    def glance(self) -> Iterator[None]:
        """Meanwhile nothing changes, as while one file is checked: nothing is looked up twice."""
        self._local = {}
        try:
            with self._files.glance():
                yield
        finally:
            self._local = None

    def handed_on(self, path: Path, data: bytes, imports: ImportText | None = None) -> Mapping[str, str]:
        """What names that the file takes from others stand for, by qualified name: `engine.LLM`.

        imports: the text's, where somebody has them.
        """
        return self._handed_on.to(path, data, imports or import_text(data), self.top(path))

    def port_takers(
        self, path: Path, data: bytes, imports: ImportText | None = None, among: Set[str] = frozenset({"*"})
    ) -> ByName:
        """What of other files listens on what this file gives it, by qualified name. imports: as above.

        among: the imported names that count; all with a `*` in it.
        """
        return self._port_takers.heard(path, imports or import_text(data), self.top(path), among)

    def may_lead_to_engine(self, path: Path, data: bytes) -> bool:
        """Whether what the file imports may make an engine. False is certain, True is not."""
        paths = self._engine_paths
        if paths is None:
            return self._engine_mentions.lead_from(path, import_text(data).lines)
        if str(path) in self._leading_to_no_engine():
            return False
        return paths.imports_may_make_engine(path, data) or paths.names_maker(path, data)

    def top(self, path: Path) -> Path:
        """The folder from which the file's module name counts."""
        if not self._steady:
            return self.places.top(path)
        folder = os.path.dirname(path)  # noqa: PTH120 - asked for many files of a large tree
        known = self._tops.get(folder)
        if known is None:
            known = self._tops[folder] = import_root(path, self._root, self._is_project)
        return known

    def makes_engine(self, path: Path) -> bool:
        """Whether importing the file makes an engine, by itself."""
        found = self.summary(path)
        return found is not None and bool(found.engines)

    def names(self, path: Path) -> frozenset[str]:
        """What in the file makes an engine when it, or a method of it, is called or awaited."""
        found = self.summary(path)
        made = (*found.makers, *found.coroutines) if found is not None else ()
        return frozenset(name.partition(".")[0] for name in made)

    def names_leading_on(self, path: Path) -> frozenset[str]:
        """What in the file calls, when it or a method of it is called, what makes an engine elsewhere."""
        summary, top = self.summary(path), self.top(path)
        if summary is None or (names := self._names_of(path)) is None:
            return frozenset()
        called = (
            name
            for name in callable_names(names)
            if self._inner_maker(path, summary, name, top, _Asked(awaited=True)) is not None
        )
        return frozenset(name.partition(".")[0] for name in called)

    def calls_maker(self, path: Path) -> bool:
        """Whether importing the file calls what makes an engine in another one."""
        found = self.summary(path)
        top = self.top(path)
        return found is not None and next(self._called(path, found.calls, top), None) is not None

    def engines_behind(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that the imports of this file make, through any number of files.

        An engine is reported once, at the first import that leads to it.
        """
        paths = self._engine_paths
        if paths is None or paths.imports_may_make_engine(path, facts.source.data):
            yield from self._engines_imported(path, facts, top)
        for name, span, file, engine in self._called(path, self._local_calls(path, facts, top), top):
            yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def engines_called(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that functions and classes of other files make for this one when it is imported.

        A file that says nothing of vLLM itself has to be certain of it.
        """
        if self.may_lead_to_engine(path, facts.source.data):
            calls, certain = self._local_calls(path, facts, top), not facts.imports_vllm
            for name, span, file, engine in self._called(path, calls, top, certain=certain):
                yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def _engines_imported(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        seen = {path}
        within = self._engine_paths.leading if self._engine_paths is not None else None
        for found in facts.imports:
            if found.when in {When.IMPORT, When.MAIN}:
                statement = facts.tree.span(found.statement)
                for target in self._reachable(path, found, top, seen, within):
                    summary = self.summary(target)
                    for engine in summary.engines if summary is not None else ():
                        yield self._imported(statement, target, engine)
                    for _, _, file, engine in self._called(target, summary.calls if summary else (), top):
                        yield self._imported(statement, file, engine)

    def engines_made(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that other files make for calls of this one, wherever those stand, whatever they give.

        Not those of a file that has vLLM spawn its processes.
        """
        if not self.may_lead_to_engine(path, facts.source.data):
            return
        bound = self._bound_to_local(path, facts, top)
        chunks = facts.names.chunks_with(bound) if bound else ()
        calls = [(one.name, facts.tree.span(one.call)) for one in calls_of_imported(facts.names, chunks)]
        for name, span, file, engine in self._called(path, calls, top, certain=True):
            made = self.summary(file)
            if made is not None and not made.spawns:
                yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def cuda_started(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[StartedCuda]:
        """The calls of this file for which a function or class of another one initialises CUDA.

        Not those of a file that has vLLM spawn its processes, or of what makes an engine itself.
        """
        bound = self._bound_to_local(path, facts, top)
        known: dict[str, tuple[Path, Span] | None] = {}
        for one in calls_of_imported(facts.names, facts.names.chunks_with(bound) if bound else ()):
            if one.name not in known:
                known[one.name] = self._cuda_starter(path, *_called_of(one.name), top)
            found = known[one.name]
            if found is not None:
                yield StartedCuda(facts.tree.span(one.call), str(found[0]), found[1])

    def _cuda_starter(
        self, path: Path, module: str, name: str, top: Path, steps: int = _LONGEST_CHAIN
    ) -> tuple[Path, Span] | None:
        """The call that initialises CUDA where `path` calls what it knows under this name."""
        files = self.files_of(path, module, None, top)
        if not files or not _is_module(files[-1], module):
            holder = _called_of(module)
            if "." in name or not holder[1]:
                return None
            return self._cuda_starter(path, holder[0], f"{holder[1]}.{name}", top, steps)
        first, data = name.partition(".")[0], self._data(files[-1])
        summary = self.summary(files[-1]) if files[-1] != path and first.encode() in data else None
        if summary is None or summary.spawns or name in summary.makers:
            return None
        if name in summary.cuda_starters:
            return files[-1], summary.cuda_starters[name]
        source = next((source for source, imported in summary.imports if imported == first), None)
        return self._cuda_starter(files[-1], source, name, top, steps - 1) if source and steps else None

    def engines_started(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[ImportedEngine]:
        """The engines that other files make for the lifespans and startup handlers of this one."""
        calls = [(one.name, facts.tree.span(one.call)) for one in startup_calls(facts)]
        if calls:
            self.may_lead_to_engine(path, facts.source.data)  # so that what it may call is known
        for name, span, file, engine in self._called(path, calls, top, awaited=True):
            yield dataclasses.replace(self._imported(span, file, engine), called=name)

    def _local_calls(self, path: Path, facts: ModuleFacts, top: Path) -> tuple[tuple[str, Span], ...]:
        """What the file calls on import of other files of the workspace: few of its statements do."""
        known = self._local.get(facts) if self._local is not None else None
        if known is None:
            known = self._find_local_calls(path, facts, top)
            if self._local is not None:
                self._local[facts] = known
        return known

    def _bound_to_local(self, path: Path, facts: ModuleFacts, top: Path) -> set[str]:
        """The names that the module's own imports bind to something of other files of the workspace."""
        local = (one for one in facts.imports if self.files_of(path, one.module, one.name, top))
        return {name for one in local for name in facts.names.bound_names(one.statement)}

    def _find_local_calls(self, path: Path, facts: ModuleFacts, top: Path) -> tuple[tuple[str, Span], ...]:
        bound = self._bound_to_local(path, facts, top)
        if not bound:
            return ()
        # `manager = Manager()` first, `manager.load()` then.
        made = (chunk for chunk in facts.names.chunks_with(bound) if not chunk.is_definition)
        bound |= {name for chunk in made for name, _ in facts.names.bindings_by(chunk)}
        found = imported_calls(facts.names, facts.guards, facts.names.chunks_with(bound))
        return tuple((one.name, facts.tree.span(one.call)) for one in found)

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
            if self._engine_paths is not None and not self._engine_paths.may_make(name):
                continue
            module, called = _called_of(name)
            found = self._maker(path, module, called, top, asked)
            if found is not None and found[0] != path:
                yield called, span, *found

    def _maker(
        self, path: Path, module: str, name: str, top: Path, asked: _Asked
    ) -> tuple[Path, EngineSummary] | None:
        """The engine that a function or class makes, which `path` knows under this name."""
        files = self.files_of(path, module, None, top)
        summary = self.summary(files[-1]) if files else None
        if summary is None or not _is_module(files[-1], module):
            holder = _called_of(module)
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
        imported = (file for each in summary.imports for file in self.files_of(path, *each, top))
        if not any(self._mentions_vllm(file) for file in imported):
            return None
        known = self._inner.get((path, name, asked.awaited, asked.certain))
        if known is None or known[0] is not summary:
            names = self._names_of(path)
            calls = (
                imported_calls_of(names, name, awaited=asked.awaited, certain=asked.certain) if names else ()
            )
            known = self._inner[path, name, asked.awaited, asked.certain] = (summary, calls)
        for qualified in known[1]:
            found = self._maker(path, *_called_of(qualified), top, asked)
            if found is not None:
                return found
        return None

    def engines_served(self, path: Path, module: str, statement: Span, top: Path) -> Iterator[ImportedEngine]:
        """The engines in a process that serves the module, which `path` names: its own and imported ones."""
        own = self.files_of(path, module, None, top)
        for target in self._all_reached(own, top, {path}, self._leading_to_engines(own)):
            summary = self.summary(target)
            if summary is not None:
                for engine in summary.held if target == own[-1] else summary.engines:
                    yield self._imported(statement, target, engine)
                calls = summary.served_calls if target == own[-1] else ()
                for _, _, file, engine in self._called(target, calls, top, awaited=True):
                    yield self._imported(statement, file, engine)

    def _leading_to_engines(self, files: Collection[Path]) -> Container[str] | None:
        """The files on a way from these to an engine, and these; None where any may be."""
        if self._engine_paths is None:
            return None
        targets = frozenset(map(str, files))
        self._engine_paths.follow(targets)
        return self._engine_paths.leading | targets

    def _imported(self, statement: Span, file: Path, engine: EngineSummary) -> ImportedEngine:
        label, path = self._label(file), str(file)
        return ImportedEngine(statement, label, engine.constructor, path, engine.span, engine.line)

    def _label(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if self._root in path.parents else str(path)

    def imports_vllm_code(self, path: Path, facts: ModuleFacts, top: Path) -> bool:
        """Whether a file of the workspace that it imports, directly, is vLLM code."""
        targets = (
            target for found in facts.imports for target in self.files_of(path, found.module, found.name, top)
        )
        # Most files never name it, and reading a file costs a small part of understanding it.
        summaries = (
            self.summary(target) for target in targets if target != path and self._mentions_vllm(target)
        )
        return any(summary is not None and summary.is_vllm_code for summary in summaries)

    def constants(self, path: Path, facts: ModuleFacts, top: Path) -> dict[str, Value]:
        """The ports among what the file imports from others, by the qualified name that it has here."""
        found: dict[str, Value] = {}
        for one in facts.all_imports:
            files = self.files_of(path, one.module, one.name, top)
            if not files or files[-1] == path or not _takes_port(facts, one):
                continue
            for name, value in self._constants_in(files[-1], top).items():
                if not isinstance(value, Unknown):
                    found[_qualified(one, files[-1], name)] = value
        return found

    def _constants_in(self, path: Path, top: Path, steps: int = _LONGEST_CHAIN) -> Mapping[str, Value]:
        """Those of the file, and the ports that it takes from others and hands on."""
        summary = self.summary(path)
        handed_on: dict[str, Value] = {}
        for module, name in summary.imports if summary is not None and steps else ():
            if name is None or (name != "*" and "port" not in name.lower()):
                continue
            files = self.files_of(path, module, name, top)
            if files and files[-1] != path:
                inner = self._constants_in(files[-1], top, steps - 1)
                handed_on |= inner if name == "*" else {k: v for k, v in inner.items() if k == name}
        return {**handed_on, **summary.constants} if summary is not None else {}

    def parsing_arguments(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[tuple[int, str]]:
        """The files that parse the arguments when this one is imported, each with the line that does it."""
        seen = {path}
        within = self._leading_to_parsers(path, facts.source.data)
        for name, span in self._local_calls(path, facts, top):
            for parser in self._parsers_behind(path, name, top):
                yield facts.source.line_of(span.start) + 1, self._label(parser)
        for found in facts.imports:
            if found.when is When.IMPORT:
                line = facts.tree.line(found.statement)
                for target in self._reachable(path, found, top, seen, within):
                    if self.parses_arguments(target):
                        yield line, self._label(target)
                    yield from ((line, self._label(file)) for file in self._called_parsers(target, top))

    def argument_parsers(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[str]:
        """What parses the arguments when called, of all that the file imports, by its qualified name."""
        self._leading_to_parsers(path, facts.source.data)
        for found in facts.all_imports:
            if found.name is not None:
                if next(self._parser(path, found.module, found.name, top), None) is not None:
                    dot = "" if found.module.endswith(".") else "."
                    yield f"{found.module}{dot}{found.name}"
                continue
            files = self.files_of(path, found.module, None, top)
            yield from (f"{found.module}.{name}" for name in (self.parsers(files[-1]) if files else ()))

    def _leading_to_parsers(self, path: Path, data: bytes) -> Container[str] | None:
        """The files on a way from this one to what may parse the arguments; None where any may be."""
        return self._parser_paths.leading(path, data) if self._parser_paths is not None else None

    def parses_arguments(self, path: Path) -> bool:
        """Whether importing the file parses the arguments of the process, by itself."""
        return self._may_parse(path) and (found := self.summary(path)) is not None and found.parses_arguments

    def parsers(self, path: Path) -> frozenset[str]:
        """What in the file parses them when it is called."""
        found = self.summary(path) if self._may_parse(path) else None
        return found.parsers if found is not None else frozenset()

    def calls_parser(self, path: Path) -> bool:
        """Whether importing the file calls what parses them in another one."""
        return next(self._called_parsers(path, self.top(path)), None) is not None

    def _called_parsers(self, path: Path, top: Path) -> Iterator[Path]:
        """The files with what parses the arguments that importing this one calls."""
        found = self.summary(path)
        for name, _ in found.calls if found is not None else ():
            yield from self._parsers_behind(path, name, top)

    def _parsers_behind(self, path: Path, called: str, top: Path) -> Iterator[Path]:
        """The files with what parses the arguments where `path` calls this: `options.args.hosts.split`."""
        while "." in called.strip("."):
            module, name = _called_of(called)
            yield from self._parser(path, module, name, top)
            called = module

    def _may_parse(self, path: Path) -> bool:
        return self._parser_paths is None or self._parser_paths.may_parse(path)

    def _parser(self, path: Path, module: str, name: str, top: Path, steps: int = 4) -> Iterator[Path]:
        """The file with the function that parses the arguments, where what `path` calls is one."""
        if self._parser_paths is not None and name not in self._parser_paths.names:
            return
        files = self.files_of(path, module, None, top)
        summary = self.summary(files[-1]) if files and files[-1] != path else None
        if summary is None:
            return
        if name in summary.parsers:
            yield files[-1]
        handed_on = next((source for source, imported in summary.imports if imported == name), None)
        if handed_on is not None and steps and name not in summary.parsers:
            yield from self._parser(files[-1], handed_on, name, top, steps - 1)

    def outside_value(
        self, path: Path, qualified: str, top: Path, asked: set[str] | None = None
    ) -> Value | None:
        """What a name from other files stands for, in the file at `path`.

        asked: gets the words of all modules on the way there, found or not: with a file or a folder of such
        a name, the answer may change.
        """

        def load(importer: str, module: str) -> Loaded | None:
            if asked is not None:
                asked.update(module.split("."))
            return self._loaded(path, importer, module, top)

        return outside_value(load, str(path), qualified)

    def made_by(self, path: Path, qualified: str, top: Path) -> frozenset[str]:
        """The classes one of which made an object that the file at `path` takes from another one."""
        return made_by(
            lambda importer, module: self._loaded(path, importer, module, top), str(path), qualified
        )

    def _loaded(self, path: Path, importer: str, module: str, top: Path) -> Loaded | None:
        files = self.files_of(Path(importer), module, None, top)
        if not files or files[-1] == path or not _is_module(files[-1], module):
            return None
        names = self._names_of(files[-1])
        return Loaded(str(files[-1]), names) if names is not None else None

    def _names_of(self, path: Path) -> Names | None:
        """The names of a file, kept for the few files that launches ask for."""
        overlay = self.overlays.get(path)
        key = version(path, overlay)
        if key is None:
            return None
        known = self._asked.get(path)
        if known is None or known[0] != key:
            if len(self._asked) >= (_MOST_ASKED_STEADY if self._steady else _MOST_ASKED):
                self._asked.pop(next(iter(self._asked)))
            text = self._text(path, overlay)
            names = module_facts(SourceFile(str(path), text)).names if text is not None else None
            known = self._asked[path] = (key, names)
        return known[1]

    def _reachable(
        self, path: Path, found: Import, top: Path, seen: set[Path], within: Container[str] | None
    ) -> Iterator[Path]:
        yield from self._all_reached(self.files_of(path, found.module, found.name, top), top, seen, within)

    def _all_reached(
        self, files: Iterable[Path], top: Path, seen: set[Path], within: Container[str] | None = None
    ) -> Iterator[Path]:
        """These files, and all that importing them imports. within: those that are worth following."""
        waiting = deque(files)
        while waiting:
            target = waiting.popleft()
            if target in seen or (within is not None and str(target) not in within):
                continue
            seen.add(target)
            yield target
            summary = self.summary(target)
            for module, name in summary.imports if summary is not None else ():
                waiting.extend(self.files_of(target, module, name, top))

    def process_of(self, path: Path, word: str) -> Iterator[Path]:
        """The file, and those that it imports, directly or through others, and that name the word."""
        yield path
        within = None
        if self._graph is not None:
            within = self._graph.leading_to_word(path, word.lower().encode()) | {str(path)}
        for target in self._all_reached((path,), self.top(path), set(), within):
            text = self._text(target, self.overlays.get(target)) if target != path else None
            if text is not None and word.lower() in text.lower():
                yield target

    def files_of(self, importer: Path, module: str, name: str | None, top: Path) -> tuple[Path, ...]:
        """The files that run when `importer` imports this: packages on the way, the module, a submodule."""
        return self._files.of_import(importer, module, name, top)

    def names_of_import(self, importer: str, module: str, name: str | None, top: str) -> tuple[str, ...]:
        """The same in plain strings."""
        return self._files.names_of_import(importer, module, name, top)

    def has_own_vllm(self, importer: Path, top: Path) -> bool:
        """Whether `import vllm` means a package here: a `providers/vllm.py` has no modules that vLLM has."""
        return any(path.name == "__init__.py" for path in self.files_of(importer, "vllm", None, top))

    def summary(self, path: Path) -> ModuleSummary | None:
        """What importing the file does, by its unsaved text where there is one; None if it can't be read."""
        known = self._summaries.get(path)
        if known is not None and self._steady:
            return known[1]
        overlay = self.overlays.get(path)
        key = version(path, overlay)
        if key is None:
            return None
        if known is None or known[0] != key:
            known = self._summaries[path] = (key, self._read(path, overlay, key))
        return known[1]

    def _mentions_vllm(self, path: Path) -> bool:
        return self._engine_mentions.mentioned_in(path)

    def _read(self, path: Path, overlay: str | None, key: object) -> ModuleSummary | None:
        text = self._text(path, overlay)
        if text is None:
            return None
        self._keep(path, key, text)
        return ModuleSummary(lambda: self._facts_of(path, overlay, key))

    def _facts_of(self, path: Path, overlay: str | None, key: object) -> ModuleFacts:
        known = self._facts.get(path)
        if known is None or known[0] != key:
            return self._keep(path, key, self._text(path, overlay) or "")
        self._facts.move_to_end(path)
        return known[1]

    def _keep(self, path: Path, key: object, text: str) -> ModuleFacts:
        if len(self._facts) >= (_MOST_FACTS_STEADY if self._steady else _MOST_FACTS):
            self._facts.popitem(last=False)
        source = SourceFile(str(path), text)
        facts = module_facts(source, None, self.handed_on(path, source.data))
        self._facts[path] = key, facts
        self._facts.move_to_end(path)
        return facts

    def _data(self, path: Path) -> bytes:
        """What it holds, for a look; nothing where it can't be read."""
        overlay = self.overlays.get(path)
        return read_module(path) if overlay is None else overlay.encode("utf-8", "replace")

    def _text(self, path: Path, overlay: str | None) -> str | None:
        if overlay is not None:
            return overlay
        try:
            data = path.read_bytes()
            return decode(path, data).text if len(data) <= LARGEST_MODULE_BYTES else ""
        except (OSError, UnreadableFile):
            return None


def _called_of(qualified: str) -> tuple[str, str]:
    """The module, and the name in it: `from .. import Engine` is `..Engine`, in the module `..`."""
    module, _, name = qualified.rpartition(".")
    return module + ("." if qualified.startswith(".") and not module.strip(".") else ""), name


def _is_module(file: Path, module: str) -> bool:
    """Whether the file is the module itself, and not one that holds a name of it: `engine.engine`."""
    parts = [part for part in module.split(".") if part]
    own = file.parent if file.stem == "__init__" else file.with_suffix("")
    return not parts or list(own.parts[-len(parts) :]) == parts


def module_name(path: Path, top: Path, root: Path) -> str:
    """The dotted name from the import root; from the workspace's root, or its own, where it lies outside."""
    for folder in (top, root):
        if folder in path.parents:
            parts = path.relative_to(folder).with_suffix("").parts
            return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    return path.stem


def _takes_port(facts: ModuleFacts, found: Import) -> bool:
    """Whether the file takes a port from this import: `from config import PORT`, `config.port`."""
    if found.name is not None and "port" in found.name.lower():
        return True
    data = facts.source.data
    if found.name == "*":
        return _PORT_NAME.search(data) is not None
    chunks = facts.names.chunks_with(facts.names.bound_names(found.statement))
    return any(_PORT_ATTRIBUTE.search(data, chunk.start, chunk.end) is not None for chunk in chunks)


def _qualified(found: Import, file: Path, name: str) -> str:
    """`config.PORT` for `import config` and `from config import PORT`; `app.config.PORT` for a submodule."""
    if found.name is None:
        return f"{found.module}.{name}"
    prefix = found.module if found.module.endswith(".") else f"{found.module}."
    return f"{prefix}{found.name}.{name}" if file.stem == found.name else f"{prefix}{name}"
