"""Which modules a file imports, and when."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.running.guards import Guards, When
from portside.python.running.reachability import runs_with_module
from portside.python.source.chunks import Chunk
from portside.python.source.syntax import SyntaxTree
from portside.records import dataclass

_IMPORTS = frozenset({"import_statement", "import_from_statement"})


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """One name of an import statement.

    module: of `import a.b` and `from a.b import c` it is `a.b`; relative ones begin with their dots.
    name: `c`; None where the module itself is imported, `*` for all its names. when: NEVER for an
    import inside a function.
    """

    module: str
    name: str | None
    statement: Node
    when: When


def find_imports(names: Names, guards: Guards, chunks: Iterable[Chunk]) -> tuple[Import, ...]:
    """The imports in these statements of the module, in the order of the text."""
    found: list[Import] = []
    for chunk in chunks:
        for statement in _statements(chunk):
            with_module = statement is chunk.node or runs_with_module(names, statement)
            when = guards.when(statement.start_byte) if with_module else When.NEVER
            found += (Import(module, name, statement, when) for module, name in _named(names.tree, statement))
    return tuple(sorted(found, key=lambda found_import: found_import.statement.start_byte))


def _statements(chunk: Chunk) -> Iterable[Node]:
    """The imports in a statement of the module, most of which are one."""
    if chunk.type in _IMPORTS and not chunk.node.has_error:
        return (chunk.node,)
    return chunk.nodes(*sorted(_IMPORTS))


def _named(tree: SyntaxTree, statement: Node) -> list[tuple[str, str | None]]:
    """The modules and names of one statement."""
    names: list[str | None] = []
    for child in statement.children_by_field_name("name"):
        name = child.child_by_field_name("name") if child.type == "aliased_import" else child
        names.append("".join(tree.text(name or child).split()))
    module = statement.child_by_field_name("module_name")
    if module is None:
        return [(name, None) for name in names if name]
    if any(child.type == "wildcard_import" for child in statement.named_children):
        names.append("*")
    return [("".join(tree.text(module).split()), name) for name in names]
