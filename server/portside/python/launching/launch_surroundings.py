"""What around a launch makes the script and the imported module two different programs.

Asked before a launch moves to the command line, in whichever form: other code that
depends on `__name__`, statements after the launch, a module that is imported twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.launch_effects import check_statement, is_pure
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ScriptPlace
from portside.python.names.imports import Import
from portside.python.names.names import Names
from portside.python.running.guards import Guards, When
from portside.python.source.chunks import Chunk
from portside.python.source.lines import Lines
from portside.python.source.nodes import holds, nodes_of, own_parts, statements
from portside.python.source.syntax import argument_nodes, string_value


def check_surroundings(
    facts: FileFacts,
    site: Site,
    launch: Launch,
    place: ScriptPlace,
    obstacles: Obstacles,
    *,
    others: Collection[Launch] = (),
    kept: Collection[Node] = (),
    has_words: bool = False,
) -> None:
    """Adds what outside the code of the launch would be another under the command.

    others: the launches of other branches, of which one command starts one at a time anyway.
    kept: the functions that stay able to serve, whoever else calls them. has_words: whether who parses the
    arguments of the process on import finds those of the script.
    """
    names = facts.module.names
    if names.tree.errors:
        obstacles.add(launch.call, "the file has syntax errors, so not all that it does can be seen")
    elif names.chunks and Lines(names.tree).margin(names.chunks[0].node).rpartition("\f")[2]:
        obstacles.add(names.chunks[0].node, "the file begins with an indent, which is no Python")
    for line, path in facts.workspace.parsing_arguments if not has_words else ():
        reason = f"`{path}` parses the arguments of the process here: they are uvicorn's then"
        obstacles.add_at(line, reason)
    for other in facts.module.launches:
        is_again = any(holds(retry, other.call) for retry in site.retries)
        if other is not launch and other.when is not When.NEVER and other not in others and not is_again:
            obstacles.add(other.call, "the file starts a second server here, and one command starts one")
    _check_other_guards(names, facts.module.guards, site, obstacles)
    _check_module(names, site, obstacles)
    for function, reason in users(names, site, place):
        if function not in kept:
            obstacles.add(function, reason)
    _check_circle(facts, launch, obstacles)
    _check_main_module(facts, site, obstacles)


def _check_other_guards(names: Names, guards: Guards, site: Site, obstacles: Obstacles) -> None:
    """Other code that runs only in the script, or only when it is imported."""
    for guard in guards.all:
        if site.removes(guard.node.start_byte) or guard.when is When.NEVER:
            continue
        if guard.when is not When.MAIN or guard.node.type != "if_statement":
            obstacles.add(guard.node, "what runs here depends on `__name__`, which is another under uvicorn")
            continue
        body = guard.node.child_by_field_name("consequence")
        for statement in statements(body) if body is not None else ():
            check_statement(names, statement, obstacles)


def _check_module(names: Names, site: Site, obstacles: Obstacles) -> None:
    """Statements of the module after the launch run once the server has stopped; by uvicorn, before."""
    launch = site.removed[-1]
    for chunk in names.chunks:
        comes_after = chunk.start > launch.start_byte and not site.removes(chunk.start)
        if comes_after and not (_only_binds(names, chunk.node) and _is_new(names, site, chunk)):
            shown = obstacles.quote(chunk.node)
            obstacles.add(
                chunk.node, f"{shown} runs after the server has stopped; by uvicorn, before it starts"
            )
    for chunk in names.chunks_with(["run", "run_until_complete"]):
        if not chunk.is_definition and not site.removes(chunk.start):
            _check_event_loop(names, chunk.node, obstacles)


_IMPORTS = frozenset({"import_statement", "import_from_statement"})
# Classes whose subclasses do nothing elsewhere when they are made.
_BASES = frozenset(
    {"builtins.object", "builtins.Exception", "enum.Enum", "typing.TypedDict", "pydantic.BaseModel"}
)


def _is_new(names: Names, site: Site, chunk: Chunk) -> bool:
    """Whether what the statement defines has no other meaning before the launch, which the server has now."""
    launch = site.removed[-1]
    return chunk.node.type in _IMPORTS or not any(
        binding.statement.start_byte < launch.start_byte and not site.removes(binding.statement.start_byte)
        for name, _ in names.bindings_by(chunk)
        for binding in names.module_bindings(name)
    )


def _only_binds(names: Names, statement: Node) -> bool:
    if statement.type in _IMPORTS or statement.type == "function_definition":
        return True
    if statement.type == "class_definition":
        body = statement.child_by_field_name("body")
        is_plain = all(names.qualified(base) in _BASES for base in argument_nodes(statement))
        return is_plain and body is not None and all(_only_binds(names, each) for each in statements(body))
    if statement.type == "pass_statement":
        return True
    if statement.type != "expression_statement" or not statement.named_children:
        return False
    inner = own_parts(statement)[0]
    right = inner.child_by_field_name("right")
    if inner.type == "assignment":
        left = inner.child_by_field_name("left")
        is_name = left is not None and left.type == "identifier"
        return is_name and (right is None or is_pure(names, right))
    return is_pure(names, inner)


_LOOPS = frozenset({"asyncio.run", "uvloop.run", "anyio.run"})


def _check_event_loop(names: Names, statement: Node, obstacles: Obstacles) -> None:
    for call in nodes_of(statement, "call"):
        function = call.child_by_field_name("function")
        attribute = function.child_by_field_name("attribute") if function is not None else None
        is_runner = attribute is not None and names.tree.text(attribute) == "run_until_complete"
        if function is None or not (is_runner or names.qualified(function) in _LOOPS):
            continue
        if names.scope_at(call) is names.module:
            obstacles.add(
                call,
                f"{obstacles.quote(call)} runs on import, which fails in the loop of uvicorn before 0.47",
            )


def _check_circle(facts: FileFacts, launch: Launch, obstacles: Obstacles) -> None:
    """Files that this one imports and that import it back: they see another copy of the app."""
    names, workspace = facts.module.names, facts.workspace
    if launch.app is None or string_value(names.tree, names.value_of(launch.app)) is not None:
        return
    early = set(workspace.imported_early_by)
    for path in workspace.imported_by:
        found = next((one for one in facts.module.imports if _may_be(path, one)), None)
        name = re.split(r"[/\\]", path)[-1].removesuffix(".py")
        if found is not None and path in early:
            obstacles.add(
                launch.call,
                f"`{name}` imports this file, which imports it: the script and the module have two apps",
            )
            return
        if found is not None:
            obstacles.note(
                f"where a function of `{name}` imports this file, it finds the app that is served",
                review=True,
            )


def _may_be(path: str, found: Import) -> bool:
    """Whether the import may be of this file: `from app.routes import users` of `app/routes/users.py`."""
    whole = re.split(r"[/\\]", path.removesuffix(".py").removesuffix("/__init__"))
    module = [part for part in found.module.split(".") if part]
    named = [*module, *([found.name] if found.name is not None else [])]
    return any(parts and whole[-len(parts) :] == parts for parts in (module, named))


def _check_main_module(facts: FileFacts, site: Site, obstacles: Obstacles) -> None:
    """Readers of the module `__main__`, which is uvicorn's then."""
    names, guards = facts.module.names, facts.module.guards.all
    for chunk in names.chunks_with(["__main__"]):
        found = chunk.nodes("string", "dotted_name")
        for node in found:
            in_guard = any(holds(g.condition, node) for g in guards)
            if in_guard or site.removes(node.start_byte):
                continue
            if names.tree.text(node) == "__main__" or string_value(names.tree, node) == "__main__":
                obstacles.add(node, "`__main__` is this file in the script, and uvicorn in the command")


def serving_others(names: Names, site: Site, place: ScriptPlace) -> tuple[Node, ...]:
    """The functions of the launch that others use, and those that they call on the way to the run call."""
    used = {function.start_byte for function, _ in users(names, site, place)}
    last = max((i for i, function in enumerate(site.functions) if function.start_byte in used), default=-1)
    return site.functions[: last + 1]


def users(names: Names, site: Site, place: ScriptPlace) -> Iterator[tuple[Node, str]]:
    """Functions of the launch that others use, each with who."""
    for function in site.functions:
        node = function.child_by_field_name("name")
        name = names.tree.text(node) if node is not None else ""
        if names.scope_at(function) is not names.module:
            continue
        if name in place.entry_points:
            yield function, f"an installed command starts `{name}`: see `[project.scripts]`"
        elif place.imported_names is None or name in place.imported_names or _is_public(names, name):
            yield function, f"other code may use `{name}`"
        elif function in site.shared:
            yield function, f"`{name}` is used in several places"


def _is_public(names: Names, name: str) -> bool:
    return any(name.encode() in chunk.words for chunk in names.chunks_with(["__all__"]))
