"""The script's own arguments, once uvicorn starts the app: read from a variable, host and port from uvicorn.

args = parser.parse_args()
-> args = parser.parse_args(shlex.split(os.environ.get("SERVER_ARGS", "")))
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from tree_sitter import Node

from portside.knowledge.uvicorn import OPTIONS
from portside.lint.finding import Edit
from portside.lint.moved_command import Argument
from portside.python.launching.launch_command import without_lower
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.running.guards import Guards
from portside.python.source.chunks import Chunk
from portside.python.source.nodes import EXTRAS, fields_of, holds, nodes_of, own_parts
from portside.python.source.syntax import argument_nodes, arguments, string_value, unwrapped
from portside.records import dataclass

VARIABLE = "SERVER_ARGS"

# All take a list of words as their first argument, and read sys.argv without it.
_PARSERS = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args"})
# The same, but only under the name `args`: of transformers, and of trl.
_DATACLASS_PARSERS = ("parse_args_into_dataclasses", "parse_args_and_config")
_DATACLASS_PARSER_CLASSES = ("HfArgumentParser", "TrlParser")
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
# A call that is handed nothing, or a name.
_BARE = re.compile(
    rb"\.[\s\\]*(?:%b)[\s\\]*\([^()\[\]{}\"'=]*\)" % "|".join([*_PARSERS, *_DATACLASS_PARSERS]).encode()
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
                is_keyword = names.tree.text(function).endswith(_DATACLASS_PARSERS)
                text = f"({'args=' if is_keyword else ''}{words})"
                yield Edit(names.tree.source.path, names.tree.span(listed), text)


def region(names: Names, site: Site) -> tuple[Node, ...]:
    """The code of the launch, and the functions of the file that nothing else calls."""
    found = list(site.removed)
    waiting = list(found)
    while waiting:
        for node in fields_of(nodes_of(waiting.pop(), "call"), "function", "identifier"):
            function = names.definition(node)
            if function is None or function in found or not _is_plain(function):
                continue
            name = function.child_by_field_name("name")
            reads = names.reads(names.tree.text(name)) if name is not None else ()
            if all(any(holds(part, read) for part in found) for read in reads):
                found.append(function)
                waiting.append(function)
    return tuple(found)


def _is_plain(function: Node) -> bool:
    parent = function.parent
    return function.type == "function_definition" and parent is not None and parent.type == "module"


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
    first = [chunk.node for chunk in names.chunks if _is_at(names, chunk.node, lines)]
    argv = any(_has_hidden(names, part, parsers) for part in parts)
    for chunk in names.chunks_with([*_PARSERS, *_DATACLASS_PARSERS, "argv"]):
        for node in chunk.nodes("attribute"):
            call = _reader(names, node)
            if call is None:
                continue
            is_call = call.type == "call"
            takes = _call_that_takes(names, parts, call) if is_call else None
            if not any(holds(part, node) for part in parts):
                if is_imported:
                    shown = obstacles.quote(node)
                    obstacles.add(
                        node, f"{shown} reads the arguments of the process, which are uvicorn's then"
                    )
                elif takes is None or not _runs_on_import(names, call):
                    first.append(chunk.node)
                else:
                    early.append(takes)
            elif takes is None or any(holds(function, node) for function in kept):
                argv = True
            else:
                calls.append(takes)
    if first:
        return _read_early(names, replaced, min((*first, *early), key=lambda node: node.start_byte), kept)
    found = (*early, *(calls if not argv else ()))
    parses = bool(found) or argv
    options = tuple(_only_for_launch(names, replaced)) if parses and not kept else ()
    everywhere = (names.tree.root,) if early else parts
    required: dict[str, tuple[str, ...]] = _required(names, everywhere, options) if parses else {}
    return Arguments(found, options, required.pop("", ()), argv, commands=required)


def _read_early(names: Names, replaced: tuple[Node, ...], first: Node, kept: tuple[Node, ...]) -> Arguments:
    """With the words in `sys.argv` before the first who reads them: whoever parses finds them there."""
    chunk = names.chunk_at(first.start_byte)
    options = tuple(_only_for_launch(names, replaced)) if not kept else ()
    required: dict[str, tuple[str, ...]] = _required(names, (names.tree.root,), options)
    at = chunk.node if chunk is not None else first
    everywhere = required.pop("", ())
    return Arguments(options=options, required=everywhere, early=at, commands=required)


def _is_at(names: Names, statement: Node, lines: Collection[int]) -> bool:
    first = names.tree.line(statement)
    return any(first <= line <= first + statement.end_point.row - statement.start_point.row for line in lines)


def may_parse(data: bytes) -> bool:
    """Whether a text may have one of the below. False is certain, True is not."""
    return _BARE.search(data) is not None


def parses_on_import(names: Names, guards: Guards) -> bool:
    """Whether importing the file parses the arguments of the process, whichever that is."""

    def runs(node: Node) -> bool:
        in_main = any(holds(g.node, node) for g in guards.main)
        return names.scope_at(node) is names.module and not in_main and not guards.script_only

    for chunk in names.chunks_with([*_PARSERS, *_DATACLASS_PARSERS]):
        for node in chunk.nodes("attribute"):
            call = _reader(names, node)
            if call is None or call.type != "call" or argument_nodes(call):
                continue
            if runs(call) or (_runs_on_import(names, call) and any(map(runs, _users(names, call)))):
                return True
    return False


def parsing_functions(names: Names) -> frozenset[str]:
    """The functions, and the classes by their `__init__`, that parse the process' arguments when called.

    Objects too that do when they are asked for something: `args = LazyArguments()`, `args.model`.
    """
    found: set[str] = set()
    for chunk in names.chunks_with([*_PARSERS, *_DATACLASS_PARSERS]):
        if chunk.is_definition and any(_is_run_by(names, chunk.node, call) for call in _bare(names, chunk)):
            found |= {chunk.own_name.decode()} if chunk.own_name is not None else set()
    for chunk in names.chunks_with(found):
        calls = fields_of(chunk.nodes("call"), "function", "identifier")
        if chunk.is_definition and any(
            names.tree.text(name) in found and _is_run_by(names, chunk.node, name) for name in calls
        ):
            found |= {chunk.own_name.decode()} if chunk.own_name is not None else set()
    return frozenset((*found, *_lazy_objects(names, found)))


_LOOKUPS = frozenset({b"__getattr__", b"__getattribute__"})


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
        call = _reader(names, attribute)
        if call is not None and call.type == "call":
            passed = argument_nodes(call)
            if not passed or (len(passed) == 1 and _function_with_words(names, passed[0]) is not None):
                yield call


def _is_run_by(names: Names, definition: Node, node: Node) -> bool:
    """Whether calling the definition runs the code at the node."""
    definition = definition.child_by_field_name("definition") or definition
    scope = names.scope_at(node).function()
    function = scope.node if scope is not None else None
    if function is None or nodes_of(function, "yield"):
        return False
    name = function.child_by_field_name("name")
    is_maker = name is not None and name.text in {b"__init__", b"__post_init__"}
    inside = holds(definition, function)
    return function == definition or (definition.type == "class_definition" and inside and is_maker)


def _users(names: Names, call: Node) -> tuple[Node, ...]:
    """Where the function around the call is read."""
    function = names.scope_at(call).function()
    name = function.node.child_by_field_name("name") if function is not None else None
    return names.reads(names.tree.text(name)) if name is not None else ()


def _runs_on_import(names: Names, call: Node) -> bool:
    """Whether the call stands in the module's own code, or in a function that only that calls."""
    function = names.scope_at(call).function()
    if function is None:
        return names.scope_at(call) is names.module
    definition = function.node
    name = definition.child_by_field_name("name") if definition is not None else None
    if definition is None or name is None or not _is_plain(definition):
        return False
    reads = names.reads(names.tree.text(name))
    return bool(reads) and all(names.scope_at(read) is names.module for read in reads)


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
    function = _function_with_words(names, word)
    name = function.child_by_field_name("name") if function is not None else None
    if function is None or name is None or function not in parts:
        return None
    reads = names.reads(names.tree.text(name))
    outer = reads[0].parent if len(reads) == 1 else None
    is_called = outer is not None and outer.child_by_field_name("function") == reads[0]
    return outer if outer is not None and is_called and not argument_nodes(outer) else None


def _function_with_words(names: Names, word: Node) -> Node | None:
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
    if function is None or not _is_plain(function) or default is None or default.type != "none":
        return None
    is_own = home is scope and len(names.reads(names.tree.text(word), scope)) == 1
    return function if is_own and is_first and function.children[0].type != "async" else None


def _reader(names: Names, attribute: Node) -> Node | None:
    """The call that parses the process' arguments, or the `sys.argv`; None where nothing reads them here."""
    name = attribute.child_by_field_name("attribute")
    text = names.tree.text(name) if name is not None else ""
    if text == "argv":
        return attribute if names.qualified(attribute) == "sys.argv" else None
    if text not in _PARSERS and text not in _DATACLASS_PARSERS:
        return None
    call = attribute.parent
    if call is None or call.type != "call" or call.child_by_field_name("function") != attribute:
        return attribute
    first = arguments(call).positional[:1] or tuple(
        value for key, value in arguments(call).keywords.items() if key == "args"
    )
    return None if first and first[0].type in {"list", "tuple"} else call


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


@dataclass(frozen=True)
class _Option:
    """One `add_argument`. words: as they are typed, `--port` or a position's name."""

    statement: Node
    call: Node
    words: tuple[str, ...]

    @property
    def longest(self) -> str:
        return max(self.words, key=lambda word: (word.startswith("--"), len(word)))

    def destination(self, names: Names) -> str:
        written = arguments(self.call).keywords.get("dest")
        named = string_value(names.tree, written) if written is not None else None
        return named or self.longest.lstrip("-").replace("-", "_")


def _options(names: Names) -> Iterator[_Option]:
    for chunk in names.chunks_with(["add_argument"]):
        for call in chunk.nodes("call"):
            function = call.child_by_field_name("function")
            name = function.child_by_field_name("attribute") if function is not None else None
            if name is None or names.tree.text(name) != "add_argument" or call.parent is None:
                continue
            words = [string_value(names.tree, word) for word in arguments(call).positional]
            if words and all(words):
                yield _Option(call.parent, call, tuple(word for word in words if word))


def options_of_server(names: Names, site: Site, launch: Launch, parsed: Arguments) -> dict[str, Argument]:
    """The script's options that give the server its own, by each word that may be typed."""
    by_destination = {option.destination(names): option for option in _options(names)}
    found: dict[str, Argument] = {}
    for keyword, written in launch.options.items():
        node = unwrapped(without_lower(names, site.argument(names, written)))
        attribute = node.child_by_field_name("attribute") if node.type == "attribute" else None
        option = by_destination.get(names.tree.text(attribute)) if attribute is not None else None
        if option is None or keyword not in OPTIONS:
            continue
        action = arguments(option.call).keywords.get("action")
        stays = option.statement not in parsed.options
        for word in option.words:
            found[word] = Argument(OPTIONS[keyword].flag, action is None, stays)
    return found


def _only_for_launch(names: Names, replaced: tuple[Node, ...]) -> Iterator[Node]:
    """The statements of the options that nothing but the run call reads."""
    wanted = {
        names.tree.text(name): holder
        for node in replaced
        for holder, name in _attributes(node)
        if holder.type == "identifier"
    }
    for option in _options(names):
        destination = option.destination(names)
        holder = wanted.get(destination)
        if (
            holder is None
            or option.statement.type != "expression_statement"
            or not _stands_alone(names, option)
        ):
            continue
        if _is_read_elsewhere(names, destination, replaced) or not _is_read_by_attribute(names, holder):
            continue
        yield option.statement


def _stands_alone(names: Names, option: _Option) -> bool:
    before, after = option.statement.prev_sibling, option.statement.next_sibling
    row = option.statement.start_point.row
    shares = (before is not None and before.end_point.row == row and before.is_named) or (
        after is not None
        and after.start_point.row == option.statement.end_point.row
        and after.type not in EXTRAS
    )
    return not shares and len(own_parts(option.statement)) == 1 and not names.is_first(option.statement)


def _attributes(node: Node) -> Iterator[tuple[Node, Node]]:
    for attribute in nodes_of(node, "attribute"):
        holder, name = attribute.child_by_field_name("object"), attribute.child_by_field_name("attribute")
        if holder is not None and name is not None:
            yield unwrapped(holder), name


def _is_read_elsewhere(names: Names, destination: str, replaced: tuple[Node, ...]) -> bool:
    for chunk in names.chunks_with_attribute(destination):
        for _, name in _attributes(chunk.node):
            if names.tree.text(name) == destination and not any(holds(node, name) for node in replaced):
                return True
    return False


def _is_read_by_attribute(names: Names, holder: Node) -> bool:
    """Whether the parsed arguments are never handed on as a whole, but to what takes what it knows."""
    name, scope = names.tree.text(holder), names.scope_at(holder)
    home = names.home(name, scope, holder.start_byte)
    bindings = names.bindings_of(holder)
    if home is None or any(binding.how is How.PARAMETER for binding in bindings):
        return False
    for read in names.reads(name, home):
        parent = read.parent
        if parent is not None and parent.type == "attribute":
            continue
        call = parent.parent if parent is not None and parent.type == "argument_list" else None
        function = call.child_by_field_name("function") if call is not None else None
        callee = names.tree.text(function) if function is not None else ""
        if not callee.endswith(".from_cli_args"):
            return False
    return True


def _required(names: Names, parts: tuple[Node, ...], gone: tuple[Node, ...]) -> dict[str, tuple[str, ...]]:
    """The words without which the parser would exit, with capitals for values: by subcommand, "" for all."""
    words: dict[str, list[str]] = {"": []}
    positions: dict[str, list[str]] = {}
    for option in _options(names):
        if option.statement in gone or not any(holds(part, option.call) for part in parts):
            continue
        passed, command = arguments(option.call), _subcommand(names, option.call) or ""
        longest, is_option = option.longest, option.longest.startswith("-")
        value = option.destination(names).upper()
        if is_option and "required" in passed.keywords:
            if names.tree.text(passed.keywords["required"]) == "True":
                words.setdefault(command, []).append(f"{longest} {value}")
        elif not is_option and not _may_be_left_out(names, passed.keywords.get("nargs")):
            positions.setdefault(command, []).append(value)
    words[""] += _required_fields(names)
    return {each: (*words.get(each, ()), *positions.get(each, ())) for each in {**words, **positions}}


def _subcommand(names: Names, call: Node, depth: int = 3) -> str | None:
    """`serve`, of an option that is added to what `commands.add_parser("serve")` gave."""
    function = call.child_by_field_name("function")
    holder = function.child_by_field_name("object") if function is not None else None
    made = unwrapped(holder) if holder is not None else None
    if made is not None and made.type == "identifier":
        # One name may stand for one parser after the other.
        before = [b for b in names.bindings_of(made) if b.node.start_byte < call.start_byte]
        made = unwrapped(before[-1].value) if before and before[-1].value is not None else None
    maker = made.child_by_field_name("function") if made is not None and made.type == "call" else None
    method = maker.child_by_field_name("attribute") if maker is not None else None
    if made is None or method is None or depth == 0:
        return None
    if names.tree.text(method) == "add_parser":
        return next((string_value(names.tree, node) for node in argument_nodes(made)), None)
    is_group = names.tree.text(method) in {"add_argument_group", "add_mutually_exclusive_group"}
    return _subcommand(names, made, depth - 1) if is_group else None


def demanded(names: Names, parts: tuple[Node, ...]) -> Iterator[str]:
    """The words without which the script itself ends: `if not args.model: sys.exit("which?")`."""
    by_destination = {option.destination(names): option for option in _options(names)}
    for whole in (node for part in parts for node in nodes_of(part, "if_statement")):
        condition, body = (whole.child_by_field_name(field) for field in ("condition", "consequence"))
        asked = _asked_for(names, condition) if condition is not None else None
        name = asked.child_by_field_name("attribute") if asked is not None else None
        option = by_destination.get(names.tree.text(name)) if name is not None else None
        if option is None or body is None or not _ends(names, body) or not option.longest.startswith("-"):
            continue
        passed = arguments(option.call).keywords
        default = passed.get("default")
        if (
            "action" not in passed
            and "required" not in passed
            and (default is None or default.type == "none")
        ):
            yield f"{option.longest} {option.destination(names).upper()}"


def _asked_for(names: Names, condition: Node) -> Node | None:
    """`args.model` in `not args.model` and `args.model is None`."""
    parts = condition.named_children
    if condition.type == "comparison_operator" and not names.tree.text(condition).endswith(" is None"):
        return None
    if condition.type not in {"comparison_operator", "not_operator"} or parts[0].type != "attribute":
        return None
    return parts[0]


def _ends(names: Names, body: Node) -> bool:
    """Whether the block's last statement ends the process."""
    last = own_parts(body)[-1] if own_parts(body) else body
    if last.type == "raise_statement":
        return True
    call = own_parts(last)[0] if own_parts(last) else last
    function = call.child_by_field_name("function") if call.type == "call" else None
    if function is None:
        return False
    is_error = names.tree.text(function).endswith("parser.error")
    return is_error or names.qualified(function) in {"sys.exit", "builtins.exit", "builtins.quit"}


def _required_fields(names: Names) -> Iterator[str]:
    """The same of dataclasses of the file that `HfArgumentParser((ServerArguments,))` makes options of."""
    for chunk in names.chunks_with(_DATACLASS_PARSER_CLASSES):
        for callee in fields_of(chunk.nodes("call"), "function", "identifier", "attribute"):
            is_parser = names.tree.text(callee).rpartition(".")[2] in _DATACLASS_PARSER_CLASSES
            for node in argument_nodes(callee.parent) if is_parser and callee.parent is not None else ():
                for name in nodes_of(node, "identifier"):
                    yield from _fields_without_default(names, names.definition(name))


def _fields_without_default(names: Names, definition: Node | None) -> Iterator[str]:
    if definition is None or definition.type != "class_definition":
        return
    bound = [one[0] for one in names.scope_of(definition).bindings.values() if len(one) == 1]
    for binding in sorted(bound, key=lambda one: one.node.start_byte):
        if binding.how is How.ANNOTATION or _has_no_default(names, binding.value):
            yield f"--{binding.name} {binding.name.upper()}"


def _has_no_default(names: Names, value: Node | None) -> bool:
    """`field(metadata=…)`."""
    function = value.child_by_field_name("function") if value is not None and value.type == "call" else None
    if value is None or function is None or names.qualified(function) != "dataclasses.field":
        return False
    return not {"default", "default_factory"} & set(arguments(value).keywords)


def _may_be_left_out(names: Names, nargs: Node | None) -> bool:
    if nargs is None:
        return False
    return string_value(names.tree, nargs) in {"?", "*", "..."} or names.tree.text(nargs).endswith(
        "REMAINDER"
    )
