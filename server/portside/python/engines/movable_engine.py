"""The engine of a module whose statement could as well run when the app starts, and not on import."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from portside.lint.source import SourceFile
from portside.python.apps import AppUse
from portside.python.engines.engines import EngineUse
from portside.python.facts import FileFacts
from portside.python.names.names import Names
from portside.python.running.reachability import decorators
from portside.python.source.nodes import holds, own_parts
from portside.python.source.syntax import ancestors
from portside.python.values.instances import constructions
from portside.records import dataclass

_KINDS = frozenset({"FastAPI", "Starlette"})


@dataclass(frozen=True)
class MovableEngine:
    """assignment: `engine = …`, a statement of the module. target: its left side.

    bound: the names that it binds; none where it is an attribute or an item of what is there already.
    stop: the statement that ends the engine. owner: the class whose attribute it is, in whose body it stands.
    makers: the functions that the statement calls to make it. comments: the lines above that are about it.
    """

    names: Names
    statement: Node
    assignment: Node
    target: Node
    bound: tuple[str, ...]
    stop: str
    app: AppUse
    owner: str | None = None
    makers: tuple[Node, ...] = ()
    comments: tuple[str, ...] = ()

    @property
    def source(self) -> SourceFile:
        return self.names.tree.source

    @property
    def text(self) -> str:
        text = self.names.tree.text(self.target)
        return f"{self.owner}.{text}" if self.owner else text

    @property
    def roots(self) -> tuple[str, ...]:
        """The names through which others get at the engine."""
        return self.bound or (self.owner or self.names.tree.text(_root(self.target)),)

    @property
    def is_in_app(self) -> bool:
        """Whether it is kept in the app itself, `app.state.engine`."""
        return not self.bound and self.roots == (self.app.name,)

    def declared(self, indent: str) -> str:
        """The line that makes the names those of the module, with its end; nothing where none is bound."""
        return f"global {', '.join(self.bound)}{self.source.newline}{indent}" if self.bound else ""

    def made(self, indent: str) -> str:
        """The assignment, one level deeper, below the comments about it."""
        text = self.names.tree.text(self.assignment).replace("\r\n", "\n")
        text = f"{self.owner}.{text}" if self.owner else text
        text = "\n".join([*self.comments, text])
        return text.replace("\n", f"\n{indent}").replace("\n", self.source.newline)


def movable_engine(facts: FileFacts, engine: EngineUse) -> MovableEngine | None:
    """What of the file makes the engine, None where it can't be moved as it stands."""
    names, way = facts.module.names, engine.at_import()
    app = _only_app(facts)
    # What is no engine but a context manager, or a part of an engine, has an end of another kind.
    if app is None or way is None or engine.constructor.startswith("build_") or "Core" in engine.constructor:
        return None
    statement = statement_of(way.origin)
    if statement is None or statement.parent is None or (way.path and _may_be_kept(names, way.origin)):
        return None
    if holds(statement, app.call):  # the app is made of it
        return None
    owner = statement.parent.parent if statement.parent.type == "block" else None
    if statement.parent.type != "module" and not _is_class_of_module(owner):
        return None
    assignment = own_parts(statement)[0] if statement.type == "expression_statement" else statement
    target, value = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    if target is None or value is None or _runs_loop((statement, *way.functions)):
        return None
    if value.type == "assignment":  # `a = b = …`
        return None
    bound = _bound(names, target) if owner is None else () if target.type == "identifier" else None
    if bound is None or not _can_move(names, statement, assignment):
        return None
    name = owner.child_by_field_name("name") if owner is not None else None
    own = names.tree.text(name) if name is not None else None
    stop = _stop(names, engine, target, value, own)
    comments = _comments_about(names, statement) if owner is None else ()
    return MovableEngine(names, statement, assignment, target, bound, stop, app, own, way.functions, comments)


def _comments_about(names: Names, statement: Node) -> tuple[str, ...]:
    """The comments right above a statement that stands alone with them, between blank lines."""
    source, span = names.tree.source, names.tree.span(statement)
    starts = source.line_starts
    first, below = source.line_of(span.start), source.line_of(span.end - 1) + 1
    found: list[str] = []
    while first > 0 and (text := source.slice(source.line_span(first - 1))).startswith("#"):
        found.insert(0, text.rstrip())
        first -= 1
    is_apart = first > 0 and not source.slice(source.line_span(first - 1)).strip()
    is_last = below >= len(starts) or not source.slice(source.line_span(below)).strip()
    speaks_to_tools = any(_FOR_TOOLS.match(text) for text in found)
    return tuple(found) if is_apart and is_last and not speaks_to_tools else ()


# Comments that part a file into notebook cells, or are about lines and not about what they say.
_FOR_TOOLS = re.compile(r"# ?%%|# In\[|#\s*(?:type|noqa|fmt|isort|ruff|pylint|pyright|mypy|portside)\b")


def _only_app(facts: FileFacts) -> AppUse | None:
    """The one app of the file, if a statement of the module gives it a name."""
    apps = [app for app in facts.module.apps if not app.is_router]
    if len(apps) != 1 or apps[0].kind not in _KINDS or apps[0].name is None:
        return None
    statement = statement_of(apps[0].call)
    if statement is None or statement.parent is None or statement.parent.type != "module":
        return None
    return apps[0] if has_its_lines(facts.module.names, statement) else None


def _can_move(names: Names, statement: Node, assignment: Node) -> bool:
    """Whether it says the same one level deeper, where a string over several lines would be another."""
    text = names.tree.text(assignment)
    is_plain = assignment.type == "assignment" and assignment.child_by_field_name("type") is None
    return is_plain and '"""' not in text and "'''" not in text and has_its_lines(names, statement)


def _is_class_of_module(node: Node | None) -> bool:
    return (
        node is not None
        and node.type == "class_definition"
        and node.parent is not None
        and node.parent.type == "module"
    )


def _may_be_kept(names: Names, call: Node) -> bool:
    """Whether what is called may keep what it makes: a method, or a function with a cache around it."""
    callee = call.child_by_field_name("function")
    definition = names.definition(callee) if callee is not None else None
    if definition is None:
        return callee is None or names.value_of(callee).type != "lambda"
    return definition.type == "function_definition" and bool(decorators(definition))


def _bound(names: Names, target: Node) -> tuple[str, ...] | None:
    """The names that the target binds; () for a part of what a name stands for, None for anything else."""
    match target.type:
        case "identifier":
            return (names.tree.text(target),)
        case "pattern_list" | "tuple_pattern":
            parts = target.named_children
            is_plain = all(part.type == "identifier" for part in parts)
            return tuple(map(names.tree.text, parts)) if is_plain else None
        case "attribute" | "subscript":
            return () if _root(target).type == "identifier" else None
    return None


def _root(target: Node) -> Node:
    """`app` of `app.state.engine`, `models` of `models["chat"]`."""
    node = target
    while node.type in {"attribute", "subscript"}:
        inner = node.child_by_field_name("object") or node.child_by_field_name("value")
        if inner is None:
            break
        node = inner
    return node


_LOOPS = re.compile(rb"\b(?:asyncio|anyio|trio|uvloop)\.run\b|\brun_until_complete\b|\brun_forever\b")


def _runs_loop(nodes: Iterable[Node]) -> bool:
    """Whether the code drives an event loop, which it can't where one runs already."""
    return any(_LOOPS.search(node.text or b"") for node in nodes)


def _stop(names: Names, engine: EngineUse, target: Node, value: Node, owner: str | None) -> str:
    """What ends the engine. `LLM` has no `shutdown` in any release; a helper drops what it holds."""
    parts = target.named_children if target.type in {"pattern_list", "tuple_pattern"} else []
    own = [part for part in parts if constructions(names, part) == (engine.call,)]
    is_engine = bool(own) or constructions(names, value) == (engine.call,)
    if is_engine and engine.constructor.startswith("Async"):
        return f"{_written(names, own[0] if own else target, owner)}.shutdown()"
    text = _written(names, target, owner)
    return f"{text} = None" if owner else f"del {text}"


def _written(names: Names, target: Node, owner: str | None) -> str:
    return f"{owner}." * bool(owner) + names.tree.text(target).strip("()")


def is_read_later_only(facts: FileFacts, move: MovableEngine) -> bool:
    """Whether nobody reads the engine before the app starts: no code at import, no other file."""
    names, place = move.names, facts.workspace.place
    imported = place.imported_names if place is not None else frozenset[str]()
    if imported is None or names.chunks_with(["globals", "exec", "eval"]) or names.tree.errors:
        return False
    # An indented statement of the module is an error for Python, though none for the parser.
    if not all(names.tree.stands_at_module_level(chunk.node) for chunk in names.chunks):
        return False
    if not move.is_in_app and any(
        name in imported or not _is_bound_by_it_alone(move, name) for name in move.roots
    ):
        return False
    if move.owner is not None and not _is_only_of_class(move):
        return False
    waiting = [read for name in move.roots for read in names.reads(name) if _concerns(move, read)]
    seen = set[str]()
    while waiting:
        function = _function_around(names, waiting.pop())
        if function is None:
            return False
        name = names.tree.text(function.child_by_field_name("name") or function)
        if name in seen or _is_handler(function):
            continue
        seen.add(name)
        # Whoever calls the function reads the name, too.
        callers = (read for read in names.reads(name) if not holds(move.statement, read))
        waiting += (read for read in callers if not _is_for_requests(names, read))
    return True


def _is_bound_by_it_alone(move: MovableEngine, name: str) -> bool:
    """Whether the statement alone binds the name, or functions that nobody else calls do so for it."""
    bindings = move.names.module_bindings(name)
    others = [binding.node for binding in bindings if not holds(move.statement, binding.node)]
    if len(others) == len(bindings):
        return move.bound == () and len(bindings) == 1
    return all(_is_of_makers(move, node) for node in others) and len(bindings) == len(others) + 1


def _is_of_makers(move: MovableEngine, node: Node) -> bool:
    names = move.names
    function = next((one for one in move.makers if holds(one, node)), None)
    called = function.child_by_field_name("name") if function is not None else None
    if called is None:
        return False
    own = (move.statement, *move.makers)
    return all(any(holds(one, read) for one in own) for read in names.reads(names.tree.text(called)))


# What takes a function to call it for requests.
_TAKERS = frozenset(
    {"Depends", "Security", "Route", "APIRoute", "WebSocketRoute", "add_api_route", "add_route"}
)


def _is_for_requests(names: Names, read: Node) -> bool:
    """Whether a function is handed over for requests: `Depends(get_engine)`."""
    around = read.parent
    around = around.parent if around is not None and around.type == "keyword_argument" else around
    call = around.parent if around is not None and around.type == "argument_list" else None
    callee = call.child_by_field_name("function") if call is not None else None
    return callee is not None and names.tree.text(callee).rpartition(".")[2] in _TAKERS


def _is_only_of_class(move: MovableEngine) -> bool:
    """Whether the attribute is read in methods of its class alone, and by the class's name."""
    names, around = move.names, move.statement.parent
    attribute, owner = names.tree.text(move.target), move.owner
    body = (around.start_byte, around.end_byte) if around is not None else (0, 0)
    return all(
        body[0] <= mention.start_byte < body[1]
        or (mention.parent is not None and mention.parent.text == f"{owner}.{attribute}".encode())
        for mention in names.mentions(attribute)
    )


def _concerns(move: MovableEngine, read: Node) -> bool:
    """Whether a read of one of the names may be one of the engine; that of the app is one of many things."""
    if holds(move.statement, read):
        return False
    if not move.is_in_app:
        return True
    whole = read
    while whole.parent is not None and whole.parent.type in {"attribute", "subscript"}:
        whole = whole.parent
    return move.names.tree.text(whole).startswith(move.text)


def _function_around(names: Names, node: Node) -> Node | None:
    """The function of the module that reads; None for code of the module itself, classes and defaults too."""
    scope = names.scope_at(node)
    if scope.function() is None:
        return None
    functions = [around for around in ancestors(node) if around.type == "function_definition"]
    outermost = functions[-1] if functions else None
    parent = outermost.parent if outermost is not None else None
    top = parent.parent if parent is not None and parent.type == "decorated_definition" else parent
    return outermost if top is not None and top.type == "module" else None


def _is_handler(function: Node) -> bool:
    """Whether it is decorated, as handlers are, and so called by nobody in this file."""
    return bool(decorators(function))


def statement_of(call: Node) -> Node | None:
    for node in ancestors(call):
        if node.parent is not None and node.parent.type in {"module", "block"}:
            return node
    return None


def has_its_lines(names: Names, statement: Node) -> bool:
    source, span = names.tree.source, names.tree.span(statement)
    before = source.text[source.line_span(source.line_of(span.start)).start : span.start]
    after = source.text[span.end : source.line_span(source.line_of(span.end - 1)).end].strip()
    # An indented statement of the module is an error for Python, though none for the parser.
    is_of_module = statement.parent is not None and statement.parent.type == "module"
    is_first = not before.strip("\f") if is_of_module else not before.strip()
    return is_first and (not after or after.startswith("#"))
