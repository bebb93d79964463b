"""What an attribute of a class of this file holds: plain, data class, pydantic model or settings."""

from __future__ import annotations

import enum

from tree_sitter import Node

from portside.python.names.bindings import Binding, How
from portside.python.source.nodes import fields_of, nodes_of, own_parts
from portside.python.source.syntax import Arguments, arguments, string_value, unwrapped
from portside.python.values.value_types import (
    Environment,
    Literal,
    Parameter,
    Through,
    Tracing,
    Unknown,
    Value,
    named,
)

_DATA_DECORATORS = frozenset(
    {
        "dataclasses.dataclass",
        "pydantic.dataclasses.dataclass",
        "attrs.define",
        "attrs.frozen",
        "attr.s",
        "attr.define",
        "attr.dataclass",
    }
)
_DATA_BASES = frozenset({"pydantic.BaseModel", "typing.NamedTuple", "typing.TypedDict", "msgspec.Struct"})
_SETTINGS_BASES = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings"})
_FIELD_MAKERS = frozenset({"dataclasses.field", "pydantic.Field", "attrs.field", "attr.ib", "msgspec.field"})
_PLAIN_BASES = frozenset({"builtins.object", "enum.IntEnum", "threading.Thread", "multiprocessing.Process"})


class ClassKind(enum.Enum):
    PLAIN = "plain"
    DATA = "data"
    SETTINGS = "settings"
    OTHER = "other"


def of_member(tracer: Tracing, definition: Node, name: str, made_by: Arguments | None) -> Value:
    """An attribute of the class, or of an instance that was made with these arguments."""
    kind = kind_of(tracer, definition)
    if made_by is not None and kind is ClassKind.OTHER:
        return Unknown("its base class may read it from anywhere")
    if made_by is not None and kind in {ClassKind.DATA, ClassKind.SETTINGS}:
        passed = _passed(tracer, definition, name, made_by)
        if passed is not None:
            return named(passed, Through.FIELD, name)
    assigned = self_assignments(tracer, definition, name)
    if assigned:
        return _of_self(tracer, definition, assigned, made_by, name)
    bindings = tracer.names.bindings_in(name, tracer.names.scope_of(definition))
    if len(bindings) == 1 and bindings[0].value is not None:
        return _of_body(tracer, definition, bindings[0], kind)
    base = _only_base(tracer, definition)
    if not bindings and base is not None:
        return of_member(tracer, base, name, made_by)
    return Unknown(f"the class does not say what `{name}` is")


def kind_of(tracer: Tracing, definition: Node) -> ClassKind:
    if _is_decorated(tracer, definition):
        return ClassKind.DATA
    positional = arguments(definition).positional
    bases = {name for base in positional for name in (tracer.names.qualified_names(base) or (None,))}
    if bases & _SETTINGS_BASES:
        return ClassKind.SETTINGS
    if bases & _DATA_BASES:
        return ClassKind.DATA
    base = _only_base(tracer, definition)
    if base is not None:
        return kind_of(tracer, base)
    return ClassKind.PLAIN if bases <= _PLAIN_BASES else ClassKind.OTHER


def _is_decorated(tracer: Tracing, definition: Node) -> bool:
    decorated = definition.parent
    if decorated is None or decorated.type != "decorated_definition":
        return False
    for decorator in decorated.named_children:
        if decorator.type == "decorator" and decorator.named_children:
            made = own_parts(decorator)[0]
            made = made.child_by_field_name("function") or made if made.type == "call" else made
            if tracer.names.qualified(made) in _DATA_DECORATORS:
                return True
    return False


def _only_base(tracer: Tracing, definition: Node) -> Node | None:
    bases = arguments(definition).positional
    base = tracer.names.definition(bases[0]) if len(bases) == 1 else None
    return base if base is not None and base.type == "class_definition" and base != definition else None


def _passed(tracer: Tracing, definition: Node, name: str, made_by: Arguments) -> Value | None:
    if made_by.starred or made_by.unpacked:
        return Unknown(f"`{name}` may be passed with `*` or `**`")
    written = _written(tracer, definition, name, made_by)
    return tracer.trace(written) if written is not None else None


def _written(tracer: Tracing, definition: Node, name: str, made_by: Arguments) -> Node | None:
    if name in made_by.keywords or not made_by.positional:
        return made_by.keywords.get(name)
    fields = fields_of_class(tracer, definition)
    position = fields.index(name) if name in fields else len(made_by.positional)
    return made_by.positional[position] if position < len(made_by.positional) else None


def passed_field(tracer: Tracing, definition: Node, name: str, made_by: Arguments) -> Node | None:
    """What is passed for a field of a data class, a model or settings."""
    return _written(tracer, definition, name, made_by) if has_fields(tracer, definition) else None


def has_fields(tracer: Tracing, definition: Node) -> bool:
    """Whether it is a data class, a model or settings."""
    return kind_of(tracer, definition) in {ClassKind.DATA, ClassKind.SETTINGS}


def fields_of_class(tracer: Tracing, definition: Node) -> list[str]:
    """The names of a data class's own fields, in order."""
    body = definition.child_by_field_name("body")
    names = []
    for statement in body.named_children if body is not None else ():
        inner = own_parts(statement)[0] if statement.type == "expression_statement" else statement
        left = inner.child_by_field_name("left") if inner.type == "assignment" else None
        if left is not None and inner.child_by_field_name("type") is not None:
            names.append(tracer.text(left))
    return names


def _set_attributes(definition: Node) -> list[Node]:
    """The attributes that assignments in it set, in the order of the text."""
    found = fields_of(nodes_of(definition, "assignment", "augmented_assignment"), "left", "attribute")
    for several in nodes_of(definition, "pattern_list", "tuple_pattern"):
        found += (one for one in several.named_children if one.type == "attribute")
    return sorted(found, key=lambda node: node.start_byte)


def self_assignments(tracer: Tracing, definition: Node, name: str) -> list[Node]:
    """What the methods of the class assign to `self.NAME`; the target itself where that can't be told."""
    found = []
    for target in _set_attributes(definition):
        holder, attribute = target.child_by_field_name("object"), target.child_by_field_name("attribute")
        value = _given(target)
        if holder is None or attribute is None or value is None or tracer.text(attribute) != name:
            continue
        if tracer.text(holder) in {"self", "cls"}:
            found.append(value)
    return found


def _given(target: Node) -> Node | None:
    """What is assigned to the target, also to one of several: `self.host, self.port = host, port`."""
    parent = target.parent
    if parent is None or "pattern" not in parent.type:
        return parent.child_by_field_name("right") if parent is not None else None
    right = parent.parent.child_by_field_name("right") if parent.parent is not None else None
    targets, values = own_parts(parent), own_parts(right) if right is not None else []
    kinds = {node.type for node in (*targets, *values)}
    is_each = right is not None and right.type in _SEVERAL and len(targets) == len(values)
    if not is_each or kinds & {"list_splat", "list_splat_pattern"}:
        return target
    return values[targets.index(target)]


_SEVERAL = frozenset({"expression_list", "tuple"})


def _of_self(
    tracer: Tracing, definition: Node, assigned: list[Node], made_by: Arguments | None, name: str
) -> Value:
    around = assigned[0].parent if len(assigned) == 1 else None
    if around is None or around.type not in {"assignment", *_SEVERAL}:
        return Unknown(f"`self.{name}` is assigned in several places")
    value = tracer.trace(assigned[0])
    if isinstance(value, Parameter) and made_by is not None:
        return _of_constructor(tracer, definition, value, made_by)
    return named(value, Through.CLASS_ATTRIBUTE, f"self.{name}")


def _of_constructor(tracer: Tracing, definition: Node, parameter: Parameter, made_by: Arguments) -> Value:
    """What an instance made like this passes for a parameter of `__init__`."""
    constructor = tracer.names.bindings_in("__init__", tracer.names.scope_of(definition))
    if len(constructor) != 1 or made_by.starred or made_by.unpacked:
        return Unknown(f"`{parameter.name}` is not passed by name")
    if tracer.names.tree.span(constructor[0].statement) != parameter.function:
        return Unknown(f"`{parameter.name}` is a parameter of another method")
    if parameter.name in made_by.keywords:
        return tracer.trace(made_by.keywords[parameter.name])
    listed = constructor[0].statement.child_by_field_name("parameters")
    order = [b.name for b in _parameters(tracer, listed)] if listed is not None else []
    position = order.index(parameter.name) - 1 if parameter.name in order else -1
    if 0 <= position < len(made_by.positional):
        return tracer.trace(made_by.positional[position])
    return parameter


def _parameters(tracer: Tracing, listed: Node) -> list[Binding]:
    scope = tracer.names.scope_of(listed.parent) if listed.parent is not None else tracer.names.module
    own = (binding for bindings in scope.bindings.values() for binding in bindings)
    return sorted((b for b in own if b.how is How.PARAMETER), key=lambda b: b.since)


def _of_body(tracer: Tracing, definition: Node, binding: Binding, kind: ClassKind) -> Value:
    assert binding.value is not None
    default = _field_default(tracer, binding.value)
    if kind is ClassKind.SETTINGS:
        variable = _variable(tracer, definition, binding)
        if variable is None:
            return Unknown(f"`{binding.name}` has a name of its own in the environment")
        value = tracer.trace(default) if default is not None else None
        return Environment(
            variable, value, integer=isinstance(value, Literal) and isinstance(value.value, int)
        )
    if default is None:
        return Unknown(f"`{binding.name}` has no default")
    through = Through.FIELD if kind is ClassKind.DATA else Through.CLASS_ATTRIBUTE
    name = definition.child_by_field_name("name")
    owner = tracer.text(name) if name is not None else ""
    return named(tracer.trace(default), through, f"{owner}.{binding.name}")


def _field_default(tracer: Tracing, written: Node) -> Node | None:
    """The default in `field(default=8000)` and `field(default_factory=lambda: 8000)`, or all of it."""
    made = unwrapped(written)
    maker = made.child_by_field_name("function") if made.type == "call" else None
    if maker is None or tracer.names.qualified(maker) not in _FIELD_MAKERS:
        return written
    passed = arguments(made)
    if (default := passed.keywords.get("default")) is not None:
        return default
    factory = passed.keywords.get("default_factory") or passed.keywords.get("factory")
    if factory is not None:
        return factory.child_by_field_name("body") if factory.type == "lambda" else None
    return passed.positional[0] if passed.positional else None


def _variable(tracer: Tracing, definition: Node, binding: Binding) -> str | None:
    """The environment variable of a settings field; pydantic ignores its case."""
    made = unwrapped(binding.value) if binding.value is not None else None
    if made is not None and made.type == "call":
        keywords = arguments(made).keywords
        for alias in ("validation_alias", "alias", "env"):
            if alias in keywords:
                return string_value(tracer.names.tree, keywords[alias])
    prefix = _prefix(tracer, definition)
    return None if prefix is None else (prefix + binding.name).upper()


def _prefix(tracer: Tracing, definition: Node) -> str | None:
    """`env_prefix` in `model_config` or in the inner class Config; None if it is no literal."""
    for node in nodes_of(definition, "keyword_argument", "assignment", "pair"):
        name = (
            node.child_by_field_name("name")
            or node.child_by_field_name("left")
            or node.child_by_field_name("key")
        )
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if name is not None and value is not None and tracer.text(name).strip("\"'") == "env_prefix":
            return string_value(tracer.names.tree, value)
    return ""
