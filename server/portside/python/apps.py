"""Where a file makes a web app."""

from __future__ import annotations

from tree_sitter import Node

from portside.knowledge.apps import APP_CLASSES, ROUTERS
from portside.python.names.names import How, Names, ScopeKind
from portside.python.source.chunks import Chunk
from portside.records import dataclass


@dataclass(frozen=True, eq=False)
class AppUse:
    """A call that makes an app. name: the module's name for it, where it is bound to one at module level."""

    call: Node
    kind: str
    name: str | None
    is_router: bool


def find_apps(names: Names, relevant: tuple[Chunk, ...]) -> tuple[AppUse, ...]:
    """All apps and routers made in these statements of the file, in whatever scope."""
    calls = (call for chunk in relevant for call in chunk.nodes("call"))
    found = (_app_at(names, call) for call in calls)
    return tuple(app for app in found if app is not None)


def _app_at(names: Names, call: Node) -> AppUse | None:
    callee = call.child_by_field_name("function")
    qualified = names.qualified(callee) if callee is not None else None
    kind = APP_CLASSES.get(qualified or "")
    if kind is None and qualified not in ROUTERS:
        kind = _own_subclass(names, callee) if callee is not None else None
        if kind is None:
            return None
    return AppUse(call, kind or "router", _bound_name(names, call), qualified in ROUTERS)


def _own_subclass(names: Names, callee: Node) -> str | None:
    """`class Api(FastAPI)` and `Api()`."""
    definition = names.definition(callee)
    if definition is None or definition.type != "class_definition":
        return None
    bases = definition.child_by_field_name("superclasses")
    for base in bases.named_children if bases is not None else ():
        kind = APP_CLASSES.get(names.qualified(base) or "")
        if kind is not None:
            return kind
    return None


def _bound_name(names: Names, call: Node) -> str | None:
    parent = call.parent
    target = (
        parent.child_by_field_name("left") if parent is not None and parent.type == "assignment" else None
    )
    if target is None or target.type != "identifier" or names.scope_at(call).kind is not ScopeKind.MODULE:
        return None
    name = names.tree.text(target)
    assigned = [b for b in names.module_bindings(name) if b.how is How.ASSIGNMENT]
    return name if assigned else None
