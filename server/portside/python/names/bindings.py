"""Which names one statement binds, how, and in which scope."""

from __future__ import annotations

import bisect
import enum
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import field

from tree_sitter import Node

from portside.python.source.nodes import EXTRAS, StatementNodes, fields_of, own_parts
from portside.python.source.syntax import unwrapped
from portside.records import dataclass


class How(enum.Enum):
    """How a name comes to mean something."""

    __hash__ = object.__hash__  # an enum's own is written in Python, and asked thousands of times

    IMPORT = "import"
    STAR_IMPORT = "star import"
    ASSIGNMENT = "assignment"
    AUGMENTED = "augmented assignment"
    ANNOTATION = "annotation without a value"
    WALRUS = "walrus"
    FUNCTION = "def"
    CLASS = "class"
    PARAMETER = "parameter"
    FOR = "for"
    WITH = "with"
    EXCEPT = "except"
    MATCH = "match"
    DELETE = "del"


class ScopeKind(enum.Enum):
    __hash__ = object.__hash__  # an enum's own is written in Python, and asked thousands of times

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    LAMBDA = "lambda"
    COMPREHENSION = "comprehension"


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One place where a name gets a meaning.

    node: the name there. statement: what binds it (`assignment`, `import_statement`, …).
    value: the expression whose value it gets, where it is exactly that.
    target: of an import, the qualified name (`uvicorn.run`; relative ones keep their dots).
    since: the byte from which on it holds. arm: the bytes of the innermost branch of an
    if, try, loop or match that it depends on; None where it happens whenever its scope runs.
    deferred: bound by an inner function through `global` or `nonlocal`, so at some later time.
    """

    name: str
    how: How
    node: Node
    statement: Node
    since: int
    value: Node | None = None
    target: str | None = None
    arm: tuple[int, int] | None = None
    deferred: bool = False


@dataclass(eq=False)
class Scope:
    """A stretch of code with names of its own. start, end: bytes; a function's is its body."""

    kind: ScopeKind
    node: Node
    start: int
    end: int
    parent: Scope | None
    inner: list[Scope] = field(default_factory=list, repr=False)
    bindings: defaultdict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list), repr=False)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    def innermost(self, byte: int) -> Scope:
        """The scope, this one or one in it, that the byte belongs to."""
        scope = self
        while True:
            before = bisect.bisect_right(scope.inner, byte, key=_start)
            if before == 0 or byte >= scope.inner[before - 1].end:
                return scope
            scope = scope.inner[before - 1]

    def function(self) -> Scope | None:
        """The innermost function around, this scope included."""
        scope: Scope | None = self
        while scope is not None and scope.kind is not ScopeKind.FUNCTION:
            scope = scope.parent
        return scope


def _start(scope: Scope) -> int:
    return scope.start


class _Arms:
    """The branches of a statement. They nest, so each knows the one around it."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.spans = sorted(((n.start_byte, n.end_byte) for n in nodes), key=lambda span: (span[0], -span[1]))
        self.around: list[int] = []
        open_arms: list[int] = []
        for index, (start, _) in enumerate(self.spans):
            while open_arms and self.spans[open_arms[-1]][1] <= start:
                open_arms.pop()
            self.around.append(open_arms[-1] if open_arms else -1)
            open_arms.append(index)

    def innermost(self, byte: int, scope: Scope) -> tuple[int, int] | None:
        """The smallest branch within the scope that holds the byte."""
        index = bisect.bisect_right(self.spans, byte, key=lambda span: span[0]) - 1
        while index >= 0 and self.spans[index][1] <= byte:
            index = self.around[index]
        if index < 0:
            return None
        start, end = self.spans[index]
        return (start, end) if scope.start <= start and end <= scope.end else None


_SCOPES = (
    "function_definition", "class_definition", "lambda",
    "list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression",
)  # fmt: skip
_BINDERS = (
    "assignment", "augmented_assignment", "for_statement", "for_in_clause", "as_pattern", "named_expression",
    "import_statement", "import_from_statement", "delete_statement",
)  # fmt: skip
_DECLARATIONS = ("global_statement", "nonlocal_statement")
# What may be passed over, and the field that it stands under.
_ARMS = (
    (("if_statement", "elif_clause", "case_clause"), "consequence"),
    (("else_clause", "for_statement", "while_statement", "try_statement"), "body"),
)
_IMPORTS = frozenset({"import_statement", "import_from_statement"})
_KINDS = {
    "function_definition": ScopeKind.FUNCTION,
    "class_definition": ScopeKind.CLASS,
    "lambda": ScopeKind.LAMBDA,
}


def bind(statement: Node, nodes: StatementNodes) -> Scope:
    """The scopes in a statement of the module, in a module scope of its own that holds what it binds."""
    top = Scope(ScopeKind.MODULE, statement, statement.start_byte, statement.end_byte, None)
    if statement.type in _IMPORTS and not statement.has_error:
        # Many statements are one, and nothing in it has a scope or depends on a branch.
        for binding in _of_binder(statement):
            top.bindings[binding.name].append(binding)
        return top
    scopes = nodes.of(_SCOPES)
    _nest(top, scopes)
    for node in nodes.of(_DECLARATIONS):
        scope = top.innermost(node.start_byte)
        declared = scope.globals if node.type == "global_statement" else scope.nonlocals
        declared.update(_text(name) for name in node.named_children if name.type == "identifier")
    arms = _Arms(_arms_of(nodes))
    _add(top, _of_scopes(scopes), arms)
    for binder in nodes.of(_BINDERS):
        _add(top, _of_binder(binder), arms)
    _add(top, (Binding(_text(n), How.MATCH, n, n, n.end_byte) for n in _captures_of(nodes)), arms)
    return top


def _arms_of(nodes: StatementNodes) -> list[Node]:
    blocks = [block for kinds, field in _ARMS for block in fields_of(nodes.of(kinds), field, "block")]
    handlers = nodes.of(("except_clause",))
    return blocks + [child for one in handlers for child in one.named_children if child.type == "block"]


def _captures_of(nodes: StatementNodes) -> Iterator[Node]:
    """The names that patterns of `match` bind: `case x:` and `case [*x]:`."""
    for pattern in nodes.of(("case_pattern",)):
        for name in pattern.named_children:
            if name.type == "dotted_name" and len(name.named_children) == 1:
                yield name.named_children[0]
    for pattern in nodes.of(("splat_pattern",)):
        yield from (name for name in pattern.named_children if name.type == "identifier")


def _nest(top: Scope, nodes: Sequence[Node]) -> None:
    current = top
    extents = sorted(((*_extent(node), node) for node in nodes), key=lambda extent: (extent[0], -extent[1]))
    for start, end, node in extents:
        while current.parent is not None and start >= current.end:
            current = current.parent
        kind = _KINDS.get(node.type, ScopeKind.COMPREHENSION)
        scope = Scope(kind, node, start, end, current)
        current.inner.append(scope)
        current = scope
        for binding in _parameters(node):
            scope.bindings[binding.name].append(binding)


def _extent(node: Node) -> tuple[int, int]:
    """The bytes whose names are looked up in the scope: not decorators, defaults and bases."""
    body = node.child_by_field_name("body") if node.type in _KINDS else None
    # `def f(): pass` after a broken line may have lost its body.
    return (body.start_byte, body.end_byte) if body is not None else (node.start_byte, node.end_byte)


def _add(module: Scope, found: Iterator[Binding], arms: _Arms) -> None:
    for binding in found:
        scope = module.innermost(binding.node.start_byte)
        if scope.kind is ScopeKind.COMPREHENSION and binding.how is How.WALRUS:
            scope = _outside_comprehension(scope)
        owner = _owner(scope, binding.name, module)
        arm = arms.innermost(binding.node.start_byte, owner)
        placed = _replace(binding, arm, deferred=owner is not scope)
        owner.bindings[binding.name].append(placed)


def _outside_comprehension(scope: Scope) -> Scope:
    while scope.kind is ScopeKind.COMPREHENSION and scope.parent is not None:
        scope = scope.parent
    return scope


def _owner(scope: Scope, name: str, module: Scope) -> Scope:
    if name in scope.globals:
        return module
    if name not in scope.nonlocals:
        return scope
    outer = scope.parent
    while outer is not None and (outer.kind is not ScopeKind.FUNCTION or name in outer.nonlocals):
        outer = outer.parent
    return outer or scope


def _replace(binding: Binding, arm: tuple[int, int] | None, *, deferred: bool) -> Binding:
    b = binding
    return Binding(b.name, b.how, b.node, b.statement, b.since, b.value, b.target, arm, deferred)


def _parameters(function: Node) -> Iterator[Binding]:
    listed = function.child_by_field_name("parameters")
    for parameter in listed.named_children if listed is not None else ():
        name: Node | None = parameter
        while name is not None and name.type != "identifier":
            name = name.child_by_field_name("name") or (
                name.named_children[0] if name.named_children else None
            )
        if name is not None and parameter.type not in {
            *EXTRAS,
            "keyword_separator",
            "positional_separator",
        }:
            yield Binding(_text(name), How.PARAMETER, name, parameter, name.start_byte)


def _of_scopes(nodes: Sequence[Node]) -> Iterator[Binding]:
    for node in nodes:
        name = node.child_by_field_name("name")
        if name is not None and node.type in {"function_definition", "class_definition"}:
            how = How.FUNCTION if node.type == "function_definition" else How.CLASS
            yield Binding(_text(name), how, name, node, node.end_byte)


def _of_binder(node: Node) -> Iterator[Binding]:
    match node.type:
        case "assignment":
            yield from _of_assignment(node)
        case "augmented_assignment":
            yield from _targets(node.child_by_field_name("left"), How.AUGMENTED, node)
        case "named_expression":
            yield from _targets(
                node.child_by_field_name("name"), How.WALRUS, node, node.child_by_field_name("value")
            )
        case "for_statement" | "for_in_clause":
            yield from _targets(node.child_by_field_name("left"), How.FOR, node)
        case "as_pattern":
            yield from _of_as_pattern(node)
        case "delete_statement":
            for child in node.named_children:
                yield from _targets(child, How.DELETE, node)
        case "import_statement":
            yield from _of_import(node)
        case "import_from_statement":
            yield from _of_import_from(node)


def _of_assignment(node: Node) -> Iterator[Binding]:
    value = node.child_by_field_name("right")
    while value is not None and value.type == "assignment":
        value = value.child_by_field_name("right")
    how = How.ANNOTATION if value is None else How.ASSIGNMENT
    yield from _targets(node.child_by_field_name("left"), how, node, value)


_SEQUENCES = frozenset({"pattern_list", "tuple_pattern", "list_pattern", "expression_list", "tuple", "list"})


def _targets(target: Node | None, how: How, statement: Node, value: Node | None = None) -> Iterator[Binding]:
    """The names in an assignment's target. A value is handed down while it is known what goes where."""
    waiting: list[tuple[Node, Node | None]] = [] if target is None else [(target, value)]
    while waiting:
        node, value = waiting.pop()
        if node.type == "identifier":
            since = statement.end_byte if how in _AFTER_STATEMENT else node.end_byte
            yield Binding(_text(node), how, node, statement, since, value)
        elif node.type in _SEQUENCES:
            parts = own_parts(node)
            waiting += zip(reversed(parts), reversed(_pieces(value, parts)), strict=True)
        elif node.type in {
            "list_splat_pattern",
            "list_splat",
            "parenthesized_expression",
            "as_pattern_target",
        }:
            waiting += ((child, None) for child in node.named_children[:1])


_AFTER_STATEMENT = frozenset({How.ASSIGNMENT, How.AUGMENTED, How.WALRUS, How.DELETE})


def _pieces(value: Node | None, parts: list[Node]) -> list[Node | None]:
    """What each part of `a, b = …` gets; nothing is known if a star or a call is in the way."""
    nothing: list[Node | None] = [None] * len(parts)
    value = unwrapped(value) if value is not None else None
    if value is None or value.type not in _SEQUENCES:
        return nothing
    values: list[Node | None] = [*own_parts(value)]
    starred = any(node is not None and "splat" in node.type for node in (*values, *parts))
    return nothing if starred or len(values) != len(parts) else values


def _of_as_pattern(node: Node) -> Iterator[Binding]:
    target = node.children[-1] if node.children else None
    parent = node.parent
    kind = parent.type if parent is not None else ""
    how = {"with_item": How.WITH, "except_clause": How.EXCEPT, "except_group_clause": How.EXCEPT}.get(
        kind, How.MATCH
    )
    value = node.named_children[0] if how is How.WITH and node.named_children else None
    for binding in _targets(target, how, node):
        exact = value if target is not None and binding.node.end_byte == target.end_byte else None
        yield Binding(
            binding.name, how, binding.node, node, binding.since, exact if _is_name(target) else None
        )


def _is_name(target: Node | None) -> bool:
    return target is not None and len(target.named_children) <= 1


def _of_import(node: Node) -> Iterator[Binding]:
    for child in node.named_children:
        if child.type == "dotted_name" and child.named_children:
            first = child.named_children[0]
            yield Binding(_text(first), How.IMPORT, first, node, node.end_byte, None, _text(first))
        elif child.type == "aliased_import":
            name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
            if name is not None and alias is not None:
                yield Binding(_text(alias), How.IMPORT, alias, node, node.end_byte, None, _dotted(name))


def _of_import_from(node: Node) -> Iterator[Binding]:
    module = node.child_by_field_name("module_name")
    if module is None:
        return
    prefix = _dotted(module)
    prefix = prefix if prefix.endswith(".") else prefix + "."
    for child in node.children_by_field_name("name"):
        name, alias = child, child
        if child.type == "aliased_import":
            name = child.child_by_field_name("name") or child
            alias = child.child_by_field_name("alias") or child
        yield Binding(_text(alias), How.IMPORT, alias, node, node.end_byte, None, prefix + _dotted(name))
    for child in node.named_children:
        if child.type == "wildcard_import":
            yield Binding("*", How.STAR_IMPORT, child, node, node.end_byte, None, prefix[:-1] or ".")


def _dotted(node: Node) -> str:
    """A dotted name without the white space that may stand in it."""
    return "".join(_text(node).split())


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
