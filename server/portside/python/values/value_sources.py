"""Where programs read their settings from: the environment, the command line, a function's caller."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from tree_sitter import Node

from portside.python.names.bindings import Binding
from portside.python.source.nodes import fields_of, nodes_of, own_parts
from portside.python.source.syntax import Arguments, arguments, string_value, unwrapped
from portside.python.values.instances import constructions, unpacked
from portside.python.values.value_types import (
    CommandLine,
    Environment,
    Literal,
    Parameter,
    Tracing,
    Unknown,
    Value,
)

_ENVIRONMENT_GETTERS = frozenset({"os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop"})
# Readers of the environment that are called like `config("PORT", default=8000, cast=int)`.
_SETTING_READERS = frozenset({"decouple.config", "prettyconf.config"})
_READER_CLASSES = frozenset({"environs.Env", "environ.Env", "starlette.config.Config", "decouple.Config"})
_MOST_FUNCTIONS = 4
_PARSER_RESULTS = frozenset({"parse_args", "parse_known_args"})
_CLICK_OPTIONS = frozenset({"click.option", "click.argument", "asyncclick.option", "rich_click.option"})
_TYPER_DEFAULTS = frozenset({"typer.Option", "typer.Argument", "cyclopts.Parameter"})


def of_call(tracer: Tracing, call: Node, called: str | None) -> Value | None:
    """A call that reads the environment or an argument; None for any other."""
    passed = arguments(call)
    if called in _ENVIRONMENT_GETTERS:
        return _environment(tracer, passed)
    if called in _SETTING_READERS or _is_reader(tracer, call):
        return _environment(tracer, passed)
    if called == "builtins.getattr" and len(passed.positional) >= 2:
        return _getattr(tracer, passed)
    return None


def key_read(tracer: Tracing, node: Node) -> Node | None:
    """The name of the variable in `os.getenv(name)` and `os.environ[name]`; None for anything else."""
    if node.type == "subscript":
        container = node.child_by_field_name("value")
        is_environment = container is not None and tracer.names.qualified(container) == "os.environ"
        return node.child_by_field_name("subscript") if is_environment else None
    function = node.child_by_field_name("function") if node.type == "call" else None
    if function is None or tracer.names.qualified(function) not in _ENVIRONMENT_GETTERS:
        return None
    return _key(arguments(node))


def _key(passed: Arguments) -> Node | None:
    return passed.positional[0] if passed.positional else passed.keywords.get("key")


def _environment(tracer: Tracing, passed: Arguments) -> Value:
    key = _key(passed)
    default = passed.positional[1] if len(passed.positional) > 1 else passed.keywords.get("default")
    name = tracer.trace(key) if key is not None else None
    if not isinstance(name, Literal) or not isinstance(name.value, str) or passed.starred or passed.unpacked:
        return Unknown("it comes from an environment variable whose name is not known")
    traced = tracer.trace(default) if default is not None else None
    if isinstance(traced, Literal) and traced.value is None:
        traced = None
    return Environment(name.value, traced)


def _is_reader(tracer: Tracing, call: Node) -> bool:
    """`env("PORT")`, `env.int("PORT", 8000)` for an `env = Env()`."""
    function = call.child_by_field_name("function")
    if function is not None and function.type == "attribute":
        function = function.child_by_field_name("object")
    if function is None or function.type != "identifier":
        return False
    made = tracer.names.value_of(function)
    maker = made.child_by_field_name("function") if made.type == "call" else None
    return maker is not None and tracer.names.qualified(maker) in _READER_CLASSES


def _getattr(tracer: Tracing, passed: Arguments) -> Value | None:
    name = string_value(tracer.names.tree, passed.positional[1])
    if name is None or not is_parsed(tracer, passed.positional[0]):
        return None
    default = tracer.trace(passed.positional[2]) if len(passed.positional) > 2 else None
    return option_of(tracer, name, default)


def of_subscript(tracer: Tracing, node: Node) -> Value | None:
    """`os.environ["PORT"]` and `sys.argv[1]`; None for any other."""
    container, key = node.child_by_field_name("value"), node.child_by_field_name("subscript")
    if container is None or key is None:
        return None
    match tracer.names.qualified(container):
        case "os.environ":
            name = tracer.trace(key)
            if isinstance(name, Literal) and isinstance(name.value, str):
                return Environment(name.value)
            return Unknown("it comes from an environment variable whose name is not known")
        case "sys.argv":
            return CommandLine()
    return None


def of_attribute(tracer: Tracing, node: Node) -> Value | None:
    """`args.port` for an `args = parser.parse_args()`; None for any other."""
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if holder is None or name is None or not is_parsed(tracer, holder):
        return None
    if is_assigned(tracer, node):
        return Unknown(f"`{tracer.text(node)}` is assigned after the arguments were parsed")
    return option_of(tracer, tracer.text(name), None)


def is_parsed(tracer: Tracing, holder: Node) -> bool:
    """Whether this is what an argument parser returned, directly or through functions of the file."""
    made = tracer.names.value_of(holder)
    if made.type == "attribute":
        # `app.args = parser.parse_args()`.
        made = assigned(tracer, made) or made
    for _ in range(_MOST_FUNCTIONS):
        # `args, rest = parser.parse_known_args()`, and what a function of the file returns like that.
        bindings = tracer.names.bindings_of(made) if made.type == "identifier" else ()
        right = bindings[0].statement.child_by_field_name("right") if len(bindings) == 1 else None
        if right is None:
            break
        made = tracer.names.value_of(unpacked(tracer.names, made) or unwrapped(right))
    if made.type == "subscript":
        made = unwrapped(made.child_by_field_name("value") or made)
    calls = constructions(tracer.names, made)
    return bool(calls) and all(_parses(tracer, call) for call in calls)


def may_be_parsed(tracer: Tracing, holder: Node) -> bool:
    """The same of a name that is set again, by `args = with_defaults(args)` or by a function."""
    if is_parsed(tracer, holder):
        return True
    if holder.type != "identifier":
        return False
    home = tracer.names.home(tracer.text(holder), tracer.names.scope_at(holder))
    bindings = tracer.names.bindings_in(tracer.text(holder), home) if home is not None else ()
    return any(binding.value is not None and is_parsed(tracer, binding.value) for binding in bindings)


def _parses(tracer: Tracing, call: Node) -> bool:
    function = call.child_by_field_name("function")
    name = function.child_by_field_name("attribute") if function is not None else None
    return name is not None and tracer.text(name) in _PARSER_RESULTS


def is_assigned(tracer: Tracing, attribute: Node) -> bool:
    """Whether the file has an assignment to an attribute spelt like this one."""
    return next(_assignments(tracer, attribute), None) is not None


def assigned(tracer: Tracing, attribute: Node) -> Node | None:
    """What the one assignment of the file gives to an attribute spelt like this one."""
    found = [target.parent for target in _assignments(tracer, attribute)]
    value = found[0].child_by_field_name("right") if len(found) == 1 and found[0] is not None else None
    return unwrapped(value) if value is not None else None


def _assignments(tracer: Tracing, attribute: Node) -> Iterator[Node]:
    name = tracer.text(attribute)
    last, data = name.rpartition(".")[2], tracer.names.tree.source.data
    # Most of those that name it only read it, and need not be asked for their nodes.
    spelt = re.compile(rb"\b" + re.escape(last.encode()) + rb"[\s\\]*[:=]")
    for chunk in tracer.names.chunks_with([last]):
        if spelt.search(data, chunk.start, chunk.end):
            for target in fields_of(chunk.nodes("assignment"), "left", "attribute"):
                if tracer.text(target) == name:
                    yield target


def option_of(tracer: Tracing, destination: str, default: Value | None) -> Value:
    """The command line option that is stored under this name, by the parser's `add_argument`."""
    found = added_option(tracer, destination)
    if found is None:
        return _of_vllm(tracer, destination) or CommandLine(None, default)
    option, written = found
    if written is not None:
        default = tracer.trace(written)
    return CommandLine(option, default)


# What the parser of vLLM's server has where nothing is said; any address, and a port.
_OF_VLLM = {"host": None, "port": 8000}


def _of_vllm(tracer: Tracing, destination: str) -> CommandLine | None:
    """The same of a parser that `vllm.entrypoints.openai.cli_args` makes."""
    if destination not in _OF_VLLM:
        return None
    for binding in tracer.names.module_bindings("make_arg_parser"):
        if (binding.target or "").startswith("vllm.entrypoints."):
            span = tracer.names.tree.span(binding.node)
            return CommandLine(f"--{destination}", Literal(_OF_VLLM[destination], span))
    return None


def added_option(tracer: Tracing, destination: str) -> tuple[str, Node | None] | None:
    """The option stored under this name and what stands as its default; None unless exactly one is."""
    found = _declared(tracer, destination)
    return (found[0], found[1].keywords.get("default")) if found is not None else None


def is_none_by_default(tracer: Tracing, destination: str) -> bool:
    """Whether an option, which may be left out, is None then."""
    found = _declared(tracer, destination)
    if found is None:
        return False
    option, said = found[0], found[1].keywords
    is_value = option.startswith("-") and not {"required", "action", "nargs"} & set(said)
    return is_value and ("default" not in said or said["default"].type == "none")


def is_required(tracer: Tracing, option: str) -> bool:
    """Whether a parser of the file does not go on without this option."""
    said = (passed.keywords.get("required") for spelt, passed in _options(tracer) if spelt == option)
    return any(written is not None and written.type == "true" for written in said)


def is_switched_on(tracer: Tracing, option: str) -> bool | None:
    """Whether a switch is on where it is given; None for what takes a value."""
    actions = (passed.keywords.get("action") for spelt, passed in _options(tracer) if spelt == option)
    found = {string_value(tracer.names.tree, action) if action is not None else None for action in actions}
    return {"store_true": True, "store_false": False}.get(found.pop() or "") if len(found) == 1 else None


def _declared(tracer: Tracing, destination: str) -> tuple[str, Arguments] | None:
    """The option that is stored under this name; of those of several parsers one, if they are alike."""
    found = [each for each in _options(tracer) if _stored_as(tracer, *each) == destination]
    kinds = {(option, *_kind(tracer, passed)) for option, passed in found}
    return found[0] if len(kinds) == 1 else None


def _kind(tracer: Tracing, passed: Arguments) -> Iterator[str]:
    """What tells one option from another of the same name."""
    for keyword in ("default", "action", "nargs", "required", "type"):
        written = passed.keywords.get(keyword)
        yield tracer.text(written) if written is not None else ""


def _options(tracer: Tracing) -> Iterator[tuple[str, Arguments]]:
    """Each `add_argument("--port", …)` of the file: the longest name of the option, and what is passed."""
    for chunk in tracer.names.chunks_with(["add_argument"]):
        for call in chunk.nodes("call"):
            function = call.child_by_field_name("function")
            name = function.child_by_field_name("attribute") if function is not None else None
            if name is None or tracer.text(name) != "add_argument":
                continue
            passed = arguments(call)
            words = [string_value(tracer.names.tree, word) for word in passed.positional]
            spelt = [word for word in words if word]
            if spelt:
                yield max(spelt, key=lambda word: (word.startswith("--"), len(word))), passed


def _stored_as(tracer: Tracing, option: str, passed: Arguments) -> str:
    written = passed.keywords.get("dest")
    named = string_value(tracer.names.tree, written) if written is not None else None
    return named or option.lstrip("-").replace("-", "_")


def of_parameter(tracer: Tracing, binding: Binding) -> Value:
    """What a function is called with: by its caller, or by click or typer from the command line."""
    function = _function_of(binding.statement)
    if function is None:
        return Unknown(f"`{binding.name}` is a parameter")
    clicked = _click_option(tracer, function, binding.name)
    if clicked is not None:
        return clicked
    written = binding.statement.child_by_field_name("value")
    if written is not None and _is_typer_default(tracer, written):
        passed = arguments(unwrapped(written))
        first = passed.positional[0] if passed.positional else passed.keywords.get("default")
        return CommandLine(_spelt(binding.name), _option_default(tracer, passed, first))
    annotated = _annotated_option(tracer, binding.statement)
    if annotated is not None:
        return CommandLine(_spelt(binding.name), _option_default(tracer, annotated, written))
    default = tracer.trace(written) if written is not None else None
    return Parameter(binding.name, tracer.names.tree.span(function), default)


def _function_of(parameter: Node) -> Node | None:
    node: Node | None = parameter
    while node is not None and node.type not in {"function_definition", "lambda"}:
        node = node.parent
    return node


def _click_option(tracer: Tracing, function: Node, name: str) -> Value | None:
    decorated = function.parent
    if decorated is None or decorated.type != "decorated_definition":
        return None
    for decorator in decorated.named_children:
        call = own_parts(decorator)[0] if decorator.type == "decorator" else None
        maker = call.child_by_field_name("function") if call is not None and call.type == "call" else None
        if call is None or maker is None or tracer.names.qualified(maker) not in _CLICK_OPTIONS:
            continue
        passed = arguments(call)
        words = [word for node in passed.positional if (word := string_value(tracer.names.tree, node))]
        if name in {word.lstrip("-").replace("-", "_") for word in words}:
            default = passed.keywords.get("default")
            option = max(words, key=lambda word: (word.startswith("--"), len(word)))
            return CommandLine(option, _option_default(tracer, passed, default))
    return None


def _option_default(tracer: Tracing, passed: Arguments, default: Node | None) -> Value | None:
    """What click and typer take where the option is not given: the variable `envvar`, then the default."""
    value = tracer.trace(default) if default is not None else None
    variable = passed.keywords.get("envvar")
    name = tracer.trace(variable) if variable is not None else None
    if isinstance(name, Literal) and isinstance(name.value, str):
        return Environment(name.value, value)
    return value


def _annotated_option(tracer: Tracing, parameter: Node) -> Arguments | None:
    """The `typer.Option(…)` in `port: Annotated[int, typer.Option(envvar="PORT")] = 8000`."""
    annotation = parameter.child_by_field_name("type")
    for call in nodes_of(annotation, "call") if annotation is not None else ():
        if _is_typer_default(tracer, call):
            return arguments(call)
    return None


def _spelt(parameter: str) -> str:
    return "--" + parameter.replace("_", "-")


def _is_typer_default(tracer: Tracing, written: Node) -> bool:
    call = unwrapped(written)
    maker = call.child_by_field_name("function") if call.type == "call" else None
    return maker is not None and tracer.names.qualified(maker) in _TYPER_DEFAULTS


def asks_for(tracer: Tracing, condition: Node, chosen: Node, value: Value) -> bool:
    """Whether the condition only asks if the chosen value is there: `x if x else …`, `"P" in os.environ`."""
    condition, wanted = unwrapped(condition), tracer.text(unwrapped(chosen))
    if tracer.text(condition) == wanted or tracer.text(condition) == f"{wanted} is not None":
        return True
    if isinstance(value, Environment) and condition.type == "comparison_operator":
        parts = condition.named_children
        if len(parts) == 2 and tracer.text(condition).split()[1:2] == ["in"]:
            return (
                tracer.names.qualified(parts[1]) == "os.environ"
                and string_value(tracer.names.tree, parts[0]) == value.variable
            )
    inner = tracer.trace(condition)
    bare = dataclasses.replace(value, integer=False) if isinstance(value, Environment) else value
    return isinstance(inner, Environment) and inner == bare
