"""Whether an engine is held by one expression alone, so that it ends where that lets go of it."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import ancestors, arguments, string_value

_ASKS = frozenset({"isinstance", "hasattr", "getattr", "type", "bool", "id", "print", "callable"})
_LOOKS = frozenset(
    {"comparison_operator", "not_operator", "boolean_operator", "interpolation", "if_statement"}
    | {
        "conditional_expression",
        "delete_statement",
        "global_statement",
        "assert_statement",
        "while_statement",
    }
)


def is_only_reference(names: Names, target: Node) -> bool:
    """Whether nobody keeps what the target holds: others call its methods, or ask whether it is there."""
    return all(not _keeps(names, use) for use in _uses(names, target))


def _uses(names: Names, target: Node) -> Iterator[Node]:
    """The expressions that may stand for the same, but those that are assigned to."""
    if target.type == "identifier":
        text = names.tree.text(target)
        yield from names.reads(text, names.home(text, names.scope_at(target)))
    elif target.type == "subscript":
        yield from _items(names, target)
    else:
        attribute = target.child_by_field_name("attribute") or target
        # Another object's attribute may be the same engine: `request.app.state.llm`.
        for mention in names.mentions(names.tree.text(attribute)):
            around = mention.parent
            if around is not None and around.child_by_field_name("attribute") == mention:
                yield around


def _items(names: Names, target: Node) -> Iterator[Node]:
    """`models["chat"]` wherever it stands, and items by a key that can't be told."""
    holder, key = target.child_by_field_name("value"), target.child_by_field_name("subscript")
    for mention in names.mentions(names.tree.text(holder or target)):
        around = mention.parent
        if around is None or around.type != "subscript" or around.child_by_field_name("value") != mention:
            continue
        asked = around.child_by_field_name("subscript")
        values = [string_value(names.tree, one) if one is not None else None for one in (asked, key)]
        if values[0] is None or values[0] == values[1]:
            yield around


def _keeps(names: Names, use: Node) -> bool:
    around = use.parent
    if around is None or around.type in _LOOKS:
        return False
    match around.type:
        case "attribute":
            # `llm.llm_engine` is the engine itself.
            attribute = around.child_by_field_name("attribute")
            is_engine = attribute is not None and b"engine" in (attribute.text or b"")
            return is_engine and (around.parent is None or around.parent.type != "attribute")
        case "subscript":
            return around.child_by_field_name("value") != use
        case "assignment":
            return around.child_by_field_name("left") != use and not _is_local(names, around)
        case "keyword_argument":
            return around.child_by_field_name("name") != use
        case "argument_list":
            return not _only_asks(names, around)
        case "return_statement":
            return not _is_given_for_a_while(names, around)
    return True


def _only_asks(names: Names, listed: Node) -> bool:
    callee = listed.parent.child_by_field_name("function") if listed.parent is not None else None
    return callee is not None and names.tree.text(callee) in _ASKS


def _is_local(names: Names, assignment: Node) -> bool:
    """Whether it is a variable of a function that is called and done with, as a handler of requests is."""
    left = assignment.child_by_field_name("left")
    if left is None or left.type != "identifier":
        return False
    home = names.home(names.tree.text(left), names.scope_at(left))
    function = home.function() if home is not None else None
    return function is not None and b"yield" not in (function.node.text or b"")


def _is_given_for_a_while(names: Names, statement: Node) -> bool:
    """Whether who calls the function leaves what it returns, or has it for a request: `Depends(get_llm)`."""
    function = next((one for one in ancestors(statement) if one.type == "function_definition"), None)
    name = function.child_by_field_name("name") if function is not None else None
    if function is None or name is None:
        return False
    return all(_is_left(names, read) for read in names.reads(names.tree.text(name)))


def _is_left(names: Names, read: Node) -> bool:
    around = read.parent
    if around is None:
        return False
    if around.type == "argument_list" and around.parent is not None:
        callee = around.parent.child_by_field_name("function")
        is_dependency = callee is not None and names.tree.text(callee).rpartition(".")[2] == "Depends"
        return is_dependency and [*arguments(around.parent).positional] == [read]
    call = around if around.type == "call" and around.child_by_field_name("function") == read else None
    node = call.parent if call is not None else None
    while node is not None and node.type == "await":
        node = node.parent
    return node is not None and node.type == "expression_statement" and bool(own_parts(node))
