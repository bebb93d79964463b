"""The script's own arguments, once uvicorn starts the app: read from a variable, host and port from uvicorn.

args = parser.parse_args()
-> args = parser.parse_args(shlex.split(os.environ.get("SERVER_ARGS", "")))
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from tree_sitter import Node

from portside.lint.finding import Edit
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_parser_options import only_for_launch, required_words
from portside.python.launching.launch_site import Site
from portside.python.names.names import Names
from portside.python.running.argument_parsing import (
    DATACLASS_PARSERS,
    PARSERS,
    function_with_words,
    is_of_module,
    readers,
    runs_on_import,
)
from portside.python.source.nodes import fields_of, holds, nodes_of
from portside.python.source.syntax import argument_nodes, arguments
from portside.records import dataclass

VARIABLE = "SERVER_ARGS"

# What makes one of its options of every parameter or field, from sys.argv.
_HIDDEN_PARSERS = (
    "absl.app.",
    "cyclopts.",
    "docopt.",
    "draccus.",
    "fire.",
    "hydra.",
    "jsonargparse.",
    "simple_parsing.",
    "tyro.",
    "pydantic_settings.",
    "typer.",
    "click.",
)
_SOUNDS_LIKE_PARSING = re.compile(
    r"(^|_)(args?|argv|argparse|arguments?|options|flags|cli)($|_)", re.IGNORECASE
)
_HARMLESS = frozenset({"from_cli_args", "add_cli_args", "make_arg_parser", "validate_parsed_serve_args"})


@dataclass(frozen=True)
class Arguments:
    """What the code of a launch does with its arguments.

    calls: those that parse, to be handed words. options: the statements of `add_argument` that only
    the launch needed. required: the words that a start can't do without, `--model MODEL`.
    argv: whether somebody reads `sys.argv` who can't be handed words, so that these are put there.
    early: the statement of the module before which they have to be there, since importing it reads them.
    commands: what each subcommand can't do without.
    """

    calls: tuple[Node, ...] = ()
    options: tuple[Node, ...] = ()
    required: tuple[str, ...] = ()
    argv: bool = False
    early: Node | None = None
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether anybody reads the script's words."""
        return bool(self.calls) or self.argv or self.early is not None

    @property
    def modules(self) -> tuple[str, ...]:
        """What the words need to be imported."""
        says_argv = self.argv or self.early is not None
        return ("os", "shlex", *(("sys",) if says_argv else ())) if self.reads else ()

    def words(self, names: Names) -> str:
        """The expression that gives the script's words."""
        quote = "'" if names.tree.source.data.count(b"'") > names.tree.source.data.count(b'"') else '"'
        return f"shlex.split(os.environ.get({quote}{VARIABLE}{quote}, {quote}{quote}))"

    def edits(self, names: Names) -> Iterator[Edit]:
        """The edits of the calls."""
        words = self.words(names)
        for call in self.calls:
            listed, function = call.child_by_field_name("arguments"), call.child_by_field_name("function")
            if listed is not None and function is not None:
                is_keyword = names.tree.text(function).endswith(DATACLASS_PARSERS)
                text = f"({'args=' if is_keyword else ''}{words})"
                yield Edit(names.tree.source.path, names.tree.span(listed), text)


def region(names: Names, site: Site) -> tuple[Node, ...]:
    """The code of the launch, and the functions of the file that nothing else calls."""
    found = list(site.removed)
    waiting = list(found)
    while waiting:
        for node in fields_of(nodes_of(waiting.pop(), "call"), "function", "identifier"):
            function = names.definition(node)
            if function is None or function in found or not is_of_module(function):
                continue
            name = function.child_by_field_name("name")
            reads = names.reads(names.tree.text(name)) if name is not None else ()
            if all(any(holds(part, read) for part in found) for read in reads):
                found.append(function)
                waiting.append(function)
    return tuple(found)


def read_arguments(
    names: Names,
    parts: tuple[Node, ...],
    replaced: tuple[Node, ...],
    obstacles: Obstacles,
    *,
    kept: tuple[Node, ...] = (),
    is_imported: bool = True,
    parsers: Collection[str] = (),
    lines: Collection[int] = (),
) -> Arguments:
    """What is to be done; where others read the arguments too, that becomes an obstacle.

    kept: the functions that others call too, with arguments of their own. is_imported: whether other
    files import this one, so that what it parses on import isn't the server's alone. parsers: what parses
    them in other files, by the name that it has here. lines: where this file imports one that parses them.
    """
    calls: list[Node] = []
    early: list[Node] = []
    others = _with_called(names, parts, kept)
    first = [chunk.node for chunk in names.chunks if _is_at(names, chunk.node, lines)]
    argv = any(_has_hidden(names, part, parsers) for part in parts)
    for chunk, attribute, call in readers(names, (*PARSERS, *DATACLASS_PARSERS, "argv")):
        takes = _call_that_takes(names, parts, call) if call.type == "call" else None
        is_outside = not any(holds(part, attribute) for part in parts)
        if is_outside and is_imported:
            shown = obstacles.quote(attribute)
            obstacles.add(attribute, f"{shown} reads the arguments of the process, which are uvicorn's then")
        elif is_outside and takes is not None and runs_on_import(names, call):
            early.append(takes)
        elif is_outside and not _is_for_others(names, chunk.node):
            first.append(chunk.node)
        elif is_outside or takes is None or any(holds(function, attribute) for function in others):
            argv = True
        else:
            calls.append(takes)
    if first:
        return _read_early(names, replaced, min((*first, *early), key=lambda node: node.start_byte), kept)
    found = (*early, *(calls if not argv else ()))
    parses = bool(found) or argv
    options = tuple(only_for_launch(names, replaced)) if parses and not kept else ()
    everywhere = (names.tree.root,) if early else parts
    required: dict[str, tuple[str, ...]] = required_words(names, everywhere, options) if parses else {}
    return Arguments(found, options, required.pop("", ()), argv, commands=required)


def _is_for_others(names: Names, statement: Node) -> bool:
    """Whether it is a function that nothing in the file calls: an installed command, a handler."""
    function = statement.child_by_field_name("definition") or statement
    name = function.child_by_field_name("name")
    is_function = function.type == "function_definition" and name is not None
    return is_function and name is not None and not names.reads(names.tree.text(name))


def _with_called(names: Names, parts: tuple[Node, ...], kept: tuple[Node, ...]) -> tuple[Node, ...]:
    """Functions that others call too, with those of the launch that they call themselves."""
    found = list(kept)
    for function in found:
        calls = fields_of(nodes_of(function, "call"), "function", "identifier")
        called = dict.fromkeys(names.definition(node) for node in calls)
        found += [node for node in called if node is not None and node in parts and node not in found]
    return tuple(found)


def _read_early(names: Names, replaced: tuple[Node, ...], first: Node, kept: tuple[Node, ...]) -> Arguments:
    """With the words in `sys.argv` before the first who reads them: whoever parses finds them there."""
    chunk = names.chunk_at(first.start_byte)
    options = tuple(only_for_launch(names, replaced)) if not kept else ()
    required: dict[str, tuple[str, ...]] = required_words(names, (names.tree.root,), options)
    at = chunk.node if chunk is not None else first
    everywhere = required.pop("", ())
    return Arguments(options=options, required=everywhere, early=at, commands=required)


def _is_at(names: Names, statement: Node, lines: Collection[int]) -> bool:
    first = names.tree.line(statement)
    return any(first <= line <= first + statement.end_point.row - statement.start_point.row for line in lines)


def _call_that_takes(names: Names, parts: tuple[Node, ...], call: Node) -> Node | None:
    """The call to hand the words to: this one, or for `parse_args(argv)` the one of the function around.

    None where that function may be handed words already, or does more with them than to parse.
    """
    passed = arguments(call)
    if not (passed.positional or passed.keywords or passed.starred or passed.unpacked):
        return call
    word = passed.positional[0] if len(passed.positional) == 1 else passed.keywords.get("args")
    if word is None or len(passed.positional) + len(passed.keywords) > 1 or passed.starred or passed.unpacked:
        return None
    function = function_with_words(names, word)
    name = function.child_by_field_name("name") if function is not None else None
    if function is None or name is None or function not in parts:
        return None
    reads = names.reads(names.tree.text(name))
    outer = reads[0].parent if len(reads) == 1 else None
    is_called = outer is not None and outer.child_by_field_name("function") == reads[0]
    return outer if outer is not None and is_called and not argument_nodes(outer) else None


def _has_hidden(names: Names, part: Node, parsers: Collection[str]) -> bool:
    """Whether a function from elsewhere reads the arguments, as far as its name tells."""
    calls = nodes_of(part, "call")
    return any(_is_hidden(names, call) or _is_one_of(names, call, parsers) for call in calls)


def _is_one_of(names: Names, call: Node, parsers: Collection[str]) -> bool:
    callee = call.child_by_field_name("function")
    is_bare = bool(parsers) and callee is not None and not argument_nodes(call)
    return is_bare and callee is not None and names.qualified(callee) in parsers


def _is_hidden(names: Names, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    # What is handed something reads that.
    if callee is None or (arguments(call).positional and not _is_hidden_parser(names, callee)):
        return False
    qualified = names.qualified(callee) or ""
    if qualified.startswith(("argparse.", "builtins.", "os.", "vllm.")) or names.definition(callee):
        return False
    last = (qualified or names.tree.text(callee)).rpartition(".")[2]
    is_outside = callee.type == "identifier" or bool(qualified)
    if last in _HARMLESS or not is_outside:
        return False
    return _is_hidden_parser(names, callee) or _SOUNDS_LIKE_PARSING.search(last) is not None


def _is_hidden_parser(names: Names, callee: Node) -> bool:
    return (names.qualified(callee) or "").startswith(_HIDDEN_PARSERS)


# Options
