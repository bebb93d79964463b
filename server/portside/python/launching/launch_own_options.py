"""Options of a script that say no more than options of uvicorn do: a parser for host and port.

parser.add_argument("--port", type=int, default=8000)
args = parser.parse_args()
uvicorn.run(app, port=args.port)     ->  uvicorn server:app --port 8000
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tree_sitter import Node

from portside.knowledge.uvicorn import OPTIONS
from portside.python.launching.launch_command import without_lower
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of, holds
from portside.python.source.syntax import arguments, string_value, unwrapped
from portside.records import dataclass

# What an option may say of itself; each of the others changes what is accepted or what comes out.
_PLAIN = frozenset({"default", "type", "help", "metavar", "dest", "action"})
_PARSERS = ("parse_args", "parse_known_args", "parse_intermixed_args")
_TYPES = frozenset({"builtins.int", "builtins.str", "builtins.float"})


@dataclass(frozen=True)
class OwnOption:
    """An option of the script. words: as they are typed. keyword: uvicorn's, that it gives a value.

    is_switch: whether it takes no value itself.
    """

    words: tuple[str, ...]
    keyword: str
    is_switch: bool = False


def replace_parser(names: Names, site: Site, launch: Launch, obstacles: Obstacles) -> tuple[OwnOption, ...]:
    """The script's options, where all that its parser reads are options of uvicorn, which take its place.

    Effect: tells the obstacles that parsing is dealt with, and notes what becomes of the options.
    """
    parsing = _parsing(names, site)
    if parsing is None:
        return ()
    call, holder, parser = parsing
    options = _options(names, launch, holder, parser)
    if not options:
        return ()
    obstacles.explained.append(call)
    for option in options:
        _note(option, obstacles)
    return options


def idle_parser(
    names: Names, site: Site, options: tuple[Node, ...], replaced: tuple[Node, ...]
) -> tuple[Node, ...]:
    """The statements that make a parser and parse, where only these options and nobody else need them.

    options: the statements that add those. replaced: the code that reads what they are, and goes.
    """
    parsing = _parsing(names, site)
    if parsing is None or not options:
        return ()
    call, holder, parser = parsing
    made = [binding.statement.parent for binding in names.bindings_of(parser)]
    parsed = call.parent.parent if call.parent is not None else None
    found = [one for one in (*made, parsed) if one is not None and one.type == "expression_statement"]
    parser_reads, holder_reads = _reads(names, parser), _reads(names, holder)
    is_idle = all(_is_parsed_by(read) or any(holds(one, read) for one in options) for read in parser_reads)
    is_read = any(not any(holds(one, read) for one in replaced) for read in holder_reads)
    return tuple(found) if len(found) == 2 and parser_reads and is_idle and not is_read else ()


def _parsing(names: Names, site: Site) -> tuple[Node, Node, Node] | None:
    """The one `args = parser.parse_args()` of the file, with `args` and `parser`."""
    found = [
        node
        for chunk in names.chunks_with(_PARSERS)
        for node in fields_of(chunk.nodes("call"), "function", "attribute")
        if names.tree.text(node).rpartition(".")[2] in _PARSERS
    ]
    call = found[0].parent if len(found) == 1 else None
    assignment = call.parent if call is not None else None
    if call is None or assignment is None or not site.removes(call.start_byte):
        return None
    holder, parser = assignment.child_by_field_name("left"), found[0].child_by_field_name("object")
    is_plain = not any((arguments(call).positional, arguments(call).keywords, arguments(call).unpacked))
    if assignment.type != "assignment" or holder is None or parser is None or not is_plain:
        return None
    if not names.tree.text(found[0]).endswith(".parse_args"):
        return None
    made = names.value_of(parser)
    maker = made.child_by_field_name("function") if made.type == "call" else None
    is_argparse = maker is not None and names.qualified(maker) == "argparse.ArgumentParser"
    if holder.type != "identifier" or parser.type != "identifier" or not is_argparse:
        return None
    # Defaults from elsewhere, files of arguments: what is not known here is none of uvicorn's.
    return (call, holder, parser) if set(arguments(made).keywords) <= _HARMLESS else None


_HARMLESS = frozenset({"description", "prog", "epilog", "usage", "formatter_class", "add_help"})


def _options(names: Names, launch: Launch, holder: Node, parser: Node) -> tuple[OwnOption, ...]:
    """The options, if each gives one keyword of the launch its value and nothing else is read."""
    fed = dict(_fed(names, launch, holder))
    if not fed or not _read_only_by_option(names, holder, fed):
        return ()
    added = [_added(names, read) for read in _reads(names, parser) if not _is_parsed_by(read)]
    known = [option for option in added if option is not None]
    if len(known) != len(added) or {destination for destination, _, _ in known} != set(fed):
        return ()
    return tuple(OwnOption(words, fed[destination], is_switch) for destination, words, is_switch in known)


def _fed(names: Names, launch: Launch, holder: Node) -> Iterator[tuple[str, str]]:
    """The attributes of the parsed arguments that are values of the launch, with the keyword."""
    for keyword, value in launch.options.items():
        node = unwrapped(without_lower(names, value) if keyword == "log_level" else value)
        owner, attribute = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if node.type != "attribute" or owner is None or attribute is None or keyword not in OPTIONS:
            continue
        if owner.type == "identifier" and owner.text == holder.text:
            yield names.tree.text(attribute), keyword


def _reads(names: Names, identifier: Node) -> tuple[Node, ...]:
    home = names.home(names.tree.text(identifier), names.scope_at(identifier), identifier.start_byte)
    bindings = names.bindings_of(identifier)
    if home is None or len(bindings) != 1 or bindings[0].how is not How.ASSIGNMENT:
        return ()
    return names.reads(names.tree.text(identifier), home)


def _read_only_by_option(names: Names, holder: Node, fed: Mapping[str, str]) -> bool:
    reads = _reads(names, holder)
    for read in reads:
        parent = read.parent
        attribute = parent.child_by_field_name("attribute") if parent is not None else None
        if attribute is None or names.tree.text(attribute) not in fed:
            return False
    return bool(reads)


def _is_parsed_by(read: Node) -> bool:
    attribute = read.parent.child_by_field_name("attribute") if read.parent is not None else None
    return attribute is not None and attribute.text == b"parse_args"


def _added(names: Names, read: Node) -> tuple[str, tuple[str, ...], bool] | None:
    """Of a plain `parser.add_argument(…)` with a default: destination, words, and whether it is a switch."""
    attribute = read.parent
    call = attribute.parent if attribute is not None else None
    if attribute is None or call is None or call.type != "call":
        return None
    passed = arguments(call)
    words = [string_value(names.tree, node) for node in passed.positional]
    typed = tuple(word for word in words if word is not None and word.startswith("-"))
    method = attribute.child_by_field_name("attribute")
    if method is None or method.text != b"add_argument" or len(typed) != len(words) or not typed:
        return None
    if passed.starred or passed.unpacked or not set(passed.keywords) <= _PLAIN:
        return None
    kind = passed.keywords.get("type")
    if kind is not None and names.qualified(kind) not in _TYPES:
        return None
    action, default = passed.keywords.get("action"), passed.keywords.get("default")
    if action is None and (default is None or default.type == "none"):
        return None
    if action is not None and string_value(names.tree, action) != "store_true":
        return None
    written = passed.keywords.get("dest")
    longest = max(typed, key=lambda word: (word.startswith("--"), len(word)))
    named = string_value(names.tree, written) if written is not None else None
    return named or longest.lstrip("-").replace("-", "_"), typed, action is not None


def _note(option: OwnOption, obstacles: Obstacles) -> None:
    flag = OPTIONS[option.keyword].flag
    others = [word for word in option.words if word != flag]
    if flag in option.words:
        obstacles.note(f"`{flag}` is uvicorn's own option from now on, with the same default")
    if others:
        shown = ", ".join(f"`{word}`" for word in others)
        obstacles.note(f"{shown} of the script becomes `{flag}` of uvicorn", review=True)
