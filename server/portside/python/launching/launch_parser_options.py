"""The options that a script adds to its parser: whose they are, and which a start can't do without."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tree_sitter import Node

from portside.knowledge.uvicorn import OPTIONS
from portside.lint.moved_command import Argument
from portside.python.launching.launch_command import without_lower
from portside.python.launching.launch_dumped import brought_arguments
from portside.python.launching.launch_likely import handed_to
from portside.python.launching.launch_site import Site
from portside.python.launching.launches import Launch
from portside.python.names.bindings import How
from portside.python.names.names import Names
from portside.python.running.argument_parsing import PARSERS
from portside.python.source.nodes import EXTRAS, fields_of, holds, nodes_of, own_parts
from portside.python.source.syntax import argument_nodes, arguments, string_value, unwrapped
from portside.records import dataclass

_DATACLASS_PARSER_CLASSES = ("HfArgumentParser", "TrlParser")


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


def options_of_server(
    names: Names, site: Site, launch: Launch, gone: Collection[Node]
) -> dict[str, Argument]:
    """The script's options that give the server its own, by each word that may be typed.

    gone: the statements of those that the parser has no longer.
    """
    by_destination = {option.destination(names): option for option in _options(names)}
    found: dict[str, Argument] = {}
    for name in brought_arguments(names, launch.options_call):
        if name in by_destination and name not in launch.options:
            found |= _as_arguments(by_destination[name], name, gone)
    for keyword, written in launch.options.items():
        node = unwrapped(without_lower(names, site.argument(names, written)))
        node = unwrapped(handed_to(names, node) or node) if node.type == "attribute" else node
        attribute = node.child_by_field_name("attribute") if node.type == "attribute" else None
        option = by_destination.get(names.tree.text(attribute)) if attribute is not None else None
        if option is None or keyword not in OPTIONS:
            continue
        found |= _as_arguments(option, keyword, gone)
    return found


def _as_arguments(option: _Option, keyword: str, gone: Collection[Node]) -> dict[str, Argument]:
    action = arguments(option.call).keywords.get("action")
    stays = option.statement not in gone
    return {word: Argument(OPTIONS[keyword].flag, action is None, stays) for word in option.words}


def only_for_launch(names: Names, replaced: tuple[Node, ...]) -> Iterator[Node]:
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
    # `Options(**vars(parser.parse_args()))` takes them all.
    if any(binding.value is not None and _takes_all(names, binding.value) for binding in bindings):
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


def _takes_all(names: Names, made: Node) -> bool:
    """Whether a call is given what another one in its arguments parses."""
    listed = made.child_by_field_name("arguments") if made.type == "call" else None
    callees = fields_of(nodes_of(listed, "call"), "function", "attribute") if listed is not None else ()
    methods = (callee.child_by_field_name("attribute") for callee in callees)
    return any(method is not None and names.tree.text(method) in PARSERS for method in methods)


def required_words(
    names: Names, parts: tuple[Node, ...], gone: tuple[Node, ...]
) -> dict[str, tuple[str, ...]]:
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
    words[""] += _counted(names, parts) if not positions else ()
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


# Of `len(sys.argv) < 2`, which ends the script: the fewest that do, less this.
_FEWEST_WHERE_IT_ENDS = {"<": 0, "<=": -1, "!=": 0}
# The same of `len(sys.argv) > 1`, without which it ends.
_FEWEST_WHERE_IT_GOES_ON = {">=": 0, ">": -1, "==": 0}


def _counted(names: Names, parts: tuple[Node, ...]) -> Iterator[str]:
    """The words for a script that counts `sys.argv` and ends where there are too few."""
    fewest = 1
    for whole in (node for part in parts for node in nodes_of(part, "if_statement")):
        condition, body = (whole.child_by_field_name(field) for field in ("condition", "consequence"))
        counted = _count(names, condition) if condition is not None else None
        if counted is None or body is None:
            continue
        sign, number = counted
        otherwise = whole.child_by_field_name("alternative")
        if sign in _FEWEST_WHERE_IT_ENDS and _ends(names, body):
            fewest = max(fewest, number - _FEWEST_WHERE_IT_ENDS[sign])
        block = otherwise.child_by_field_name("body") if otherwise is not None else None
        if sign in _FEWEST_WHERE_IT_GOES_ON and block is not None and _ends(names, block):
            fewest = max(fewest, number - _FEWEST_WHERE_IT_GOES_ON[sign])
    yield from ("ARGUMENT" if fewest == 2 else f"ARGUMENT_{one}" for one in range(1, fewest))


def _count(names: Names, condition: Node) -> tuple[str, int] | None:
    """The sign and the number of `len(sys.argv) < 2`."""
    compared = unwrapped(condition)
    if compared.type != "comparison_operator" or len(compared.children) != 3:
        return None
    left, sign, right = compared.children
    passed = arguments(left).positional if left.type == "call" else []
    function = left.child_by_field_name("function") if left.type == "call" else None
    is_count = function is not None and names.qualified(function) == "builtins.len" and len(passed) == 1
    if not is_count or names.qualified(passed[0]) != "sys.argv" or right.type != "integer":
        return None
    return names.tree.text(sign), int(names.tree.text(right), 0)


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
