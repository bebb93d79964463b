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

The name stays a global of the module, so whoever reads it in a handler goes on to do so; the same with an
attribute (`app.state.engine`), an item (`models["chat"]`), and with what holds the engine. An app that has a
lifespan keeps it, with the engine made first; one with `on_event` handlers gets two more of them, since
FastAPI calls those or the lifespan, never both.
"""

from __future__ import annotations

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Fix
from portside.lint.source import Span
from portside.python.engines.engines import EngineUse
from portside.python.engines.lifespans import find_app_events, yields_of
from portside.python.engines.movable_engine import (
    MovableEngine,
    has_its_lines,
    is_read_later_only,
    movable_engine,
    statement_of,
)
from portside.python.facts import FileFacts
from portside.python.names.import_insertion import insertion
from portside.python.names.names import How
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.source.syntax import arguments

TITLE = "Move the engine into the lifespan"
_START, _STOP = "start_engine", "shut_down_engine"


def move_into_lifespan(facts: FileFacts, engine: EngineUse) -> Fix | None:
    """The fix; None where it does not hold: the engine is needed on import, or by another file."""
    move = movable_engine(facts, engine)
    if move is None or not is_read_later_only(facts, move):
        return None
    events = find_app_events(move.names)
    if events.startup or events.shutdown:
        edits = _with_handlers(move, events.shutdown)
    elif "lifespan" in arguments(move.app.call).keywords:
        edits = _in_lifespan(move, events.lifespans)
    else:
        edits = _with_lifespan(move)
    if edits is None:
        return None
    exist = "exist" if len(move.bound) > 1 else "exists"
    told = " and ".join(f"`{name}`" for name in move.bound) or f"`{move.text}`"
    note = f"{told} {exist} once the app has started, no more on import"
    return Fix(TITLE, (*edits, _left(move)), Applicability.UNSAFE, (note,))


# Where the engine goes


def _with_lifespan(move: MovableEngine) -> tuple[Edit, ...] | None:
    """A new lifespan above the app."""
    # What is unpacked may be a lifespan, too.
    if move.names.module_bindings("lifespan") or arguments(move.app.call).unpacked:
        return None
    manager = _manager(move)
    app = statement_of(move.app.call)
    listed = move.app.call.child_by_field_name("arguments")
    if manager is None or app is None or listed is None or listed.type != "argument_list":
        return None
    decorator, imports = manager
    nl = move.source.newline
    lines = (
        f"@{decorator}",
        "async def lifespan(app):",
        f"    {move.declared('    ')}{move.made('    ')}",
        "    yield",
        f"    {move.stop}",
    )
    line = _first_line(move, app)
    start = move.source.line_starts[line]
    above = Edit(move.source.path, Span(start, start), nl * _missing(move, line) + nl.join(lines) + nl * 3)
    return (*imports, above, _keyword(move, listed))


def _manager(move: MovableEngine) -> tuple[str, tuple[Edit, ...]] | None:
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


def _keyword(move: MovableEngine, listed: Node) -> Edit:
    """`lifespan=lifespan`, as the last argument."""
    given = own_parts(listed)
    if not given:
        span = move.names.tree.span_of_bytes(listed.start_byte + 1, listed.end_byte - 1)
        return Edit(move.source.path, span, "lifespan=lifespan")
    end = move.names.tree.span(given[-1]).end
    return Edit(move.source.path, Span(end, end), ", lifespan=lifespan")


def _in_lifespan(move: MovableEngine, lifespans: tuple[Node, ...]) -> tuple[Edit, ...] | None:
    """First in the lifespan that the app has, and after its `yield`."""
    if len(lifespans) != 1:
        return None
    body = lifespans[0].child_by_field_name("body")
    stops = yields_of(move.names, lifespans[0])
    ending = stops[0].parent if len(stops) == 1 else None
    if body is None or ending is None or ending.type != "expression_statement":
        return None
    closing = body if ending.parent == body else _finally_around(ending, body)
    if closing is None:
        return None
    scope = move.names.scope_at(body)
    roots = () if move.is_in_app else move.roots
    taken = any(b.how is How.PARAMETER for name in roots for b in move.names.bindings_in(name, scope))
    first = next(iter(own_parts(body)), None)
    if taken or first is None or lifespans[0].start_point.row == first.start_point.row:
        return None
    if first.type == "expression_statement" and own_parts(first)[0].type == "string":
        first = first.next_named_sibling or first
    indent = _indent(move, first)
    if indent is None or not has_its_lines(move.names, ending):
        return None
    last = _before_stop(move, closing, ending)
    inner = _indent(move, last) if last is not None else None
    if last is None or inner is None or (closing != body and _needed_behind(move, closing, body)):
        return None
    nl, tree, path = move.source.newline, move.names.tree, move.source.path
    start, end = tree.span(first).start, _line_end(move, last)
    before = f"{move.declared(indent)}{move.made(indent)}{nl}{indent}"
    return (
        Edit(path, Span(start, start), before),
        Edit(path, Span(end, end), f"{nl}{inner}{move.stop}"),
    )


def _finally_around(ending: Node, body: Node) -> Node | None:
    """The block of the `finally` that a lifespan's `yield` stands in, where that is all around it."""
    block = ending.parent
    attempt = block.parent if block is not None else None
    if attempt is None or attempt.type != "try_statement" or attempt.parent != body:
        return None
    last = own_parts(attempt)[-1]
    blocks = [child for child in last.named_children if child.type == "block"]
    is_tried = attempt.child_by_field_name("body") == block
    return blocks[0] if is_tried and last.type == "finally_clause" and blocks else None


def _needed_behind(move: MovableEngine, closing: Node, body: Node) -> bool:
    """Whether something behind the `finally` may need the engine, which has ended by then."""
    after = [node for node in body.named_children if node.start_byte > closing.start_byte]
    words = {move.names.tree.text(name) for node in after for name in nodes_of(node, "identifier")}
    return bool(after) and (_forgets(move) or not words.isdisjoint(move.roots))


def _before_stop(move: MovableEngine, closing: Node, ending: Node) -> Node | None:
    """The statement behind which the engine ends: the `yield` of a lifespan, or the last that may need it.

    closing: the block that runs when the app stops. None where nothing can stand behind its last statement.
    """
    after = [node for node in own_parts(closing) if node.start_byte > ending.start_byte]
    words = {move.names.tree.text(name) for node in after for name in nodes_of(node, "identifier")}
    if not after or (ending.parent == closing and words.isdisjoint(move.roots) and not _forgets(move)):
        return ending
    is_open = not nodes_of(after[-1], "return_statement", "raise_statement")
    return after[-1] if is_open and has_its_lines(move.names, after[-1]) else None


def _forgets(move: MovableEngine) -> bool:
    """Whether the name is gone in the end: whoever reads it then fails."""
    return move.stop.startswith("del ")


def _with_handlers(move: MovableEngine, shutdown: tuple[Node, ...]) -> tuple[Edit, ...] | None:
    """Two handlers below the app.

    shutdown: those that the app has for its end. They are called later, and may not find the name any more.
    """
    words = {move.names.tree.text(name) for one in shutdown for name in nodes_of(one, "identifier")}
    if _forgets(move) and not words.isdisjoint(move.roots):
        return None
    if move.names.module_bindings(_START) or move.names.module_bindings(_STOP):
        return None
    app = statement_of(move.app.call)
    if app is None or "lifespan" in arguments(move.app.call).keywords:
        return None
    nl, end = move.source.newline, _line_end(move, app)
    is_deleted = _forgets(move) and bool(move.bound)
    lines = (
        *("", "", f'@{move.app.name}.on_event("startup")', f"def {_START}():"),
        f"    {move.declared('    ')}{move.made('    ')}",
        *("", "", f'@{move.app.name}.on_event("shutdown")', f"def {_STOP}():"),
        f"    {move.declared('    ') if is_deleted else ''}{move.stop}",
    )
    above, source = app, move.source
    between = source.data[app.end_byte : move.statement.start_byte]
    if move.names.statement_after(app) == move.statement and not between.strip():
        above = move.statement
    below = source.line_of(move.names.tree.span(above).end) + 1
    gap = below >= len(source.line_starts) or not source.slice(source.line_span(below)).strip()
    return (Edit(move.source.path, Span(end, end), nl + nl.join(lines) + ("" if gap else nl * 2)),)


# Lines


def _first_line(move: MovableEngine, statement: Node) -> int:
    """The line of the statement, or of the first of the comments right above it."""
    line = move.source.line_of(move.names.tree.span(statement).start)
    while line > 0 and move.source.slice(move.source.line_span(line - 1)).startswith("#"):
        line -= 1
    return line


def _missing(move: MovableEngine, line: int) -> int:
    """How many of two blank lines there will not be above the line, once the engine's statement is cut."""
    source, cut = move.source, _left(move).span
    blank = 0
    for above in range(line - 1, -1, -1):
        span = source.line_span(above)
        if cut.start <= span.start < cut.end:
            continue
        if source.slice(span).strip():
            return max(0, 2 - blank)
        blank += 1
    return 0


def _left(move: MovableEngine) -> Edit:
    """What becomes of the statement: nothing, or an attribute without an engine yet."""
    value = move.assignment.child_by_field_name("right")
    if move.owner is None or value is None:
        return _cut(move)
    return Edit(move.source.path, move.names.tree.span(value), "None")


def _cut(move: MovableEngine) -> Edit:
    """The lines of the statement and its comments, and of the blank ones around it the fewer."""
    source, span = move.source, move.names.tree.span(move.statement)
    first, last = source.line_of(span.start) - len(move.comments), source.line_of(span.end - 1)
    starts = source.line_starts
    above = first
    while above > 0 and not source.slice(source.line_span(above - 1)).strip():
        above -= 1
    after = last + 1
    while after < len(starts) and not source.slice(source.line_span(after)).strip():
        if starts[after] == len(source.text):
            break
        after += 1
    end = starts[after] if after < len(starts) else len(source.text)
    if not source.text[end:].strip():
        return Edit(source.path, Span(starts[above], len(source.text)), "")
    if above == first and first > 0:  # something stands right above it
        return Edit(source.path, Span(starts[first], starts[last + 1]), "")
    if 0 < first - above < after - last - 1:
        return Edit(source.path, Span(starts[above], starts[last + 1]), "")
    return Edit(source.path, Span(starts[first], end), "")


def _line_end(move: MovableEngine, statement: Node) -> int:
    """Where the statement's last line ends, a comment behind it included."""
    source, end = move.source, move.names.tree.span(statement).end
    line = source.text[end : source.line_span(source.line_of(end - 1)).end]
    return end + len(line.rstrip())


def _indent(move: MovableEngine, statement: Node) -> str | None:
    source, start = move.source, move.names.tree.span(statement).start
    before = source.text[source.line_span(source.line_of(start)).start : start]
    return before if before and not before.strip() else None
