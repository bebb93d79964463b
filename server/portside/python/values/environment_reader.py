"""How an environment variable can be read at a place: with what the file imports, or one import more."""

from __future__ import annotations

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.python.names.bindings import Binding, How, Scope, ScopeKind
from portside.python.names.import_insertion import insertion
from portside.python.names.names import Names
from portside.records import dataclass

# What reads a variable, by what an imported name stands for.
_READERS = {"os": "{}.environ.get", "os.environ": "{}.get", "os.getenv": "{}"}


@dataclass(frozen=True, slots=True)
class EnvironmentReader:
    """function: to be called with name and default. edit: the import that it needs, if any."""

    function: str
    edit: Edit | None = None


def environment_reader(names: Names, place: Node) -> EnvironmentReader | None:
    """What reads the environment at this place; None where `os` means something else there."""
    for name in ("os", *_imported_readers(names)):
        target = _means(names, name, place)
        if target in _READERS:
            return EnvironmentReader(_READERS[target].format(name))
    home = names.home("os", names.scope_at(place), place.start_byte)
    if home is not None and not _only_the_module(names, home):
        return None
    edit = insertion(names, "os", _statement(names, place))
    return EnvironmentReader("os.environ.get", edit) if edit is not None else None


def _statement(names: Names, place: Node) -> Node:
    chunk = names.chunk_at(place.start_byte)
    return chunk.node if chunk is not None else place


def _imported_readers(names: Names) -> list[str]:
    """Names that the module imports for `os`, `os.environ` or `os.getenv`."""
    return [
        name
        for chunk in names.chunks_with(["os"])
        if b"import" in chunk.words
        for name, bindings in names.bindings_by(chunk)
        if any(binding.target in _READERS for binding in bindings)
    ]


def _only_the_module(names: Names, home: Scope) -> bool:
    """Whether all bindings of `os` import the module, so that one more, earlier, changes nothing."""
    return home.kind is ScopeKind.MODULE and all(b.target == "os" for b in names.bindings_in("os", home))


def _means(names: Names, name: str, place: Node) -> str | None:
    """What an import made of the name, if that is sure at this place."""
    scope = names.scope_at(place)
    home = names.home(name, scope, place.start_byte)
    bindings = names.bindings_in(name, home) if home is not None else ()
    targets = {binding.target for binding in bindings}
    if home is None or len(targets) != 1 or any(b.how is not How.IMPORT for b in bindings):
        return None
    later = home is not scope and scope.function() is not None
    if not any(_is_sure(binding, place.start_byte, later=later) for binding in bindings):
        return None
    return targets.pop()


def _is_sure(binding: Binding, byte: int, *, later: bool) -> bool:
    """Whether the import has run. later: whether the place is in a function, which runs after the module."""
    if binding.arm is not None and not binding.arm[0] <= byte < binding.arm[1]:
        return False
    return later or binding.since <= byte
