"""Options whose value only Python can tell, asked of the module that has it.

uvicorn.run(app, port=config["port"], reload=config["dev"])
-> --port "$(python -c 'from config import config; print(config["port"])')"
   $(python -c 'from config import config; print("--reload" if config["dev"] else "")')

The expression stays what it was, so the command can't drift from the code.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterable

from tree_sitter import Node

from portside.knowledge.uvicorn import Kind, Option
from portside.python.launching.launch_site import Site
from portside.python.launching.script_place import ImportTarget, ScriptPlace
from portside.python.names.bindings import Binding, How, ScopeKind
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of, own_parts, statements
from portside.python.source.syntax import argument_nodes
from portside.python.values.value_sources import is_none_by_default, is_parsed, option_of
from portside.python.values.value_types import CommandLine, Literal
from portside.python.values.values import Tracer
from portside.records import dataclass

_CONVERSIONS = frozenset({"int", "str", "float", "bool", "getattr", "max", "min", "open"})
_SAME_ANYWHERE = frozenset(
    {
        "os",
        "pathlib",
        "json",
        "tomllib",
        "toml",
        "yaml",
        "importlib",
        "omegaconf",
        "multiprocessing",
        "platform",
    }
)
_CONSTANTS = frozenset({"integer", "float", "string", "true", "false", "none"})
_WHOLE = _CONSTANTS | {"call", "identifier", "attribute", "subscript"}
_NOT_ALWAYS_SAID = frozenset({Kind.FLAG, Kind.PAIR, Kind.INTEGER, Kind.NUMBER})
_LONGEST = 160
# What is put in may be shorter than what it stands for, as `"a.yaml"` for `args.config`, but not by this.
_LONGEST_READ = 10 * _LONGEST
_MAKERS = re.compile(r"_*(create|build|make|init|load|setup|configure|update|set|read|parse)(_|$)")
_LOADS = re.compile(
    r"_*(load|fetch|init|initiali[sz]e|set_?up|read|apply|pull|bootstrap|configure|update)_"
    r"(\w+_)?(config(uration)?|settings?|env(ironment)?|dotenv|secrets?)(_|s?$)"
)


@dataclass(frozen=True)
class Asking:
    """What a launch can ask.

    target: the app's module; None where importing it loads a model. by_numbers: whether a number that an
    argument is by default may be handed to what is asked: nothing else tells what comes of it.
    """

    names: Names
    site: Site
    place: ScriptPlace
    target: ImportTarget | None
    by_numbers: bool = False

    def words(self, option: Option, node: Node) -> tuple[str, ...] | None:
        """`--port "$(python -c …)"`; None where the value is not a module's to tell.

        What is not always said is a word of its own, which a shell leaves out where nothing is printed.
        """
        names = self.names
        is_asked = option.keyword in {"host", "port", "root_path"}
        is_optional = option.kind in _NOT_ALWAYS_SAID and not is_asked and option.keyword[:4] != "ssl_"
        is_word = is_asked or _is_path(names, option, node) or _is_level(names, option, node)
        if not is_word and not is_optional:
            return None
        found: list[str | None] = []
        text = self._inlined(node, found)
        imports = dict.fromkeys(line for line in found if line)
        loaded = self._loaded_before() if imports else {}
        imports |= dict.fromkeys(loaded.values())
        if len(text) > _LONGEST or "\n" in text or None in found or not imports:
            return None
        # As uvicorn does it, before the folder that the command is run in.
        path = [f"import sys; sys.path.insert(0, {json.dumps(folder)})" for folder in self._folders(imports)]
        code = "; ".join((*path, *imports, *loaded, _printed(option, text)))
        # What a module prints when it is imported comes first.
        asked = f"$(python -c {shlex.quote(code)} | tail -n 1)"
        return (asked,) if is_optional else (option.flag, f'"{asked}"')

    def _loaded_before(self) -> dict[str, str]:
        """The calls that fetch what the settings are made of, ahead of the server; the import of each."""
        found: dict[str, str] = {}
        for level in reversed(self.site.levels):
            for statement in statements(level.block):
                if statement.start_byte >= level.statement.start_byte:
                    break
                call = own_parts(statement)[0] if statement.type == "expression_statement" else statement
                callee = call.child_by_field_name("function") if call.type == "call" else None
                if callee is None or argument_nodes(call) or not _roots(callee):
                    continue
                name = callee.child_by_field_name("attribute") or callee
                line = self._import_of(_roots(callee)[0]) if _loads(self.names.tree.text(name)) else None
                if line:
                    found[self.names.tree.text(call)] = line
        return found

    def _folders(self, imports: Iterable[str]) -> list[str]:
        """What has to be on the path, besides the folder that the command is run in: of most, one."""
        own = self.target.app_dir if self.target is not None else None
        if own is not None or (self.target is not None and self.target.cwd):
            return [own] if own else []
        firsts = [line.split(maxsplit=2)[1].partition(".")[0] for line in imports]
        homes = [self.place.home_of(first) for first in firsts if first not in sys.stdlib_module_names]
        return list(dict.fromkeys(home.path for home in homes if home is not None and home.path))

    def _inlined(self, expression: Node, found: list[str | None], depth: int = 4) -> str:
        """The expression, with what the main block computes before it put in; what it imports in `found`."""
        if expression.end_byte - expression.start_byte > _LONGEST_READ:
            found.append(None)
            return ""
        tree, text = self.names.tree, self.names.tree.text(expression)
        start = tree.span(expression).start
        roots = _roots(expression)
        if not roots and expression.type not in _CONSTANTS:
            found.append(None)
        for root in reversed(roots):
            if depth and root.parent is not None and (given := self._unless_said(root)) is not None:
                span = tree.span(root.parent)
                text = text[: span.start - start] + given + text[span.end - start :]
                continue
            passed = self.site.argument(self.names, root) if depth else root
            value = self._value_of(passed) if passed != root or (self._is_local(root) and depth) else root
            if value == root:
                found.append(self._import_of(root))
                continue
            inner = self._inlined(value, found, depth - 1)
            is_whole = value.type in _WHOLE or root == expression
            span = tree.span(root)
            text = (
                text[: span.start - start] + (inner if is_whole else f"({inner})") + text[span.end - start :]
            )
        return text.strip()

    def _unless_said(self, root: Node) -> str | None:
        """What `args.config` is where the option is not given."""
        attribute = root.parent
        name = attribute.child_by_field_name("attribute") if attribute is not None else None
        tracer = Tracer(self.names)
        if name is None or name == root or not is_parsed(tracer, self.site.argument(self.names, root)):
            return None
        if is_none_by_default(tracer, self.names.tree.text(name)):
            return "None"
        option = option_of(tracer, self.names.tree.text(name), None)
        default = option.default if isinstance(option, CommandLine) else None
        constant = default.value if isinstance(default, Literal) else None
        is_number = type(constant) is int and self.by_numbers
        is_known = isinstance(constant, str) or is_number
        # Double quotes, as it stands between single ones.
        return json.dumps(constant) if is_known else None

    def _value_of(self, root: Node) -> Node:
        """What the name stands for; of `with open(path) as file:` the opened file."""
        bindings = self.names.bindings_of(root) if root.type == "identifier" else ()
        opened = bindings[0].value if len(bindings) == 1 and bindings[0].how is How.WITH else None
        callee = opened.child_by_field_name("function") if opened is not None else None
        is_file = callee is not None and self.names.qualified(callee) == "builtins.open"
        return opened if opened is not None and is_file else self.names.value_of(root)

    def _is_local(self, node: Node) -> bool:
        bindings = self.names.bindings_of(node)
        return len(bindings) == 1 and self.site.removes(bindings[0].node.start_byte)

    def _import_of(self, root: Node) -> str | None:
        """The statement that makes the name known; "" for a builtin, None where no import could."""
        names, name = self.names, self.names.tree.text(root)
        bindings = names.bindings_of(root)
        if not bindings:
            return "" if name in _CONVERSIONS else None
        home = names.home(name, names.scope_at(root))
        if home is None or any(b.deferred for b in bindings) or self._is_made_up(root):
            return None
        if any(b.how is How.IMPORT for b in bindings):
            first = (bindings[0].target or "").partition(".")[0]
            # Of what is installed, only this says the same in any process.
            is_known = first in _SAME_ANYWHERE | self.place.installed
            is_known = is_known or (bool(first) and self.place.home_of(first) is not None)
            found = _foreign(bindings[0]) if len(bindings) == 1 and is_known else None
            if found is not None or (first and not is_known):
                return found
        if home.kind is not ScopeKind.MODULE or self.target is None:
            return None
        goes = any(self.site.removes(b.node.start_byte) for b in bindings)
        return None if goes else f"from {self.target.module} import {name}"

    def _is_made_up(self, root: Node) -> bool:
        """Whether the launch makes it what it is, by `Settings.load(…)` or an assignment to it.

        No fresh import has done that.
        """
        names, name = self.names, self.names.tree.text(root)
        if (names.qualified(root) or "").partition(".")[0] in _SAME_ANYWHERE:
            return False
        said = names.tree.text(_whole(root))
        for read in names.reads(name, names.home(name, names.scope_at(root))):
            target = _whole(read)
            is_set = target.parent is not None and target.parent.child_by_field_name("left") == target
            if is_set and self.site.removes(read.start_byte) and _is_of(said, names.tree.text(target)):
                return True
            method = read.parent.child_by_field_name("attribute") if read.parent is not None else None
            call = read.parent.parent if read.parent is not None else None
            is_call = call is not None and call.child_by_field_name("function") == read.parent
            is_maker = method is not None and _MAKERS.match(names.tree.text(method)) is not None
            if is_call and is_maker and self.site.removes(read.start_byte):
                return True
        return False


def _printed(option: Option, text: str) -> str:
    """What prints the value of an expression, or the option with it where that is not always said."""
    whole = f"({text})" if " if " in text else text
    match option.kind:
        case Kind.FLAG:
            return f'print("{option.flag}" if {whole} else "")'
        case Kind.PAIR:
            return f'print("{option.flag}" if {whole} else "--no-{option.flag[2:]}")'
        case Kind.INTEGER | Kind.NUMBER if option.keyword != "port":
            return f'x = {text}; print("" if x is None else f"{option.flag} {{x}}")'
    # None would be a path of that name.
    return f'print({whole} or "")' if option.keyword == "root_path" else f"print({text})"


def _loads(name: str) -> bool:
    return _LOADS.match(name) is not None and "log" not in name


def _whole(name: Node) -> Node:
    """`app.args.host` around its `app`."""
    while name.parent is not None and name.parent.child_by_field_name("object") == name:
        name = name.parent
    return name


def _is_of(said: str, target: str) -> bool:
    return said == target or said.startswith(f"{target}.")


def _is_path(names: Names, option: Option, node: Node) -> bool:
    made = names.value_of(node)
    function = made.child_by_field_name("function") if made.type == "call" else None
    return option.kind is Kind.PATH and function is not None and names.qualified(function) == "os.path.join"


def _is_level(names: Names, option: Option, node: Node) -> bool:
    """Whether it is certainly a word for a level, as the command takes it: no number, and not None."""
    if option.keyword != "log_level":
        return False
    made = names.value_of(node)
    if made.type == "conditional_expression":
        return {part.type for part in (made.named_children[0], made.named_children[-1])} == {"string"}
    function = made.child_by_field_name("function") if made.type == "call" else None
    method = function.child_by_field_name("attribute") if function is not None else None
    return method is not None and method.text == b"lower"


def _roots(expression: Node) -> list[Node]:
    """The names that the expression reads, without attributes and keywords; [] where it does more."""
    if nodes_of(expression, "await", "lambda", "yield", "named_expression"):
        return []
    found = []
    for node in nodes_of(expression, "identifier"):
        parent = node.parent
        named = parent.child_by_field_name("attribute") if parent is not None else None
        if parent is not None and parent.type == "keyword_argument" and named is None:
            named = parent.child_by_field_name("name")
        if named != node:
            found.append(node)
    return found


def _foreign(binding: Binding) -> str | None:
    """The import as it stands, if it names its module from the top."""
    target = binding.target or ""
    if not re.fullmatch(r"[A-Za-z_][\w.]*", target):
        return None
    module, _, last = target.rpartition(".")
    renamed = f" as {binding.name}" if last != binding.name else ""
    if binding.statement.type == "import_from_statement":
        return f"from {module} import {last}{renamed}" if module else None
    is_plain = target.partition(".")[0] == binding.name
    return f"import {target}" if is_plain else f"import {target} as {binding.name}"
