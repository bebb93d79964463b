"""What is known of an expression's value without running anything."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import field
from typing import Protocol

from tree_sitter import Node

from portside.lint.source import Span
from portside.python.names.names import Names
from portside.records import dataclass

Constant = str | int | float | bool | None


class Through(enum.Enum):
    """How a literal comes to the place where it is used."""

    DIRECTLY = "written there"
    VARIABLE = "variable"
    CLASS_ATTRIBUTE = "class attribute"
    FIELD = "default of a field"
    ITEM = "item of a dictionary"
    FUNCTION = "returned by a function"
    SEVERAL = "the same in several places"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the source.

    value: after conversions (`int("8000")` is 8000). span: of the literal as it is written.
    name: what it came through last (`PORT`, `Settings.port`). path: the file that
    `span` counts in, None for the file at hand.
    """

    value: Constant
    span: Span
    through: Through = Through.DIRECTLY
    name: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """Read from an environment variable. default: None where there is none. integer: passed to `int`.

    condition: what makes true or false of the variable's text, where it is a condition on that.
    """

    variable: str
    default: Value | None = None
    integer: bool = False
    condition: Callable[[str], bool] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Read from the process' arguments. option: `--port`; None for a position in `sys.argv`."""

    option: str | None = None
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """Whatever a function is called with. function: where it is defined."""

    name: str
    function: Span
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not known. reason: for people, without a full stop."""

    reason: str


Value = Literal | Environment | CommandLine | Parameter | Unknown

# What an imported name (`config.PORT`) stands for in another file of the workspace.
Outside = Callable[[str], "Value | None"]


def key_given(function: str, parameter: str, key: str) -> str:
    """Asks an `Outside` for what a function of another file reads by the name that it is given.

    function: its qualified name. parameter: the name or the position of the one that gets the key.
    """
    return f"{function}({parameter}={key})"


# By a qualified name of another file (`app.app`, `web.create_app()`): the classes one of which made that.
MadeBy = Callable[[str], frozenset[str]]


def nothing_outside(_: str) -> None:
    """No other file is known."""


def nothing_made(_: str) -> frozenset[str]:
    """No other file is known."""
    return frozenset()


def same(one: Value, other: Value) -> bool:
    """Whether the two are one value, wherever each is written."""
    return _bare(one) == _bare(other)


def _bare(value: Value | None) -> object:
    match value:
        case Literal():
            return type(value.value), value.value
        case Environment() | CommandLine():
            return dataclasses.replace(value, default=None), _bare(value.default)
        case Unknown():
            return object()
    return value


def with_default(value: Value, default: Value) -> Value | None:
    """`value or default`, where `value` may be missing; None where that has no simple form."""
    match value:
        case Environment() | CommandLine() | Parameter() if value.default is None or _is_false(value.default):
            return dataclasses.replace(value, default=default)
        case Environment() | CommandLine() if isinstance(value.default, (Environment, CommandLine)):
            inner = with_default(value.default, default)
            return dataclasses.replace(value, default=inner) if inner is not None else None
    return None


def _is_false(value: Value) -> bool:
    return isinstance(value, Literal) and not value.value


def named(value: Value, through: Through, name: str) -> Value:
    """The value, and that it came through this name. The name nearest to the use wins."""
    if isinstance(value, Literal):
        return dataclasses.replace(value, through=through, name=name)
    return value


def located(value: Value, path: str) -> Value:
    """The value as another file sees it: literals that it knows no file of are of this one."""
    if isinstance(value, Literal):
        return dataclasses.replace(value, path=value.path or path)
    if isinstance(value, Environment | CommandLine) and value.default is not None:
        return dataclasses.replace(value, default=located(value.default, path))
    return value


class Tracing(Protocol):
    """One file's names, and the way from an expression to its value."""

    names: Names

    @property
    def outside(self) -> Outside:
        """What imported names of the workspace stand for."""

    def trace(self, expression: Node) -> Value:
        """Where this expression's value comes from."""

    def text(self, node: Node) -> str:
        """The source of a node."""
