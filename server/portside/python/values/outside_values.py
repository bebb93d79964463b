"""What names of other files stand for: `settings.port`, `get_settings().host`, through any of their files.

from app.config import settings
uvicorn.run(app, port=settings.port)     ->  app/config.py: settings = Settings()
                                             class Settings(BaseSettings): port: int = 8000
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tree_sitter import Node

from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.names.parameters import parameter_name
from portside.python.source.nodes import fields_of, holds, nodes_of, own_parts
from portside.python.source.syntax import arguments, unwrapped
from portside.python.values import value_classes
from portside.python.values.alternatives import keys_given
from portside.python.values.instances import made_by_method
from portside.python.values.value_sources import may_be_parsed, option_of
from portside.python.values.value_types import Environment, Literal, Value, located
from portside.python.values.values import Tracer
from portside.records import dataclass

# The file that a module is, for one that imports it: its path and its names; None for a foreign one.
Load = Callable[[str, str], "Loaded | None"]
CALL = "()"
_KEY_GIVEN = re.compile(r"(.+)\((\w+)=(\w+)\)")
_MOST_FILES = 6


@dataclass(frozen=True, eq=False)
class Loaded:
    path: str
    names: Names


def outside_value(load: Load, importer: str, qualified: str) -> Value | None:
    """The value behind a qualified name, `app.config.settings.port`, as `importer` means it."""
    given = _KEY_GIVEN.fullmatch(qualified)
    if given is not None:
        return _read_by(load, importer, *given.groups())
    return _Search(load).of_name(importer, parts_of(qualified))


def _read_by(load: Load, importer: str, function: str, parameter: str, key: str) -> Environment | None:
    """The variable of this name, if the function reads it where it gets the name as this parameter."""
    found = _definition(load, importer, function)
    if found is None or found[1].type != "function_definition":
        return None
    file, definition = found
    listed = definition.child_by_field_name("parameters")
    written = own_parts(listed) if listed is not None else []
    names = [parameter_name(file.names, one) for one in written]
    place = int(parameter) if parameter.isdecimal() else len(names)
    meant = names[place] if place < len(names) else parameter
    return Environment(key) if meant in keys_given(Tracer(file.names), definition) else None


def outside_definition(load: Load, importer: str, qualified: str) -> Node | None:
    """The function or class of another file that the name stands for, as `importer` means it."""
    found = _definition(load, importer, qualified)
    return found[1] if found is not None else None


def _definition(load: Load, importer: str, qualified: str) -> tuple[Loaded, Node] | None:
    for _ in range(_MOST_FILES):
        module, dot, name = qualified.rpartition(".")
        # `from . import make` has nothing but dots ahead.
        file = load(importer, module if module.strip(".") else module + dot)
        bindings = file.names.module_bindings(name) if file is not None else ()
        if file is None or len(bindings) != 1:
            return None
        if bindings[0].how in {How.FUNCTION, How.CLASS}:
            return file, bindings[0].statement
        if bindings[0].how is not How.IMPORT or bindings[0].target is None:
            return None
        importer, qualified = file.path, bindings[0].target
    return None


def parts_of(qualified: str) -> tuple[str, ...]:
    """`.config.get_settings().port` as `.config`, `get_settings`, `()`, `port`."""
    dots = len(qualified) - len(qualified.lstrip("."))
    words = re.findall(r"\w+|\(\)", qualified)
    return ("." * dots + words[0], *words[1:]) if words else ()


@dataclass
class _Search:
    load: Load
    files: int = 0

    def of_name(self, importer: str, parts: tuple[str, ...]) -> Value | None:
        """The value of the last part, from the longest start of the name that is a module."""
        modules = next((i for i, part in enumerate(parts) if part == CALL), len(parts))
        for length in range(modules - 1, 0, -1):
            self.files += 1
            if self.files > _MOST_FILES * 3:
                return None
            found = self.load(importer, module_of(parts[:length]))
            # A package may have a name that is its module's too: `from .config import config`.
            value = self._in_file(found, parts[length:]) if found is not None else None
            if value is not None:
                return value
        return None

    def _in_file(self, file: Loaded, parts: tuple[str, ...]) -> Value | None:
        bindings = [b for b in file.names.module_bindings(parts[0]) if not b.deferred]
        if not bindings or len(bindings) != len(file.names.module_bindings(parts[0])):
            return None
        if len(parts) == 1:
            return self._alone(file, bindings)
        return self._of_binding(file, bindings[0], parts[1:]) if len(bindings) == 1 else None

    def _alone(self, file: Loaded, bindings: list[Binding]) -> Value | None:
        if len(bindings) == 1 and bindings[0].how is How.IMPORT and bindings[0].target is not None:
            return self.of_name(file.path, parts_of(bindings[0].target))
        tracer = self._tracer(file)
        values = [tracer.of_binding(binding) for binding in bindings]
        return _located(values[0], file) if len(values) == 1 else None

    def _tracer(self, file: Loaded) -> Tracer:
        return Tracer(file.names, lambda name: self.of_name(file.path, parts_of(name)))

    def _of_binding(self, file: Loaded, binding: Binding, rest: tuple[str, ...]) -> Value | None:
        """What the attributes and calls of `rest` make of the thing that a name is bound to."""
        match binding.how:
            case How.IMPORT if binding.target is not None:
                return self.of_name(file.path, (*parts_of(binding.target), *rest))
            case How.CLASS | How.FUNCTION:
                return self._of_definition(file, binding.statement, rest)
        if binding.value is not None:
            return self._of_expression(file, binding.value, rest)
        return None

    def _of_definition(self, file: Loaded, definition: Node, rest: tuple[str, ...]) -> Value | None:
        if definition.type == "decorated_definition":
            definition = definition.child_by_field_name("definition") or definition
        if definition.type == "function_definition":
            returned = _only_return(file.names, definition) if rest[0] == CALL else None
            return self._of_expression(file, returned, rest[1:]) if returned is not None else None
        if definition.type != "class_definition":
            return None
        return self._of_member(file, definition, None, rest[1:] if rest[0] == CALL else rest)

    def _of_expression(self, file: Loaded, expression: Node, rest: tuple[str, ...]) -> Value | None:
        node = file.names.value_of(unwrapped(expression))
        if len(rest) == 1 and may_be_parsed(tracer := self._tracer(file), unwrapped(expression)):
            # The option of a parser there, and most likely what it is where it is not given.
            return located(option_of(tracer, rest[0], None), file.path)
        if not rest:
            return _located(self._tracer(file).trace(node), file)
        if node.type == "call":
            callee = node.child_by_field_name("function")
            definition = file.names.definition(callee) if callee is not None else None
            if definition is not None and definition.type == "class_definition":
                return self._of_member(file, definition, node, rest)
            if definition is not None:
                return self._of_definition(file, definition, (CALL, *rest))
            qualified = file.names.qualified(callee) if callee is not None else None
            passes = arguments(node).positional or arguments(node).keywords
            if qualified is not None and not passes:
                return self.of_name(file.path, (*parts_of(qualified), CALL, *rest))
            return None
        definition = file.names.definition(node)
        if definition is not None:
            return self._of_definition(file, definition, rest)
        qualified = file.names.qualified(node)
        return self.of_name(file.path, (*parts_of(qualified), *rest)) if qualified is not None else None

    def _of_member(
        self, file: Loaded, definition: Node, made_by: Node | None, rest: tuple[str, ...]
    ) -> Value | None:
        if rest[1:2] == (CALL,):
            made = made_by_method(file.names, definition, rest[0])
            return self._of_member(file, definition, made, rest[2:]) if made is not None else None
        if not rest or rest[0] == CALL or _is_set_elsewhere(file.names, definition, rest[0]):
            return None
        tracer = self._tracer(file)
        if len(rest) == 1:
            passed = arguments(made_by) if made_by is not None else None
            found = value_classes.of_member(tracer, definition, rest[0], passed)
            return _located(found, file)
        inner = _field(file.names, definition, rest[0])
        return self._of_expression(file, inner, rest[1:]) if inner is not None else None


def module_of(parts: tuple[str, ...]) -> str:
    first, *rest = parts
    return ".".join((first, *rest))


def _located(value: Value, file: Loaded) -> Value | None:
    """The value, if it is one of another file."""
    return located(value, file.path) if isinstance(value, (Literal, Environment)) else None


def _only_return(names: Names, function: Node) -> Node | None:
    returns = nodes_of(function, "return_statement")
    own = [node for node in returns if names.scope_at(node).node == function]
    if len(own) != 1 or not own[0].named_children:
        return None
    return own_parts(own[0])[0]


def _field(names: Names, definition: Node, name: str) -> Node | None:
    """What makes the object in a field: its value, the default factory, or the class of its annotation."""
    bindings = names.bindings_in(name, names.scope_of(definition))
    if len(bindings) != 1:
        return None
    value = unwrapped(bindings[0].value) if bindings[0].value is not None else None
    if value is not None and value.type == "call":
        factory = arguments(value).keywords.get("default_factory")
        return factory if factory is not None else value
    annotation = bindings[0].statement.child_by_field_name("type")
    return own_parts(annotation)[0] if annotation is not None and own_parts(annotation) else None


def _is_set_elsewhere(names: Names, definition: Node, name: str) -> bool:
    """Whether the file sets such an attribute outside of the class."""
    for chunk in names.chunks_with([name]):
        for target in fields_of(chunk.nodes("assignment"), "left", "attribute"):
            attribute = target.child_by_field_name("attribute")
            inside = holds(definition, target)
            if attribute is not None and names.tree.text(attribute) == name and not inside:
                return True
    return False
