"""What leaves a function before it serves, once that function returns the app.

def main():
    if not is_ready():
        return 1              ->    raise SystemExit(1)
    uvicorn.run(app)          ->    return app

uvicorn would take what is returned there for the app, start, and answer each request with an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.python.launching.launch_site import Site
from portside.python.names.names import Names
from portside.python.source.lines import Lines
from portside.python.source.nodes import EXTRAS, holds, nodes_of, own_parts
from portside.python.source.syntax import ancestors

_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "builtins.SystemExit"})
_ALL = frozenset({"BaseException", "SystemExit"})
_NOTHING = frozenset({"none", "false", "true"})


def leaving_early(
    names: Names, site: Site, ways: Collection[Node], gone: Collection[Node]
) -> Iterator[tuple[Node, str]]:
    """Each `return` that comes without a server, and what stands there then.

    ways: what leads to a server, in any branch. gone: what goes, or has been dealt with.
    """
    for function, call in zip(site.functions, site.calls, strict=False):
        scope = names.scope_of(function)
        for node in nodes_of(function, "return_statement"):
            is_own = names.scope_at(node).function() is scope and not _is_caught(names, node)
            if is_own and not any(holds(node, way) for way in ways) and not any(holds(o, node) for o in gone):
                text = _end(names, node, is_status=_ends_process(names, site, call))
                if text is not None:
                    yield node, text


def _is_caught(names: Names, statement: Node) -> bool:
    """Whether a handler around it would take the end of the process for a failure: `except:`."""
    for attempt in ancestors(statement):
        if attempt.type == "function_definition":
            return False
        body = attempt.child_by_field_name("body") if attempt.type == "try_statement" else None
        if body is not None and holds(body, statement):
            clauses = (child for child in attempt.named_children if child.type == "except_clause")
            if any(_catches_all(names, clause) for clause in clauses):
                return True
    return False


def _catches_all(names: Names, clause: Node) -> bool:
    caught = [child for child in clause.named_children if child.type != "block" and child.type not in EXTRAS]
    words = {names.tree.text(node) for node in caught for node in (node, *nodes_of(node, "identifier"))}
    return not caught or bool(words & _ALL)


def _end(names: Names, statement: Node, *, is_status: bool) -> str | None:
    """None where it shares its line with more, so that there is no place for a second statement."""
    value = own_parts(statement)[0] if own_parts(statement) else None
    if value is None or value.type in _NOTHING:
        return "raise SystemExit"
    said = names.tree.text(value)
    if value.type == "integer" or (value.type == "unary_operator" and said.lstrip("-").isdecimal()):
        return "raise SystemExit" if said == "0" else f"raise SystemExit({said})"
    if is_status:
        return f"raise SystemExit({said})"
    margin = Lines(names.tree).margin(statement)
    if margin.strip():
        return None
    newline = names.tree.source.newline
    return (
        f"{said}{newline}{margin}raise SystemExit" if nodes_of(value, "call", "await") else "raise SystemExit"
    )


def _ends_process(names: Names, site: Site, call: Node) -> bool:
    """Whether what the function returns becomes the status of the process: `sys.exit(main())`."""
    around = call.parent
    while around is not None and around.type in {"parenthesized_expression", "await"}:
        around = around.parent
    if around is None:
        return False
    if around.type == "return_statement":
        outer = [
            other
            for function, other in zip(site.functions, site.calls, strict=False)
            if holds(function, around) and other != call and not holds(function, other)
        ]
        return any(_ends_process(names, site, other) for other in outer)
    taker = around.parent if around.type == "argument_list" else None
    callee = taker.child_by_field_name("function") if taker is not None else None
    return callee is not None and names.qualified(callee) in _EXITS


def early_edits(names: Names, found: Iterator[tuple[Node, str]]) -> Iterator[Edit]:
    for node, text in found:
        yield Edit(names.tree.source.path, names.tree.span(node), text)
