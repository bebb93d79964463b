"""What a launch serves: the app itself, or an import string, and the module that this names."""

from __future__ import annotations

import re

from tree_sitter import Node

from portside.knowledge.apps import APP_CLASSES
from portside.python.engines.engines import EngineUse
from portside.python.facts import FileFacts
from portside.python.launching.launches import Launch
from portside.python.launching.script_place import ScriptPlace, is_named
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.source.syntax import is_tried, string_value
from portside.python.values.instances import constructions
from portside.records import dataclass

_CLASS_NAME = re.compile(r"_?[A-Z]+[a-z]\w*")
# What an app is called where another file makes it; a text would be `app_path`, `target`.
_APP_NAME = re.compile(r"(\w+_)?(app|application|api|asgi)")
_MAKER = re.compile(r"(create|make|build|get|init|setup)_(\w+_)?(app|application|api|server)")


@dataclass(frozen=True, slots=True, eq=False)
class ImportString:
    """`"core.server:app"`. node: the literal."""

    node: Node
    module: str
    attribute: str


def import_string(names: Names, launch: Launch) -> ImportString | None:
    """The import string that is served, also through a constant; None for an object or what is not known."""
    node = names.value_of(launch.app) if launch.app is not None else None
    text = string_value(names.tree, node) if node is not None else None
    module, colon, attribute = (text or "").partition(":")
    return ImportString(node, module, attribute) if node is not None and colon and module else None


def names_own_file(facts: FileFacts, module: str) -> bool:
    """Whether the module is the very file, by the way that its folders are called."""
    place = facts.workspace.place or ScriptPlace(facts.source.path.replace("\\", "/"))
    if place.is_shadowed or module.startswith(".") or not is_named(place, module):
        return False
    return not _is_package_beside(facts, module)


def _is_package_beside(facts: FileFacts, module: str) -> bool:
    """Whether the file surely imports something from a package of that name, which it is not itself."""
    if facts.source.path.replace("\\", "/").rpartition("/")[2].startswith("__init__."):
        return False
    return any(
        one.module.startswith(f"{module}.") and one.when is When.IMPORT and not is_tried(one.statement)
        for one in facts.module.imports
    )


def is_held(engine: EngineUse) -> bool:
    """Whether a process that serves the module holds the engine: not one that only the main block makes."""
    only_in_main = bool(engine.reached) and all(way.when is When.MAIN for way in engine.reached)
    return not engine.in_process and not only_in_main


def is_object(names: Names, expression: Node) -> bool:
    """Whether it surely is an app, or a function that makes one, and no import string."""
    node = names.value_of(expression)
    if node.type == "identifier":
        bindings = names.bindings_of(node)
        return bool(bindings) and all(_is_object_binding(names, b.how, b.target, b.value) for b in bindings)
    if node.type == "attribute":
        return _is_imported_app(names, node)
    return node.type == "lambda" or _is_made(names, node)


def _is_object_binding(names: Names, how: How, target: str | None, value: Node | None) -> bool:
    if how in {How.FUNCTION, How.CLASS}:
        return True
    if how is How.IMPORT and target is not None:
        return _APP_NAME.fullmatch(target.rpartition(".")[2]) is not None
    return how in {How.ASSIGNMENT, How.WALRUS} and value is not None and _is_made(names, value)


def _is_imported_app(names: Names, attribute: Node) -> bool:
    """`server.app` for an `import server`."""
    found = names.qualified(attribute)
    return found is not None and _APP_NAME.fullmatch(found.rpartition(".")[2]) is not None


def _is_made(names: Names, expression: Node) -> bool:
    made = constructions(names, expression)
    return bool(made) and all(_makes_app(names, call) for call in made)


def _makes_app(names: Names, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    if callee is None:
        return False
    if names.qualified(callee) in APP_CLASSES:
        return True
    attribute = callee.child_by_field_name("attribute") if callee.type == "attribute" else callee
    name = names.tree.text(attribute) if attribute is not None else ""
    return _CLASS_NAME.fullmatch(name) is not None or _MAKER.fullmatch(name) is not None
