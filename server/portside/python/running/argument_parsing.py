"""Who parses the arguments of the process: the calls of a file, on import or in a function of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tree_sitter import Node

from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.running.guards import Guards
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import fields_of, holds, nodes_of, own_parts
from portside.python.source.syntax import argument_nodes, arguments

# All take a list of words as their first argument, and read sys.argv without it.
PARSERS = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args"})
# The same, but only under the name `args`: of transformers, and of trl.
DATACLASS_PARSERS = ("parse_args_into_dataclasses", "parse_args_and_config")
# A call that is handed nothing, or a name.
_BARE = re.compile(
    rb"\.[\s\\]*(?:%b)[\s\\]*\([^()\[\]{}\"'=]*\)" % "|".join([*PARSERS, *DATACLASS_PARSERS]).encode()
)
_MAKERS = frozenset({b"__init__", b"__post_init__"})
_LOOKUPS = frozenset({b"__getattr__", b"__getattribute__"})


def may_parse(data: bytes) -> bool:
    """Whether a text may have a call that parses them. False is certain, True is not."""
    return _BARE.search(data) is not None


def parses_on_import(names: Names, guards: Guards) -> bool:
    """Whether importing the file parses the arguments of the process, whichever that is."""

    def runs(node: Node) -> bool:
        in_main = any(holds(g.node, node) for g in guards.main)
        return names.scope_at(node) is names.module and not in_main and not guards.script_only

    for _, _, call in readers(names, (*PARSERS, *DATACLASS_PARSERS)):
        if call.type != "call" or argument_nodes(call):
            continue
        if runs(call) or (runs_on_import(names, call) and any(map(runs, _users(names, call)))):
            return True
    return any(runs(name) for name in _calls_of(names, parsing_functions(names)))


def _calls_of(names: Names, called: Collection[str]) -> Iterator[Node]:
    """Where one of these functions or classes of the module is called, by its name there."""
    for chunk in names.chunks_with(called) if called else ():
        for name in fields_of(chunk.nodes("call"), "function", "identifier"):
            if names.tree.text(name) in called:
                yield name


def parsing_functions(names: Names) -> frozenset[str]:
    """The functions, and the classes by their `__init__`, that parse the process' arguments when called.

    Objects too that do when they are asked for something: `args = LazyArguments()`, `args.model`.
    """
    found: set[str] = set()
    for chunk in names.chunks_with([*PARSERS, *DATACLASS_PARSERS]):
        if chunk.is_definition and any(_is_run_by(names, chunk.node, call) for call in _bare(names, chunk)):
            found |= {chunk.own_name.decode()} if chunk.own_name is not None else set()
    for chunk in names.chunks_with(found):
        calls = fields_of(chunk.nodes("call"), "function", "identifier")
        if chunk.is_definition and any(
            names.tree.text(name) in found and _is_run_by(names, chunk.node, name) for name in calls
        ):
            found |= {chunk.own_name.decode()} if chunk.own_name is not None else set()
    return frozenset((*found, *_lazy_objects(names, found)))


def _lazy_objects(names: Names, parsing: Collection[str]) -> Iterator[str]:
    """The module's objects that call one of these functions when an attribute of theirs is read."""
    lazy: set[str] = set()
    for chunk in names.chunks_with(["__getattr__", "__getattribute__"]) if parsing else ():
        methods = [
            one
            for one in chunk.nodes("function_definition")
            if (name := one.child_by_field_name("name")) is not None and name.text in _LOOKUPS
        ]
        called = {names.tree.text(one) for method in methods for one in _called_in(method)}
        if chunk.own_name is not None and not called.isdisjoint(parsing):
            lazy.add(chunk.own_name.decode())
    for chunk in names.chunks_with(lazy) if lazy else ():
        for call in fields_of(chunk.nodes("call"), "function", "identifier"):
            assignment = call.parent.parent if call.parent is not None else None
            left = assignment.child_by_field_name("left") if assignment is not None else None
            is_own = left is not None and names.scope_at(left) is names.module
            if left is not None and is_own and left.type == "identifier" and names.tree.text(call) in lazy:
                yield names.tree.text(left)


def _called_in(function: Node) -> list[Node]:
    return fields_of(nodes_of(function, "call"), "function", "identifier")


def _bare(names: Names, chunk: Chunk) -> Iterator[Node]:
    """The calls of parsers that are handed nothing, or what the function around is not handed either."""
    for attribute in chunk.nodes("attribute"):
        call = _reader_at(names, attribute)
        if call is not None and call.type == "call":
            passed = argument_nodes(call)
            if not passed or (len(passed) == 1 and function_with_words(names, passed[0]) is not None):
                yield call


def _is_run_by(names: Names, definition: Node, node: Node) -> bool:
    """Whether calling the definition runs the code at the node."""
    definition = definition.child_by_field_name("definition") or definition
    scope = names.scope_at(node).function()
    function = scope.node if scope is not None else None
    if function is None or nodes_of(function, "yield"):
        return False
    inside = definition.type == "class_definition" and holds(definition, function)
    return function == definition or (inside and _is_run_by_maker(definition, function))


def _is_run_by_maker(definition: Node, function: Node) -> bool:
    """Whether making an object of the class calls the method: it does so itself, or by `self.parse()`."""
    found = [one for one in nodes_of(definition, "function_definition") if _name_of(one) in _MAKERS]
    calls = (fields_of(nodes_of(maker, "call"), "function", "attribute") for maker in found)
    called = {each.child_by_field_name("attribute") for one in calls for each in one}
    return function in found or _name_of(function) in {name.text for name in called if name is not None}


def _name_of(function: Node) -> bytes | None:
    name = function.child_by_field_name("name")
    return name.text if name is not None else None


def _users(names: Names, call: Node) -> tuple[Node, ...]:
    """Where the function around the call is read."""
    function = names.scope_at(call).function()
    name = function.node.child_by_field_name("name") if function is not None else None
    return names.reads(names.tree.text(name)) if name is not None else ()


def runs_on_import(names: Names, call: Node) -> bool:
    """Whether the call stands in the module's own code, or in a function that only that calls."""
    function = names.scope_at(call).function()
    if function is None:
        return names.scope_at(call) is names.module
    definition = function.node
    name = definition.child_by_field_name("name") if definition is not None else None
    if definition is None or name is None or not is_of_module(definition):
        return False
    reads = names.reads(names.tree.text(name))
    return bool(reads) and all(names.scope_at(read) is names.module for read in reads)


def function_with_words(names: Names, word: Node) -> Node | None:
    """The function whose first parameter, None by default, this is, if nothing else reads it there."""
    bindings = names.bindings_of(word) if word.type == "identifier" else ()
    if len(bindings) != 1 or bindings[0].how is not How.PARAMETER:
        return None
    scope = names.scope_at(word)
    home = names.home(names.tree.text(word), scope)
    listed = bindings[0].statement.parent
    function = listed.parent if listed is not None else None
    default = bindings[0].statement.child_by_field_name("value")
    is_first = listed is not None and own_parts(listed)[0] == bindings[0].statement
    if function is None or not is_of_module(function) or default is None or default.type != "none":
        return None
    is_own = home is scope and len(names.reads(names.tree.text(word), scope)) == 1
    return function if is_own and is_first and function.children[0].type != "async" else None


def readers(names: Names, words: Collection[str]) -> Iterator[tuple[Chunk, Node, Node]]:
    """Who reads the process' arguments under these names, in the order of the text.

    The statement of the module, the attribute that has the name there, and its call; the attribute again
    where it is not called, as `sys.argv`.
    """
    for chunk in names.chunks_with(words):
        for attribute in chunk.nodes("attribute"):
            reader = _reader_at(names, attribute)
            if reader is not None:
                yield chunk, attribute, reader


def _reader_at(names: Names, attribute: Node) -> Node | None:
    """The call that parses the process' arguments, or the `sys.argv`; None where nothing reads them here."""
    name = attribute.child_by_field_name("attribute")
    text = names.tree.text(name) if name is not None else ""
    if text == "argv":
        return attribute if names.qualified(attribute) == "sys.argv" else None
    if text not in PARSERS and text not in DATACLASS_PARSERS:
        return None
    call = attribute.parent
    if call is None or call.type != "call" or call.child_by_field_name("function") != attribute:
        return attribute
    first = arguments(call).positional[:1] or tuple(
        value for key, value in arguments(call).keywords.items() if key == "args"
    )
    return None if first and first[0].type in {"list", "tuple"} else call


def is_of_module(function: Node) -> bool:
    """Whether it is a plain function at module level, without a decorator."""
    parent = function.parent
    return function.type == "function_definition" and parent is not None and parent.type == "module"
