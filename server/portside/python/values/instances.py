"""Of which library class an expression is an instance: through variables, attributes of `self`, `await`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.names import How, Names, Scope, ScopeKind
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.source.syntax import arguments, unwrapped

_FARTHEST = 6


def constructions(names: Names, expression: Node, depth: int = _FARTHEST) -> tuple[Node, ...]:
    """The calls one of which made the value; () if it may come from anywhere else.

    Functions of the file are followed to what they return; any other call is a construction.
    """
    node = unwrapped(expression)
    values = returned(names, node) if node.type == "call" else _values(names, node)
    if values is None:
        return (node,)
    found: list[Node] = []
    for value in values if depth > 0 else ():
        if value is None:
            return ()
        if value.type != "none":
            calls = constructions(names, value, depth - 1)
            if not calls:
                return ()
            found += calls
    return tuple(found)


def returned(names: Names, call: Node) -> tuple[Node | None, ...] | None:
    """What a plain function of the file may return; None if it is a call of anything else."""
    function = _called(names, call)
    if function is None or function.type != "function_definition":
        return None
    body = function.child_by_field_name("body")
    is_decorated = function.parent is not None and function.parent.type == "decorated_definition"
    if body is None or is_decorated or (function.children and function.children[0].type == "async"):
        return None
    own = [node for node in nodes_of(body, "return_statement") if names.scope_at(node).node == function]
    if not own or nodes_of(body, "yield"):
        return None
    return tuple(own_parts(node)[0] if own_parts(node) else None for node in own)


def _called(names: Names, call: Node) -> Node | None:
    """The function of the file that is called, or the method of the class around by `self.make()`."""
    callee = call.child_by_field_name("function")
    if callee is None or callee.type != "attribute":
        return names.definition(callee) if callee is not None else None
    holder, name = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    owner = class_around(names.scope_at(callee))
    if holder is None or name is None or owner is None or holder.text not in {b"self", b"cls"}:
        return names.definition(callee)
    return method_of(names, owner, names.tree.text(name))


def method_of(names: Names, owner: Scope, name: str) -> Node | None:
    """The function that a class has under this name, where nothing else there has it."""
    bindings = names.bindings_in(name, owner)
    return bindings[0].statement if [binding.how for binding in bindings] == [How.FUNCTION] else None


def made_by_method(names: Names, owner: Node, name: str) -> Node | None:
    """The call that makes the object of `Config.from_env()`: what a method of the class returns, `cls(…)`."""
    method = method_of(names, names.scope_of(owner), name)
    if method is None:
        return None
    own = [node for node in nodes_of(method, "return_statement") if names.scope_at(node).node == method]
    written = unwrapped(own_parts(own[0])[0]) if len(own) == 1 and own_parts(own[0]) else None
    if written is not None and written.type == "identifier":
        # What is done to it meanwhile is not followed.
        is_alone = len(names.reads(names.tree.text(written), names.scope_at(written))) == 1
        written = names.value_of(written) if is_alone else None
    callee = (
        written.child_by_field_name("function") if written is not None and written.type == "call" else None
    )
    is_own = callee is not None and (callee.text == b"cls" or names.definition(callee) == owner)
    return written if is_own else None


def unpacked(names: Names, identifier: Node) -> Node | None:
    """What the name gets of `args, worker = make()`, where a function of the file has one `return a, w`."""
    bindings = names.bindings_of(identifier)
    if len(bindings) != 1 or bindings[0].value is not None:
        return None
    return _item_for(names, bindings[0].node, bindings[0].statement)


def _item_for(names: Names, target: Node, statement: Node) -> Node | None:
    """What the target gets in such a statement."""
    if statement.type != "assignment":
        return None
    left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
    if left is None or right is None or left.type not in _PATTERNS:
        return None
    value: Node | None = unwrapped(right)
    if value is not None and value.type == "call":
        made = returned(names, value)
        value = unwrapped(made[0]) if made is not None and len(made) == 1 and made[0] is not None else None
    if value is None or value.type not in {"expression_list", "tuple"}:
        return None
    targets, values = (own_parts(node) for node in (left, value))
    kinds = {node.type for node in (*targets, *values)}
    if len(targets) != len(values) or kinds & {"list_splat", "list_splat_pattern"}:
        return None
    return next((v for t, v in zip(targets, values, strict=True) if t == target), None)


def list_items(names: Names, expression: Node) -> tuple[Node, ...]:
    """What a list is made of, with what is appended to it by its name; of a comprehension, its one form."""
    node = names.value_of(expression)
    own = tuple(own_parts(node))
    match node.type:
        case "list_comprehension" | "generator_expression":
            items = own[:1]
        case "list" | "tuple":
            items = own
        case _:
            return ()
    bindings = names.bindings_of(expression) if expression.type == "identifier" else ()
    if len(bindings) != 1:
        return items
    reads = names.reads(bindings[0].name, names.scope_at(bindings[0].statement))
    return (*items, *(item for read in reads for item in _appended(read)))


def _appended(read: Node) -> tuple[Node, ...]:
    """The item of `servers.append(…)`, where the name is read there."""
    method = read.parent.child_by_field_name("attribute") if read.parent is not None else None
    call = read.parent.parent if read.parent is not None else None
    if method is None or call is None or call.type != "call" or method.text != b"append":
        return ()
    return tuple(arguments(call).positional[:1])


def _values(names: Names, node: Node) -> tuple[Node | None, ...]:
    """The expressions that the value may be that of. A None among them stands for what can't be told."""
    match node.type:
        case "await":
            return tuple(own_parts(node)[:1])
        case "named_expression":
            return (node.child_by_field_name("value"),)
        case "identifier":
            item = unpacked(names, node)
            return (item,) if item is not None else tuple(b.value for b in names.bindings_of(node))
        case "attribute":
            return attribute_values(names, node)
    return ()


def attribute_values(names: Names, attribute: Node) -> tuple[Node | None, ...]:
    """All that the class around gives `self.name`, `cls.name`. A None in it stands for what can't be told."""
    instance, name = attribute.child_by_field_name("object"), attribute.child_by_field_name("attribute")
    owner = class_around(names.scope_at(attribute))
    if instance is None or name is None or instance.type != "identifier" or owner is None:
        return ()
    classes = _with_bases(names, owner.node)
    if names.tree.text(instance) not in {"self", "cls"} or classes is None:
        return ()
    found: list[Node | None] = []
    for each in classes:
        own = names.bindings_in(names.tree.text(name), names.scope_of(each))
        found += [*(binding.value for binding in own), *_assigned(names, attribute, each)]
    return tuple(found)


def _with_bases(names: Names, definition: Node) -> list[Node] | None:
    """The class and its bases in the file; None where one of another file or library may set attributes too.

    Those of the standard library keep to their own ones.
    """
    found, rest = list[Node](), [definition]
    while rest:
        each = rest.pop()
        if each in found:
            continue
        found.append(each)
        for written in arguments(each).positional:
            base = written.child_by_field_name("value") if written.type == "subscript" else written
            inner = names.definition(base) if base is not None else None
            outside = names.qualified(base) if base is not None else None
            if inner is not None and inner.type == "class_definition":
                rest.append(inner)
            elif outside is None or outside.partition(".")[0] not in sys.stdlib_module_names:
                return None
    return found


def attribute_values_before(names: Names, attribute: Node) -> tuple[Node | None, ...]:
    """What the function around gives `job.name` above this read of it, whoever else does. None as above."""
    function = names.scope_at(attribute).node
    if function.type != "function_definition":
        return ()
    return tuple(_assigned(names, attribute, function, attribute.start_byte))


def _assigned(
    names: Names, attribute: Node, around: Node, before: int | None = None
) -> Iterator[Node | None]:
    for target in written_as(names, attribute, around):
        parent = target.parent
        if target.type != "attribute" or parent is None or (before is not None and target.end_byte > before):
            continue
        if parent.type == "assignment" and parent.child_by_field_name("left") == target:
            yield parent.child_by_field_name("right")
        elif parent.type in _PATTERNS and parent.parent is not None:
            yield _item_for(names, target, parent.parent)
        elif parent.type in _OTHER_WRITES and own_parts(parent)[0] == target:
            yield None


def written_as(names: Names, expression: Node, around: Node) -> Iterator[Node]:
    """The nodes within `around` with the very text of the expression, in order: found by that text."""
    text, data = expression.text or b"", names.tree.data
    found = data.find(text, around.start_byte, around.end_byte)
    while found >= 0:
        node = around.descendant_for_byte_range(found, found + len(text))
        if node is not None and (node.start_byte, node.end_byte) == (found, found + len(text)):
            yield node
        found = data.find(text, found + len(text), around.end_byte)


_OTHER_WRITES = frozenset({"augmented_assignment", "for_statement", "as_pattern_target"})
_PATTERNS = frozenset({"pattern_list", "tuple_pattern"})


def class_around(scope: Scope) -> Scope | None:
    """The class whose method the scope is in."""
    current: Scope | None = scope
    while current is not None and current.kind is not ScopeKind.CLASS:
        current = current.parent
    return current
