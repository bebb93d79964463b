"""What the main block leaves for a module that the run call imports anew, by its own name.

if __name__ == "__main__":
    os.environ["MODE"] = args.mode          <- set before the body of the module runs again
    app.state.ready = True                  <- of the script's app; the module makes another one
    uvicorn.run("server:app")

A factory runs after the body of the module, and on its app. So it must not matter what the body would have
seen, nor may anything be done to an app that nobody serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.launch_app import bound_in, is_bound_alike
from portside.python.launching.launch_arguments import region
from portside.python.launching.launch_later import runs_later
from portside.python.launching.launch_lost import note_lost
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Form, Launch
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.source.nodes import holds, nodes_of
from portside.python.source.syntax import arguments, string_value
from portside.python.values.values import Literal, trace

_ENVIRONMENT = ("environ", "putenv", "load_dotenv")
_LOGGING = frozenset({"basicconfig", "dictconfig", "fileconfig"})


def check_discarded(  # noqa: C901, PLR0917 - what the search for the app knows already
    facts: FileFacts,
    site: Site,
    launch: Launch,
    app: str,
    obstacles: Obstacles,
    handed_on: frozenset[int],
    *,
    is_called: bool,
) -> tuple[Node, ...]:
    """What the script sets is unseen by the module that the string imports anew; a factory sees it.

    app: the name in the string. handed_on: where it stands in the run calls of other branches.
    is_called: whether the string names a function, which is called after all that in both.
    Returns the statements that do nothing but to an app that nobody serves, which go.
    """
    names = facts.module.names
    apart = tuple(_other_branches(site))
    parts = region(names, site)
    lost = note_lost(names, app, parts, obstacles)
    for part in parts:
        for node in nodes_of(part, "identifier"):
            text = names.tree.text(node)
            if node.start_byte in handed_on or _is_in(node, (*apart, *lost)):
                continue
            if text in _ENVIRONMENT and not is_called and not _only_asks(names, node):
                _check_variable(facts, site, launch, node, obstacles)
            elif text == app and names.home(text, names.scope_at(node)) is names.module and is_read(node):
                obstacles.add(node, f"what happens to `{app}` here is lost on the app that is served")
        for binding in bound_in(names, part) if part.type != "function_definition" else ():
            if is_bound_alike(names, site, binding) or _is_in(binding.node, apart):
                continue
            if binding.how is How.IMPORT and len(names.module_bindings(binding.name)) == 1:
                # Who looks for it there finds it then.
                continue
            if any(not site.removes(read.start_byte) for read in names.reads(binding.name)):
                obstacles.add(binding.node, f"`{binding.name}` is lost on the app that is served")
        for node in nodes_of(part, "global_statement"):
            if _is_in(node, apart):
                continue
            obstacles.add(node, f"what {obstacles.quote(node)} leaves is lost on the app that is served")
    return lost


def _other_branches(site: Site) -> Iterator[Node]:
    """The code that runs only where this run call does not."""
    for whole in site.conditions:
        parts = [whole.child_by_field_name("consequence"), *whole.children_by_field_name("alternative")]
        yield from (part for part in parts if part is not None and not site.passes(part))


def _is_in(node: Node, parts: Iterable[Node]) -> bool:
    return any(holds(part, node) for part in parts)


def is_read(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type != "keyword_argument"


def _only_asks(names: Names, name: Node) -> bool:
    """`os.environ.get(…)`, `os.environ["PORT"]` as a value, `"PORT" in os.environ`."""
    environment = _environment(name)
    around = environment.parent
    if names.tree.text(name) != "environ" or around is None:
        return False
    if around.type == "attribute":
        method = around.child_by_field_name("attribute")
        return method is not None and names.tree.text(method) in {"get", "items", "keys", "copy"}
    if around.type == "subscript" and around.parent is not None:
        return around.parent.type not in {"delete_statement", "augmented_assignment"} and (
            around.parent.child_by_field_name("left") != around
        )
    return around.type == "comparison_operator"


def _environment(name: Node) -> Node:
    return name.parent if name.parent is not None and name.parent.type == "attribute" else name


def _check_variable(facts: FileFacts, site: Site, launch: Launch, name: Node, obstacles: Obstacles) -> None:
    """Adds why it matters when a variable is set: the module, or what it imports, reads it on import."""
    names = facts.module.names
    variable = _variable(names, name)
    if variable is None:
        shown = f"`{names.tree.text(name)}`"
        obstacles.add(name, f"{shown}: set before the module is imported, and by a factory after it")
        return
    where = _read_on_import(facts, site, variable)
    if where is None and _may_start_processes(names, launch) and not _is_named(names, site, variable):
        where = "what this file imports may read it"
    if where is not None:
        obstacles.add(
            name, f"`${variable}` is set before the module is imported, and by a factory after it: {where}"
        )


def _variable(names: Names, name: Node) -> str | None:
    """The one variable that is set: `os.environ["MODE"] = …`, `os.environ.setdefault("MODE", …)`."""
    around = _environment(name).parent
    if names.tree.text(name) == "putenv" or around is None or names.tree.text(name) != "environ":
        return None
    key = around.child_by_field_name("subscript")
    method = around.child_by_field_name("attribute")
    if key is None and method is not None and names.tree.text(method) in {"setdefault", "pop"}:
        call = around.parent
        key = next(iter(arguments(call).positional), None) if call is not None else None
    value = trace(names, key) if key is not None else None
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


def _may_start_processes(names: Names, launch: Launch) -> bool:
    """Whether other processes may serve, which import everything once the variable is set."""
    if launch.form is not Form.RUN:
        return False
    if not launch.complete:
        return True
    for keyword, alone in (("reload", False), ("workers", 1)):
        given = launch.options.get(keyword)
        value = trace(names, given) if given is not None else None
        is_alone = isinstance(value, Literal) and (value.value is None or value.value is alone)
        if given is not None and not is_alone:
            return True
    return False


def _is_named(names: Names, site: Site, variable: str) -> bool:
    return any(True for _ in _mentions(names, site, variable))


def _mentions(names: Names, site: Site, variable: str) -> Iterator[Node]:
    """Where the module names it, but for the code of the launch."""
    parts = region(names, site)
    for chunk in names.chunks_with(variable.split()):
        for node in chunk.nodes("string"):
            if string_value(names.tree, node) == variable and not _is_in(node, parts):
                yield node


def _read_on_import(facts: FileFacts, site: Site, variable: str) -> str | None:
    """Where the variable may be read while the module is imported; None where that is sure not to happen."""
    names = facts.module.names
    for node in _mentions(names, site, variable):
        if not runs_later(names, node):
            return f"line {names.tree.line(node)} reads it"
    uses = facts.workspace.variable_uses(variable)
    own = facts.workspace.path or facts.source.path
    elsewhere = [path for path in (*(use.path for use in uses.uses), *uses.staying) if path != own]
    if found := sorted(path for path in elsewhere if path.endswith((".py", ".pyi"))):
        return f"`{found[0]}` reads it"
    if (maker := next(_settings_made(names, site), None)) is not None:
        return f"line {names.tree.line(maker)} may read it"
    return None


def _settings_made(names: Names, site: Site) -> Iterator[Node]:
    """Calls of the module's body that read settings from the environment, by what they are called."""
    for chunk in names.chunks:
        if chunk.is_definition or site.removes(chunk.start):
            continue
        for call in chunk.nodes("call"):
            callee = call.child_by_field_name("function")
            called = names.tree.text(callee).rpartition(".")[2].lower() if callee is not None else ""
            if called.endswith(("settings", "config", "environ", "expandvars")) and called not in _LOGGING:
                yield call
