"""The Python files of a workspace as modules: which file an import means, what importing it does.

Reads files, imports nothing. A summary is kept as long as the file stays as it is.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Set
from pathlib import Path

from tree_sitter import Node

from portside.lint.source import SourceFile, Span
from portside.python.engines.engine_makers import imported_calls
from portside.python.facts import ModuleFacts, module_facts
from portside.python.names.import_text import ImportText, import_text
from portside.python.names.names import Names
from portside.python.ports.outside_servers import made_by
from portside.python.ports.port_takers import ByName
from portside.python.values.outside_values import Loaded, outside_definition, outside_value
from portside.python.values.value_types import Value
from portside.workspace.cuda_elsewhere import CudaElsewhere
from portside.workspace.engines_elsewhere import EnginesElsewhere
from portside.workspace.handed_on import HandedOn
from portside.workspace.import_graph import ImportGraph
from portside.workspace.import_roots import import_root, is_project
from portside.workspace.module_files import ModuleFiles
from portside.workspace.module_summary import ModuleSummary
from portside.workspace.modules import is_module
from portside.workspace.parsers_elsewhere import ParsersElsewhere
from portside.workspace.port_takers import PortTakers
from portside.workspace.presence import is_file
from portside.workspace.script_places import ScriptPlaces
from portside.workspace.text_file import (
    LARGEST_MODULE_BYTES,
    UnreadableFile,
    decode,
    read_bytes,
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


class LocalModules:
    """The modules of one workspace.

    Effect: reads files and lists folders, those that imports lead to.
    steady: whether nothing changes while this lives, as when a command checks a tree once.
    leading_to_no_engine: gives files that surely lead to none then. engines, parsers, cuda: what files have
    others make, parse, and initialise.
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
        self.engines = EnginesElsewhere(self, graph, leading_to_no_engine)
        self.parsers = ParsersElsewhere(self, graph)
        self.cuda = CudaElsewhere(self)
        self._handed_on = HandedOn(self.files_of, self.names_of)
        self._port_takers = PortTakers(
            self.files_of,
            self.names_of,
            self.made_by,
            self.version,
            lambda path: self._text(path, self.overlays.get(path)),
            steady=steady,
        )
        self._summaries: dict[Path, tuple[object, ModuleSummary | None]] = {}
        self._facts: OrderedDict[Path, tuple[object, ModuleFacts]] = OrderedDict()
        self._asked: dict[Path, tuple[object, Names | None]] = {}
        self._local: dict[ModuleFacts, tuple[tuple[str, Span], ...]] | None = None

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

    def top(self, path: Path) -> Path:
        """The folder from which the file's module name counts."""
        if not self._steady:
            return self.places.top(path)
        folder = os.path.dirname(path)  # noqa: PTH120 - asked for many files of a large tree
        known = self._tops.get(folder)
        if known is None:
            known = self._tops[folder] = import_root(path, self._root, self._is_project)
        return known

    def local_calls(self, path: Path, facts: ModuleFacts, top: Path) -> tuple[tuple[str, Span], ...]:
        """What the file calls on import of other files of the workspace: few of its statements do."""
        known = self._local.get(facts) if self._local is not None else None
        if known is None:
            known = self._find_local_calls(path, facts, top)
            if self._local is not None:
                self._local[facts] = known
        return known

    def bound_to_local(
        self, path: Path, facts: ModuleFacts, top: Path, *, in_functions: bool = False
    ) -> set[str]:
        """The names that the module's own imports bind to something of other files of the workspace."""
        imports = facts.all_imports if in_functions else facts.imports
        local = (one for one in imports if self.files_of(path, one.module, one.name, top))
        return {name for one in local for name in facts.names.bound_names(one.statement)}

    def _find_local_calls(self, path: Path, facts: ModuleFacts, top: Path) -> tuple[tuple[str, Span], ...]:
        bound = self.bound_to_local(path, facts, top)
        if not bound:
            return ()
        # `manager = Manager()` first, `manager.load()` then.
        made = (chunk for chunk in facts.names.chunks_with(bound) if not chunk.is_definition)
        bound |= {name for chunk in made for name, _ in facts.names.bindings_by(chunk)}
        found = imported_calls(facts.names, facts.guards, facts.names.chunks_with(bound))
        return tuple((one.name, facts.tree.span(one.call)) for one in found)

    def label(self, path: Path) -> str:
        """The path as people are told of it: from the workspace's root, where it lies below."""
        return path.relative_to(self._root).as_posix() if self._root in path.parents else str(path)

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

    def definition(self, path: Path, qualified: str, top: Path) -> Node | None:
        """The function or class that the file at `path` takes from another one."""
        return outside_definition(
            lambda importer, module: self._loaded(path, importer, module, top), str(path), qualified
        )

    def _loaded(self, path: Path, importer: str, module: str, top: Path) -> Loaded | None:
        files = self.files_of(Path(importer), module, None, top)
        if not files or files[-1] == path or not is_module(files[-1], module):
            return None
        names = self.names_of(files[-1])
        return Loaded(str(files[-1]), names) if names is not None else None

    def names_of(self, path: Path) -> Names | None:
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

    def reached(
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
            within = self._graph.leading_to_word(path, word.lower().encode("utf-8", "surrogateescape")) | {
                str(path)
            }
        for target in self.reached((path,), self.top(path), set(), within):
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
        """Whether `import vllm` means a package here: a `providers/vllm.py` has no modules that vLLM has.

        In a repository of vLLM itself there are projects of their own that are for that one.
        """
        if any(path.name == "__init__.py" for path in self.files_of(importer, "vllm", None, top)):
            return True
        return any(is_file(folder / "vllm" / "entrypoints" / "__init__.py") for folder in top.parents)

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

    def version(self, path: Path) -> object | None:
        """What tells the file's text, saved or not, from a later one; None where there is no file."""
        return version(path, self.overlays.get(path))

    def data(self, path: Path) -> bytes:
        """What it holds, for a look; nothing where it can't be read."""
        overlay = self.overlays.get(path)
        return read_module(path) if overlay is None else overlay.encode("utf-8", "replace")

    def _text(self, path: Path, overlay: str | None) -> str | None:
        if overlay is not None:
            return overlay
        try:
            data = read_bytes(path)
            return decode(path, data).text if len(data) <= LARGEST_MODULE_BYTES else ""
        except UnreadableFile:
            return None
