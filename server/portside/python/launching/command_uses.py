"""Whether a list of words may be a command that somebody starts, or is only told, compared or kept."""

from __future__ import annotations

import re

from tree_sitter import Node

from portside.python.names.names import Names
from portside.python.source.nodes import fields_of
from portside.python.source.syntax import string_value

# They tell what they are given, or compare it with something, and start nothing.
_TELLERS = frozenset(
    {
        *("builtins.print", "pprint.pprint", "pprint.pformat", "warnings.warn", "builtins.repr"),
        *("rich.print", "click.echo", "click.secho", "typer.echo", "typer.secho"),
        *("json.dump", "json.dumps", "yaml.dump", "yaml.safe_dump", "wandb.init", "wandb.log"),
    }
)
_TELLING_METHODS = frozenset(
    {
        *("debug", "info", "warning", "error", "critical", "exception", "log"),
        *("assertEqual", "assertListEqual", "assertIn", "assertNotEqual", "issubset", "issuperset"),
        *("assert_called_with", "assert_called_once_with", "assert_any_call", "assert_has_calls"),
    }
)
# What a dictionary calls a command that somebody else takes out of it: `spec["command"]`.
_COMMAND_KEY = re.compile(
    r"(?:.*[_\W])?(?:args|argv|arguments|cmd|cmdline|commands?)|entrypoint|exec|launch(?:er)?|process|program"
    r"|run|serve|server|start",
    re.IGNORECASE,
)
_READ_ELSEWHERE = 2
_FARTHEST = 4
_COLLECTIONS = frozenset({"list", "tuple", "set", "dictionary"})
_WRAPPERS = frozenset(
    {
        *("list", "tuple", "set", "list_splat", "parenthesized_expression", "keyword_argument", "pair"),
        *("dictionary", "binary_operator", "slice", "subscript", "interpolation", "string"),
    }
)


def may_be_started(names: Names, items: Node) -> bool:
    """items: a list or tuple of words, or the arguments of a call.

    False where they are compared, printed, logged, written down as JSON, gone through word by word, or stand
    in a dictionary as one fact among others, which nothing in the file takes out of it; also where that is
    all that is done with the one name that they are given, or that each command of a list has in a loop.
    """
    if items.type == "argument_list":
        return not _tells(names, items.parent) if items.parent is not None else True
    return _is_used(names, items, frozenset())


def _is_used(names: Names, items: Node, seen: frozenset[str], *, several: bool = False) -> bool:
    """several: whether these are commands, and not the words of one."""
    node, around = items, items.parent
    while around is not None:
        if around.type == "argument_list" and around.parent is not None and _joins(around.parent):
            around = around.parent
        elif around.type not in _WRAPPERS:
            several = several or (node != items and node.type in _COLLECTIONS)
            return _is_started_by(names, around, node, seen, several=several)
        elif around.type == "pair" and around.parent is not None and _is_record(names, around.parent, around):
            return False
        node, around = around, around.parent
    return True


def _is_started_by(names: Names, around: Node, node: Node, seen: frozenset[str], *, several: bool) -> bool:
    """Whether what stands around the words, or what they are wrapped in, may start them."""
    match around.type:
        case "comparison_operator" | "assert_statement":
            return False
        case "for_in_clause" | "for_statement" if around.child_by_field_name("right") == node:
            return several and _is_name_used(names, around, seen)
        case "argument_list":
            return around.parent is None or not _tells(names, around.parent)
        case "assignment" if around.child_by_field_name("right") == node:
            return _is_name_used(names, around, seen, several=several)
    return True


def _is_name_used(names: Names, assignment: Node, seen: frozenset[str], *, several: bool = False) -> bool:
    """Whether the file does more with the name than to tell or compare it; what nothing reads, others may."""
    left = assignment.child_by_field_name("left")
    if left is None or left.type != "identifier":
        return True
    name = names.tree.text(left)
    if name in seen or len(seen) == _FARTHEST:
        return False
    reads = names.reads(name, names.scope_at(assignment))
    return not reads or any(_is_used(names, read, seen | {name}, several=several) for read in reads)


def _tells(names: Names, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    if callee is None:
        return False
    method = callee.child_by_field_name("attribute") if callee.type == "attribute" else None
    if method is not None and names.tree.text(method) in _TELLING_METHODS:
        return True
    return names.qualified(callee) in _TELLERS


def _joins(call: Node) -> bool:
    """Whether it is `" ".join(words)`, whose text goes where the words would."""
    callee = call.child_by_field_name("function")
    method = callee.child_by_field_name("attribute") if callee is not None else None
    return method is not None and method.text == b"join"


# Dictionaries


def _is_record(names: Names, dictionary: Node, pair: Node) -> bool:
    """Whether the pair tells of a command, and nobody is to start it by this dictionary.

    In a table of commands there are others, `spec["command"]` is for whoever reads the key, and what the
    file takes out by the key's text it may start.
    """
    key = pair.child_by_field_name("key")
    text = string_value(names.tree, key) if key is not None and key.type == "string" else None
    if text is None or _COMMAND_KEY.fullmatch(text):
        return False
    others = [value for value in fields_of(dictionary.named_children, "value") if value.parent != pair]
    if not others or any(map(_holds_words, others)):
        return False
    source = names.tree.source.text
    return sum(source.count(f"{quote}{text}{quote}") for quote in "\"'") < _READ_ELSEWHERE


def _holds_words(value: Node) -> bool:
    """Whether it looks like another command."""
    strings = [item for item in value.named_children if item.type == "string"]
    return value.type in {"list", "tuple"} and len(strings) > 1
