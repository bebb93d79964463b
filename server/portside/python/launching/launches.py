"""Where a file starts uvicorn, with which app and which options."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from tree_sitter import Node

from portside.knowledge.launches import CONFIG, RUN, SERVER
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.names.parameters import passed_for
from portside.python.running.guards import When
from portside.python.running.reachability import Reached
from portside.python.source.nodes import EXTRAS, fields_of, holds, nodes_of, operator_of, own_parts
from portside.python.source.syntax import ancestors, arguments, block_around, string_value, unwrapped
from portside.python.values.instances import constructions, list_items, returned
from portside.python.values.value_types import Literal, Outside, nothing_outside
from portside.python.values.values import trace
from portside.records import dataclass

# The order of `uvicorn.Config`'s parameters (0.54.0); all of `uvicorn.run`'s but the app are keyword-only.
_CONFIG_ORDER = ("host", "port", "uds", "fd", "loop", "http")
_MOST_HANDED = 4


class Form(enum.Enum):
    """How the server is started. Only RUN heeds `workers` and `reload`: the others are one process."""

    RUN = "uvicorn.run"
    SERVER_RUN = "Server.run"
    SERVER_SERVE = "Server.serve"


@dataclass(frozen=True, eq=False)
class Launch:
    """One call that serves until it is stopped.

    call: what blocks (`uvicorn.run(…)`, `server.run()`). options_call: where the options stand, the
    same or `uvicorn.Config(…)`. app: the first argument, whatever it is. options: by uvicorn's names,
    also those from a dict that is unpacked. complete: whether these are all; `**kwargs` may bring more,
    another branch others. likely: what such a dict held at first, where the file changes it afterwards.
    reached: every way that the file itself comes here; () if nothing in it does. alternatives: where the
    options stand in other branches.
    """

    call: Node
    form: Form
    options_call: Node
    server_call: Node | None
    app: Node | None
    options: Mapping[str, Node]
    complete: bool
    reached: tuple[Reached, ...] = ()
    likely: Mapping[str, Node] = field(default_factory=dict)
    alternatives: tuple[Node, ...] = ()

    @property
    def when(self) -> When:
        """IMPORT if some way here needs no guard; the first is what a reader sees first."""
        found = [reached.when for reached in self.reached]
        for when in (When.IMPORT, When.MAIN, When.UNKNOWN, When.IMPORTED_ONLY):
            if when in found:
                return when
        return When.NEVER

    def ways(self, when: When) -> tuple[Reached, ...]:
        return tuple(reached for reached in self.reached if reached.when is when)

    def starts_processes(self, names: Names, outside: Outside = nothing_outside) -> bool:
        """Whether it says, literally, that processes other than this one serve: reload, several workers.

        outside: what names of other files stand for.
        """
        return self.reloads(names, outside) or self.workers(names, outside) > 1

    def reloads(self, names: Names, outside: Outside = nothing_outside) -> bool:
        """Whether it says `reload=True`, where that has an effect."""
        return self._written(names, "reload", outside) is True

    def workers(self, names: Names, outside: Outside = nothing_outside) -> int:
        """How many processes it literally asks for; 1 where that is not known or has no effect."""
        count = self._written(names, "workers", outside)
        return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1

    def _written(self, names: Names, option: str, outside: Outside) -> object:
        """The value that an option of `uvicorn.run` has in the code, also by constants and classes."""
        given = self.options.get(option) if self.form is Form.RUN else None
        value = trace(names, given, outside) if given is not None else None
        return value.value if isinstance(value, Literal) else None


class _Parts(NamedTuple):
    call: Node
    form: Form
    options_call: Node
    server_call: Node | None
    alternatives: tuple[Node, ...] = ()


def launch_at(names: Names, call: Node) -> Launch | None:
    """The launch that this call is, if it is one; the ways to it are another question."""
    callee = call.child_by_field_name("function")
    if callee is None:
        return None
    attribute, server = callee.child_by_field_name("attribute"), callee.child_by_field_name("object")
    method = names.tree.text(attribute) if attribute is not None else ""
    if attribute is not None and method not in {"run", "serve"}:
        return None
    if names.qualified(callee) in RUN:
        return _launch(names, _Parts(call, Form.RUN, call, None))
    if server is None or method not in {"run", "serve"}:
        return None
    if method == "serve" and call.parent is not None and call.parent.type == "expression_statement":
        return None  # a coroutine that nobody runs
    form = Form.SERVER_RUN if method == "run" else Form.SERVER_SERVE
    server = handed(names, server)
    made = constructions(names, server)
    if not made and _is_one_of_several(names, server, _is_server):
        return Launch(call, form, call, None, None, {}, complete=False)
    if len(made) != 1 or not _is_server(names, made[0]):
        return None
    configs = _configs_of(names, made[0])
    if not configs:
        given = _config_argument(names, made[0])
        is_of_list = given is not None and _is_one_of_several(names, given, _is_config)
        return Launch(call, form, call, None, None, {}, complete=False) if is_of_list else None
    config = plainest(configs)
    others = tuple(one for one in configs if one != config)
    return _launch(names, _Parts(call, form, config, made[0], others))


def handed(names: Names, expression: Node) -> Node:
    """What a parameter stands for in a function that is called once: `async def serve(server): …`."""
    node = unwrapped(expression)
    for _ in range(_MOST_HANDED):
        bindings = names.bindings_of(node) if node.type == "identifier" else ()
        function = names.scope_at(node).function() if len(bindings) == 1 else None
        definition = function.node if function is not None else None
        call = _only_call(names, definition) if definition is not None else None
        if call is None or definition is None or bindings[0].how is not How.PARAMETER:
            return node
        if not holds(definition, bindings[0].node):
            return node
        node = unwrapped(passed_for(names, definition, call, bindings[0].name) or node)
    return node


def _only_call(names: Names, function: Node) -> Node | None:
    """The one call of a function of the module, if nothing else is done with it."""
    name = function.child_by_field_name("name")
    if name is None or function.type != "function_definition":
        return None
    home = names.home(names.tree.text(name), names.module)
    reads = names.reads(names.tree.text(name), home)
    call = reads[0].parent if len(reads) == 1 and names.definition(reads[0]) == function else None
    return call if call is not None and call.child_by_field_name("function") == reads[0] else None


def plainest(calls: Sequence[Node]) -> Node:
    """Of several calls with options the one with the fewest that are for some cases, the last of those."""
    return min(reversed(calls), key=lambda call: sum(map(_is_extra, arguments(call).keywords)))


def _is_extra(keyword: str) -> bool:
    return keyword.startswith("ssl_") or keyword in {"reload", "workers"}


def _is_server(names: Names, call: Node) -> bool:
    # `class Server(uvicorn.Server)`, mostly to leave signals alone or to know when it is up.
    return _makes(names, call, SERVER) or _heir(names, call, SERVER) is not None


def _is_config(names: Names, call: Node) -> bool:
    """Also one of a class that only has other methods: `class Config(uvicorn.Config)`, to log otherwise."""
    heir = _heir(names, call, CONFIG)
    return _makes(names, call, CONFIG) or (
        heir is not None and not names.bindings_in("__init__", names.scope_of(heir))
    )


def _makes(names: Names, call: Node, makers: frozenset[str]) -> bool:
    callee = call.child_by_field_name("function")
    return callee is not None and names.qualified(callee) in makers


def _heir(names: Names, call: Node, makers: frozenset[str]) -> Node | None:
    """The class of the file that is called, if it inherits from one of these."""
    callee = call.child_by_field_name("function")
    definition = names.definition(callee) if callee is not None else None
    if definition is None or definition.type != "class_definition":
        return None
    bases = [names.qualified(base) for base in arguments(definition).positional]
    return definition if any(base in makers for base in bases) else None


def _is_one_of_several(names: Names, node: Node, is_one: Callable[[Names, Node], bool]) -> bool:
    """`s` of `for s in servers`, where all that the list is given is such: no command starts several."""
    bindings = names.bindings_of(node) if node.type == "identifier" else ()
    if [binding.how for binding in bindings] != [How.FOR]:
        return False
    loop = bindings[0].statement
    left, around = loop.child_by_field_name("left"), loop.child_by_field_name("right")
    items = list_items(names, around) if left == bindings[0].node and around is not None else ()
    made = [constructions(names, item) for item in items]
    return bool(made) and all(len(calls) == 1 and is_one(names, calls[0]) for calls in made)


def _configs_of(names: Names, server: Node) -> tuple[Node, ...]:
    """What may have made the server's `uvicorn.Config`, one for each way; () if anything else may have."""
    given = _config_argument(names, server)
    made = constructions(names, given) if given is not None else ()
    return made if all(_is_config(names, call) for call in made) else ()


def _config_argument(names: Names, server: Node) -> Node | None:
    passed = arguments(server)
    given = passed.keywords.get("config") or (passed.positional[0] if passed.positional else None)
    return handed(names, given) if given is not None else None


def _launch(names: Names, parts: _Parts) -> Launch:
    passed = arguments(parts.options_call)
    options = dict(passed.keywords)
    complete = not passed.starred and not parts.alternatives
    likely: dict[str, Node] = {}
    for unpacked in passed.unpacked:
        entries = _dict_entries(names, unpacked)
        if entries is None:
            likely |= {**_defaulted(names, unpacked), **(_collected(names, unpacked) or {})}
            likely |= _entries_of(names, first_made(names, unpacked)) or {}
            likely |= _always_added(names, unpacked)
        complete = complete and entries is not None
        options.update(entries or {})
    if parts.form is not Form.RUN:
        options.update(zip(_CONFIG_ORDER, passed.positional[1:], strict=False))
    app = options.pop("app", None) or (passed.positional[0] if passed.positional else None)
    first = likely.pop("app", None)
    if app is None and first is not None and not _is_changed(names, passed.unpacked):
        app = first
    call, form, options_call, server_call, others = parts
    return Launch(
        call, form, options_call, server_call, app, options, complete, likely=likely, alternatives=others
    )


def _is_changed(names: Names, dicts: Iterable[Node]) -> bool:
    """Whether the app in one of them may be another one when it is unpacked: `options["app"] = …`."""
    made = (one for each in dicts for one in made_again(names, each))
    if any(string_value(names.tree, key) in {None, "app"} for key in fields_of(_pairs(made), "key")):
        return True
    for read in (read for each in dicts if each.type == "identifier" for read in _reads(names, each)):
        around = read.parent
        key = around.child_by_field_name("subscript") if around is not None else None
        if key is not None and string_value(names.tree, key) in {None, "app"}:
            return True
        method = around.child_by_field_name("attribute") if around is not None else None
        call = around.parent if around is not None else None
        if method is None or call is None or names.tree.text(method) not in {"update", "pop", "setdefault"}:
            continue
        passed = arguments(call)
        given = [_entries_of(names, names.value_of(node)) for node in passed.positional]
        is_seen = names.tree.text(method) == "update" and not passed.unpacked and None not in given
        if not is_seen or any("app" in (entries or {}) for entries in (*given, passed.keywords)):
            return True
    return False


def first_made(names: Names, unpacked: Node) -> Node:
    """What the dict was made as, also where `options = {**options, "reload": True}` makes another of it."""
    again = made_again(names, unpacked)
    if not again:
        return names.value_of(unpacked)
    return next(b.value for b in names.bindings_of(unpacked) if b.value is not None and b.value not in again)


def made_again(names: Names, unpacked: Node) -> tuple[Node, ...]:
    """The dicts that take all of the first one; () where the name has other values too."""
    bindings = names.bindings_of(unpacked) if unpacked.type == "identifier" else ()
    values = [b.value for b in bindings if b.how is How.ASSIGNMENT and b.value is not None]
    text = names.tree.text(unpacked)
    again = tuple(value for value in values if _takes(names, value, text))
    others = [value for value in values if value not in again]
    is_sure = len(values) == len(bindings) and len(others) == 1 and bindings[0].value in others
    return again if is_sure and _is_ahead(others[0], unpacked) else ()


def _is_ahead(value: Node, node: Node) -> bool:
    """Whether the value is made before, in a block around the node."""
    block = block_around(value)
    return block is not None and holds(block, node) and value.end_byte < node.start_byte


def _takes(names: Names, value: Node, name: str) -> bool:
    """`{**options, …}`, `options | {…}`"""
    first = next(iter(own_parts(value)), value)
    if value.type == "dictionary" and first.type == "dictionary_splat":
        return names.tree.text(own_parts(first)[0]) == name
    is_union = value.type == "binary_operator" and operator_of(value) == "|"
    return is_union and names.tree.text(first) == name


def _pairs(made: Iterable[Node]) -> Iterator[Node]:
    return (pair for one in made for pair in nodes_of(one, "pair"))


def _always_added(names: Names, unpacked: Node) -> dict[str, Node]:
    """What `options["port"] = 8000` adds, where that comes before the call whatever happens."""
    found: dict[str, Node] = {}
    around = {one.start_byte for one in ancestors(unpacked) if one.type in {"block", "module"}}
    for read in _reads(names, unpacked) if unpacked.type == "identifier" else ():
        item = read.parent
        key = item.child_by_field_name("subscript") if item is not None else None
        added = item.parent if item is not None else None
        left = added.child_by_field_name("left") if added is not None else None
        right = added.child_by_field_name("right") if added is not None else None
        block = added.parent.parent if added is not None and added.parent is not None else None
        name = string_value(names.tree, key) if key is not None else None
        is_ahead = block is not None and block.start_byte in around and read.end_byte < unpacked.start_byte
        if name is not None and right is not None and left == item and is_ahead:
            found[name] = right
    return found


def _defaulted(names: Names, unpacked: Node) -> dict[str, Node]:
    """What `options.setdefault("port", 8000)` adds ahead of the call."""
    found: dict[str, Node] = {}
    around = {one.start_byte for one in ancestors(unpacked) if one.type in {"block", "module"}}
    for read in _reads(names, unpacked) if unpacked.type == "identifier" else ():
        method = read.parent.child_by_field_name("attribute") if read.parent is not None else None
        call = read.parent.parent if read.parent is not None else None
        if method is None or call is None or names.tree.text(method) != "setdefault":
            continue
        passed = arguments(call).positional
        key = string_value(names.tree, passed[0]) if len(passed) == 2 else None
        block = block_around(call)
        if key is not None and block is not None and block.start_byte in around:
            found[key] = passed[1]
    return found


def _reads(names: Names, identifier: Node) -> tuple[Node, ...]:
    name = names.tree.text(identifier)
    return tuple(names.reads(name, names.home(name, names.scope_at(identifier), identifier.start_byte)))


def _dict_entries(names: Names, expression: Node) -> dict[str, Node] | None:
    """What a dict that is unpacked holds; None if that can't be told, or it is changed on the way."""
    made = names.value_of(expression)
    collected = _collected(names, expression)
    is_named = made != expression or collected is not None
    if is_named and expression.type == "identifier" and len(_reads(names, expression)) != 1:
        return None
    return collected if collected is not None else _entries_of(names, made)


def _collected(names: Names, expression: Node) -> dict[str, Node] | None:
    """What `**options` of a function that is called once takes of that call."""
    bindings = names.bindings_of(expression) if expression.type == "identifier" else ()
    function = names.scope_at(expression).function() if len(bindings) == 1 else None
    pattern = bindings[0].node.parent if len(bindings) == 1 else None
    if function is None or pattern is None or pattern.type != "dictionary_splat_pattern":
        return None
    call = _only_call(names, function.node) if holds(function.node, pattern) else None
    passed = arguments(call) if call is not None else None
    if passed is None or passed.unpacked:
        return None
    own = {name for name, bound in function.bindings.items() if any(b.how is How.PARAMETER for b in bound)}
    return {keyword: node for keyword, node in passed.keywords.items() if keyword not in own}


def _entries_of(names: Names, made: Node) -> dict[str, Node] | None:
    """The entries of `{"port": 8000}` and `dict(port=8000)`."""
    if made.type == "call":
        callee, passed = made.child_by_field_name("function"), arguments(made)
        is_dict = callee is not None and names.qualified(callee) == "builtins.dict"
        if is_dict:
            return passed.keywords if not passed.positional and not passed.unpacked else None
        return _returned_entries(names, made)
    if made.type != "dictionary":
        return None
    entries: dict[str, Node] = {}
    for pair in made.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        name = string_value(names.tree, key) if key is not None else None
        if pair.type in EXTRAS:
            continue
        brought = own_parts(pair)[0] if pair.type == "dictionary_splat" else None
        inner = _collected(names, brought) if brought is not None else None
        if brought is not None and inner is not None and len(_reads(names, brought)) == 1:
            entries |= inner
            continue
        if name is None or value is None:
            return None
        entries[name] = value
    return entries


def _returned_entries(names: Names, call: Node) -> dict[str, Node] | None:
    """What a function of the file puts in the dictionary that it returns, with what it is passed."""
    made = returned(names, call)
    written = made[0] if made is not None and len(made) == 1 else None
    entries = _entries_of(names, written) if written is not None and written.type == "dictionary" else None
    callee = call.child_by_field_name("function")
    function = names.definition(callee) if callee is not None else None
    if entries is None or function is None:
        return None
    return {key: _passed_for(names, function, call, value) for key, value in entries.items()}


def _passed_for(names: Names, function: Node, call: Node, value: Node) -> Node:
    """What the call passes for a value that is a parameter of the function; the value itself otherwise."""
    node = unwrapped(value)
    bindings = names.bindings_of(node) if node.type == "identifier" else ()
    if len(bindings) != 1 or bindings[0].how is not How.PARAMETER:
        return value
    return passed_for(names, function, call, bindings[0].name) or value
