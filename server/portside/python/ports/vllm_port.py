"""Where a file takes `VLLM_PORT`, vLLM's internal port, for the port of its API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from portside.knowledge.vllm import PORT_VARIABLE
from portside.lint.source import Span
from portside.python.facts import FileFacts
from portside.python.names.names import Names
from portside.python.ports.command_words import words
from portside.python.ports.port_commands import in_words
from portside.python.ports.port_use import Listener, PortUse, Sourced
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, string_value, unwrapped
from portside.python.values.alternatives import alternatives
from portside.python.values.value_objects import returns
from portside.python.values.value_sources import added_option
from portside.python.values.value_types import (
    CommandLine,
    Environment,
    Literal,
    Parameter,
    Unknown,
    Value,
    same,
)
from portside.python.values.values import Tracer
from portside.python.values.variable_names import strings_of
from portside.records import dataclass

# A value is handed on by a few names; more are no way that anybody could follow.
_FARTHEST = 6
_MOST_NAMES = 12
_COMMAND_WORD = "serve"


@dataclass(frozen=True, slots=True)
class Read:
    """The variable is read for a port.

    place: the read, or the listener where the file does not show it. by_name: whether the read names it.
    """

    place: Span
    by_name: bool
    listener: Listener
    use: Span


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The variable is set to the port that the API listens on. node: what sets it."""

    node: Node
    listener: Listener
    use: Span


def names_variable(names: Names) -> bool:
    return bool(names.chunks_with([PORT_VARIABLE]))


def may_make_command(names: Names) -> bool:
    """Whether a function of the file may return a command that starts vLLM. Cheap."""
    return bool(names.chunks_with([_COMMAND_WORD]))


def keys(names: Names) -> tuple[Node, ...]:
    """Every string literal of the file that is the variable's name."""
    return strings_of(names, PORT_VARIABLE)


# Reads


def reads(facts: FileFacts) -> Iterator[Read]:
    """Each place that reads the variable for a listener, once."""
    seen: set[Span] = set()
    tracer = Tracer(facts.module.names, facts.workspace.outside)
    known = {sourced.use for sourced in facts.listened.sourced}
    made = (sourced for sourced in _commands_made(tracer) if sourced.use not in known)
    for sourced in (*facts.listened.sourced, *made):
        if any(map(_comes_from_variable, _values(tracer, sourced))):
            found = _reader_for(tracer, sourced)
            place = facts.module.tree.span(found) if found is not None else sourced.use
            if place not in seen:
                seen.add(place)
                yield Read(place, found is not None, sourced.listener, sourced.use)


def _commands_made(tracer: Tracer) -> Iterator[Sourced]:
    """The ports of `vllm serve` in commands that functions return: whoever asks for one starts it."""
    for chunk in tracer.names.chunks_with([_COMMAND_WORD]):
        for function in chunk.nodes("function_definition"):
            for returned in returns(function):
                for found in in_words(tracer, words(tracer.names, returned)):
                    if isinstance(found, Sourced) and found.listener.vllm:
                        yield found


def _values(tracer: Tracer, sourced: Sourced) -> tuple[Value, ...]:
    """What the listener may be given: one branch or the other where it is not known."""
    expression = tracer.names.node_over(sourced.use) if isinstance(sourced.value, Unknown) else None
    return alternatives(tracer, expression) if expression is not None else (sourced.value,)


def _comes_from_variable(value: Value | None) -> bool:
    while isinstance(value, (Environment, CommandLine)):
        if isinstance(value, Environment) and value.variable == PORT_VARIABLE:
            return True
        value = value.default
    return False


def _reader_for(tracer: Tracer, sourced: Sourced) -> Node | None:
    names = tracer.names
    expression = names.node_over(sourced.use)
    found = _reading(names, expression, _FARTHEST) if expression is not None else None
    if found is None and expression is not None:
        found = _default_reading(tracer, expression)
    if found is not None or _has_field(names):
        return found
    # An attribute, an option's default: if there is one read, it is that one.
    readers = [node for key in keys(names) if (node := _reader(key)) is not None]
    return readers[0] if len(readers) == 1 else None


def _default_reading(tracer: Tracer, expression: Node) -> Node | None:
    """The read in the default of an option: `args.port`."""
    for attribute in (expression, *nodes_of(expression, "attribute")):
        name = attribute.child_by_field_name("attribute")
        option = added_option(tracer, tracer.text(name)) if name is not None else None
        if option is not None and option[1] is not None:
            return _reading(tracer.names, option[1], _FARTHEST)
    return None


def _has_field(names: Names) -> bool:
    """Whether a settings class may read the variable by the name of its field."""
    spellings = (PORT_VARIABLE.lower(), PORT_VARIABLE.capitalize(), "Vllm_Port")
    return bool(names.chunks_with(spellings))


def _reading(names: Names, expression: Node, depth: int) -> Node | None:
    """The read that the expression holds, or that the names in it lead to."""
    for string in nodes_of(expression, "string"):
        if string_value(names.tree, string) == PORT_VARIABLE and (found := _reader(string)) is not None:
            return found
    for identifier in nodes_of(expression, "identifier")[:_MOST_NAMES]:
        for binding in names.bindings_of(identifier) if depth else ():
            found = _reading(names, binding.value, depth - 1) if binding.value is not None else None
            if found is not None:
                return found
    return None


def _reader(key: Node) -> Node | None:
    """`os.getenv("VLLM_PORT")`, `os.environ["VLLM_PORT"]` or `envvar="VLLM_PORT"` around the name."""
    parent = key.parent
    if parent is not None and parent.type == "keyword_argument":
        name = parent.child_by_field_name("name")
        return parent if name is not None and name.text == b"envvar" else None
    if parent is not None and parent.type == "argument_list":
        return parent.parent
    return parent if parent is not None and parent.type == "subscript" else None


# Writes


def writes(facts: FileFacts) -> Iterator[Written]:
    """Each place that sets the variable to a port which the file listens on."""
    names = facts.module.names
    tracer = Tracer(names, facts.workspace.outside)
    heard: Sequence[PortUse | Sourced] = (*facts.listened.ports, *facts.listened.sourced)
    for node, value in _set(names) if heard else ():
        for one in heard:
            if _is_same(tracer, value, one):
                yield Written(node, one.listener, one.use)
                break


def _set(names: Names) -> Iterator[tuple[Node, Node]]:
    """What sets the variable, and to what: by subscript, by a dictionary, by setdefault and putenv."""
    for key in keys(names):
        holder = key.parent
        if holder is None:
            continue
        around = holder.parent
        value = None
        if holder.type == "pair":
            around, value = holder, holder.child_by_field_name("value")
        elif holder.type == "subscript" and around is not None and around.type == "assignment":
            value = (
                around.child_by_field_name("right") if around.child_by_field_name("left") == holder else None
            )
        elif holder.type == "argument_list" and around is not None:
            value = _passed(names, around)
        if value is not None and around is not None:
            yield around, value


def _passed(names: Names, call: Node) -> Node | None:
    callee, passed = call.child_by_field_name("function"), arguments(call)
    called = names.qualified(callee) if callee is not None else None
    if called in {"os.environ.setdefault", "os.putenv"} and len(passed.positional) == 2:
        return passed.positional[1]
    return None


def _is_same(tracer: Tracer, value: Node, heard: PortUse | Sourced) -> bool:
    traced = tracer.trace(value)
    if isinstance(heard, PortUse):
        return isinstance(traced, Literal) and str(traced.value) == str(heard.port)
    match traced:
        case Environment() | CommandLine() if traced != CommandLine():
            return same(traced, heard.value) or _comes_to(traced, heard.value)
        case Parameter():
            return traced == heard.value
    other = tracer.names.node_over(heard.use)
    return other is not None and _is_same_name(tracer.names, value, other)


def _comes_to(one: Value, other: Value) -> bool:
    """Whether the two read one variable or option, with or without a default and a conversion."""
    match one, other:
        case Environment(variable=name), Environment(variable=another):
            return name == another
        case CommandLine(option=option), CommandLine(option=another):
            return option is not None and option == another
    return False


def _is_same_name(names: Names, one: Node, other: Node) -> bool:
    """Whether both are one variable with one value, by whatever conversions: `str(port)`, `f"{port}"`."""
    first, second = _core(names, one), _core(names, other)
    if first is None or second is None or first.text != second.text:
        return False
    bindings = names.bindings_of(first)
    return bool(bindings) and bindings == names.bindings_of(second)


def _core(names: Names, expression: Node) -> Node | None:
    node = unwrapped(expression)
    while node.type in {"call", "string", "interpolation"}:
        if node.type == "call":
            callee, passed = node.child_by_field_name("function"), arguments(node)
            called = names.qualified(callee) if callee is not None else None
            inner = list(passed.positional) if called in {"builtins.str", "builtins.int"} else []
        else:
            inner = [
                child for child in node.named_children if child.type not in {"string_start", "string_end"}
            ]
        if len(inner) != 1:
            return None
        node = unwrapped(inner[0])
    return node if node.type == "identifier" else None
