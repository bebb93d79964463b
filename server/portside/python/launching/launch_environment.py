"""Options of a launch that come from the environment, as a shell says them: `"${PORT:-8000}"`.

A shell knows the environment alone. What a `.env` file of the workspace says comes after it, in
pydantic-settings and in `load_dotenv()` alike, so its value of today stands where the default would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tree_sitter import Node

from portside.knowledge import uvicorn
from portside.knowledge.uvicorn import Kind, NoForm, Option
from portside.python.launching.launch_obstacles import Obstacles
from portside.python.names.names import Names
from portside.python.source.nodes import fields_of
from portside.python.source.syntax import argument_nodes, string_value, unwrapped
from portside.python.values.value_conditions import switched
from portside.python.values.value_types import CommandLine, Environment, Literal, Value
from portside.records import dataclass

# What may stand in for a value that the process itself changed before it was read.
_LOADERS = frozenset({"load_dotenv", "dotenv_values", "read_env", "read_envfile", "env_file"})
_WRITERS = frozenset({"os.environ.setdefault", "os.environ.update", "os.putenv"})
_ANY_IPV4 = "0.0.0.0"  # noqa: S104 - what `host=None` stands for
_NESTED = 3


@dataclass(frozen=True)
class ShellVariables:
    """The variables of one launch. file: what the `.env` beside it says, {} without one.

    may_leave: whether an option without a form may be left to whoever starts the server. moves_arguments:
    whether options of the script become options of uvicorn. asked: the words by which the command asks
    a module for what has no form, None where none can tell.
    """

    names: Names
    obstacles: Obstacles
    file: Mapping[str, str]
    may_leave: bool = False
    moves_arguments: bool = False
    asked: Callable[[Option, Node], tuple[str, ...] | None] = lambda _option, _node: None

    def words(
        self, option: Option, node: Node, value: Environment, *, is_outside: bool = False
    ) -> tuple[str, ...]:
        """The words of the option; () with an obstacle where there are none, or with a note."""
        if self._is_written(value.variable):
            reason = f"`${value.variable}` may be set by this file, and the shell would not see that"
            if not self.may_leave:
                self.obstacles.add(node, reason)
                return ()
            self.obstacles.note(f"{reason}: set it, or say `{option.flag}`", review=True)
            value = self._with_default_set(value)
        loader = self._loader()
        if is_outside or loader is not None:
            self._note_file(value.variable, loader)
            value = self._with_file(value)
        if option.kind in {Kind.FLAG, Kind.PAIR}:
            return self._switch(option, node, value)
        if option.kind in {Kind.REPEATED, Kind.NONE}:
            self.obstacles.add(
                node,
                f"`{option.keyword}` depends on `${value.variable}`, and has no form of one value",
            )
            return ()
        if option.choices:
            self.obstacles.note(
                f"`{option.flag}` takes lower case alone, also from `${value.variable}`", review=True
            )
        return self._value(option, node, value)

    def _value(self, option: Option, node: Node, value: Environment) -> tuple[str, ...]:
        """`"${PORT:-8000}"`; a variable without a default has to be there, as `int(None)` would fail too."""
        if value.default is None:
            if value.integer or option.keyword == "port":
                return (option.flag, f'"${{{value.variable}:?}}"')
            if option.keyword == "host":
                return (option.flag, f'"${{{value.variable}:-{_ANY_IPV4}}}"')
            if option.none_is_default:
                return (f'${{{value.variable}:+{option.flag} "${value.variable}"}}',)
        default = _default(option, self._given(value) if self.moves_arguments else value)
        if default is None and (asked := self.asked(option, node)) is not None:
            return asked
        if default is None and self.may_leave and not option.keyword.startswith("ssl_"):
            self.obstacles.note(
                f"what `${value.variable}` defaults to has no form in a shell: say `{option.flag}`",
                review=True,
            )
        elif default is None:
            self.obstacles.add(node, f"what `${value.variable}` defaults to has no form in a shell")
        if default is None:
            return ()
        return (option.flag, f'"{default}"') if default else ()

    def _given(self, value: Environment) -> Environment:
        """`os.environ.get("PORT", args.port)`, with what the script's option is where it is not given."""
        inner = value.default
        if isinstance(inner, CommandLine) and inner.option and inner.default is not None:
            self.obstacles.note(
                f"`{inner.option}` of the script is an option of uvicorn now,"
                f" which `${value.variable}` gives a value"
            )
            return Environment(value.variable, inner.default, value.integer)
        return value

    def _switch(self, option: Option, node: Node, value: Environment) -> tuple[str, ...]:
        """An option without a value, as it is where the variable is not set."""
        default = value.default
        if isinstance(default, Environment) and (is_on := switched(default)) is not None:
            # `debug: bool = os.getenv("DEBUG", "no") == "yes"` of settings
            default = Literal(is_on, self.names.tree.span(node))
        if isinstance(default, Literal) and isinstance(default.value, str):
            default = _truth(default)
        if isinstance(default, Literal) and isinstance(default.value, bool | None):
            is_on = bool(default.value)
            found = uvicorn.words(option, is_on)
            self.obstacles.note(
                f"`{option.keyword}` is {'on' if is_on else 'off'} here, as it is without"
                f" `${value.variable}`: the option of uvicorn takes no value",
                review=True,
            )
            return () if isinstance(found, NoForm) or is_on == option.default else found
        if (asked := self.asked(option, node)) is not None:
            return asked
        self.obstacles.add(
            node, f"`{option.keyword}` depends on `${value.variable}`, and `{option.flag}` takes no value"
        )
        return ()

    def _note_file(self, variable: str, loader: str | None) -> None:
        if variable in self.file:
            text = f"`${variable}` is what `.env` says today: the shell reads no such file"
        elif loader is not None:
            text = f"`${variable}` may come from a file (`{loader}`), which a shell does not read"
        else:
            text = f"`${variable}` is read by another file, which may know more places to look for it"
        self.obstacles.note(text, review=True)

    def _with_file(self, value: Environment) -> Environment:
        written = self.file.get(value.variable)
        if written is None:
            return value
        span = self.names.tree.span(self.names.tree.root)
        if value.condition is not None:
            return Environment(value.variable, Literal(value.condition(written), span))
        return Environment(value.variable, Literal(written, span), value.integer)

    def _with_default_set(self, value: Environment) -> Environment:
        """With what `os.environ.setdefault("PORT", "9000")` of the module makes its default."""
        for chunk in self.names.chunks_with(["setdefault"]):
            for callee in fields_of(chunk.nodes("call"), "function", "attribute"):
                passed = argument_nodes(callee.parent) if callee.parent is not None else ()
                is_set = self.names.qualified(callee) == "os.environ.setdefault" and len(passed) == 2
                if is_set and string_value(self.names.tree, passed[0]) == value.variable:
                    given = string_value(self.names.tree, passed[1])
                    if given is not None:
                        span = self.names.tree.span(passed[1])
                        return Environment(value.variable, Literal(given, span), value.integer)
        return value

    def _is_written(self, variable: str) -> bool:
        """Whether the module itself may set it: `os.environ["PORT"] = …`, `.setdefault(…)`."""
        for chunk in self.names.chunks_with(["environ", "putenv"]):
            items = fields_of(chunk.nodes("assignment"), "left", "subscript")
            keys = [self._item_of_environment(node) for node in items]
            keys += [
                next(iter(argument_nodes(node.parent)), node)
                for node in fields_of(chunk.nodes("call"), "function", "attribute")
                if self.names.qualified(node) in _WRITERS and node.parent is not None
            ]
            if any(key is not None and self._may_name(key, variable) for key in keys):
                return True
        return False

    def _item_of_environment(self, subscript: Node) -> Node | None:
        """The key in `os.environ["PORT"]`; None for any other container."""
        holder, key = subscript.child_by_field_name("value"), subscript.child_by_field_name("subscript")
        is_environment = holder is not None and self.names.qualified(unwrapped(holder)) == "os.environ"
        return key if is_environment else None

    def _may_name(self, key: Node, variable: str) -> bool:
        text = string_value(self.names.tree, self.names.value_of(key))
        return text is None or text == variable

    def _loader(self) -> str | None:
        """A call that fills the environment from a file, which the shell knows nothing of."""
        for chunk in self.names.chunks_with(_LOADERS):
            return next(word.decode() for word in chunk.words if word.decode("utf-8", "replace") in _LOADERS)
        return None


def _truth(value: Literal) -> Literal:
    """A word from a `.env` file, as pydantic reads it for a field that is true or false."""
    return Literal(str(value.value).strip().lower() in {"1", "true", "t", "yes", "y", "on"}, value.span)


def _default(option: Option, value: Value, depth: int = _NESTED) -> str | None:
    """`${PORT:-8000}`, also `${A:-${B:-8000}}`; "" where nothing is to be said, None for no form."""
    if isinstance(value, Environment) and depth > 0:
        if value.default is None:
            return f"${{{value.variable}:?}}"
        inner = _default(option, value.default, depth - 1)
        if inner is not None and inner.startswith(f"${{{value.variable}:"):
            return inner
        return None if inner is None else f"${{{value.variable}:-{inner}}}"
    if not isinstance(value, Literal) or value.value is None:
        return None
    words = uvicorn.words(option, value.value)
    if isinstance(words, NoForm) and isinstance(value.value, str):
        words = (option.flag, value.value)
    if isinstance(words, NoForm) or len(words) != 2 or not _is_safe(words[1]):
        return None
    return words[1]


def _is_safe(text: str) -> bool:
    """Whether it means itself within `"${X:-…}"`."""
    return not any(character in text for character in "\"'`$\\{}") and text.isprintable()
