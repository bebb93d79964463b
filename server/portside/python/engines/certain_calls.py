"""Whether a function makes a call whatever it is given: `load("x", backend="hf")` may make no engine.

Asked where another file calls the function, and says nothing of vLLM itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.running.reachability import decorators
from portside.python.source.nodes import holds, nodes_of, operator_of, own_parts
from portside.python.source.syntax import ancestors

# What is called through these is the function itself, with what it is given.
_HARMLESS = frozenset(
    {"cache", "lru_cache", "cached_property", "cache_resource", "staticmethod", "classmethod", "dataclass"}
    | {"no_grad", "inference_mode", "override"}
)
_MAY_BE_PASSED = frozenset({"elif_clause", "else_clause", "except_clause", "case_clause", "lambda"})
_LOOPS = frozenset({"for_statement", "while_statement"})
_IMPORTS = frozenset({"import_statement", "import_from_statement"})
# What an `else` belongs to that is come to where nothing else happens.
_WITH_ELSE = _LOOPS | {"try_statement"}


def _never(_condition: Node) -> bool:
    return False


def is_certain(names: Names, call: Node, is_given: Callable[[Node], bool] = _never) -> bool:
    """Whether the function around the call makes it each time, or only for as long as there is no result.

    is_given: whether a condition is one that holds wherever it matters.
    """
    inner = call
    for around in ancestors(call):
        match around.type:
            case "function_definition":
                return is_called_itself(names, around)
            case "if_statement" if _is_asked_for(around, inner, is_given):
                pass
            case "if_statement" if not _holds_test(around, call) and not _makes_once(around, inner):
                return False
            case "block" if _may_be_left(around, inner, is_given):
                return False
            case "else_clause" if around.parent is not None and around.parent.type in _WITH_ELSE:
                pass
            case "conditional_expression" if _is_one_of_two(around, inner, is_given):
                return False
            case "boolean_operator" if own_parts(around)[0] != inner:
                return False
            case kind if kind in _MAY_BE_PASSED:
                return False
        inner = around
    return True


def is_called_itself(names: Names, function: Node) -> bool:
    """Whether no decorator, of it or of its class, has it run elsewhere, or later."""
    owner = next((node for node in ancestors(function) if node.type == "class_definition"), None)
    around = (*decorators(function), *(decorators(owner) if owner is not None else ()))
    return all(_last_name(names, decorator) in _HARMLESS for decorator in around)


def _last_name(names: Names, decorator: Node) -> str:
    called = decorator.child_by_field_name("function") or decorator
    return names.tree.text(called).rpartition(".")[2]


def _holds_test(statement: Node, call: Node) -> bool:
    condition = statement.child_by_field_name("condition")
    return condition is not None and holds(condition, call)


def _makes_once(statement: Node, block: Node) -> bool:
    """Whether it is an `if self.llm is None:` or `if not _llm:` around what makes just that."""
    asked = _missing(statement.child_by_field_name("condition"))
    if asked is None or statement.child_by_field_name("consequence") != block:
        return False
    targets = (assigned.child_by_field_name("left") for assigned in nodes_of(block, "assignment"))
    return any(target is not None and target.text == asked for target in targets) and not _is_parameter(
        statement, asked
    )


def _missing(condition: Node | None) -> bytes | None:
    """What the condition says is not there; None where it says something else."""
    if condition is None:
        return None
    parts = own_parts(condition)
    if condition.type == "parenthesized_expression":
        return _missing(parts[0])
    if condition.type == "not_operator":
        return parts[0].text
    is_none = len(parts) == 2 and operator_of(condition) == "is" and parts[1].type == "none"
    return parts[0].text if condition.type == "comparison_operator" and is_none else None


def _is_parameter(inside: Node, name: bytes) -> bool:
    function = next((node for node in ancestors(inside) if node.type == "function_definition"), None)
    parameters = function.child_by_field_name("parameters") if function is not None else None
    return parameters is not None and any(node.text == name for node in nodes_of(parameters, "identifier"))


def _is_asked_for(statement: Node, block: Node, is_given: Callable[[Node], bool]) -> bool:
    """Whether the block is what runs where the condition holds, and it does."""
    condition = statement.child_by_field_name("condition")
    return (
        condition is not None
        and statement.child_by_field_name("consequence") == block
        and is_given(condition)
    )


def _is_one_of_two(expression: Node, inner: Node, is_given: Callable[[Node], bool]) -> bool:
    """Whether `inner` is what an `a if x else b` may not come to."""
    consequence, condition = own_parts(expression)[:2]
    return inner != condition and not (inner == consequence and is_given(condition))


def _may_be_left(block: Node, statement: Node, is_given: Callable[[Node], bool]) -> bool:
    """Whether what stands before the statement may end the block: not by what has been made, or in a loop."""
    before = (other for other in own_parts(block) if other.end_byte <= statement.start_byte)
    return any(
        not _gives_what_is_there(other) and not _lacks_what_it_takes(other, is_given)
        for other in before
        for _ in _ends(other)
    )


def _lacks_what_it_takes(statement: Node, is_given: Callable[[Node], bool]) -> bool:
    """Whether it leaves only where an import fails, or where the condition that holds does not."""
    parts = own_parts(statement)
    if statement.type == "try_statement":
        tried = own_parts(parts[0])
        others = {part.type for part in parts[1:]}
        return all(one.type in _IMPORTS for one in tried) and others == {"except_clause"}
    condition = statement.child_by_field_name("condition")
    if statement.type != "if_statement" or condition is None or len(parts) != 2:
        return False
    return condition.type == "not_operator" and is_given(own_parts(condition)[0])


def _ends(statement: Node) -> Iterator[Node]:
    for found in nodes_of(statement, "return_statement", "continue_statement"):
        between = (node.type for node in ancestors(found) if holds(statement, node))
        if not any(kind in _LOOPS or kind in {"function_definition", "lambda"} for kind in between):
            yield found


def _gives_what_is_there(statement: Node) -> bool:
    """Whether it is an `if _llm is not None: return _llm`."""
    condition, block = (statement.child_by_field_name(name) for name in ("condition", "consequence"))
    if statement.type != "if_statement" or condition is None or block is None or len(own_parts(block)) != 1:
        return False
    found = own_parts(block)[0]
    given = own_parts(found)[0] if found.type == "return_statement" and own_parts(found) else None
    name = (given.text or b"") if given is not None else b""
    is_asked = bool(name) and name in (condition.text or b"")
    return is_asked and len(own_parts(statement)) == 2 and not _is_parameter(statement, name)
