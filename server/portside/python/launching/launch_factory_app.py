"""What the factory returns: the app as the run call was given it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.app_string import app_string, is_text
from portside.python.launching.app_texts import app_texts, is_own_module, named_either_way
from portside.python.launching.launch_dumped import brings_factory
from portside.python.launching.launch_factory_twice import check_discarded, is_read
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.launching.path_first import served_instead
from portside.python.launching.script_place import hidden
from portside.python.names.bindings import How, Scope
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.values.values import Literal, trace
from portside.records import dataclass

_OWN_NAMES = ("served_app", "app_to_serve")
# Of `uvicorn.importer`: what uvicorn itself does with the app that it is given.
_IMPORTER = "import_from_string"


@dataclass(frozen=True, slots=True)
class Returned:
    """expression: what stands after `return`. module, name: what to import before, if anything.

    lost: the statements that only do something to an app that nobody serves. home: the module that the app
    is in, where `expression` imports it.
    """

    expression: str
    module: str | None = None
    name: str | None = None
    lost: tuple[Node, ...] = ()
    home: str | None = None

    @property
    def is_looked_up(self) -> bool:
        """Whether the app's name is known only when the factory runs."""
        return self.name == _IMPORTER


def find_returned(
    facts: FileFacts, site: Site, launch: Launch, obstacles: Obstacles, *, others: Iterable[Launch] = ()
) -> Returned | None:
    """The app's expression in the scope of the run call; None, with the reason among the obstacles.

    others: the launches of other branches, which are given the app and do nothing else to it.
    """
    names = facts.module.names
    if launch.app is None:
        obstacles.add(launch.options_call, "the app that is served is not among the arguments")
        return None
    scopes = names.scope_at(launch.app), names.scope_at(launch.call)
    if scopes[0] is not scopes[1] and not _is_same(names, launch.app, scopes):
        obstacles.add(launch.app, "the app is known elsewhere than where the server is started")
        return None
    given = site.argument(names, launch.app)
    string = app_string(names, given)
    if string is None and is_text(names, given):
        obstacles.add(launch.app, f"{obstacles.quote(launch.app)} is put together when the script runs")
        return None
    if string is not None:
        handed_on = frozenset(other.app.start_byte for other in others if other.app is not None)
        return _of_string(facts, site, launch, string, handed_on=handed_on, obstacles=obstacles)
    if (named := named_either_way(names, given)) is not None:
        return Returned(names.tree.text(named))
    texts = app_texts(names, given, facts.workspace.outside)
    if texts is not None:
        return _of_texts(facts, launch, texts, obstacles)
    text = names.tree.text(launch.app)
    if launch.app.type not in {"identifier", "attribute", "call"} or "\n" in text:
        text = text if launch.app.type == "call" else f"({text})"
    is_maker = _is_maker(_function(facts, launch.app))
    return Returned(f"{text}()" if _is_factory(facts, launch) or is_maker else text)


def _of_texts(
    facts: FileFacts, launch: Launch, texts: tuple[str, ...], obstacles: Obstacles
) -> Returned | None:
    """What uvicorn itself makes of a string that is known only then. texts: those that it may be."""
    assert launch.app is not None
    names, shown = facts.module.names, obstacles.quote(launch.app)
    for text in texts:
        module, colon, name = text.partition(":")
        if not colon or not name or module.startswith("."):
            obstacles.add(launch.app, f"{shown} may be `{text}`, which is no `module:attribute`")
        elif is_own_module(names, module):
            obstacles.add(launch.app, f"{shown} may name the script itself, which is imported anew then")
        elif (reason := hidden(module)) is not None:
            obstacles.add(launch.app, reason)
    if names.chunks_with([_IMPORTER]):
        obstacles.add(launch.app, f"`{_IMPORTER}` is another name here, and what imports {shown} needs it")
    if obstacles.found:
        return None
    obstacles.note(f"the app is imported by the name that {shown} gives, as `uvicorn.run` does")
    call = f"{_IMPORTER}({' '.join(names.tree.text(launch.app).split())})"
    home = texts[0].partition(":")[0] if texts else None
    ending = "()" if _is_factory(facts, launch) else ""
    return Returned(f"{call}{ending}", "uvicorn.importer", _IMPORTER, home=home)


def _is_same(names: Names, app: Node, scopes: tuple[Scope, Scope]) -> bool:
    """Whether the app's names mean the same where it is handed over and where the server is started."""
    words = {names.tree.text(node) for node in nodes_of(app, "identifier")}
    homes = [[names.home(word, scope) for scope in scopes] for word in words]
    return all(one is not None and one is other for one, other in homes)


def _is_factory(facts: FileFacts, launch: Launch) -> bool:
    names, factory = facts.module.names, launch.options.get("factory")
    value = trace(names, factory) if factory is not None else None
    if isinstance(value, Literal):
        return value.value is True
    return brings_factory(names, launch.options_call, facts.workspace.outside)


_OPTIONAL = frozenset({"default_parameter", "typed_default_parameter"})


def _is_maker(function: Node | None) -> bool:
    """Whether it is a function that uvicorn finds to be no app, and calls for one."""
    if function is None or function.type != "function_definition" or function.children[0].type == "async":
        return False
    listed = function.child_by_field_name("parameters")
    return listed is not None and all(node.type in _OPTIONAL for node in own_parts(listed))


def _function(facts: FileFacts, app: Node) -> Node | None:
    """The function, of this file or another one, that the app's expression names."""
    names = facts.module.names
    qualified = names.qualified(app) if app.type in {"identifier", "attribute"} else None
    own = names.definition(app)
    return own if own is not None or qualified is None else facts.workspace.definition(qualified)


def _named_function(facts: FileFacts, text: str) -> Node | None:
    """The same for an import string."""
    module, _, name = text.partition(":")
    if "." in name:
        return None
    if not is_own_module(facts.module.names, module):
        return facts.workspace.definition(f"{module}.{name}")
    bindings = facts.module.names.module_bindings(name)
    return bindings[0].statement if [b.how for b in bindings] == [How.FUNCTION] else None


def _of_string(
    facts: FileFacts,
    site: Site,
    launch: Launch,
    text: str,
    *,
    handed_on: frozenset[int],
    obstacles: Obstacles,
) -> Returned | None:
    """text: the import string. handed_on: where the app stands in the run calls of other branches."""
    assert launch.app is not None
    names = facts.module.names
    module, colon, name = text.partition(":")
    if not colon or module.startswith(".") or not re.fullmatch(r"[\w.]+:[\w.]+", text):
        obstacles.add(launch.app, f"{obstacles.quote(launch.app)} is no `module:attribute`")
        return None
    place = facts.workspace.place
    instead = served_instead(names, place, module) if place is not None else None
    if (reason := hidden(module) or instead) is not None:
        obstacles.add(launch.app, reason)
        return None
    is_called = _is_factory(facts, launch) or _is_maker(_named_function(facts, text))
    first, ending = name.partition(".")[0], "()" if is_called else ""
    if is_own_module(names, module):
        home = names.home(first, names.scope_at(launch.call))
        if home is not names.module or any(
            site.removes(b.node.start_byte) for b in names.module_bindings(first)
        ):
            obstacles.add(launch.app, f"`{first}` is another name where the server is started")
            return None
        # `__main__` is the script itself, but in the processes that it starts.
        lost: tuple[Node, ...] = ()
        if module != "__main__" or launch.starts_processes(names):
            lost = check_discarded(facts, site, launch, first, obstacles, handed_on, is_called=bool(ending))
        return Returned(f"{name}{ending}", lost=lost)
    returned = _of_other_module(names, site, launch, text, ending)
    if returned is None:
        obstacles.add(launch.app, f"`{first}` is another name where the server is started")
    return returned


def _of_other_module(names: Names, site: Site, launch: Launch, text: str, ending: str) -> Returned | None:
    """What another module has, imported where it is not yet; None where no name is free for it here."""
    module, _, name = text.partition(":")
    first, scope = name.partition(".")[0], names.scope_at(launch.call)
    qualified = f"{module}.{first}"
    if _is_imported(names, site, first, scope, qualified) or _is_imported_on_the_way(
        names, site, first, scope, qualified
    ):
        return Returned(f"{name}{ending}")
    mentioned = any(
        names.tree.text(node) == first
        for part in site.removed
        for node in nodes_of(part, "identifier")
        if is_read(node) and not _is_path_of_import(node)
    )
    if not mentioned and first not in scope.globals:
        return Returned(f"{name}{ending}", module, first)
    # The name means something else here.
    own = next((word for word in _OWN_NAMES if not names.chunks_with([word])), None)
    if own is None:
        return None
    return Returned(f"{own}{name.removeprefix(first)}{ending}", module, f"{first} as {own}")


def _is_imported(names: Names, site: Site, name: str, scope: Scope, target: str) -> bool:
    """Whether the module has imported the app by itself, and nothing gives the name another meaning."""
    bindings = names.module_bindings(name) if names.home(name, scope) is names.module else ()
    return bool(bindings) and all(
        b.target == target and b.arm is None and not b.deferred and not site.removes(b.node.start_byte)
        for b in bindings
    )


def _is_imported_on_the_way(names: Names, site: Site, name: str, scope: Scope, target: str) -> bool:
    """The same of an import that the run call comes after, in the blocks around it."""
    home = names.home(name, scope)
    bindings = names.bindings_in(name, home) if home is not None else ()
    blocks = [level.block for level in site.levels]
    before = [
        b for b in bindings if b.statement.parent in blocks and b.node.start_byte < site.call.start_byte
    ]
    return bool(before) and all(b.target == target and not b.deferred for b in bindings)


def _is_path_of_import(node: Node) -> bool:
    """`app` in `from app.settings import port`, which binds no such name."""
    path = node.parent
    around = path.parent if path is not None and path.type == "dotted_name" else None
    return around is not None and around.child_by_field_name("module_name") == path
