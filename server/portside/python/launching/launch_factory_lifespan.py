"""Whether an app that is served is known to have a lifespan of Starlette's, which a factory may extend."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.facts import FileFacts
from portside.python.launching.launch_factory_app import Returned
from portside.python.launching.launches import Launch
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of, own_parts
from portside.python.source.syntax import argument_nodes, unwrapped
from portside.python.values.instances import constructions
from portside.python.values.value_objects import returns
from portside.python.values.values import Literal, trace

_APPS = frozenset({"fastapi.FastAPI", "fastapi.applications.FastAPI", "starlette.applications.Starlette"})
# Of the MCP libraries: what these methods return is a Starlette app.
_MAKERS = frozenset({"streamable_http_app", "sse_app", "http_app"})
# What vLLM's own server makes its app with (0.6 to 0.32 have it there).
_KNOWN_MAKERS = frozenset({"vllm.entrypoints.openai.api_server.build_app"})
_DEEPEST = 3


def no_lifespan(facts: FileFacts, launch: Launch, returned: Returned) -> str | None:
    """Why there is none to extend, if that is so."""
    option = launch.options.get("lifespan")
    value = trace(facts.module.names, option) if option is not None else None
    if option is not None and not (isinstance(value, Literal) and value.value in {"on", "auto"}):
        return "the app's lifespan may be off"
    if launch.starts_processes(facts.module.names):
        return "each of several processes would do it"
    if not _is_starlette(facts, launch, returned):
        return "the app is not known to have a lifespan of Starlette's"
    return None


def _is_starlette(facts: FileFacts, launch: Launch, returned: Returned) -> bool:
    names, app = facts.module.names, launch.app
    if returned.module is not None:
        qualified = f"{returned.module}.{returned.expression.removesuffix('()')}"
        return _all_known(facts.workspace.made_by(qualified))
    if app is None:
        return False
    name = returned.expression.removesuffix("()")
    bound = names.module_bindings(name) if name.isidentifier() else ()
    found = _is_made_here(facts, app)
    if found is None and len(bound) == 1 and bound[0].value is not None:
        found = _is_made_here(facts, bound[0].value)
    if found is not None:
        return found
    imported = names.qualified(names.value_of(app))
    return imported is not None and _all_known(facts.workspace.made_by(imported))


def _is_made_here(facts: FileFacts, app: Node, depth: int = _DEEPEST) -> bool | None:
    """Whether all that makes the app makes one of Starlette's; None where nothing is seen to make it."""
    names = facts.module.names
    given = _returned_in_loop(names, app)
    if given is not None:
        return bool(given) and bool(depth) and all(_is_made_here(facts, one, depth - 1) for one in given)
    calls = constructions(names, app)
    if not calls and depth:
        given = list(_given_to_attribute(names, unwrapped(app)))
        found = [_is_made_here(facts, one, depth - 1) for one in given]
        return all(found) if found else None
    callees = [call.child_by_field_name("function") for call in calls]
    if not callees:
        return None
    return all(callee is not None and _makes(facts, callee) for callee in callees)


def _returned_in_loop(names: Names, app: Node) -> list[Node] | None:
    """What a coroutine of the file returns, where the app is what one gives; None for anything else."""
    waited = unwrapped(names.value_of(app))
    if waited.type == "call":
        (coroutine,) = argument_nodes(waited)[:1] or (None,)
        method = waited.children[0].child_by_field_name("attribute")
        is_run = method is not None and names.tree.text(method) == "run_until_complete"
    else:
        coroutine = next(iter(own_parts(waited)), None)
        is_run = waited.type == "await"
    callee = coroutine.child_by_field_name("function") if coroutine is not None and is_run else None
    function = names.definition(callee) if callee is not None else None
    if function is None or function.type != "function_definition":
        return None
    return list(returns(function))


def _given_to_attribute(names: Names, node: Node) -> Iterator[Node]:
    """What the class of `server` assigns to `self.app`, for `server.app`."""
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    made = names.value_of(holder) if holder is not None else node
    maker = made.child_by_field_name("function") if made.type == "call" else None
    definition = names.definition(maker) if maker is not None else None
    if (
        node.type != "attribute"
        or name is None
        or definition is None
        or definition.type != "class_definition"
    ):
        return
    for assignment in nodes_of(definition, "assignment"):
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        if (
            left is not None
            and right is not None
            and names.tree.text(left) == f"self.{names.tree.text(name)}"
        ):
            yield right


def _makes(facts: FileFacts, callee: Node) -> bool:
    names = facts.module.names
    qualified = names.qualified(callee)
    method = callee.child_by_field_name("attribute")
    if qualified in _APPS | _KNOWN_MAKERS or (method is not None and names.tree.text(method) in _MAKERS):
        return True
    definition = names.definition(callee)
    if definition is not None and definition.type == "class_definition":
        bases = definition.child_by_field_name("superclasses")
        return any(names.qualified(base) in _APPS for base in (bases.named_children if bases else ()))
    return qualified is not None and _all_known(facts.workspace.made_by(qualified))


def _all_known(classes: frozenset[str]) -> bool:
    return bool(classes) and classes <= _APPS
