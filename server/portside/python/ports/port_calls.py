"""Which calls and assignments make something listen on a port."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.knowledge import listeners
from portside.knowledge.listeners import Argument, Takes
from portside.python.names.names import Names
from portside.python.ports.port_arguments import (
    ARGUMENT_METHODS,
    of_argument_assignment,
    of_argument_call,
)
from portside.python.ports.port_commands import RUNNERS, of_command, started
from portside.python.ports.port_objects import of_member
from portside.python.ports.port_takers import Takers, has_constructor
from portside.python.ports.port_use import Found, Handed, Listener, read
from portside.python.ports.server_makers import made_in_file, makers
from portside.python.source.nodes import fields_of
from portside.python.source.syntax import Arguments, argument_nodes, arguments, string_value
from portside.python.values.value_objects import argument, item_of
from portside.python.values.value_types import Parameter
from portside.python.values.values import Tracer

GUNICORN = Listener("gunicorn", Argument(takes=Takes.OPTIONS))
_GUNICORN_BIND = Listener("gunicorn", Argument(takes=Takes.BIND))
_SOCKET = Listener("socket.bind", Argument("address", 0, Takes.ADDRESS))
_HYPERCORN = Listener("hypercorn", Argument(takes=Takes.BIND))

_METHODS = frozenset(method for methods in listeners.METHODS.values() for method in methods)
# The last names of all that may listen, hand on or start: what a call must end in to be looked at.
TRIGGERS = frozenset(
    {
        name.rpartition(".")[2]
        for names in (listeners.FUNCTIONS, listeners.STARTERS, listeners.CALLERS, RUNNERS)
        for name in names
    }
    | {name.rpartition(".")[2] for name in listeners.GUNICORN_APPLICATIONS}
    | _METHODS
    | listeners.CALLING_METHODS
    | listeners.HYPERCORN_BINDS
    | ARGUMENT_METHODS
    | {"argv", "port"}
)
# One of these stands in each file with a class that derives from one that listens, as `websockets.serve` is.
BASES = frozenset(
    last
    for name in (*listeners.FUNCTIONS, *listeners.GUNICORN_APPLICATIONS)
    if (last := name.rpartition(".")[2])[:1].isupper() or last == "serve"
)


def last_name(names: Names, callee: Node) -> str:
    name = callee.child_by_field_name("attribute") if callee.type == "attribute" else callee
    return names.tree.text(name) if name is not None else ""


def of_call(tracer: Tracer, call: Node, callee: Node, takers: Takers) -> Iterator[Found]:
    """The ports that this call makes something listen on."""
    called = tracer.names.qualified(callee)
    if called is not None and called in RUNNERS:
        yield from started(tracer, call, called)
    elif called is not None and called in listeners.FUNCTIONS:
        yield from of_listener(tracer, call, _function(called))
    elif called is not None and called in takers.heard:
        yield from of_listeners(tracer, call, takers.heard[called])
    elif called in listeners.STARTERS or called in listeners.CALLERS:
        yield from _handed_on(tracer, call, takers)
    elif callee.type == "attribute":
        yield from _of_method(tracer, call, callee, takers)


def _function(qualified: str) -> Listener:
    return Listener(_short(qualified), listeners.FUNCTIONS[qualified], qualified.startswith("vllm."))


def _short(qualified: str) -> str:
    """How people write it: `uvicorn.run`, `web.run_app`, `HTTPServer`."""
    head, _, last = qualified.rpartition(".")
    before = head.rpartition(".")[2]
    return last if last[:1].isupper() and before not in {"uvicorn", "hypercorn"} else f"{before}.{last}"


def of_listeners(tracer: Tracer, call: Node, found: Iterable[Listener]) -> Iterator[Found]:
    for listener in found:
        yield from of_listener(tracer, call, listener)


def of_listener(tracer: Tracer, call: Node, listener: Listener) -> Iterator[Found]:
    """The port among the arguments of a call of this listener."""
    if listener.argument.takes is Takes.OPTIONS:
        yield from _of_gunicorn(tracer, call)
        return
    wanted, passed = listener.argument, arguments(call)
    given = argument(tracer, call, wanted.keyword or "", wanted.position)
    if given is None:
        yield from _of_options(tracer, passed, listener)
        return
    if listener.member:
        yield from of_member(tracer, given, listener)
    elif wanted.takes is Takes.COMMAND:
        yield from of_command(tracer, given)
    elif wanted.takes is Takes.SETTINGS:
        port = item_of(tracer, given, "port")
        if port is not None:
            yield from read(tracer, port, dataclasses.replace(listener, argument=Argument()))
    elif not passed.starred or given not in passed.positional:
        yield from read(tracer, given, listener)


def _of_options(tracer: Tracer, passed: Arguments, listener: Listener) -> Iterator[Handed]:
    """`uvicorn.run(app, **options)`, where those are the options of the function around."""
    for unpacked in passed.unpacked:
        bindings = tracer.names.bindings_of(unpacked) if unpacked.type == "identifier" else ()
        if len(bindings) == 1 and bindings[0].statement.type == "dictionary_splat_pattern":
            value = tracer.trace(unpacked)
            if isinstance(value, Parameter):
                yield Handed(value, listener)


def _of_gunicorn(tracer: Tracer, call: Node) -> Iterator[Found]:
    """`StandaloneApplication(app, {"bind": "0.0.0.0:8000"})`, whatever its parameters are called."""
    passed = arguments(call)
    for given in (*passed.positional, *passed.keywords.values()):
        bind = item_of(tracer, given, "bind")
        if bind is not None:
            yield from read(tracer, bind, _GUNICORN_BIND)


def _of_method(tracer: Tracer, call: Node, callee: Node, takers: Takers) -> Iterator[Found]:
    holder, method = callee.child_by_field_name("object"), last_name(tracer.names, callee)
    if holder is None:
        return
    yield from of_listeners(tracer, call, takers.of_method(tracer.names, holder, method))
    if method in listeners.CALLING_METHODS:
        yield from _handed_on(tracer, call, takers)
    if method in ARGUMENT_METHODS:
        yield from of_argument_call(tracer, call, holder, method)
    if method not in _METHODS and method != "bind":
        return
    made_by = makers(tracer, holder)
    if method == "bind" and made_by and made_by <= listeners.SOCKETS:
        if _is_served(tracer.names, holder, call) and not _is_radio(tracer.names, holder):
            yield from of_listener(
                tracer, call, Listener("socket.bind", Argument("address", 0, Takes.ADDRESS))
            )
        return
    wanted = {listeners.METHODS.get(maker, {}).get(method) for maker in made_by}
    found = wanted.pop() if len(wanted) == 1 else None
    if found is not None:
        maker = min(made_by)
        listener = Listener(f"{_short(maker)}.{method}", found, maker.startswith("vllm."))
        yield from of_listener(tracer, call, listener)
        if made_by <= listeners.LISTEN_LATER and _listens(tracer, call, method):
            yield from _told_before(tracer, call, holder, listener)


def _listens(tracer: Tracer, call: Node, method: str) -> bool:
    """Whether the call of an MCP server's method says a transport with a port, and no port of its own."""
    if argument(tracer, call, "port", None) is not None:
        return False
    if method not in listeners.STDIO_METHODS:
        return True
    transport = argument(tracer, call, "transport", 0)
    if transport is None:
        return False
    return string_value(tracer.names.tree, tracer.names.value_of(transport)) != "stdio"


def _told_before(tracer: Tracer, call: Node, holder: Node, listener: Listener) -> Iterator[Found]:
    """`FastMCP("name", port=8000)`; `server.settings.port = 8000` comes later and counts instead."""
    setting = tracer.text(holder).encode() + b".settings.port"
    assigned = [
        fields_of([assignment], "right")
        for chunk in tracer.names.chunks_with_attribute("settings")
        for assignment in chunk.nodes("assignment")
        if assignment.start_byte < call.start_byte and assignment.text and assignment.text.startswith(setting)
    ]
    if assigned:
        for right in assigned[-1]:
            yield from read(tracer, right, listener)
        return
    for made in made_in_file(tracer.names, holder):
        given = argument(tracer, made, "port", None)
        if given is not None:
            yield from read(tracer, given, listener)


def _is_served(names: Names, holder: Node, bind: Node) -> bool:
    """Whether the socket listens in the same scope, or is handed to a server.

    Without either, the bind only asks whether the port is free.
    """
    scope = names.scope_at(bind)
    name = names.tree.text(holder)
    if _DOTTED.fullmatch(name):
        return name in _served(names, scope.start, scope.end)
    text = names.tree.source.data[scope.start : scope.end].decode("utf-8", "replace")
    name = re.escape(name)
    pattern = rf"(?<![\w.]){name}\.listen\(|\b(sockets?|sock|fd)\s*=\s*\[?{name}\b"
    return re.search(pattern, text) is not None


def _is_radio(names: Names, socket: Node) -> bool:
    """Whether the socket is one of Bluetooth, whose numbers are channels."""
    given = [node for made in made_in_file(names, socket) for node in argument_nodes(made)]
    return any(names.tree.text(node).rpartition(".")[2] in listeners.RADIO_FAMILIES for node in given)


_DOTTED = re.compile(r"[\w.]+")
_LISTENS = re.compile(r"(?<![\w.])([\w.]+)\.listen\(")
_IS_HANDED = re.compile(r"\b(?:sockets?|sock|fd)\s*=\s*\[?(\w[\w.]*)")


@functools.lru_cache(maxsize=4)
def _served(names: Names, start: int, end: int) -> frozenset[str]:
    """What listens between these bytes or is handed to a server; once for all sockets of a scope."""
    text = names.tree.source.data[start:end].decode("utf-8", "replace")
    handed = (found.split(".") for found in _IS_HANDED.findall(text))
    parts = {".".join(words[: count + 1]) for words in handed for count in range(len(words))}
    return frozenset({*_LISTENS.findall(text), *parts})


def of_assignment(tracer: Tracer, left: Node, right: Node) -> Iterator[Found]:
    """`config.bind = …` of hypercorn; `sys.argv = […]` and `args.port = …` ahead of a server's main."""
    holder, attribute = left.child_by_field_name("object"), left.child_by_field_name("attribute")
    if holder is None or attribute is None:
        return
    name = tracer.text(attribute)
    if name in listeners.HYPERCORN_BINDS and makers(tracer, holder) & listeners.HYPERCORN_CONFIGS:
        yield from read(tracer, right, _HYPERCORN)
    elif name in {"argv", "port"}:
        yield from of_argument_assignment(tracer, left, right)


def of_class(names: Names, definition: Node, takers: Takers) -> tuple[Listener, ...]:
    """What a class of this file listens on that derives from a listener and adds no constructor."""
    bases = {names.qualified(base) for base in arguments(definition).positional}
    if bases & listeners.GUNICORN_APPLICATIONS:
        return (GUNICORN,)
    return () if has_constructor(names, definition) else of_base(names, definition, takers)


def of_base(names: Names, definition: Node, takers: Takers) -> tuple[Listener, ...]:
    """What the constructor listens on that a class inherits from a library or another file."""
    bases = {names.qualified(base) for base in arguments(definition).positional}
    known = [base for base in bases if base is not None and base in listeners.FUNCTIONS]
    return (_function(known[0]),) if len(known) == 1 else takers.of_base(names, definition)


def _handed_on(tracer: Tracer, call: Node, takers: Takers) -> Iterator[Found]:
    """`Thread(target=uvicorn.run, kwargs={…})`, `partial(uvicorn.run, port=8000)`, `pool.submit(…)`."""
    passed = arguments(call)
    by_target = "target" in passed.keywords
    target = passed.keywords.get("target") or (passed.positional[0] if passed.positional else None)
    for listener in _listeners_of(tracer.names, target, takers) if target is not None else ():
        given = _given_later(tracer, call, listener.argument, by_target=by_target)
        if given is not None and listener.member:
            yield from of_member(tracer, given, listener)
        elif given is not None and listener.argument.takes not in _UNREAD:
            yield from read(tracer, given, listener)


# What stands for a port in them is not read off the argument alone.
_UNREAD = frozenset({Takes.COMMAND, Takes.OPTIONS, Takes.SETTINGS})


def _given_later(tracer: Tracer, call: Node, wanted: Argument, *, by_target: bool) -> Node | None:
    if by_target:
        return _in_target_arguments(tracer, call, wanted)
    position = wanted.position + 1 if wanted.position is not None else None
    return argument(tracer, call, wanted.keyword or "", position)


def _in_target_arguments(tracer: Tracer, call: Node, wanted: Argument) -> Node | None:
    """What stands for the parameter in `args=(…)` or `kwargs={…}`."""
    keywords = arguments(call).keywords
    options, listed = keywords.get("kwargs"), keywords.get("args")
    found = item_of(tracer, options, wanted.keyword) if options is not None and wanted.keyword else None
    if found is not None or listed is None or wanted.position is None:
        return found
    value = tracer.names.value_of(listed)
    items = value.named_children if value.type in {"tuple", "list"} else []
    return items[wanted.position] if wanted.position < len(items) else None


def _listeners_of(names: Names, function: Node, takers: Takers) -> tuple[Listener, ...]:
    called = names.qualified(function)
    if called is not None and called in listeners.FUNCTIONS:
        return (_function(called),)
    holder = function.child_by_field_name("object") if function.type == "attribute" else None
    found = takers.of_function(names, function)
    return found or (
        takers.of_method(names, holder, last_name(names, function)) if holder is not None else ()
    )
