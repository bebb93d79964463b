"""Where a server most likely listens whose script works it out: what stands there for want of anything else.

    host = os.environ.get("HOST")            config.get("port", 30015)          options.port or 8000
    if not host:
        host = "0.0.0.0"                     -> 30015                           -> 8000
    -> ${HOST:-0.0.0.0}

An address that is left to uvicorn would be another one than before. So where `trace` knows no value, what
all that is known of agrees on is taken, and a person is told to look.
"""

from __future__ import annotations

import dataclasses
import re

from tree_sitter import Node

from portside.python.names.bindings import Binding, How
from portside.python.names.names import Names
from portside.python.source.nodes import operator_of, own_parts
from portside.python.source.syntax import argument_nodes, arguments, choices, string_value, unwrapped
from portside.python.values.value_sources import added_option, assigned, may_be_parsed
from portside.python.values.value_types import (
    CommandLine,
    Environment,
    Literal,
    Through,
    Unknown,
    Value,
    same,
)
from portside.python.values.values import Tracer

_CONVERSIONS = frozenset({"int", "str"})
_DEEPEST = 6
_ADDRESS = re.compile(r"\d|^localhost$|:")


def likely(tracer: Tracer, node: Node, depth: int = _DEEPEST) -> Value | None:
    """The value; None where nothing is known, or what is known does not agree."""
    names, node = tracer.names, unwrapped(node)
    value = Tracer(names, tracer.outside).trace(node)
    if _is_known(value):
        return value
    found = _worked_out(tracer, node, depth) if depth > 0 else None
    if isinstance(value, Environment):
        # `os.environ.get("PORT", config.get("port", 8000))`
        return dataclasses.replace(value, default=found) if isinstance(found, Literal) else found or value
    return found


def _worked_out(tracer: Tracer, node: Node, depth: int) -> Value | None:
    names = tracer.names
    match node.type:
        case "identifier":
            bindings = names.bindings_of(node)
            found = _agreed([_of_binding(tracer, node, each, depth) for each in bindings])
            always = always_bound(names, node)
            # What stands there before a branch may choose another one.
            return found or (_of_binding(tracer, node, always[0], depth) if len(always) == 1 else None)
        case "call":
            return _of_call(tracer, node, depth)
        case "boolean_operator" | "conditional_expression":
            return _agreed([likely(tracer, part, depth - 1) for part in _alternatives(node)])
        case "attribute":
            found = _of_made(tracer, node, depth) or _of_parsed(tracer, node, depth)
            found = found or _of_annotated(tracer, node, depth)
            found = found or _of_options(tracer, node, depth)
            given = assigned(tracer, node) if found is None else None
            return likely(tracer, given, depth - 1) if given is not None else found
    return None


def always_bound(names: Names, used: Node) -> list[Binding]:
    """What gives a name its value whichever branches are taken on the way to it."""
    at = used.start_byte
    return [
        each
        for each in names.bindings_of(used)
        if not each.deferred and (each.arm is None or each.arm[0] <= at < each.arm[1])
    ]


def _is_known(value: Value) -> bool:
    match value:
        case Literal():
            return value.value is not None and value.through is not Through.FIELD
        case Environment():
            return not isinstance(value.default, Unknown)
        case CommandLine():
            return isinstance(value.default, Literal) and value.default.value is not None
    return False


def _alternatives(node: Node) -> list[Node]:
    """Both sides of an `or`; of a conditional expression what it may be, without the condition."""
    return choices(node) if operator_of(node) != "and" else []


def _of_binding(tracer: Tracer, used: Node, binding: Binding, depth: int) -> Value | None:
    if binding.how is How.FOR:
        return _first_of(tracer, binding.statement, depth)
    if binding.how is not How.ASSIGNMENT or binding.value is None or binding.value == used:
        return None
    return likely(tracer, binding.value, depth - 1)


def _first_of(tracer: Tracer, loop: Node, depth: int) -> Value | None:
    """What a loop over ports begins with: `range(8000, 8010)`, `(8000, 8080)`."""
    names = tracer.names
    left, right = loop.child_by_field_name("left"), loop.child_by_field_name("right")
    made = names.value_of(right) if right is not None else None
    if made is None or left is None or left.type != "identifier":
        return None
    if made.type == "call":
        function, passed = made.child_by_field_name("function"), argument_nodes(made)
        is_range = function is not None and names.tree.text(function) == "range" and len(passed) > 1
        return likely(tracer, passed[0], depth - 1) if is_range else None
    parts = own_parts(made)
    return likely(tracer, parts[0], depth - 1) if made.type in {"list", "tuple"} and parts else None


def _of_call(tracer: Tracer, call: Node, depth: int) -> Value | None:
    """`int(x)`, and the default of `x.get("port", 8000)` and `getattr(x, "port", 8000)`."""
    names = tracer.names
    function = call.child_by_field_name("function")
    passed = argument_nodes(call)
    if function is None:
        return None
    called = names.tree.text(function)
    if called in _CONVERSIONS and len(passed) == 1:
        return _integer(likely(tracer, passed[0], depth - 1), called)
    name = function.child_by_field_name("attribute")
    if name is not None and names.tree.text(name).startswith("get"):
        return _of_getter(tracer, call, depth)
    if called == "getattr" and len(passed) == 3 and string_value(names.tree, passed[1]) is not None:
        return likely(tracer, passed[2], depth - 1)
    return None


def _of_getter(tracer: Tracer, call: Node, depth: int) -> Value | None:
    """The default of `config.get_value("port", 8000)`, `parser.getint("server", "port", fallback=8000)`."""
    names = tracer.names
    passed = arguments(call)
    named = (value for key, value in passed.keywords.items() if key in {"default", "fallback"})
    given = next(named, None)
    if given is None and len(passed.positional) == 2:
        given = passed.positional[1]
        # `parser.get("server", "host")` names an option, and has no default.
        if (text := string_value(names.tree, given)) is not None and not _ADDRESS.search(text):
            return None
    return likely(tracer, given, depth - 1) if given is not None else None


def _integer(value: Value | None, conversion: str) -> Value | None:
    if conversion == "int" and isinstance(value, Literal) and str(value.value).isdecimal():
        return dataclasses.replace(value, value=int(str(value.value)))
    if conversion == "int" and isinstance(value, Environment):
        return dataclasses.replace(value, integer=True, default=_integer(value.default, conversion))
    return value


def handed_to(names: Names, node: Node) -> Node | None:
    """`args.port` for `config.port` of a `config = Config(port=args.port)`, whatever class that is."""
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    made = names.value_of(holder) if holder is not None else node
    if made.type != "call" or name is None:
        return None
    return arguments(made).keywords.get(names.tree.text(name))


def _of_made(tracer: Tracer, node: Node, depth: int) -> Value | None:
    given = handed_to(tracer.names, node)
    if given is None:
        return None
    value = tracer.trace(given)
    is_said = isinstance(value, CommandLine) and value.option is not None
    return likely(tracer, given, depth - 1) or (value if is_said else None)


def _of_options(tracer: Tracer, node: Node, depth: int) -> Value | None:
    """`args.port` of an `args = tyro.cli(Args)`: what a class has whose fields are options of the script."""
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    kind = _class_of_options(tracer.names, holder) if holder is not None else None
    definition = tracer.names.definition(kind) if kind is not None else None
    return _of_field(tracer, definition, name, depth)


def _class_of_options(names: Names, holder: Node) -> Node | None:
    """The class's name, as something that parses is given it; of several the one that fills this name."""
    bindings = names.bindings_of(holder) if holder.type == "identifier" else ()
    statement = bindings[0].statement if len(bindings) == 1 else None
    left, call = (
        statement.child_by_field_name(field) if statement is not None else None for field in ("left", "right")
    )
    if left is None or call is None or call.type != "call":
        return None
    filled = [left] if left.type == "identifier" else list(left.named_children)
    callee = call.child_by_field_name("function")
    parser = callee.child_by_field_name("object") if callee is not None else None
    if callee is None:
        return None
    if filled == [left] and names.qualified(callee) in _PARSE_CLASS:
        return next(iter(argument_nodes(call)), None)
    made = names.value_of(parser) if parser is not None else call
    is_parser = made.type == "call" and names.tree.text(callee).endswith(_DATACLASS_PARSERS)
    classes = _classes(made) if is_parser else []
    at = next((index for index, each in enumerate(filled) if each.text == holder.text), 0)
    return classes[at] if at < len(classes) else None


def _classes(parser: Node) -> list[Node]:
    """`HfArgumentParser((ModelArguments, ServerArguments))`."""
    passed = arguments(parser)
    given = passed.keywords.get("dataclass_types") or next(iter(passed.positional), None)
    if given is None:
        return []
    return list(given.named_children) if given.type in {"tuple", "list"} else [given]


# Each makes an object of the class that it is given, from the arguments of the process.
_PARSE_CLASS = frozenset({"tyro.cli", "simple_parsing.parse", "draccus.parse", "pyrallis.parse"})
_DATACLASS_PARSERS = (".parse_args_into_dataclasses", ".parse_args_and_config")
_FIELDS = frozenset({"field", "Field"})


def _of_annotated(tracer: Tracer, node: Node, depth: int) -> Value | None:
    """`args.port` for an `args: Arguments`, a class of the file that gives the field a default."""
    names = tracer.names
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    bindings = names.bindings_of(holder) if holder is not None and holder.type == "identifier" else ()
    kind = bindings[0].statement.child_by_field_name("type") if len(bindings) == 1 else None
    written = own_parts(kind)[0] if kind is not None and own_parts(kind) else None
    return _of_field(tracer, names.definition(written) if written is not None else None, name, depth)


def _of_field(tracer: Tracer, definition: Node | None, name: Node | None, depth: int) -> Value | None:
    """What a class gives a field by default."""
    names = tracer.names
    if definition is None or name is None or definition.type != "class_definition":
        return None
    fields = names.bindings_in(names.tree.text(name), names.scope_of(definition))
    value = unwrapped(fields[0].value) if len(fields) == 1 and fields[0].value is not None else None
    function = value.child_by_field_name("function") if value is not None and value.type == "call" else None
    if value is None or function is None:
        return likely(tracer, value, depth - 1) if value is not None else None
    if names.tree.text(function).rpartition(".")[2] not in _FIELDS:
        return None
    passed = arguments(value)
    given = passed.keywords.get("default") or (passed.positional[0] if passed.positional else None)
    return likely(tracer, given, depth - 1) if given is not None else None


def _of_parsed(tracer: Tracer, node: Node, depth: int) -> Value | None:
    """`args.port` of an `args = shaped(parser.parse_args())`, or whose default is worked out itself.

    Also of an `args = Settings(**vars(parser.parse_args()))`.
    """
    names = tracer.names
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if holder is None or name is None:
        return None
    made = names.value_of(holder)
    passed = arguments(made) if made.type == "call" else None
    shaped = (*passed.positional, *map(_with_members, passed.unpacked)) if passed is not None else ()
    if not any(may_be_parsed(tracer, each) for each in (holder, *shaped)):
        return None
    option, written = added_option(tracer, names.tree.text(name)) or (None, None)
    default = likely(tracer, written, depth - 1) if written is not None else None
    return CommandLine(option, default) if isinstance(default, Literal) else None


def _with_members(mapping: Node) -> Node:
    """What `vars(args)` and `args.__dict__` are the members of."""
    member = mapping.child_by_field_name("attribute")
    if member is not None and member.text == b"__dict__":
        return mapping.child_by_field_name("object") or mapping
    callee = mapping.child_by_field_name("function")
    is_vars = callee is not None and callee.text == b"vars"
    return next(iter(argument_nodes(mapping)), mapping) if is_vars else mapping


def _agreed(values: list[Value | None]) -> Value | None:
    """One variable and one literal at most: the literal is what it is without the variable."""
    known = [value for value in values if value is not None]
    read = next((value for value in known if isinstance(value, Environment | CommandLine)), None)
    literals = [value for value in known if isinstance(value, Literal)]
    literals += [v.default for v in known if isinstance(getattr(v, "default", None), Literal)]  # type: ignore[union-attr, misc]
    if any(not same(literals[0], each) for each in literals[1:]):
        return None
    others = [value for value in known if isinstance(value, Environment | CommandLine) and value != read]
    if any(_source(each) != _source(read) for each in others):
        return None
    if read is None:
        return literals[0] if literals else None
    return dataclasses.replace(read, default=literals[0] if literals else read.default)


def _source(value: Value | None) -> str | None:
    return getattr(value, "variable", None) or getattr(value, "option", None)
