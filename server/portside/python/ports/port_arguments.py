"""Ports in command line arguments that code writes for a server's main function in the same process."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.listeners import Argument
from portside.knowledge.server_commands import ServerCommand, by_module
from portside.python.names.names import Names
from portside.python.ports.command_words import words
from portside.python.ports.main_modules import main_modules
from portside.python.ports.port_commands import in_words
from portside.python.ports.port_use import Found, Listener, read
from portside.python.source.syntax import arguments
from portside.python.values.instances import constructions
from portside.python.values.values import Tracer

_READERS = frozenset({"parse_args", "parse_known_args"})
_EXTENDERS = frozenset({"extend", "append"})
ARGUMENT_METHODS = _READERS | _EXTENDERS

# vLLM's own parser; its `run_server` listens by the result.
_VLLM_PARSER = "make_arg_parser"
_VLLM = Listener("vllm", Argument(), vllm=True)


def of_argument_call(tracer: Tracer, call: Node, holder: Node, method: str) -> Iterator[Found]:
    """`sys.argv.extend([…])`, and `parser.parse_args([…])` of vLLM's parser."""
    names = tracer.names
    if method in _EXTENDERS and names.qualified(holder) != "sys.argv":
        return
    if method in _READERS and not names.chunks_with([_VLLM_PARSER]):
        return
    for given in arguments(call).positional[:1]:
        yield from in_words(tracer, words(names, given), _assumed(names))


def of_argument_assignment(tracer: Tracer, left: Node, right: Node) -> Iterator[Found]:
    """`sys.argv = […]`, and `args.port = 8000` on what vLLM's parser returned."""
    names, holder = tracer.names, left.child_by_field_name("object")
    if names.qualified(left) == "sys.argv":
        yield from in_words(tracer, words(names, right), _assumed(names))
    elif holder is not None and names.chunks_with([_VLLM_PARSER]) and _is_parsed(names, holder):
        yield from read(tracer, right, _VLLM)


def _assumed(names: Names) -> ServerCommand | None:
    """The server whose main function reads the arguments in this file."""
    found = next(main_modules(names), None)
    if found is not None:
        return by_module(found[0], "")
    for root in ("vllm", "uvicorn"):
        if root in names.imported_roots:
            return ServerCommand(root, vllm=root == "vllm")
    return None


def _is_parsed(names: Names, holder: Node) -> bool:
    made = [call.child_by_field_name("function") for call in constructions(names, holder)]
    methods = [callee.child_by_field_name("attribute") for callee in made if callee is not None]
    return bool(methods) and all(m is not None and names.tree.text(m) in _READERS for m in methods)
