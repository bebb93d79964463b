"""What the factory returns: the app as the run call was given it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from portside.python.launching.launch_app import bound_in, is_bound_alike
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.names.bindings import Scope
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import string_value
from portside.python.values.values import Literal, trace
from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Returned:
    """expression: what stands after `return`. module, name: what to import before, if anything."""

    expression: str
    module: str | None = None
    name: str | None = None


def find_returned(
    names: Names, site: Site, launch: Launch, obstacles: Obstacles, *, others: Iterable[Launch] = ()
) -> Returned | None:
    """The app's expression in the scope of the run call; None, with the reason among the obstacles.

    others: the launches of other branches, which are given the app and do nothing else to it.
    """
    if launch.app is None:
        obstacles.add(launch.options_call, "the app that is served is not among the arguments")
        return None
    scopes = names.scope_at(launch.app), names.scope_at(launch.call)
    if scopes[0] is not scopes[1]:
        obstacles.add(launch.app, "the app is known elsewhere than where the server is started")
        return None
    literal = names.value_of(site.argument(names, launch.app))
    string = string_value(names.tree, literal)
    if string is not None:
        handed_on = frozenset(other.app.start_byte for other in others if other.app is not None)
        return _of_string(names, site, launch, handed_on, obstacles)
    text = names.tree.text(launch.app)
    if launch.app.type not in {"identifier", "attribute", "call"} or "\n" in text:
        text = text if launch.app.type == "call" else f"({text})"
    return Returned(f"{text}()" if _is_factory(names, launch) else text)


def _is_factory(names: Names, launch: Launch) -> bool:
    factory = launch.options.get("factory")
    value = trace(names, factory) if factory is not None else None
    return isinstance(value, Literal) and value.value is True


def _of_string(
    names: Names, site: Site, launch: Launch, handed_on: frozenset[int], obstacles: Obstacles
) -> Returned | None:
    """handed_on: where the app stands in the run calls of other branches."""
    assert launch.app is not None
    text = string_value(names.tree, names.value_of(site.argument(names, launch.app))) or ""
    module, colon, name = text.partition(":")
    if not colon or module.startswith(".") or not re.fullmatch(r"[\w.]+:[\w.]+", text):
        obstacles.add(launch.app, f"{obstacles.quote(launch.app)} is no `module:attribute`")
        return None
    first, ending = name.partition(".")[0], "()" if _is_factory(names, launch) else ""
    scope = names.scope_at(launch.call)
    path = names.tree.source.path.replace("\\", "/").removesuffix(".py")
    if module == "__main__" or f"/{path}".endswith("/" + module.replace(".", "/")):
        home = names.home(first, scope)
        if home is not names.module or any(
            site.removes(b.node.start_byte) for b in names.module_bindings(first)
        ):
            obstacles.add(launch.app, f"`{first}` is another name where the server is started")
            return None
        # `__main__` is the script itself, but in the processes that it starts.
        if module != "__main__" or launch.starts_processes(names):
            _check_discarded(names, site, first, obstacles, handed_on, is_called=bool(ending))
        return Returned(f"{name}{ending}")
    if _is_imported(names, site, first, scope, f"{module}.{first}"):
        return Returned(f"{name}{ending}")
    mentioned = any(
        names.tree.text(node) == first
        for part in site.removed
        for node in nodes_of(part, "identifier")
        if _is_read(node) and not _is_path_of_import(node)
    )
    if mentioned or first in scope.globals:
        obstacles.add(launch.app, f"`{first}` is another name where the server is started")
        return None
    return Returned(f"{name}{ending}", module, first)


def _is_imported(names: Names, site: Site, name: str, scope: Scope, target: str) -> bool:
    """Whether the module has imported the app by itself, and nothing gives the name another meaning."""
    bindings = names.module_bindings(name) if names.home(name, scope) is names.module else ()
    return bool(bindings) and all(
        b.target == target and b.arm is None and not b.deferred and not site.removes(b.node.start_byte)
        for b in bindings
    )


_ENVIRONMENT = ("environ", "putenv", "load_dotenv")


def _check_discarded(
    names: Names,
    site: Site,
    app: str,
    obstacles: Obstacles,
    handed_on: frozenset[int],
    *,
    is_called: bool,
) -> None:
    """What the script sets is unseen by the module that the string imports anew; a factory sees it.

    is_called: whether the string names a function, which is called after all that in both.
    """
    for part in site.removed:
        for node in nodes_of(part, "identifier"):
            text = names.tree.text(node)
            if node.start_byte in handed_on:
                continue
            if text in _ENVIRONMENT and not is_called and not _only_asks(names, node):
                obstacles.add(node, f"`{text}`: set before the module is imported, and by a factory after it")
            elif text == app and names.home(text, names.scope_at(node)) is names.module and _is_read(node):
                obstacles.add(node, f"what happens to `{app}` here is lost on the app that is served")
        for binding in bound_in(names, part) if part not in site.functions else ():
            if is_bound_alike(names, site, binding):
                continue
            if any(not site.removes(read.start_byte) for read in names.reads(binding.name)):
                obstacles.add(binding.node, f"`{binding.name}` is lost on the app that is served")
        for node in nodes_of(part, "global_statement"):
            obstacles.add(node, f"what {obstacles.quote(node)} leaves is lost on the app that is served")


def _is_path_of_import(node: Node) -> bool:
    """`app` in `from app.settings import port`, which binds no such name."""
    path = node.parent
    around = path.parent if path is not None and path.type == "dotted_name" else None
    return around is not None and around.child_by_field_name("module_name") == path


def _is_read(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type != "keyword_argument"


def _only_asks(names: Names, name: Node) -> bool:
    """`os.environ.get(…)`, `os.environ["PORT"]` as a value, `"PORT" in os.environ`."""
    environment = name.parent if name.parent is not None and name.parent.type == "attribute" else name
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
