"""The CUDA that other files of the workspace initialise for one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portside.lint.source import Span
from portside.python.engines.cuda_uses import may_use_cuda
from portside.python.engines.engine_makers import calls_of_imported
from portside.python.facts import ModuleFacts, StartedCuda
from portside.python.names.import_text import import_text, imports_in
from portside.records import dataclass
from portside.workspace.modules import Modules, called_of, is_module

# What a package hands on of a package of a package; further, nobody does.
_LONGEST_CHAIN = 4


@dataclass(frozen=True, slots=True)
class _Text:
    """version: what tells it from a later one. uses_cuda: whether it may. imports: by module and name."""

    version: object
    uses_cuda: bool
    imports: frozenset[tuple[str, str | None]]


class CudaElsewhere:
    """Effect: reads files, those that imports lead to."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._texts: dict[Path, _Text] = {}

    def started(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[StartedCuda]:
        """The calls of this file for which a function or class of another one initialises CUDA.

        Not those of a file that has vLLM spawn its processes, or of what makes an engine itself.
        """
        bound = self._modules.bound_to_local(path, facts, top, in_functions=True)
        known: dict[str, tuple[Path, Span] | None] = {}
        for one in calls_of_imported(facts.names, facts.names.chunks_with(bound) if bound else ()):
            if one.name not in known:
                called = called_of(one.name)
                known[one.name] = (
                    self._starter(path, *called, top) if self._may_start(path, *called, top) else None
                )
            found = known[one.name]
            if found is not None:
                yield StartedCuda(facts.tree.span(one.call), str(found[0]), found[1])

    def _may_start(self, path: Path, module: str, name: str, top: Path) -> bool:
        """Whether what `path` knows under this name may initialise CUDA. False is certain, True is not.

        Read off texts: to parse a framework takes longer than all other rules together.
        """
        waiting, seen = {(path, module, name)}, set[tuple[Path, str]]()
        for _ in range(_LONGEST_CHAIN + 1):
            homes = {home for one in waiting if (home := self._home(*one, top)) is not None} - seen
            seen |= homes
            waiting = set()
            for file, inside in homes:
                text, taken = self._text(file), {inside.partition(".")[0], "*"}
                if text.uses_cuda:
                    return True
                waiting.update((file, source, inside) for source, brought in text.imports if brought in taken)
        return False

    def _starter(
        self, path: Path, module: str, name: str, top: Path, steps: int = _LONGEST_CHAIN
    ) -> tuple[Path, Span] | None:
        """The call that initialises CUDA where `path` calls what it knows under this name."""
        home = self._home(path, module, name, top)
        if home is None or home[0] == path:
            return None
        file, name = home
        first, data = name.partition(".")[0], self._modules.data(file)
        may_have = first.encode() in data or b"import *" in data
        summary = self._modules.summary(file) if may_have else None
        if summary is None or summary.spawns or name in summary.makers:
            return None
        if name in summary.cuda_starters:
            return file, summary.cuda_starters[name]
        sources = [source for source, imported in summary.imports if imported == first][:1]
        sources = sources or [source for source, imported in summary.imports if imported == "*"]
        found = (self._starter(file, source, name, top, steps - 1) for source in sources if steps)
        return next((one for one in found if one is not None), None)

    def _home(self, path: Path, module: str, name: str, top: Path) -> tuple[Path, str] | None:
        """The file that has what `path` knows under this name, and how it is called there."""
        files = self._modules.files_of(path, module, None, top)
        if files and is_module(files[-1], module):
            return files[-1], name
        holder = called_of(module)
        if "." in name or not holder[1]:
            return None
        return self._home(path, holder[0], f"{holder[1]}.{name}", top)

    def _text(self, path: Path) -> _Text:
        version, known = self._modules.version(path), self._texts.get(path)
        if known is None or known.version != version:
            data = self._modules.data(path)
            uses_cuda = may_use_cuda(data)
            # What may itself is not followed any further.
            imports = frozenset() if uses_cuda else imports_in(import_text(data).lines)
            known = self._texts[path] = _Text(version, uses_cuda, imports)
        return known
