"""What is asked of a workspace's modules, and how their names are taken apart."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from portside.lint.source import Span
from portside.python.facts import ModuleFacts
from portside.python.names.names import Names
from portside.workspace.module_summary import ModuleSummary


class Modules(Protocol):
    """The Python files of a workspace as modules. top: the folder from which an importer's name counts."""

    def files_of(self, importer: Path, module: str, name: str | None, top: Path) -> tuple[Path, ...]:
        """The files that run when `importer` imports this: packages on the way, the module, a submodule."""

    def names_of_import(self, importer: str, module: str, name: str | None, top: str) -> tuple[str, ...]:
        """The same in plain strings."""

    def top(self, path: Path) -> Path:
        """The folder from which the file's module name counts."""

    def reached(
        self, files: Iterable[Path], top: Path, seen: set[Path], within: Container[str] | None = None
    ) -> Iterator[Path]:
        """These files, and all that importing them imports. within: those that are worth following.

        Effect: adds them to `seen`, and leaves out those that are there already.
        """

    def summary(self, path: Path) -> ModuleSummary | None:
        """What importing the file does, by its unsaved text where there is one; None if it can't be read."""

    def names_of(self, path: Path) -> Names | None:
        """The names of a file, kept for the few files that launches ask for; None if it can't be read."""

    def data(self, path: Path) -> bytes:
        """What the file holds, for a look; nothing where it can't be read."""

    def version(self, path: Path) -> object | None:
        """What tells the file's text from a later one; None where there is no file."""

    def label(self, path: Path) -> str:
        """The path as people are told of it: from the workspace's root, where it lies below."""

    def bound_to_local(
        self, path: Path, facts: ModuleFacts, top: Path, *, in_functions: bool = False
    ) -> set[str]:
        """The names that the module's own imports bind to something of other files of the workspace.

        in_functions: those that imports in its functions bind, too.
        """

    def local_calls(self, path: Path, facts: ModuleFacts, top: Path) -> tuple[tuple[str, Span], ...]:
        """What the file calls on import of other files of the workspace, and where."""


def called_of(qualified: str) -> tuple[str, str]:
    """The module, and the name in it: `from .. import Engine` is `..Engine`, in the module `..`."""
    module, _, name = qualified.rpartition(".")
    return module + ("." if qualified.startswith(".") and not module.strip(".") else ""), name


def is_module(file: Path, module: str) -> bool:
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
