"""When the statements of a module run: on import, only as a script, or never.

    if __name__ == "__main__":  → MAIN         else: → IMPORTED_ONLY
    if TYPE_CHECKING:           → NEVER, as `if False:`
    any other test of __name__  → UNKNOWN: nothing is said about such code, nor of `_name_ == "_main_"`
    everything else             → IMPORT

A process that `multiprocessing` spawns runs the script again under the name
`__mp_main__`: what is IMPORT here runs there too, what is MAIN does not.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.main_guard import UNDEFINED_NAMES
from portside.python.names.names import Names
from portside.python.running import broken_guards
from portside.python.source.chunks import DEAD_CODE, Chunk
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.source.syntax import string_value, unwrapped
from portside.records import dataclass


class When(enum.Enum):
    """When code at module level runs, and what it calls."""

    __hash__ = object.__hash__  # an enum's own is written in Python, and asked thousands of times

    IMPORT = "import"
    MAIN = "main"
    IMPORTED_ONLY = "imported only"
    UNKNOWN = "unknown"
    NEVER = "never"


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """A test of `__name__`, or of TYPE_CHECKING, and the bytes that depend on it.

    node: the whole `if` (or the expression that is one). condition: what is tested.
    """

    node: Node
    condition: Node
    start: int
    end: int
    when: When


_BRANCHING = ("if_statement", "boolean_operator", "conditional_expression", "match_statement")

# The strictest wins where several hold.
_STRICTNESS = (When.NEVER, When.UNKNOWN, When.IMPORTED_ONLY, When.MAIN)


@dataclass(frozen=True, eq=False)
class Guards:
    """All of a file's. script_only: the file is a `__main__.py`, which nothing imports."""

    all: tuple[Guard, ...]
    script_only: bool = False

    @property
    def main(self) -> tuple[Guard, ...]:
        return tuple(guard for guard in self.all if guard.when is When.MAIN)

    def when(self, byte: int) -> When:
        """When the code at this byte runs, if it is reached from the module level."""
        found = {guard.when for guard in self.all if guard.start <= byte < guard.end}
        for when in _STRICTNESS:
            if when in found:
                return when
        return When.MAIN if self.script_only else When.IMPORT

    def around(self, byte: int) -> Guard | None:
        """The outermost main guard that holds this byte."""
        found = [guard for guard in self.main if guard.start <= byte < guard.end]
        return min(found, key=lambda guard: guard.start, default=None)


def find_guards(names: Names) -> Guards:
    name = names.tree.source.path.replace("\\", "/").rpartition("/")[2]
    found: list[Guard] = []
    words = ["__name__", "__main__", "TYPE_CHECKING", *_names_of_tests(names)]
    for chunk in (*names.chunks_with(words), *_with_misspelt_guard(names), *_with_dead_code(names)):
        for node in chunk.nodes(*_BRANCHING):
            found += _guards_of(names, node)
    return Guards(tuple(sorted(found, key=lambda guard: guard.start)), script_only=name == "__main__.py")


def _with_dead_code(names: Names) -> Iterator[Chunk]:
    dead = names.statements.with_word(DEAD_CODE)
    return (chunk for chunk in dead if chunk.words.isdisjoint(_SEEN_ANYWAY))


_SEEN_ANYWAY = frozenset({b"__name__", b"__main__", b"TYPE_CHECKING"})


def _names_of_tests(names: Names) -> Iterator[str]:
    """Names of the module that stand for such a test: `IS_MAIN = __name__ == "__main__"`."""
    for chunk in names.chunks_with(["__name__"]):
        if not chunk.is_definition:
            for name, bindings in names.bindings_by(chunk):
                if any(b.value is not None and b.value.type == "comparison_operator" for b in bindings):
                    yield name


def _with_misspelt_guard(names: Names) -> Iterator[Chunk]:
    for chunk in names.chunks_with(UNDEFINED_NAMES):
        if b"__name__" not in chunk.words and broken_guards.may_fail(chunk):
            yield chunk


def _guards_of(names: Names, node: Node) -> Iterator[Guard]:
    match node.type:
        case "if_statement":
            yield from _of_if(names, node)
        case "boolean_operator":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is not None and right is not None and _operator(node) == "and":
                test = _test(names, left)
                if test is not None:
                    yield Guard(node, left, right.start_byte, right.end_byte, test)
        case "conditional_expression":
            yield from _of_conditional(names, node)
        case "match_statement":
            yield from _of_match(names, node)


def _of_if(names: Names, node: Node) -> Iterator[Guard]:
    """The branches of an `if`, each with what its own test and the failed ones before it say."""
    failed: list[tuple[Node, When]] = []
    for branch in (node, *node.children_by_field_name("alternative")):
        condition = branch.child_by_field_name("condition")
        body = branch.child_by_field_name("consequence") or branch.child_by_field_name("body")
        if body is None:
            continue
        for tested, when in failed:
            yield Guard(node, tested, branch.start_byte, branch.end_byte, _otherwise(when))
        test = _test(names, condition) if condition is not None else None
        if condition is not None and test is not None:
            yield Guard(node, condition, body.start_byte, body.end_byte, test)
            if names.value_of(condition).type == "boolean_operator":
                continue
            failed.append((condition, test))
            if branch == node and test is When.IMPORTED_ONLY and _leaves(names, body):
                yield Guard(node, condition, node.end_byte, _end_of_scope(names, node), When.MAIN)


def _otherwise(when: When) -> When:
    match when:
        case When.MAIN:
            return When.IMPORTED_ONLY
        case When.IMPORTED_ONLY:
            return When.MAIN
        case When.NEVER:
            return When.IMPORT
    return When.UNKNOWN


def _end_of_scope(names: Names, node: Node) -> int:
    # An `if` at module level governs the rest of the module; a deeper one, only what is around it.
    parent = node.parent
    if parent is None or parent.type == "module":
        return len(names.tree.source.data) + 1
    return parent.end_byte


_LEAVING = frozenset({"builtins.exit", "builtins.quit", "builtins.SystemExit", "sys.exit", "os._exit"})


def _leaves(names: Names, body: Node) -> bool:
    statements = own_parts(body)
    last = statements[-1] if statements else body
    if last.type in {"raise_statement", "return_statement"}:
        return True
    call = own_parts(last)[0] if last.type == "expression_statement" and own_parts(last) else None
    function = call.child_by_field_name("function") if call is not None and call.type == "call" else None
    return function is not None and names.qualified(function) in _LEAVING


def _of_conditional(names: Names, node: Node) -> Iterator[Guard]:
    parts = own_parts(node)
    if len(parts) != 3:
        return
    then, condition, otherwise = parts
    test = _test(names, condition)
    if test is not None:
        yield Guard(node, condition, then.start_byte, then.end_byte, test)
        yield Guard(node, condition, otherwise.start_byte, otherwise.end_byte, _otherwise(test))


def _of_match(names: Names, node: Node) -> Iterator[Guard]:
    subject, body = node.child_by_field_name("subject"), node.child_by_field_name("body")
    if subject is None or body is None or not _is_dunder_name(names, subject):
        return
    for clause in body.named_children:
        block = clause.child_by_field_name("consequence")
        patterns = [child for child in clause.named_children if child.type == "case_pattern"]
        if block is None or len(patterns) != 1 or not patterns[0].named_children:
            continue
        is_main = string_value(names.tree, patterns[0].named_children[0]) == "__main__"
        when = When.MAIN if is_main else When.UNKNOWN
        yield Guard(node, subject, block.start_byte, block.end_byte, when)


def _test(names: Names, condition: Node) -> When | None:
    """When the code after a true condition runs; None if the condition has nothing to do with that."""
    node = names.value_of(condition)
    if node.type == "named_expression":
        node = unwrapped(node.child_by_field_name("value") or node)
    negated = False
    while node.type == "not_operator" and (inner := node.child_by_field_name("argument")):
        node, negated = unwrapped(inner), not negated
    found = _positive(names, node)
    if negated and found is not None:
        return _otherwise(found) if node.type != "boolean_operator" else When.UNKNOWN
    return found


def _positive(names: Names, node: Node) -> When | None:
    if node.type == "false" or (node.type == "integer" and node.text == b"0"):
        return When.NEVER
    if node.type == "comparison_operator" and broken_guards.fails(names, node):
        return When.UNKNOWN
    if not _asks_for_name(names, node):
        if names.qualified(node) in _TYPE_CHECKING:
            return When.NEVER
        # `sys.modules["__main__"].__file__ == __file__`: whatever that says, it is about the script.
        return When.UNKNOWN if _asks_for_main_module(names, node) else None
    if node.type == "comparison_operator":
        return _compared(names, node)
    if node.type == "boolean_operator" and _operator(node) == "and":
        return _any_main(names, node)
    return When.UNKNOWN


def _asks_for_name(names: Names, node: Node) -> bool:
    """Whether the module's `__name__` is in it, not that of a class (`type(error).__name__`)."""
    if "__name__" not in names.tree.text(node):
        return False
    found = [name for name in nodes_of(node, "identifier") if name.text == b"__name__"]
    return any(name.prev_sibling is None or name.prev_sibling.type != "." for name in found)


def _asks_for_main_module(names: Names, node: Node) -> bool:
    keys = [each.parent for each in nodes_of(node, "string") if string_value(names.tree, each) == "__main__"]
    holders = [
        key.child_by_field_name("value") for key in keys if key is not None and key.type == "subscript"
    ]
    return any(holder is not None and names.qualified(holder) == "sys.modules" for holder in holders)


_TYPE_CHECKING = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})


def _any_main(names: Names, node: Node) -> When:
    """`a and b and …`: whatever else is asked for, one main test among them is enough."""
    waiting, tests = [node], list[When | None]()
    while waiting:
        part = unwrapped(waiting.pop())
        if part.type == "boolean_operator" and _operator(part) == "and":
            waiting += own_parts(part)
        elif part.type == "comparison_operator":
            tests.append(_compared(names, part) if _asks_for_name(names, part) else None)
        elif _asks_for_name(names, part):
            tests.append(When.UNKNOWN)
    return When.MAIN if When.MAIN in tests and When.UNKNOWN not in tests else When.UNKNOWN


def _compared(names: Names, node: Node) -> When:
    sides = own_parts(node)
    operator = names.tree.text(node.child_by_field_name("operators") or node)
    if len(sides) != 2:
        return When.UNKNOWN
    if not _is_dunder_name(names, sides[0]):
        sides.reverse()
    if not _is_dunder_name(names, sides[0]):
        return When.UNKNOWN
    match operator:
        case "==" | "is":
            return When.MAIN if string_value(names.tree, sides[1]) == "__main__" else When.UNKNOWN
        case "!=":
            return When.IMPORTED_ONLY if string_value(names.tree, sides[1]) == "__main__" else When.UNKNOWN
        case "in":
            values = {string_value(names.tree, child) for child in own_parts(unwrapped(sides[1]))}
            # `in {"__main__", "__mp_main__"}` runs in spawned children too: that guards nothing.
            if values == {"__main__", "__mp_main__"}:
                return When.IMPORT
            return When.MAIN if values == {"__main__"} else When.UNKNOWN
    return When.UNKNOWN


def _is_dunder_name(names: Names, node: Node) -> bool:
    node = unwrapped(node)
    return node.type == "identifier" and names.tree.text(node) == "__name__" and not names.bindings_of(node)


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else ""
