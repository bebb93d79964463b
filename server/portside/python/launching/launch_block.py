"""What in the blocks around a launch would be missed once the command line starts the server."""

from __future__ import annotations

from tree_sitter import Node

from portside.python.launching.launch_effects import check_statement, is_pure, leaves
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.names.names import Names
from portside.python.source.nodes import statements


def check_block(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Adds what in the blocks around the launch would be missed, before the run call and after it."""
    for level in site.levels:
        if level.block.type == "module":
            continue
        for statement in statements(level.block):
            if statement == level.statement or statement in _serving_statements(site):
                continue
            after = statement.start_byte > level.statement.start_byte
            check_statement(names, statement, obstacles, after=after)
    for call in site.calls:
        listed = call.child_by_field_name("arguments")
        if listed is not None and not is_pure(names, listed):
            obstacles.add(call, f"{obstacles.quote(call)} computes what it passes on, and uvicorn would not")
    for attempt in site.tries:
        for clause in attempt.named_children:
            if clause.type in {"except_clause", "except_group_clause", "finally_clause", "else_clause"}:
                _check_clause(names, clause, obstacles)


def _serving_statements(site: Site) -> list[Node]:
    """The expression statements around the assignments that make config and server."""
    return [*site.serving, *(node.parent for node in site.serving if node.parent is not None)]


def _check_clause(names: Names, clause: Node, obstacles: Obstacles) -> None:
    block = next((child for child in clause.named_children if child.type == "block"), None)
    for statement in statements(block) if block is not None else ():
        if not leaves(names, statement):
            check_statement(names, statement, obstacles, after=True)
