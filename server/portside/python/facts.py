"""What a Python file does, as facts: the only thing that rules see.

Everything is found out when it is first asked for, from one parse, and kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType

from tree_sitter import Node

from portside.knowledge.apps import APP_NAMES
from portside.knowledge.launches import LAUNCH_NAMES
from portside.knowledge.vllm import ENGINE_CONSTRUCTORS
from portside.lint.finding import Edit
from portside.lint.moved_command import MovedCommand
from portside.lint.source import SourceFile, Span
from portside.lint.variable_use import VariableUses
from portside.python.apps import AppUse, find_apps
from portside.python.engines.certain_calls import is_certain
from portside.python.engines.engine_makers import ImportedCall, engine_makers, imported_calls
from portside.python.engines.engines import EngineUse, engine_at, is_engine_class
from portside.python.launching.launches import Launch, launch_at
from portside.python.launching.script_place import ScriptPlace
from portside.python.names.imports import Import, find_imports
from portside.python.names.names import Names
from portside.python.ports.port_takers import ByName
from portside.python.ports.ports import Listened, listened
from portside.python.relevance import relevant_chunks
from portside.python.running.guards import Guards, find_guards
from portside.python.running.reachability import Reached, find_reached
from portside.python.source.chunks import Chunk, split
from portside.python.source.reparse import reparse
from portside.python.source.syntax import SyntaxTree, parse
from portside.python.values.value_types import Value
from portside.records import cached_property, dataclass

_STARTERS = frozenset({*LAUNCH_NAMES, *ENGINE_CONSTRUCTORS})
# Without one of these words, a file has none of that, whatever else it takes from the packages.
_LAUNCH_WORDS = frozenset(name.partition(".")[0].encode() for name in LAUNCH_NAMES)
_SERVER_WORDS = frozenset({b"Server"})
_ENGINE_WORDS = frozenset(name.rpartition(".")[2].encode() for name in ENGINE_CONSTRUCTORS)


_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class ModuleFacts:
    """One file. Positions in it come from `tree` (`tree.span(node)`, `tree.line(node)`)."""

    tree: SyntaxTree
    names: Names

    @property
    def source(self) -> SourceFile:
        return self.tree.source

    @cached_property
    def guards(self) -> Guards:
        return find_guards(self.names)

    @cached_property
    def _relevant(self) -> tuple[Chunk, ...]:
        found = relevant_chunks(self.names, _STARTERS)
        if not self._has_any(_SERVER_WORDS):
            return found
        # Functions that are handed a server or its configuration, and name neither.
        called = frozenset[bytes]().union(*(chunk.words for chunk in found))
        handed = (
            chunk
            for chunk in self.names.chunks_with(["run", "serve", "Server"])
            if chunk.is_definition and chunk.own_name in called and chunk not in found
        )
        return tuple(sorted((*found, *handed), key=lambda chunk: chunk.start))

    @cached_property
    def _reached(self) -> dict[Node, tuple[Reached, ...]]:
        """Every call that happens, with the ways to it."""
        found: defaultdict[Node, list[Reached]] = defaultdict(list)
        for reached in find_reached(self.names, self.guards, self._relevant):
            found[reached.call].append(reached)
        return {call: tuple(ways) for call, ways in found.items()}

    def _ways(self, call: Node) -> tuple[Reached, ...]:
        """Asked of the few calls that start something: to work them out is the dearer question."""
        return self._reached.get(call, ())

    @cached_property
    def _calls(self) -> tuple[Node, ...]:
        """The calls that may start a server or an engine, reached or not, in the order of the text."""
        return tuple(call for chunk in self._relevant for call in chunk.nodes("call"))

    def _has_any(self, words: frozenset[bytes]) -> bool:
        return next(self.names.statements.with_any(words), None) is not None

    @cached_property
    def launches(self) -> tuple[Launch, ...]:
        """All starts of uvicorn, also those that nothing in the file reaches (`when` is NEVER)."""
        if not self._has_any(_LAUNCH_WORDS):
            return ()
        found = (launch_at(self.names, call) for call in self._calls)
        return tuple(replace(one, reached=self._ways(one.call)) for one in found if one is not None)

    @cached_property
    def engines(self) -> tuple[EngineUse, ...]:
        """All calls that make a vLLM engine, also those in handlers, which nothing here reaches."""
        if not self._has_any(_ENGINE_WORDS):
            return ()
        found = (engine_at(self.names, call, self._ways) for call in self._calls)
        return tuple(engine for engine in found if engine is not None)

    @cached_property
    def engines_at_import(self) -> tuple[EngineUse, ...]:
        """The engines that importing the file makes, those with a child process, in the order of the text."""
        return tuple(e for e in self.engines if e.at_import() is not None and not e.in_process)

    @cached_property
    def engines_of_module(self) -> tuple[EngineUse, ...]:
        """Those, and the ones that only an import makes and no run as a script."""
        return tuple(e for e in self.engines if e.at_import(only=True) is not None and not e.in_process)

    @cached_property
    def engine_makers(self) -> Mapping[str, EngineUse]:
        """The functions and classes of the file that make an engine when they are called."""
        return engine_makers(self.names, self._calls, self.engines, by_property=True)

    @cached_property
    def certain_engine_makers(self) -> frozenset[str]:
        """Those of them that do so whatever they are given, by a process that spawns."""
        makers = self.engine_makers
        if not makers:
            return frozenset()
        engines = [e for e in self.engines if not e.forked and is_certain(self.names, e.call)]
        calls = [call for call in self._calls if is_certain(self.names, call)] if engines else []
        return frozenset(engine_makers(self.names, calls, engines))

    @cached_property
    def engine_coroutines(self) -> Mapping[str, EngineUse]:
        """The coroutines of the file that make an engine when they are awaited."""
        return engine_makers(self.names, self._calls, self.engines, awaited=True, by_property=True)

    @cached_property
    def engine_classes(self) -> Mapping[str, Node]:
        """The classes of the file that are engines by what they inherit, with their definitions."""
        classes = (chunk.node.child_by_field_name("definition") or chunk.node for chunk in self._relevant)
        return {
            self.tree.text(name): node
            for node in classes
            if node.type == "class_definition"
            and (name := node.child_by_field_name("name")) is not None
            and is_engine_class(self.names, node)
        }

    @cached_property
    def imported_calls(self) -> tuple[ImportedCall, ...]:
        """The calls of imported functions and classes that an import of the file makes at its top level."""
        return imported_calls(self.names, self.guards, self.names.chunks)

    @cached_property
    def apps(self) -> tuple[AppUse, ...]:
        """The web apps and routers that the file makes, in whatever scope."""
        return find_apps(self.names, relevant_chunks(self.names, APP_NAMES))

    @cached_property
    def has_app(self) -> bool:
        """Whether the file makes a whole app, not a router only."""
        return any(not app.is_router for app in self.apps)

    @cached_property
    def serves(self) -> bool:
        """Whether the file defines an app or a part of one, or starts a server."""
        return bool(self.apps or self.launches)

    @cached_property
    def imports_vllm(self) -> bool:
        return any(found.module.partition(".")[0] == "vllm" for found in self._imports_with("vllm"))

    def _imports_with(self, word: str) -> tuple[Import, ...]:
        chunks = [chunk for chunk in self.names.chunks_with([word]) if b"import" in chunk.words]
        return find_imports(self.names, self.guards, chunks)

    @property
    def is_vllm_code(self) -> bool:
        """Whether the file itself imports vLLM or makes an engine."""
        return self.imports_vllm or bool(self.engines)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """The imports that run with the module, in the order of the text, and those in its main block."""
        chunks = [chunk for chunk in self.names.chunks_with(["import"]) if not chunk.is_definition]
        return find_imports(self.names, self.guards, chunks)

    @cached_property
    def all_imports(self) -> tuple[Import, ...]:
        """All imports of the file, those in functions too."""
        return self._imports_with("import")


@dataclass(frozen=True, slots=True)
class LaunchReference:
    """A place in the workspace, line counted from 1, that runs the script. text: that line."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class LaunchMoves:
    """What becomes of the places that run a script once a command takes its place.

    edits: of other files. changed: the places that start the command then. left: those that run the script
    still, each with the reason.
    """

    edits: tuple[Edit, ...] = ()
    changed: tuple[LaunchReference, ...] = ()
    left: tuple[tuple[LaunchReference, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedEngine:
    """An engine that an import of another file of the workspace makes.

    statement: the import in this file, or the call of the imported function or class `called`. file: the
    other one, from the workspace's root, with slashes.
    path, span: the constructor's call there.
    """

    statement: Span
    file: str
    constructor: str
    path: str
    span: Span
    line: int
    called: str | None = None


@dataclass(frozen=True, slots=True)
class StartedCuda:
    """A call of this file, `statement`, for which a function or class of another one initialises CUDA.

    path, span: the call there that does it.
    """

    statement: Span
    path: str
    span: Span


@dataclass(frozen=True)
class WorkspaceFacts:
    """What the files around one say about it. A field may be found out only when it is read.

    path: the file's, from the workspace's root, with slashes.
    module: its name from the import root. imports_vllm_code: whether a file of the workspace that it
    imports is vLLM code. imported_engines: engines that its imports make. started_engines: those that
    its lifespans and startup handlers make by calls of other files. called_engines: those that a script
    without an app makes on import, by calls of other files. made_engines: those that its calls of other files
    make wherever they stand. started_cuda: its calls for which other files initialise CUDA, asked only of a
    file that makes an engine, or has another one make it. imported_by: the files that import it.
    imported_early_by: those that do so while they are imported themselves. served_by: those with an app
    that import it, directly or through others; asked only of a file without an app that makes an engine.
    served_engines: those in the processes that serve what an import string of this file (`statement`)
    names, where it asks for several or for reload.
    port_settings: the lines that set `port_variable` where this script is run.
    vllm_port_settings: the lines that set `VLLM_PORT` there, asked only of a file that names it.
    vllm_version: major and minor of the vLLM that is installed in the workspace, None if that is unknown.
    has_own_vllm: whether `import vllm` means a package of the workspace. Both asked only of files that
    name modules of vLLM which not all versions have.
    constants: what names imported from files of the workspace stand for, by qualified name.
    port_takers: what imported from those listens on what it is given, by qualified name.
    parsing_arguments: the lines of a file with a launch that import one which parses the arguments of the
    process on import, with the path of that. argument_parsers: what parses them when called, of the
    functions and classes that such a file imports, by the name that they have there.
    """

    path: str | None = None
    module: str | None = None
    place: ScriptPlace | None = None
    launch_references: tuple[LaunchReference, ...] = ()
    imports_vllm_code: bool = False
    imported_engines: tuple[ImportedEngine, ...] = ()
    started_engines: tuple[ImportedEngine, ...] = ()
    called_engines: tuple[ImportedEngine, ...] = ()
    made_engines: tuple[ImportedEngine, ...] = ()
    started_cuda: tuple[StartedCuda, ...] = ()
    imported_by: tuple[str, ...] = ()
    imported_early_by: tuple[str, ...] = ()
    served_by: tuple[str, ...] = ()
    served_engines: tuple[ImportedEngine, ...] = ()
    port_variable: str = "PORT"
    port_settings: tuple[LaunchReference, ...] = ()
    vllm_port_settings: tuple[LaunchReference, ...] = ()
    vllm_version: tuple[int, int] | None = None
    has_own_vllm: bool = False
    constants: Mapping[str, Value] = field(default_factory=dict)
    port_takers: ByName = field(default_factory=dict)
    parsing_arguments: tuple[tuple[int, str], ...] = ()
    argument_parsers: frozenset[str] = frozenset()

    def launch_moves(self, _command: MovedCommand) -> LaunchMoves:
        """What it takes to have every launch of the script start the command."""
        reason = "a launch of this kind can't be changed"
        return LaunchMoves(left=tuple((reference, reason) for reference in self.launch_references))

    def variable_uses(self, _variable: str) -> VariableUses:
        """Where other files name the variable for this script."""
        return VariableUses()

    def shown(self, path: str) -> str:
        """The path, which counts from the workspace, as findings name it."""
        return path

    def made_by(self, _qualified: str) -> frozenset[str]:
        """The classes one of which made an object of another file (`app.app`), or what it returns."""
        return frozenset()

    def definition(self, _qualified: str) -> Node | None:
        """The function or class of another file of the workspace that a name stands for."""
        return None

    def outside(self, qualified: str) -> Value | None:
        """What a name of other files of the workspace stands for: `settings.port`, `get_settings().host`."""
        return self.constants.get(qualified)


@dataclass(frozen=True, eq=False)
class FileFacts:
    """What a rule judges by."""

    module: ModuleFacts
    workspace: WorkspaceFacts = field(default_factory=WorkspaceFacts)

    @property
    def source(self) -> SourceFile:
        return self.module.source

    @property
    def is_vllm_code(self) -> bool:
        """Whether this file, or one of the workspace that it imports, imports vLLM or makes an engine."""
        return self.module.is_vllm_code or self.workspace.imports_vllm_code

    @cached_property
    def listened(self) -> Listened:
        """What the file listens on."""
        around = self.workspace
        return listened(self.module.names, around.outside, around.made_by, around.port_takers)


def module_facts(
    source: SourceFile, previous: ModuleFacts | None = None, elsewhere: Mapping[str, str] = _NOTHING
) -> ModuleFacts:
    """The facts of a file. previous: those of an earlier text of it, which makes this fast.

    elsewhere: what names of other files stand for, by qualified name.
    """
    if previous is None:
        tree = parse(source)
        return ModuleFacts(tree, Names(tree, elsewhere=elsewhere))
    earlier = previous.names.statements
    again = reparse(source, previous.tree, earlier)
    if again is None:
        tree = parse(source, previous.tree)
        again = tree, split(tree, earlier)
    return ModuleFacts(again[0], Names(*again, elsewhere=elsewhere))
