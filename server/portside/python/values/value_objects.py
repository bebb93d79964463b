"""Values that objects hold: attributes of classes, items of dictionaries, what functions return."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of, holds, nodes_of, own_parts
from portside.python.source.syntax import Arguments, ancestors, argument_nodes, arguments, unwrapped
from portside.python.values import value_classes
from portside.python.values.instances import made_by_method
from portside.python.values.value_types import (
    Environment,
    Literal,
    Parameter,
    Through,
    Tracing,
    Unknown,
    Value,
    named,
    same,
)

# Methods after which a dictionary no longer holds what its literal says.
_CHANGING = frozenset({"update", "pop", "popitem", "clear", "setdefault", "__setitem__"})


def of_attribute(tracer: Tracing, node: Node) -> Value:
    """`Settings.port`, `self.port`, `config.port`, and constants of other modules."""
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if holder is None or name is None:
        return Unknown("it is no whole expression")
    if (member := _of_enum(tracer, holder, name)) is not None:
        return member
    return attribute_of(tracer, holder, tracer.text(name))


def attribute_of(tracer: Tracing, holder: Node, name: str) -> Value:
    """What an object or a module has under this name."""
    qualified, shown = tracer.names.qualified(holder), f"{tracer.text(holder)}.{name}"
    found = (
        tracer.outside(f"{qualified}.{name}")
        if qualified is not None
        else _of_imported_class(tracer, holder, name)
    )
    if found is not None:
        if is_set_here(tracer, None, name):
            return Unknown(f"`{shown}` is assigned in several places")
        return found
    owner = _owner(tracer, holder)
    if owner is None and (made := _made_outside(tracer, holder)) is not None:
        found = tracer.outside(f"{made}().{name}")
        if found is not None:
            return found
    if owner is None:
        return _of_annotated(tracer, holder, name) or Unknown(
            f"`{shown}` belongs to something that is not known"
        )
    return member_of(tracer, owner[0], name, owner[1])


def _of_enum(tracer: Tracing, holder: Node, name: Node) -> Value | None:
    """`Ports.API.value`."""
    inner, member = holder.child_by_field_name("object"), holder.child_by_field_name("attribute")
    definition = tracer.names.definition(inner) if inner is not None else None
    if member is None or definition is None or definition.type != "class_definition":
        return None
    bases = {tracer.names.qualified(base) for base in arguments(definition).positional}
    if name.text != b"value" or not bases & {"enum.Enum", "enum.IntEnum"}:
        return None
    return member_of(tracer, definition, tracer.text(member), None)


def member_of(tracer: Tracing, definition: Node, name: str, made_by: Arguments | None) -> Value:
    """An attribute of a class of this file, or of an instance, that no other code sets."""
    if is_set_here(tracer, definition, name) or _is_filled(tracer, definition):
        return Unknown(f"`{name}` is assigned in several places")
    return value_classes.of_member(tracer, definition, name, made_by)


def _of_imported_class(tracer: Tracing, holder: Node, name: str) -> Value | None:
    """`Config().port`, where `Config` is a plain class of another file that is given nothing."""
    made = expression_behind(tracer, unwrapped(holder))
    callee = made.child_by_field_name("function") if made.type == "call" else None
    called = tracer.names.qualified(callee) if callee is not None else None
    if called is None or argument_nodes(made):
        return None
    return tracer.outside(f"{called}.{name}")


def _owner(tracer: Tracing, holder: Node) -> tuple[Node, Arguments | None] | None:
    """The class that the expression is, or is an instance of; then with what it was called."""
    holder = unwrapped(holder)
    definition = tracer.names.definition(holder)
    if definition is not None and definition.type == "class_definition":
        return definition, None
    around = _class_of_self(tracer, holder)
    if around is not None:
        return around, None
    made = expression_behind(tracer, holder)
    function = made.child_by_field_name("function") if made.type == "call" else None
    maker = tracer.names.definition(function) if function is not None else None
    if maker is not None and maker.type == "class_definition":
        return maker, arguments(made)
    return _made_by_method(tracer, function) if function is not None else None


def _made_by_method(tracer: Tracing, method: Node) -> tuple[Node, Arguments] | None:
    """The class of `Config.from_env()`, and with what that calls it."""
    holder, name = method.child_by_field_name("object"), method.child_by_field_name("attribute")
    owner = tracer.names.definition(holder) if holder is not None and name is not None else None
    if owner is None or name is None or owner.type != "class_definition":
        return None
    made = made_by_method(tracer.names, owner, tracer.text(name))
    return (owner, arguments(made)) if made is not None else None


def _made_outside(tracer: Tracing, holder: Node) -> str | None:
    """The imported function or class whose plain call made the object: `settings = get_settings()`."""
    made = expression_behind(tracer, unwrapped(holder))
    function = made.child_by_field_name("function") if made.type == "call" else None
    if function is None or arguments(made).positional or arguments(made).keywords:
        return None
    return tracer.names.qualified(function)


def _of_annotated(tracer: Tracing, holder: Node, name: str) -> Environment | None:
    """`settings.port` of a `settings: Settings`: whoever makes that object, the class reads the variable."""
    kind = annotation(tracer.names, expression_behind(tracer, unwrapped(holder)))
    if kind is None:
        return None
    definition, qualified = tracer.names.definition(kind), tracer.names.qualified(kind)
    found: Value | None = None
    if definition is not None and definition.type == "class_definition":
        found = member_of(tracer, definition, name, None)
    elif qualified is not None:
        found = tracer.outside(f"{qualified}().{name}")
    return found if isinstance(found, Environment) else None


def annotation(names: Names, parameter: Node) -> Node | None:
    """The class that a parameter is annotated with, also in `Annotated[Settings, …]` and beside a None."""
    bindings = names.bindings_of(parameter) if parameter.type == "identifier" else ()
    if len(bindings) != 1 or bindings[0].how is not How.PARAMETER:
        return None
    written = bindings[0].statement.child_by_field_name("type")
    for _ in range(_MOST_AROUND):
        if written is None or written.type in {"identifier", "attribute"}:
            return written
        if written.type not in _AROUND_TYPE or not written.named_children:
            return None
        inner = [child for child in written.named_children if child.type != "none"]
        is_generic = written.type == "generic_type" and len(inner) > 1
        written = inner[1] if is_generic else inner[0]
    return None


_MOST_AROUND = 5
_AROUND_TYPE = frozenset({"type", "generic_type", "type_parameter", "binary_operator", "union_type"})


def _class_of_self(tracer: Tracing, holder: Node) -> Node | None:
    """The class around, if the expression is the first parameter of one of its methods."""
    bindings = tracer.names.bindings_of(holder) if holder.type == "identifier" else ()
    if len(bindings) != 1 or bindings[0].how is not How.PARAMETER:
        return None
    listed = bindings[0].statement.parent
    if listed is None or listed.type != "parameters" or own_parts(listed)[0] != bindings[0].statement:
        return None
    functions = (node for node in ancestors(listed) if node.type == "function_definition")
    method = next(functions, None)
    for node in ancestors(method) if method is not None else ():
        if node.type in {"function_definition", "lambda"}:
            return None
        if node.type == "class_definition":
            return node
    return None


def expression_behind(tracer: Tracing, expression: Node) -> Node:
    """The expression that a name or an attribute of `self` was assigned, else the expression itself."""
    node = tracer.names.value_of(expression)
    if node.type != "attribute":
        return node
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    around = _class_of_self(tracer, unwrapped(holder)) if holder is not None else None
    if around is None or name is None:
        return node
    assigned = value_classes.self_assignments(tracer, around, tracer.text(name))
    return tracer.names.value_of(assigned[0]) if len(assigned) == 1 else node


def is_set_here(tracer: Tracing, definition: Node | None, name: str) -> bool:
    """Whether code of the file, outside the class, assigns to an attribute of this name, whosever it is."""
    for chunk in tracer.names.chunks_with([name]):
        for target in fields_of(chunk.nodes("assignment", "augmented_assignment"), "left", "attribute"):
            attribute = target.child_by_field_name("attribute")
            inside = definition is not None and holds(definition, target)
            if attribute is not None and tracer.text(attribute) == name and not inside:
                return True
    return False


# What sets attributes whose names are nowhere to be read: of a file with settings, of arguments.
_FILLING = ("setattr", "__dict__", "vars", "__setattr__", "__getattr__", "__getattribute__")


def _is_filled(tracer: Tracing, definition: Node) -> bool:
    """Whether the class, or code that is handed one of its objects, may set any attribute of it."""
    for chunk in tracer.names.chunks_with(_FILLING):
        if chunk.start <= definition.start_byte < chunk.end:
            return any(word.encode() in (definition.text or b"") for word in _FILLING)
        if any(_fills(tracer, definition, call) for call in chunk.nodes("call")):
            return True
    return False


def _fills(tracer: Tracing, definition: Node, call: Node) -> bool:
    """`setattr(config, key, value)`, `vars(config).update(…)`, `config.__dict__.update(…)`."""
    callee, passed = call.child_by_field_name("function"), arguments(call).positional
    if callee is None:
        return False
    if callee.text in {b"setattr", b"vars"} and passed:
        filled = unwrapped(passed[0])
    elif b".__dict__.update" in (callee.text or b""):
        filled = callee
        while filled.type == "attribute" and (inner := filled.child_by_field_name("object")) is not None:
            filled = inner
    else:
        return False
    bindings = tracer.names.bindings_of(filled) if filled.type == "identifier" else ()
    if any(binding.how is How.PARAMETER for binding in bindings):
        return True
    owner = _owner(tracer, filled)
    return owner is not None and owner[0] == definition


def of_subscript(tracer: Tracing, node: Node) -> Value:
    """`config["port"]`, where `config` is a dictionary written in this file."""
    container, key = node.child_by_field_name("value"), node.child_by_field_name("subscript")
    if container is None or key is None:
        return Unknown("it is no whole expression")
    wanted = tracer.trace(key)
    if not isinstance(wanted, Literal) or not isinstance(wanted.value, str):
        return Unknown("it is an item whose key is not known")
    item = item_of(tracer, container, wanted.value)
    if item is not None:
        return _named_item(tracer, item, tracer.text(node))
    found = _item_outside(tracer, container, wanted.value)
    return found or Unknown(f"`{tracer.text(node)}` is an item of something that is not known")


def _item_outside(tracer: Tracing, container: Node, key: str) -> Value | None:
    """The item of a dictionary of another file, asked for as `config.CONFIG[server][port]`."""
    base, keys = unwrapped(container), [key]
    while base.type == "subscript":
        outer, name = base.child_by_field_name("value"), base.child_by_field_name("subscript")
        wanted = tracer.trace(name) if name is not None else None
        if outer is None or not isinstance(wanted, Literal):
            return None
        keys.insert(0, str(wanted.value))
        base = unwrapped(outer)
    qualified = tracer.names.qualified(base)
    if qualified is None or is_changed(tracer, base, keys[0]):
        return None
    return tracer.outside(qualified + "".join(f"[{each}]" for each in keys))


def _named_item(tracer: Tracing, item: Node, name: str) -> Value:
    return named(tracer.trace(item), Through.ITEM, name)


def item_of(tracer: Tracing, container: Node, key: str) -> Node | None:
    """The expression that a dictionary holds under this key, if the dictionary is never changed."""
    if is_changed(tracer, container, key):
        return None
    made = expression_behind(tracer, container)
    if made.type == "subscript":
        outer, name = made.child_by_field_name("value"), made.child_by_field_name("subscript")
        wanted = tracer.trace(name) if name is not None else None
        if outer is None or not isinstance(wanted, Literal) or not isinstance(wanted.value, str):
            return None
        inner = item_of(tracer, outer, wanted.value)
        made = expression_behind(tracer, inner) if inner is not None else made
    if made.type == "dictionary":
        return _item_of_literal(tracer, made, key)
    function = made.child_by_field_name("function") if made.type == "call" else None
    if function is not None and tracer.names.qualified(function) == "builtins.dict":
        passed = arguments(made)
        return None if passed.unpacked or passed.positional else passed.keywords.get(key)
    return None


def _item_of_literal(tracer: Tracing, dictionary: Node, key: str) -> Node | None:
    found: Node | None = None
    for child in dictionary.named_children:
        if child.type == "dictionary_splat":
            found = None  # it may hold the key, too
        name, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        written = tracer.trace(name) if child.type == "pair" and name is not None else None
        if isinstance(written, Literal) and written.value == key:
            found = value
    return found


def is_changed(tracer: Tracing, container: Node, key: str | None = None) -> bool:
    """Whether the file assigns to items of the name, or calls what changes a dictionary.

    key: of the item that is asked for; what is assigned inside of another one is none of its concern.
    """
    container = unwrapped(container)
    if container.type != "identifier":
        return False
    name = tracer.text(container)
    return any(
        _changes(tracer, mention, key)
        for mention in tracer.names.mentions(name)
        if mention.start_byte != container.start_byte
    )


def _changes(tracer: Tracing, mention: Node, key: str | None) -> bool:
    node, parent, depth = mention, mention.parent, 0
    while parent is not None and parent.type == "subscript" and parent.child_by_field_name("value") == node:
        node, parent, depth = parent, parent.parent, depth + 1
    if parent is None:
        return False
    if parent.type == "attribute":
        attribute = parent.child_by_field_name("attribute")
        is_change, is_inside = attribute is not None and tracer.text(attribute) in _CHANGING, depth > 0
    else:
        is_left = parent.child_by_field_name("left") == node and "assignment" in parent.type
        is_change, is_inside = bool(depth) and (is_left or parent.type == "delete_statement"), depth > 1
    return is_change and not (is_inside and key is not None and _is_of_another(tracer, mention, key))


def _is_of_another(tracer: Tracing, mention: Node, key: str) -> bool:
    """Whether the mention is asked for an item of a key that is known, and not this one."""
    asked = mention.parent.child_by_field_name("subscript") if mention.parent is not None else None
    written = tracer.trace(asked) if asked is not None else None
    return isinstance(written, Literal) and written.value != key


def of_call(tracer: Tracing, call: Node) -> Value | None:
    """`config.get("port", 8000)` on a dictionary, or a function of this file that returns one value."""
    function = call.child_by_field_name("function")
    if function is None:
        return None
    if function.type == "attribute":
        return _of_get(tracer, function, arguments(call))
    definition = tracer.names.definition(function)
    if definition is None or definition.type != "function_definition":
        return None
    return _of_function(tracer, definition)


def _of_get(tracer: Tracing, function: Node, passed: Arguments) -> Value | None:
    container, name = function.child_by_field_name("object"), function.child_by_field_name("attribute")
    if container is None or name is None or tracer.text(name) != "get" or not passed.positional:
        return None
    key = tracer.trace(passed.positional[0])
    if not isinstance(key, Literal) or not isinstance(key.value, str):
        return None
    item = item_of(tracer, container, key.value)
    if item is None:
        return _item_outside(tracer, container, key.value)
    return _named_item(tracer, item, tracer.text(function))


def _of_function(tracer: Tracing, definition: Node) -> Value | None:
    returned = list(returns(definition))
    values = [tracer.trace(expression) for expression in returned]
    if not values or any(isinstance(value, Parameter) for value in values):
        return None
    if not all(same(values[0], value) for value in values[1:]):
        return None
    name = definition.child_by_field_name("name")
    return named(values[0], Through.FUNCTION, tracer.text(name) if name is not None else "")


def returns(definition: Node) -> Iterator[Node]:
    """What a function returns; nothing if it is a generator or one `return` has no value."""
    own = [node for node in nodes_of(definition, "return_statement") if _is_of(node, definition)]
    if any(_is_of(node, definition) for node in nodes_of(definition, "yield")):
        return
    if all(node.named_children for node in own):
        yield from (own_parts(node)[0] for node in own)


def _is_of(node: Node, definition: Node) -> bool:
    functions = (around for around in ancestors(node) if around.type in {"function_definition", "lambda"})
    return next(functions, None) == definition


def argument(tracer: Tracing, call: Node, keyword: str, position: int | None = None) -> Node | None:
    """The expression that a call passes for a parameter: by name, by position, or inside `**options`."""
    passed = arguments(call)
    if keyword in passed.keywords:
        return passed.keywords[keyword]
    if position is not None and position < len(passed.positional):
        return passed.positional[position]
    for unpacked in passed.unpacked:
        item = item_of(tracer, unpacked, keyword)
        if item is not None:
            return item
    return None
