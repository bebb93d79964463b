"""Whether a statement of the main block may go: it only computes what the launch needs, or prints."""

from __future__ import annotations

import re
import sys

from tree_sitter import Node

from portside.python.launching.launch_obstacles import Obstacles
from portside.python.names.names import Names
from portside.python.source.nodes import EXTRAS, own_parts, statements
from portside.python.source.syntax import arguments, string_value, unwrapped

_HARMLESS_BUILTINS = frozenset(
    f"builtins.{name}"
    for name in [
        "abs",
        "bool",
        "dict",
        "float",
        "format",
        "frozenset",
        "getattr",
        "hasattr",
        "int",
        "isinstance",
        "len",
        "list",
        "max",
        "min",
        "repr",
        "round",
        "set",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
    ]
)
_HARMLESS = _HARMLESS_BUILTINS | {
    "os.getenv",
    "os.environ.get",
    "os.cpu_count",
    "os.getcwd",
    "os.getpid",
    "os.path.abspath",
    "os.path.basename",
    "os.path.dirname",
    "os.path.exists",
    "os.path.isfile",
    "os.path.join",
    "os.path.splitext",
    "pathlib.Path",
    "platform.system",
    "signal.Signals",
    "signal.strsignal",
    "multiprocessing.cpu_count",
    "datetime.datetime.now",
    "time.time",
    "traceback.format_exc",
    "traceback.format_exception",
    "uvicorn.Config",
    "uvicorn.Server",
    "uvicorn.config.Config",
    "uvicorn.server.Server",
    # Does nothing but in an executable that PyInstaller and the like have made.
    "multiprocessing.freeze_support",
    # What counts is whether the arguments are parsed, and that is said of the line that does.
    "argparse.ArgumentParser",
    "vllm.utils.FlexibleArgumentParser",
}
_HARMLESS_METHODS = frozenset(
    [
        "capitalize",
        "center",
        "decode",
        "encode",
        "endswith",
        "format",
        "get",
        "items",
        "join",
        "keys",
        "ljust",
        "lower",
        "lstrip",
        "replace",
        "resolve",
        "rjust",
        "rstrip",
        "split",
        "startswith",
        "strip",
        "title",
        "upper",
        "values",
    ]
)
_PARSER_METHODS = frozenset({"add_argument", "add_argument_group", "add_cli_args"})
_PRINTS = frozenset(
    {"builtins.print", "rich.print", "pprint.pprint", "sys.stdout.flush", "sys.stderr.flush"}
    | {"traceback.print_exc", "traceback.print_exception"}
)
_EXITS = frozenset({"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit"})
_STREAMS = frozenset({"sys.stdout", "sys.stderr"})
_LOGS = frozenset({"critical", "debug", "error", "exception", "info", "log", "success", "warning"})
_LOGGERS = frozenset(
    {"logging.getLogger", "structlog.get_logger", "structlog.getLogger", "loguru.logger"}
    | {"vllm.logger.init_logger"}
)
# Whoever makes it: nothing else has this name and these methods.
_LOGGER_NAME = re.compile(r"(^|[._])log(ger)?$", re.IGNORECASE)

_LITERALS = frozenset(
    {
        "integer",
        "float",
        "true",
        "false",
        "none",
        "string_start",
        "string_content",
        "string_end",
        "identifier",
    }
    | {"escape_sequence", "ellipsis", "type_conversion", "format_specifier", "format_expression"}
    | EXTRAS
)
_COMPOSED = frozenset(
    {"string", "concatenated_string", "interpolation", "attribute", "subscript", "binary_operator", "tuple"}
    | {"boolean_operator", "comparison_operator", "unary_operator", "not_operator", "conditional_expression"}
    | {"list", "dictionary", "set", "pair", "parenthesized_expression", "slice", "keyword_argument"}
    | {"argument_list", "expression_list", "dictionary_splat", "list_splat"}
)


_LONGEST_CHAIN = 12


def is_pure(names: Names, expression: Node, *, lookups: bool = False) -> bool:
    """Whether nobody notices that the expression is no longer evaluated.

    lookups: whether asking an object for one key, whatever it is, counts as unnoticed.
    """
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if node.type == "call":
            if not (_is_harmless_call(names, node) or (lookups and is_lookup(names, node))):
                return False
            waiting += node.named_children
        elif node.type in _COMPOSED:
            waiting += node.named_children
        elif node.type not in _LITERALS and node.type != "lambda":
            return False
    return True


def _is_harmless_call(names: Names, call: Node, steps: int = _LONGEST_CHAIN) -> bool:
    function = call.child_by_field_name("function")
    if function is None:
        return False
    if names.qualified(function) in _HARMLESS:
        return True
    attribute, holder = function.child_by_field_name("attribute"), function.child_by_field_name("object")
    if attribute is None or holder is None:
        return False
    method = names.tree.text(attribute)
    return method in _PARSER_METHODS or (method in _HARMLESS_METHODS and _is_plain(names, holder, steps - 1))


def is_lookup(names: Names, node: Node) -> bool:
    """Whether it asks for one key, `config.get("port", 8000)`, which is no address: `requests.get(url)`."""
    function = node.child_by_field_name("function") if node.type == "call" else None
    method = function.child_by_field_name("attribute") if function is not None else None
    passed = arguments(node).positional if node.type == "call" else ()
    key = string_value(names.tree, passed[0]) if passed else None
    if method is None or names.tree.text(method) != "get" or not key or not key.isidentifier():
        return False
    return all(is_pure(names, each) for each in passed)


_PLAIN = frozenset({"string", "concatenated_string", "dictionary", "list", "tuple", "integer", "float"})


def _is_plain(names: Names, holder: Node, steps: int) -> bool:
    """Whether it is text, a dictionary or the like, so that `.get` is no request over a network.

    steps: how many calls behind it may be looked at: `url = url.strip()` leads back to itself.
    """
    if steps < 0:
        return False
    made = names.value_of(holder)
    if made.type == "attribute" and (inner := made.child_by_field_name("object")) is not None:
        return names.tree.text(made).startswith("__") or _is_plain(names, inner, steps - 1)
    return made.type in _PLAIN or (made.type == "call" and _is_harmless_call(names, made, steps))


_DOES_NOTHING = frozenset({"pass_statement", "global_statement", "nonlocal_statement", "function_definition"})
_LEAVES_LOOP = frozenset({"break_statement", "continue_statement"})


def check_statement(
    names: Names, statement: Node, obstacles: Obstacles, *, after: bool = False, looped: bool = False
) -> None:
    """Adds why the statement can't go; notes what goes with it, where it can.

    looped: whether a loop goes with it, which it may leave.
    """
    if statement in obstacles.idle or obstacles.is_explained(statement):
        return
    match statement.type:
        case kind if kind in _DOES_NOTHING or (looped and kind in _LEAVES_LOOP):
            return
        case "return_statement" if after:
            return
        case "import_statement" | "import_from_statement":
            _check_import(names, statement, obstacles)
        case "expression_statement":
            for expression in statement.named_children:
                _check_expression(names, expression, obstacles, after=after)
        case "if_statement":
            _check_if(names, statement, obstacles, after=after, looped=looped)
        case "for_statement" if statement.children[0].type != "async":
            _check_for(names, statement, obstacles, after=after)
        case _:
            obstacles.add(statement, _missed(obstacles, statement, after=after))


def _missed(obstacles: Obstacles, node: Node, *, after: bool) -> str:
    when = "after the server has stopped" if after else "before the server starts"
    return f"{obstacles.quote(node)} runs {when}, and the uvicorn command would not run it"


def _check_if(names: Names, statement: Node, obstacles: Obstacles, *, after: bool, looped: bool) -> None:
    """An `if` that does nothing but print goes like its prints."""
    condition = statement.child_by_field_name("condition")
    if condition is None or not is_pure(names, condition):
        obstacles.add(statement, _missed(obstacles, condition or statement, after=after))
        return
    for branch in (statement, *statement.children_by_field_name("alternative")):
        body = branch.child_by_field_name("consequence") or branch.child_by_field_name("body")
        for inner in statements(body) if body is not None else ():
            if not (after and leaves(names, inner)):
                check_statement(names, inner, obstacles, after=after, looped=looped)


def _check_for(names: Names, statement: Node, obstacles: Obstacles, *, after: bool) -> None:
    """A loop that does nothing but print goes like its prints."""
    right = statement.child_by_field_name("right")
    if right is None or not is_pure(names, right):
        obstacles.add(statement, _missed(obstacles, statement, after=after))
        return
    for part in (statement, *statement.children_by_field_name("alternative")):
        body = part.child_by_field_name("body")
        for inner in statements(body) if body is not None else ():
            check_statement(names, inner, obstacles, after=after, looped=True)


def _check_expression(names: Names, expression: Node, obstacles: Obstacles, *, after: bool) -> None:
    node = unwrapped(expression)
    if node.type == "assignment":
        _check_assignment(names, node, obstacles, after=after)
    elif node.type == "call" and (tells(names, node) if after else _only_tells(names, node)):
        if is_pure(names, node.child_by_field_name("arguments") or node):
            obstacles.note_gone(node)
        else:
            obstacles.add(node, _missed(obstacles, node, after=after))
    elif not is_pure(names, node) or node.type == "augmented_assignment":
        obstacles.add(node, _missed(obstacles, node, after=after))


def _check_assignment(names: Names, node: Node, obstacles: Obstacles, *, after: bool) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is not None and any(child.type in {"attribute", "subscript"} for child in (left, *left.children)):
        when = "after the server has stopped" if after else "before the server starts"
        obstacles.add(
            node, f"{obstacles.quote(left)} is set {when}, and the uvicorn command would not set it"
        )
    elif right is not None and "parse_args" in names.tree.text(right):
        obstacles.add(
            node, f"{obstacles.quote(right)} reads options of this script, and uvicorn would reject them"
        )
    elif right is not None and not is_pure(names, right):
        obstacles.add(node, _missed(obstacles, node, after=after))


def is_exit(names: Names, call: Node) -> bool:
    """Whether the call ends the process: `sys.exit(1)`, `os.kill(os.getpid(), signal.SIGTERM)`."""
    function = call.child_by_field_name("function") if call.type == "call" else None
    qualified = names.qualified(function) if function is not None else None
    if qualified != "os.kill":
        return qualified in _EXITS
    passed = arguments(call).positional
    return bool(passed) and names.tree.text(passed[0]) == "os.getpid()"


def leaves(names: Names, statement: Node) -> bool:
    """Whether nothing behind the statement runs: `raise`, `return`, `sys.exit(1)`."""
    if statement.type in {"raise_statement", "return_statement"}:
        return True
    return is_exit(names, next(iter(own_parts(statement)), statement))


def tells(names: Names, call: Node) -> bool:
    """Whether the call prints or logs, which may set up the root logger."""
    return _only_tells(names, call) or _logs_to_root(names, call)


def _only_tells(names: Names, call: Node) -> bool:
    """Whether the call only prints or logs."""
    function = call.child_by_field_name("function")
    if function is None:
        return False
    qualified = names.qualified(function) or ""
    if qualified in _PRINTS:
        file = arguments(call).keywords.get("file")
        return file is None or names.qualified(file) in _STREAMS
    method = function.child_by_field_name("attribute")
    logger = function.child_by_field_name("object")
    if method is None or logger is None or names.tree.text(method) not in _LOGS:
        return False
    if _LOGGER_NAME.search(names.tree.text(logger)):
        return True
    made = names.value_of(logger)
    maker = made.child_by_field_name("function") if made.type == "call" else made
    return maker is not None and names.qualified(maker) in _LOGGERS


def _logs_to_root(names: Names, call: Node) -> bool:
    """`logging.warning(…)`, which before the server would also set up the root logger."""
    function = call.child_by_field_name("function")
    module, _, name = ((names.qualified(function) or "") if function is not None else "").rpartition(".")
    return module == "logging" and name in _LOGS


def _check_import(names: Names, statement: Node, obstacles: Obstacles) -> None:
    """Importing uvicorn or the standard library does nothing that the server would miss."""
    for module in imported_modules(names, statement):
        first = module.partition(".")[0]
        if first != "uvicorn" and first not in sys.stdlib_module_names:
            obstacles.add(
                statement,
                f"{obstacles.quote(statement)} runs before the server starts,"
                " and the uvicorn command would not run it",
            )
            return


def imported_modules(names: Names, statement: Node) -> list[str]:
    """The modules that an import statement names, `.` first for relative ones."""
    text = names.tree.text
    if statement.type == "import_from_statement":
        module = statement.child_by_field_name("module_name")
        return ["".join(text(module).split())] if module is not None else []
    named = [child.child_by_field_name("name") or child for child in statement.named_children]
    return ["".join(text(node).split()) for node in named if node.type == "dotted_name"]
