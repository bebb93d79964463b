"""Files that define an app and do nothing else: run as a script, they end without a word.

Said only where every statement at the top is known to end at once. What is called there must be a method of
the app, or something that sets up logging; anything else may be what serves.
"""

from __future__ import annotations

from tree_sitter import Node

from portside.python.apps import AppUse
from portside.python.facts import ModuleFacts
from portside.python.names.names import How, Names
from portside.python.source.nodes import EXTRAS, nodes_of, own_parts

_DEFINITIONS = frozenset(
    {"import_statement", "import_from_statement", "future_import_statement", "function_definition"}
    | {"class_definition", "decorated_definition", "pass_statement", "global_statement"}
    | EXTRAS
    | {"type_alias_statement"}
)
_BLOCKS = frozenset({"if_statement", "try_statement"})
# Methods of an app, or of a router, that return.
_METHODS = frozenset(
    {"include_router", "mount", "add_middleware", "add_exception_handler", "add_api_route", "add_route"}
    | {"add_event_handler", "add_api_websocket_route", "middleware", "exception_handler", "on_event"}
    | {"register_blueprint", "host"}
)
_SET_UP = frozenset(
    {"logging.basicConfig", "logging.config.dictConfig", "logging.getLogger", "dotenv.load_dotenv"}
    | {"load_dotenv", "warnings.filterwarnings", "sys.path.append", "sys.path.insert"}
    | {"os.environ.setdefault", "os.makedirs"}
)
# Calls on the right of an assignment that may never return, or start something: a server, a thread.
_MAY_SERVE = ("run", "serve", "start", "launch", "main", "Popen", "system", "execute")


def ends_at_once(facts: ModuleFacts) -> bool:
    """Whether running the file makes an app, and then nothing happens."""
    if not any(not app.is_router for app in facts.apps) or facts.launches or facts.tree.has_error:
        return False
    return all(_is_idle(facts.names, facts.apps, node) for node in facts.tree.root.named_children)


def _is_idle(names: Names, apps: tuple[AppUse, ...], statement: Node) -> bool:
    if statement.type in _DEFINITIONS:
        return True
    if statement.type in _BLOCKS:
        inner = (node for block in _blocks(statement) for node in block.named_children)
        return all(_is_idle(names, apps, node) for node in inner)
    if statement.type != "expression_statement":
        return False
    expression = own_parts(statement)[0] if own_parts(statement) else None
    if expression is None or expression.type in {"string", "ellipsis", "concatenated_string"}:
        return True
    if expression.type == "assignment":
        return not any(_may_serve(names, call) for call in nodes_of(expression, "call"))
    return expression.type == "call" and _returns(names, apps, expression)


def _blocks(statement: Node) -> list[Node]:
    found = [child for child in statement.named_children if child.type == "block"]
    clauses = [child for child in statement.named_children if child.type.endswith("_clause")]
    return found + [block for clause in clauses for block in _blocks(clause)]


def _may_serve(names: Names, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    last = names.tree.text(callee).rpartition(".")[2] if callee is not None else ""
    return last in _MAY_SERVE


def _returns(names: Names, apps: tuple[AppUse, ...], call: Node) -> bool:
    callee = call.child_by_field_name("function")
    if callee is None:
        return False
    if names.qualified(callee) in _SET_UP:
        return True
    made_here = {app.name for app in apps}
    owner, attribute = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
    if callee.type != "attribute" or owner is None or attribute is None:
        return False
    return names.tree.text(owner) in made_here and names.tree.text(attribute) in _METHODS


def bound_names(facts: ModuleFacts) -> frozenset[str] | None:
    """What the module binds at its top, also later through `global`; None where its source does not tell."""
    text = facts.source.text
    if facts.tree.has_error or any(
        word in text for word in ("__getattr__", "globals()", "exec(", "setattr(")
    ):
        return None
    found: set[str] = set()
    for chunk in facts.names.chunks:
        for name, bindings in facts.names.bindings_by(chunk):
            if any(binding.how is How.STAR_IMPORT for binding in bindings):
                return None
            found.add(name)
    return frozenset(found)
