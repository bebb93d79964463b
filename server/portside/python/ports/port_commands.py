"""Ports of servers that a file starts as commands: `subprocess.Popen(["vllm", "serve", …])`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.knowledge import server_commands
from portside.knowledge.listeners import Argument, Takes
from portside.knowledge.server_commands import ServerCommand
from portside.lint.source import Span
from portside.python.ports.command_ports import CommandPort, command_ports
from portside.python.ports.command_words import Word, item_words, words
from portside.python.ports.port_use import Found, Handed, Listener, PortUse, Sourced, port_number, read
from portside.python.source.syntax import argument_nodes
from portside.python.values.value_objects import argument
from portside.python.values.value_types import Literal, Parameter
from portside.python.values.values import Tracer

RUNNERS = server_commands.RUNNERS | server_commands.WORD_RUNNERS | server_commands.SECOND_RUNNERS

# What a function listens on that starts the command it is given.
COMMAND = Listener("a command", Argument(takes=Takes.COMMAND))

_PORT = re.compile(r"^(\d{1,5})$")
_BOUND_PORT = re.compile(r"(?:^|:)(\d{1,5})$")


def started(tracer: Tracer, call: Node, runner: str) -> Iterator[Found]:
    """The ports of the command that this call of a runner starts."""
    if runner in server_commands.WORD_RUNNERS:
        items = [node for node in argument_nodes(call) if node.type != "keyword_argument"]
        yield from in_words(tracer, item_words(tracer.names, items))
        return
    given = argument(tracer, call, "args", 1 if runner in server_commands.SECOND_RUNNERS else 0)
    if given is None:
        return
    yield from of_command(tracer, given)


def of_command(tracer: Tracer, given: Node) -> Iterator[Found]:
    """The ports of a command, or the parameter that is one, or begins one: `cmd`, `self.cmd + more`."""
    first = given
    while first.type in {"binary_operator", "list", "list_splat"} and first.named_children:
        first = first.named_children[0]
    value = tracer.trace(first) if first.type in {"identifier", "attribute"} else None
    if isinstance(value, Parameter):
        yield Handed(value, COMMAND)
    yield from in_words(tracer, words(tracer.names, given))


def in_words(tracer: Tracer, held: Iterable[Word], assumed: ServerCommand | None = None) -> Iterator[Found]:
    """The ports that a command line listens on. assumed: the server, where its words don't name one."""
    for port in command_ports(list(held), assumed):
        takes = Takes.BIND if port.bind else Takes.PORT
        listener = Listener(port.command.label, Argument(takes=takes), port.command.vllm, started=True)
        if port.word.expression is not None and port.whole:
            yield from read(tracer, port.word.expression, listener)
        elif port.word.string is not None:
            yield from _in_string(tracer, port, listener)


def _in_string(tracer: Tracer, port: CommandPort, listener: Listener) -> Iterator[Found]:
    """Digits in a longer string: `"vllm serve m --port 8000"`, `"--port=8000"`."""
    text = (port.word.text or "")[port.start : port.end]
    found = (_BOUND_PORT if port.bind else _PORT).search(text)
    number = port_number(found[1]) if found is not None else None
    if found is None:
        return
    start = _text_start(tracer, port.word) + port.start + found.start(1)
    span = Span(start, start + len(found[1]))
    if number is None:
        yield Sourced(listener, Literal(int(found[1]), span), span)
        return
    yield PortUse(listener, number, Literal(number, span), span, port.word.string)


def _text_start(tracer: Tracer, word: Word) -> int:
    """Where the word's text begins: its span may begin with a prefix and quotes."""
    text, source = word.text or "", tracer.names.tree.source.slice(word.span)
    known = text.partition("\x00")[0]
    return word.span.start + max(0, source.find(known) if known else 0)
