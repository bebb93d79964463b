"""Moves an engine that a module makes on import into the start of its app.

    engine = AsyncLLMEngine.from_engine_args(args)
    app = FastAPI()

becomes

    @contextlib.asynccontextmanager
    async def lifespan(app):
        global engine
        engine = AsyncLLMEngine.from_engine_args(args)
        yield  # and serves
        engine.shutdown()


    app = FastAPI(lifespan=lifespan)

The name stays a global of the module, so whoever reads it in a handler goes on to do so. An app that has a
lifespan keeps it, with the engine made first; one with `on_event` handlers gets two more of them, since
FastAPI calls those or the lifespan, never both.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import SourceFile, Span
from portside.python.apps import AppUse
from portside.python.engines import EngineUse
from portside.python.facts import FileFacts
from portside.python.import_insertion import insertion
from portside.python.lifespans import find_app_events, yields_of
from portside.python.names import How, Names
from portside.python.reachability import decorators
from portside.python.syntax import ancestors, arguments

TITLE = "Move the engine into the lifespan"
_KINDS = frozenset({"FastAPI", "Starlette"})
_START, _STOP = "start_engine", "shut_down_engine"


@dataclass(frozen=True)
class _Move:
    """assignment: `engine = …`, a statement of the module. name: what it binds."""

    names: Names
    engine: EngineUse
    statement: Node
    assignment: Node
    name: str
    app: AppUse

    @property
    def source(self) -> SourceFile:
        return self.names.tree.source

    @property
    def stop(self) -> str:
        """What ends the engine: `LLM` has no `shutdown` in any release."""
        is_async = self.engine.constructor.startswith("Async")
        return f"{self.name}.shutdown()" if is_async else f"del {self.name}"

    def made(self, indent: str) -> str:
        """The assignment, one level deeper."""
        text = self.names.tree.text(self.assignment).replace("\r\n", "\n")
        return text.replace("\n", f"\n{indent}").replace("\n", self.source.newline)


def move_into_lifespan(facts: FileFacts, engine: EngineUse) -> Fix | None:
    """The fix; None where it does not hold: the engine is needed on import, or by another file."""
    move = _move(facts, engine)
    if move is None or not _is_read_later_only(facts, move):
        return None
    events = find_app_events(move.names)
    if events.startup or events.shutdown:
        edits = _with_handlers(move)
    elif "lifespan" in arguments(move.app.call).keywords:
        edits = _in_lifespan(move, events.lifespans)
    else:
        edits = _with_lifespan(move)
    if edits is None:
        return None
    note = f"`{move.name}` exists once the app has started, no more on import"
    return Fix(TITLE, (*edits, _cut(move)), Applicability.UNSAFE, (note,))


def _move(facts: FileFacts, engine: EngineUse) -> _Move | None:
    names = facts.module.names
    apps = [app for app in facts.module.apps if not app.is_router]
    assignment = engine.call.parent
    if len(apps) != 1 or apps[0].kind not in _KINDS or apps[0].name is None or assignment is None:
        return None
    statement, target = assignment.parent, assignment.child_by_field_name("left")
    # What is no engine but a context manager, or a part of an engine, has an end of another kind.
    if engine.constructor.startswith("build_") or "Core" in engine.constructor:
        return None
    if assignment.type != "assignment" or assignment.child_by_field_name("right") != engine.call:
        return None
    if statement is None or statement.parent is None or statement.parent.type != "module" or target is None:
        return None
    is_plain = target.type == "identifier" and assignment.child_by_field_name("type") is None
    # A string over several lines would be another one if its lines moved.
    text = names.tree.text(assignment)
    if not is_plain or '"""' in text or "'''" in text or not _has_its_lines(names, statement):
        return None
    app = _statement(apps[0].call)
    if app is None or app.parent is None or app.parent.type != "module" or not _has_its_lines(names, app):
        return None
    return _Move(names, engine, statement, assignment, names.tree.text(target), apps[0])


def _is_read_later_only(facts: FileFacts, move: _Move) -> bool:
    """Whether nobody reads the name before the app starts: no code at import, no other file."""
    names, place = move.names, facts.workspace.place
    imported = place.imported_names if place is not None else frozenset[str]()
    if imported is None or move.name in imported or len(names.module_bindings(move.name)) != 1:
        return False
    if names.chunks_with(["globals", "exec", "eval"]) or names.tree.errors:
        return False
    waiting, seen = list(names.reads(move.name)), set[str]()
    while waiting:
        function = _function_around(names, waiting.pop())
        if function is None:
            return False
        name = names.tree.text(function.child_by_field_name("name") or function)
        if name in seen or _is_handler(function):
            continue
        seen.add(name)
        # Whoever calls the function reads the name, too.
        waiting += names.reads(name)
    return True


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


# Where the engine goes


def _with_lifespan(move: _Move) -> tuple[Edit, ...] | None:
    """A new lifespan above the app."""
    if move.names.module_bindings("lifespan"):
        return None
    manager = _manager(move)
    app = _statement(move.app.call)
    listed = move.app.call.child_by_field_name("arguments")
    if manager is None or app is None or listed is None or listed.type != "argument_list":
        return None
    decorator, imports = manager
    nl = move.source.newline
    lines = (
        f"@{decorator}",
        "async def lifespan(app):",
        f"    global {move.name}",
        f"    {move.made('    ')}",
        "    yield",
        f"    {move.stop}",
    )
    line = _first_line(move, app)
    start = move.source.line_starts[line]
    above = Edit(move.source.path, Span(start, start), nl * _missing(move, line) + nl.join(lines) + nl * 3)
    return (*imports, above, _keyword(move, listed))


def _manager(move: _Move) -> tuple[str, tuple[Edit, ...]] | None:
    """`asynccontextmanager` as the file calls it, and the import that this needs."""
    names = move.names
    for name in ("asynccontextmanager", "contextlib"):
        bindings = names.module_bindings(name)
        if bindings:
            full = "contextlib" if name == "contextlib" else "contextlib.asynccontextmanager"
            if len(bindings) != 1 or bindings[0].target != full or bindings[0].arm is not None:
                return None
            return (f"{name}.asynccontextmanager" if name == "contextlib" else name), ()
    first = min(move.statement.start_byte, move.app.call.start_byte)
    chunk = names.chunk_at(first)
    edit = insertion(names, "contextlib", chunk.node) if chunk is not None else None
    return ("contextlib.asynccontextmanager", (edit,)) if edit is not None else None


def _keyword(move: _Move, listed: Node) -> Edit:
    """`lifespan=lifespan`, as the last argument."""
    given = [node for node in listed.named_children if node.type != "comment"]
    if not given:
        span = move.names.tree.span_of_bytes(listed.start_byte + 1, listed.end_byte - 1)
        return Edit(move.source.path, span, "lifespan=lifespan")
    end = move.names.tree.span(given[-1]).end
    return Edit(move.source.path, Span(end, end), ", lifespan=lifespan")


def _in_lifespan(move: _Move, lifespans: tuple[Node, ...]) -> tuple[Edit, ...] | None:
    """First in the lifespan that the app has, and after its `yield`."""
    if len(lifespans) != 1:
        return None
    body = lifespans[0].child_by_field_name("body")
    stops = yields_of(move.names, lifespans[0])
    ending = stops[0].parent if len(stops) == 1 else None
    if body is None or ending is None or ending.type != "expression_statement" or ending.parent != body:
        return None
    taken = any(b.how is How.PARAMETER for b in move.names.bindings_in(move.name, move.names.scope_at(body)))
    first = next((node for node in body.named_children if node.type != "comment"), None)
    if taken or first is None or lifespans[0].start_point.row == first.start_point.row:
        return None
    if first.type == "expression_statement" and first.named_children[0].type == "string":
        first = first.next_named_sibling or first
    indent = _indent(move, first)
    if indent is None or not _has_its_lines(move.names, ending):
        return None
    nl, tree, path = move.source.newline, move.names.tree, move.source.path
    start, end = tree.span(first).start, _line_end(move, ending)
    before = f"global {move.name}{nl}{indent}{move.made(indent)}{nl}{indent}"
    return (
        Edit(path, Span(start, start), before),
        Edit(path, Span(end, end), f"{nl}{indent}{move.stop}"),
    )


def _with_handlers(move: _Move) -> tuple[Edit, ...] | None:
    """Two handlers below the app."""
    if move.names.module_bindings(_START) or move.names.module_bindings(_STOP):
        return None
    app = _statement(move.app.call)
    if app is None or "lifespan" in arguments(move.app.call).keywords:
        return None
    nl, end = move.source.newline, _line_end(move, app)
    is_deleted = move.stop.startswith("del ")
    lines = (
        *("", "", f'@{move.app.name}.on_event("startup")', f"def {_START}():"),
        *(f"    global {move.name}", f"    {move.made('    ')}"),
        *("", "", f'@{move.app.name}.on_event("shutdown")', f"def {_STOP}():"),
        *((f"    global {move.name}",) if is_deleted else ()),
        f"    {move.stop}",
    )
    above, source = app, move.source
    between = source.data[app.end_byte : move.statement.start_byte]
    if move.names.statement_after(app) == move.statement and not between.strip():
        above = move.statement
    below = source.line_of(move.names.tree.span(above).end) + 1
    gap = below >= len(source.line_starts) or not source.slice(source.line_span(below)).strip()
    return (Edit(move.source.path, Span(end, end), nl + nl.join(lines) + ("" if gap else nl * 2)),)


# Lines


def _first_line(move: _Move, statement: Node) -> int:
    """The line of the statement, or of the first of the comments right above it."""
    line = move.source.line_of(move.names.tree.span(statement).start)
    while line > 0 and move.source.slice(move.source.line_span(line - 1)).startswith("#"):
        line -= 1
    return line


def _missing(move: _Move, line: int) -> int:
    """How many of two blank lines there will not be above the line, once the engine's statement is cut."""
    source, cut = move.source, _cut(move).span
    blank = 0
    for above in range(line - 1, -1, -1):
        span = source.line_span(above)
        if cut.start <= span.start < cut.end:
            continue
        if source.slice(span).strip():
            return max(0, 2 - blank)
        blank += 1
    return 0


def _cut(move: _Move) -> Edit:
    """The lines of the statement, and the blank ones on one side of it."""
    source, span = move.source, move.names.tree.span(move.statement)
    first, last = source.line_of(span.start), source.line_of(span.end - 1)
    starts = source.line_starts
    is_blank_before = first == 0 or not source.slice(source.line_span(first - 1)).strip()
    after = last + 1
    while is_blank_before and after < len(starts) and not source.slice(source.line_span(after)).strip():
        if starts[after] == len(source.text):
            break
        after += 1
    end = starts[after] if after < len(starts) else len(source.text)
    if not source.text[end:].strip():
        end = len(source.text)
        while first > 0 and not source.slice(source.line_span(first - 1)).strip():
            first -= 1
    return Edit(source.path, Span(starts[first], end), "")


def _statement(call: Node) -> Node | None:
    for node in ancestors(call):
        if node.parent is not None and node.parent.type in {"module", "block"}:
            return node
    return None


def _has_its_lines(names: Names, statement: Node) -> bool:
    source, span = names.tree.source, names.tree.span(statement)
    before = source.text[source.line_span(source.line_of(span.start)).start : span.start]
    after = source.text[span.end : source.line_span(source.line_of(span.end - 1)).end].strip()
    return not before.strip() and (not after or after.startswith("#"))


def _line_end(move: _Move, statement: Node) -> int:
    """Where the statement's last line ends, a comment behind it included."""
    source, end = move.source, move.names.tree.span(statement).end
    line = source.text[end : source.line_span(source.line_of(end - 1)).end]
    return end + len(line.rstrip())


def _indent(move: _Move, statement: Node) -> str | None:
    source, start = move.source, move.names.tree.span(statement).start
    before = source.text[source.line_span(source.line_of(start)).start : start]
    return before if before and not before.strip() else None
