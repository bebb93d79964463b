"""What a name means: scopes, bindings, imports and aliases, resolved without running anything.

`Names.qualified` is the question that rules ask: is this expression `uvicorn.run`,
`vllm.LLM`? The answer is a name only where every way the program can go gives that
one name. A local function called `run`, a parameter, a name bound twice: None.
Silence is better than a guess.
"""

from __future__ import annotations

import builtins
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, field

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.names.bindings import Binding, How, Scope, ScopeKind
from portside.python.source.chunks import Chunk, Chunks, split
from portside.python.source.syntax import SyntaxTree, arguments, descend, string_value, unwrapped
from portside.records import cached_property, dataclass

__all__ = ["Binding", "How", "Names", "Scope", "ScopeKind"]

# An alias of an alias of an alias … is no code that anybody wrote.
_LONGEST_ALIAS = 12
# Builtins that no module has anything else for, and so none brings by a star.
_NEVER_BROUGHT = frozenset({"int", "str"})


@dataclass(eq=False)
class Names:
    """The names of one file. Looks at a statement's tree only once a name in it is asked for.

    known: its statements, where they have been told apart already. elsewhere: what names of other files
    stand for, by qualified name: `engine.LLM` is `vllm.LLM` where engine.py imports it.
    """

    tree: SyntaxTree
    known: InitVar[Chunks | None] = None
    elsewhere: Mapping[str, str] = field(default_factory=dict, repr=False)
    _qualified: dict[int, frozenset[str]] = field(default_factory=dict, repr=False)
    _module_bindings: dict[str, tuple[Binding, ...]] = field(default_factory=dict, repr=False)
    _read: dict[tuple[str, Scope], tuple[Node, ...]] = field(default_factory=dict, repr=False)
    _may_hold: dict[str, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self, known: Chunks | None) -> None:
        self.statements = known or split(self.tree)
        self.chunks = self.statements.all
        # Any node of the module will do, and a root would take a parse of the whole text.
        root = self.tree.root if self.tree.parsed else self.chunks[0].node.parent or self.chunks[0].node
        self.module = Scope(ScopeKind.MODULE, root, 0, len(self.tree.source.data), None)

    # Scopes

    def scope_at(self, node: Node) -> Scope:
        """The scope in which a name at this node is looked up; `module` for the module level."""
        chunk = self.chunk_at(node.start_byte)
        if chunk is None:
            return self.module
        found = chunk.scope.innermost(node.start_byte)
        return self.module if found.kind is ScopeKind.MODULE else found

    def scope_of(self, definition: Node) -> Scope:
        """The scope that a function, class, lambda or comprehension node makes."""
        body = definition.child_by_field_name("body") or definition
        return self.scope_at(body)

    def chunk_at(self, byte: int) -> Chunk | None:
        """The statement of the module that holds this byte."""
        return self.statements.at(byte)

    def node_at(self, start: int, end: int) -> Node | None:
        """The smallest node that holds these bytes; None between the statements of the module."""
        if self.tree.has_error:
            return descend(self.tree.root, start, end)
        chunk = self.chunk_at(start)
        return descend(chunk.node, start, end) if chunk is not None and end <= chunk.end else None

    def node_over(self, span: Span) -> Node | None:
        """As `node_at`, of characters."""
        source = self.tree.source
        return self.node_at(source.byte_of_offset(span.start), source.byte_of_offset(span.end))

    def is_first(self, statement: Node) -> bool:
        """Whether nothing stands before it in its block, not even a comment."""
        if statement.parent is not None and statement.parent.type != "module":
            return statement.prev_named_sibling is None
        return not self.tree.source.data[: statement.start_byte].strip()

    def statement_after(self, statement: Node) -> Node | None:
        """The statement of the module that follows this one. A node's own siblings may be unknown."""
        behind = self.statements.index_of(statement.start_byte) + 1
        return self.chunks[behind].node if 0 < behind < len(self.chunks) else None

    # Bindings

    def chunks_with(self, words: Iterable[str]) -> tuple[Chunk, ...]:
        """The statements of the module in which one of these words stands, strings and comments included."""
        wanted = tuple(words)
        if len(wanted) == 1:
            return self.statements.with_word(wanted[0].encode())
        return tuple(self.statements.with_any(_encoded(wanted)))

    def chunks_with_attribute(self, name: str) -> tuple[Chunk, ...]:
        """The statements in which the name stands behind a dot."""
        behind_dot = re.compile(rb"\.(?:[\s\\]|#[^\n]*\n)*" + re.escape(name.encode()) + rb"\b")
        data = self.tree.source.data
        return tuple(c for c in self.chunks_with([name]) if behind_dot.search(data, c.start, c.end))

    def bindings_by(self, chunk: Chunk) -> Iterable[tuple[str, Sequence[Binding]]]:
        """The names that a statement of the module binds at module level, and how."""
        return [(name, found) for name, found in chunk.scope.bindings.items() if found]

    def bound_names(self, statement: Node) -> tuple[str, ...]:
        """The names that this very statement (an import, an assignment) binds."""
        chunk = self.chunk_at(statement.start_byte)
        scopes = _all_scopes(chunk.scope) if chunk is not None else []
        found = (b for scope in scopes for bs in scope.bindings.values() for b in bs)
        return tuple(b.name for b in found if b.statement == statement)

    def module_bindings(self, name: str) -> tuple[Binding, ...]:
        """All places where a name of the module is bound, in order; also by functions through `global`."""
        found = self._module_bindings.get(name)
        if found is None:
            found = self._module_bindings[name] = tuple(self._find_module_bindings(name))
        return found

    def _find_module_bindings(self, name: str) -> list[Binding]:
        found: list[Binding] = []
        # A star has no word of its own.
        word = b"import" if name == "*" else name.encode()
        for chunk in self.statements.with_word(word):
            # A definition binds its own name and what it declares global.
            if chunk.own_name == word or not chunk.is_definition or b"global" in chunk.words:
                found += chunk.scope.bindings.get(name, ())
        return found

    def bindings_in(self, name: str, scope: Scope) -> tuple[Binding, ...]:
        """All places where this scope itself binds the name."""
        if scope.kind is ScopeKind.MODULE:
            return self.module_bindings(name)
        return tuple(scope.bindings.get(name, ()))

    def home(self, name: str, scope: Scope, at: int | None = None) -> Scope | None:
        """The scope that the name belongs to when read in `scope`; None for builtins and the unknown.

        at: the byte where it is read. A class body (`app = app`) reads outer names until it binds its own.
        """
        looking: Scope | None = scope
        while looking is not None and looking.kind is not ScopeKind.MODULE:
            if name in looking.globals:
                break
            if name not in looking.nonlocals and _sees(looking, name, scope, at):
                return looking
            looking = looking.parent
        return self.module if self.module_bindings(name) else None

    def bindings_of(self, identifier: Node) -> tuple[Binding, ...]:
        """Where the value may come from that this identifier has here; () if nowhere in this file.

        What certainly happened later hides what was before; branches leave several.
        """
        name, reader = self.tree.text(identifier), self.scope_at(identifier)
        home = self.home(name, reader, identifier.start_byte)
        if home is None:
            return ()
        return _reaching(self.bindings_in(name, home), identifier.start_byte, same_scope=home is reader)

    # Meaning

    def qualified(self, expression: Node) -> str | None:
        """The one dotted name that the expression stands for (`uvicorn.run`), else None."""
        found = self.qualified_names(expression)
        return next(iter(found)) if len(found) == 1 else None

    def qualified_names(self, expression: Node) -> frozenset[str]:
        """All dotted names that it may stand for, by the way the program went (`try: import … except`).

        Empty if any way leads to something else. `None` as a fallback counts for nothing:
        whoever goes on to use it knows that it is not None.
        """
        found = self._qualified.get(expression.id)
        if found is None:
            found = self._qualified[expression.id] = self._meanings(expression, _LONGEST_ALIAS)
        return found

    def _meanings(self, expression: Node, depth: int) -> frozenset[str]:
        attributes: list[str] = []
        node = unwrapped(expression)
        while node.type == "attribute":
            attribute, value = node.child_by_field_name("attribute"), node.child_by_field_name("object")
            if attribute is None or value is None or len(attributes) > _LONGEST_ALIAS:
                return frozenset()
            attributes.append(self.tree.text(attribute))
            node = unwrapped(value)
        if node.type == "identifier":
            bases = self._meanings_of_name(node, depth)
        elif node.type == "call" and depth > 0:
            bases = self._dynamic_import(node, depth)
        elif node.type == "named_expression" and (value := node.child_by_field_name("value")) and depth > 0:
            bases = self._meanings(value, depth - 1)
        else:
            return frozenset()
        return frozenset(self.meant(".".join((base, *reversed(attributes)))) for base in bases)

    def meant(self, qualified: str) -> str:
        """The same name, or what another file of the workspace has under it."""
        for name, meaning in self.elsewhere.items():
            if qualified == name or qualified.startswith(f"{name}."):
                return meaning + qualified[len(name) :]
        return qualified

    def _meanings_of_name(self, identifier: Node, depth: int) -> frozenset[str]:
        bindings = self.bindings_of(identifier)
        if not bindings:
            return self._of_no_binding(identifier)
        found: set[str] = set()
        for binding in bindings:
            if binding.target is not None:
                found.add(binding.target)
                continue
            if binding.value is None or depth == 0 or binding.how is How.WITH:
                return frozenset()
            if binding.value.type == "none":
                continue
            meanings = self._meanings(binding.value, depth - 1)
            if not meanings:
                return frozenset()
            found |= meanings
        return frozenset(found)

    def _of_no_binding(self, identifier: Node) -> frozenset[str]:
        """A builtin, or what the file's only star import brings, or one whose file is known to bring it."""
        name = self.tree.text(identifier)
        stars = self.module_bindings("*")
        brought = [found for star in stars if (found := self.elsewhere.get(of_star(star.target or "", name)))]
        if brought:
            return frozenset(brought[-1:])
        if hasattr(builtins, name):
            return frozenset() if stars and name not in _NEVER_BROUGHT else frozenset({f"builtins.{name}"})
        if len(stars) == 1 and stars[0].target:
            return frozenset({of_star(stars[0].target, name)})
        return frozenset()

    def _dynamic_import(self, call: Node, depth: int) -> frozenset[str]:
        """`__import__("os")` and `importlib.import_module("vllm")`."""
        function, passed = call.child_by_field_name("function"), arguments(call)
        if function is None or len(passed.positional) != 1:
            return frozenset()
        name = string_value(self.tree, passed.positional[0])
        if name is None or name.startswith("."):
            return frozenset()
        meanings = self._meanings(function, depth - 1)
        if meanings == {"importlib.import_module"}:
            return frozenset({name})
        return frozenset({name.partition(".")[0]}) if meanings == {"builtins.__import__"} else frozenset()

    def definition(self, expression: Node) -> Node | None:
        """The function or class of this file that the expression names, through aliases; else None."""
        node = unwrapped(expression)
        for _ in range(_LONGEST_ALIAS):
            if node.type != "identifier":
                return None
            bindings = self.bindings_of(node)
            if len(bindings) != 1:
                return None
            if bindings[0].how in {How.FUNCTION, How.CLASS}:
                return bindings[0].statement
            if bindings[0].value is None or bindings[0].how is How.WITH:
                return None
            node = unwrapped(bindings[0].value)
        return None

    def may_hold_instance(self, name: str) -> bool:
        """Whether a name of the module may stand for a class of this file, or for an object of one.

        Cheap, for the many `app.get(…)`: whoever shadows such a name in a function is not asked.
        """
        found = self._may_hold.get(name)
        if found is None:
            bindings = self.module_bindings(name)
            found = self._may_hold[name] = not bindings or any(map(self._may_be_instance, bindings))
        return found

    def _may_be_instance(self, binding: Binding) -> bool:
        if binding.how in {How.IMPORT, How.FUNCTION}:
            return False
        if binding.value is None or binding.value.type != "call":
            return binding.how is How.CLASS or binding.value is not None
        callee = binding.value.child_by_field_name("function")
        if callee is None or callee.type != "identifier":
            return True
        made_by = self.module_bindings(self.tree.text(callee))
        return any(maker.how is not How.IMPORT for maker in made_by)

    def value_of(self, expression: Node) -> Node:
        """The expression behind a name, where it can only be that one; else the expression itself."""
        node = unwrapped(expression)
        for _ in range(_LONGEST_ALIAS):
            if node.type != "identifier":
                return node
            bindings = self.bindings_of(node)
            if len(bindings) != 1 or bindings[0].value is None or bindings[0].how is How.WITH:
                return node
            node = unwrapped(bindings[0].value)
        return node

    # Readers

    def reads(self, name: str, scope: Scope | None = None) -> tuple[Node, ...]:
        """Every place that reads the name which `scope` (the module) binds, in order.

        `x += 1` and `del x` read x. Strings and comments do not.
        """
        home = scope or self.module
        found = self._read.get((name, home))
        if found is None:
            found = self._read[name, home] = tuple(self.each_read(name, home))
        return found

    def each_read(self, name: str, scope: Scope | None = None) -> Iterator[Node]:
        """The same, one after the other: for those who need not know them all."""
        home = scope or self.module
        mentions = self._mentioned(name, home) if self.bindings_in(name, home) else iter(())
        return (node for node in mentions if self._reads(node, name, home))

    def _reads(self, node: Node, name: str, home: Scope) -> bool:
        reader, byte = self.scope_at(node), node.start_byte
        bindings = (*self.bindings_in(name, home), *reader.bindings.get(name, ()))
        if any(b.node.start_byte == byte and b.how not in _ALSO_READ for b in bindings):
            return False
        return self.home(name, reader, byte) is home and _is_read(node)

    def mentions(self, name: str, scope: Scope | None = None) -> tuple[Node, ...]:
        """Every identifier of that spelling within the scope (the module), whatever it means."""
        return tuple(self._mentioned(name, scope or self.module))

    def _mentioned(self, name: str, home: Scope) -> Iterator[Node]:
        word = name.encode()
        plain, part = re.escape(word), rb"[\w\x80-\xff]"
        # What precedes is looked at last: a search for what begins with plain text runs at memory speed.
        pattern = re.compile(plain + rb"(?<!" + part + plain + rb")(?!" + part + rb")")
        for chunk in self.statements.with_word(word):
            if chunk.end <= home.start or chunk.start >= home.end:
                continue
            start, end = max(chunk.start, home.start), min(chunk.end, home.end)
            for match in pattern.finditer(self.tree.source.data, start, end):
                node = descend(chunk.node, match.start(), match.end())
                if node is not None and node.type == "identifier":
                    yield node

    @cached_property
    def imported_roots(self) -> frozenset[str]:
        """The first part of all that the file imports absolutely, in whatever scope: `vllm`, `fastapi`."""
        found: set[str] = set()
        for chunk in self.chunks_with(["import"]):
            for scope in _all_scopes(chunk.scope):
                for bindings in scope.bindings.values():
                    found.update(b.target.partition(".")[0] for b in bindings if b.target)
        return frozenset(found - {""})


@functools.lru_cache(maxsize=512)
def _encoded(words: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words)


def of_star(module: str, name: str) -> str:
    """The qualified name of what `from module import *` brings."""
    return f"{module}{'' if module.endswith('.') else '.'}{name}"


def _sees(looking: Scope, name: str, reader: Scope, at: int | None) -> bool:
    bindings = looking.bindings.get(name)
    if not bindings or looking.kind is not ScopeKind.CLASS:
        return bool(bindings)
    return looking is reader and (at is None or any(binding.since <= at for binding in bindings))


_ALSO_READ = frozenset({How.AUGMENTED, How.DELETE})


def _all_scopes(top: Scope) -> list[Scope]:
    found = [top]
    for scope in found:
        found += scope.inner
    return found


def _reaching(bindings: tuple[Binding, ...], byte: int, *, same_scope: bool) -> tuple[Binding, ...]:
    """The bindings that a reader at `byte` may see.

    Within one scope the text's order counts. Another scope (a function called later) sees what the
    scope ends up with. Names that only a later line binds are seen too: the code may be in a loop.
    """
    real = [binding for binding in bindings if binding.how is not How.ANNOTATION]
    before = [b for b in real if b.deferred or not same_scope or b.since <= byte]
    certain = [b for b in before if not b.deferred and _is_sure(b, byte)]
    if not certain:
        left = [b for b in before if not (same_scope and _is_replaced(b, before, byte))]
        return tuple(left or real)
    last = max(certain, key=lambda b: b.since)
    return tuple(b for b in before if b is last or b.deferred or b.since > last.since)


def _is_replaced(binding: Binding, others: Sequence[Binding], byte: int) -> bool:
    """Whether a later statement of the branch that it is in binds the name again, on every way to `byte`."""
    return any(
        other.since > binding.since
        and not other.deferred
        and other.arm is not None
        and other.arm[0] <= binding.node.start_byte < other.arm[1] <= byte
        for other in others
    )


def _is_sure(binding: Binding, byte: int) -> bool:
    """Whether it has happened for sure when `byte` is reached: its branch, if any, is the reader's too."""
    return binding.arm is None or binding.arm[0] <= byte < binding.arm[1]


def _is_read(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    match parent.type:
        case "attribute":
            return parent.child_by_field_name("attribute") != node
        case "keyword_argument":
            return parent.child_by_field_name("name") != node
        case "global_statement" | "nonlocal_statement" | "dotted_name" | "aliased_import" | "keyword_pattern":
            return False
        case "function_definition" | "class_definition" | "parameters" | "lambda_parameters":
            return False
        case "default_parameter" | "typed_default_parameter":
            return parent.child_by_field_name("name") != node
        case "typed_parameter":
            return parent.named_children[0] != node
    return True
