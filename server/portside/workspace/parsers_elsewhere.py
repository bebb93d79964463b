"""What parses the arguments of the process in other files of the workspace, for one that imports them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path

from portside.python.facts import ModuleFacts
from portside.python.running.guards import When
from portside.workspace.import_graph import ImportGraph
from portside.workspace.modules import Modules, called_of
from portside.workspace.parser_paths import ParserPaths


class ParsersElsewhere:
    """Effect: reads files, those that imports lead to.

    graph: what the workspace's files import, where nothing changes; None where they are looked up each time.
    """

    def __init__(self, modules: Modules, graph: ImportGraph | None) -> None:
        self._modules = modules
        self._paths = ParserPaths(graph, self) if graph is not None else None

    def run_on_import(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[tuple[int, str]]:
        """The files that parse the arguments when this one is imported, each with the line that does it."""
        seen = {path}
        within = self._leading(path, facts.source.data)
        for name, span in self._modules.local_calls(path, facts, top):
            for parser in self._parsers_behind(path, name, top):
                yield facts.source.line_of(span.start) + 1, self._modules.label(parser)
        for found in facts.imports:
            if found.when is When.IMPORT:
                line = facts.tree.line(found.statement)
                files = self._modules.files_of(path, found.module, found.name, top)
                for target in self._modules.reached(files, top, seen, within):
                    if self.parses_arguments(target):
                        yield line, self._modules.label(target)
                    yield from (
                        (line, self._modules.label(file)) for file in self._called_parsers(target, top)
                    )

    def imported(self, path: Path, facts: ModuleFacts, top: Path) -> Iterator[str]:
        """What parses the arguments when called, of all that the file imports, by its qualified name."""
        self._leading(path, facts.source.data)
        for found in facts.all_imports:
            if found.name is not None:
                if next(self._parser(path, found.module, found.name, top), None) is not None:
                    dot = "" if found.module.endswith(".") else "."
                    yield f"{found.module}{dot}{found.name}"
                continue
            files = self._modules.files_of(path, found.module, None, top)
            yield from (f"{found.module}.{name}" for name in (self.parsers(files[-1]) if files else ()))

    def parses_arguments(self, path: Path) -> bool:
        """Whether importing the file parses the arguments of the process, by itself."""
        return (
            self._may_parse(path)
            and (found := self._modules.summary(path)) is not None
            and found.parses_arguments
        )

    def parsers(self, path: Path) -> frozenset[str]:
        """What in the file parses them when it is called."""
        found = self._modules.summary(path) if self._may_parse(path) else None
        return found.parsers if found is not None else frozenset()

    def calls_parser(self, path: Path) -> bool:
        """Whether importing the file calls what parses them in another one."""
        return next(self._called_parsers(path, self._modules.top(path)), None) is not None

    def _called_parsers(self, path: Path, top: Path) -> Iterator[Path]:
        """The files with what parses the arguments that importing this one calls."""
        found = self._modules.summary(path)
        for name, _ in found.calls if found is not None else ():
            yield from self._parsers_behind(path, name, top)

    def _parsers_behind(self, path: Path, called: str, top: Path) -> Iterator[Path]:
        """The files with what parses the arguments where `path` calls this: `options.args.hosts.split`."""
        while "." in called.strip("."):
            module, name = called_of(called)
            yield from self._parser(path, module, name, top)
            called = module

    def _parser(self, path: Path, module: str, name: str, top: Path, steps: int = 4) -> Iterator[Path]:
        """The file with the function that parses the arguments, where what `path` calls is one."""
        if self._paths is not None and name not in self._paths.names:
            return
        files = self._modules.files_of(path, module, None, top)
        summary = self._modules.summary(files[-1]) if files and files[-1] != path else None
        if summary is None:
            return
        if name in summary.parsers:
            yield files[-1]
        handed_on = next((source for source, imported in summary.imports if imported == name), None)
        if handed_on is not None and steps and name not in summary.parsers:
            yield from self._parser(files[-1], handed_on, name, top, steps - 1)

    def _may_parse(self, path: Path) -> bool:
        return self._paths is None or self._paths.may_parse(path)

    def _leading(self, path: Path, data: bytes) -> Container[str] | None:
        """The files on a way from this one to what may parse the arguments; None where any may be."""
        return self._paths.leading(path, data) if self._paths is not None else None
