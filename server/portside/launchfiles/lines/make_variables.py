"""Variables of a Makefile: what they hold when a recipe runs, in Make's two flavours, and a few functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from portside.launchfiles.facts import Setting
from portside.launchfiles.lines.make_syntax import Assignment, Condition
from portside.launchfiles.text.placed import Placed
from portside.launchfiles.text.variables import reference_end
from portside.lint.source import Span
from portside.records import dataclass

_OPENS = re.compile(r"\$\$|\$[({]|\$(?P<name>[^\s$(){}])")
_NAME = re.compile(r"[\w.@<^*?%+-]+")
_FUNCTION = re.compile(r"(?P<name>[a-z]+)[ \t]+")
_HERE = frozenset({"CURDIR", "PWD", "MAKEFILE_DIR"})
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Variable:
    """is_expanded: whether its value was made when it was set (`:=`). varies: another arm sets another."""

    value: Placed
    name_span: Span
    is_expanded: bool = False
    is_default: bool = False
    exported: bool = False
    conditions: tuple[Condition, ...] = ()
    varies: bool = False


class Variables:
    """What is set so far."""

    def __init__(self, found: Mapping[str, Variable] | None = None) -> None:
        self._found = dict(found or {})
        self._locals: dict[str, Placed] = {}
        self._values: dict[str, Placed | None] = {}
        self.exports_all = False
        self.exported: set[str] = set()

    def assign(self, one: Assignment) -> None:
        self._values.clear()
        before = self._found.get(one.name)
        fills = any(condition.undefined == one.name for condition in one.conditions)
        if one.operator == "?=" and before is not None:
            return
        value = one.value
        if one.operator in {":=", "::=", ":::="}:
            value = self.expand(value)
        elif one.operator == "!=":
            value = Placed.unknown(f"$({one.name})", value.span, one.name)
        elif one.operator == "+=" and before is not None:
            value = Placed.joined([before.value, Placed.computed(" ", one.value.span), value])
        differs = before is not None and before.value.text != value.text
        varies = differs and not fills and bool(one.conditions)
        if one.exported:
            self.exported.add(one.name)
        is_default = one.operator == "?=" or fills
        expanded = one.operator not in {"=", "?=", "+="}
        self._found[one.name] = Variable(
            value, one.name_span, expanded, is_default, one.exported, one.conditions, varies
        )

    def with_more(self, assignments: Iterable[Assignment], values: Mapping[str, Placed]) -> Variables:
        """The same for one target."""
        more = Variables(self._found)
        more.exports_all, more.exported = self.exports_all, set(self.exported)
        for one in assignments:
            more.assign(replace(one, conditions=()))
        more._locals = dict(values)
        return more

    def environment(self) -> dict[str, Setting]:
        """What recipes are given."""
        found: dict[str, Setting] = {}
        for name, variable in self._found.items():
            if (self.exports_all or name in self.exported) and re.fullmatch(r"\w+", name):
                value = self.lookup(name)
                found[name] = (value or variable.value).setting(name, variable.name_span)
        return found

    def lookup(self, name: str, depth: int = 0) -> Placed | None:
        if name in self._locals:
            return self._locals[name]
        if name not in self._values:
            self._values[name] = self._value(name, depth)
        return self._values[name]

    def _value(self, name: str, depth: int) -> Placed | None:
        found = self._found.get(name)
        if found is None or depth > _DEEPEST:
            return None
        if found.varies:
            return Placed.unknown(f"$({name})", found.value.span, name)
        value = found.value if found.is_expanded else self.expand(found.value, depth + 1)
        if found.is_default:
            value = Placed(tuple(replace(piece, is_default=True) for piece in value.pieces), value.quoted)
        return value

    def expand(self, placed: Placed, depth: int = 0) -> Placed:
        """The text as Make hands it to the shell."""
        if "$" not in placed.text or depth > _DEEPEST:
            return placed
        value = Placed.joined(self._expanded(placed, depth), quoted=placed.quoted)
        return Placed.unknown(placed.text, placed.span) if value.is_too_long else value

    def _expanded(self, placed: Placed, depth: int) -> Iterator[Placed]:
        text, position = placed.text, 0
        while found := _OPENS.search(text, position):
            yield placed.part(position, found.start())
            position = found.end()
            if found.group() == "$$":
                yield placed.part(found.start() + 1, found.end())
                continue
            end = found.end() if found["name"] else reference_end(text, found.end() - 1)
            if end is None:
                yield placed.part(found.start(), found.end())
                continue
            position = end
            whole = placed.part(found.start(), end)
            if found["name"]:
                yield self._variable(found["name"], whole, depth)
            else:
                yield self._reference(placed.part(found.end(), end - 1), whole, depth)
        yield placed.part(position)

    def _reference(self, inside: Placed, whole: Placed, depth: int) -> Placed:
        if "$" in inside.text and not _FUNCTION.match(inside.text):
            inside = self.expand(inside, depth + 1)
        if _NAME.fullmatch(inside.text):
            return self._variable(inside.text, whole, depth)
        function = _FUNCTION.match(inside.text)
        if function is None:
            return Placed.unknown(whole.text, whole.span)
        arguments = _arguments(inside.part(function.end()))
        return self._function(function["name"], arguments, whole, depth)

    def _function(self, name: str, arguments: list[Placed], whole: Placed, depth: int) -> Placed:
        expanded = [self.expand(one, depth + 1) for one in arguments]
        match name:
            case "or":
                given = [one for one in expanded if one.known and one.text]
                if given:
                    return _with_default(given[0], expanded[0])
            case "if" if len(expanded) > 1:
                if expanded[0].known:
                    return (
                        expanded[1]
                        if expanded[0].text
                        else (expanded[2] if len(expanded) > 2 else Placed(()))
                    )
            case "strip" | "abspath" | "realpath" | "firstword" if expanded:
                return expanded[0]
            case "call" if arguments:
                return self._call(arguments[0].text.strip(), expanded[1:], depth)
            case "dir" if "MAKEFILE_LIST" in whole.text:
                return Placed.computed("./", whole.span)
        if name == "shell" and re.search(r"\bpwd\b|MAKEFILE_LIST|CURDIR", whole.text):
            return Placed.computed(".", whole.span)
        return Placed.unknown(whole.text, whole.span)

    def _call(self, name: str, arguments: list[Placed], depth: int) -> Placed:
        found = self._found.get(name)
        if found is None:
            return Placed(())
        outer = self._locals
        self._locals = {**outer, **{str(index): one for index, one in enumerate(arguments, 1)}}
        known, self._values = self._values, {}
        value = self.expand(found.value, depth + 1)
        self._locals, self._values = outer, known
        return value

    def _variable(self, name: str, whole: Placed, depth: int) -> Placed:
        if name in _HERE and name not in self._found:
            return Placed.computed(".", whole.span)
        if name == "MAKE":
            return Placed.computed("make", whole.span)
        value = self.lookup(name, depth)
        if value is None or (not value.known and len(value.pieces) == 1):
            return Placed.unknown(whole.text, whole.span, name)
        if "\n" in value.text:  # a recipe of several lines is read where it stands
            return value
        return value.through(name, whole.span)


def _with_default(value: Placed, first: Placed) -> Placed:
    """What `$(or first,…)` comes to: its own value, or a default for it."""
    if value is first:
        return value
    variable = next((piece.variable for piece in first.pieces), None)
    pieces = (replace(piece, is_default=True, variable=piece.variable or variable) for piece in value.pieces)
    return Placed(tuple(pieces), value.quoted)


def _arguments(text: Placed) -> list[Placed]:
    """A function's arguments: parted by commas outside of brackets."""
    found, start, depth = [], 0, 0
    for index, character in enumerate(text.text):
        if character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == "," and not depth:
            found.append(text.part(start, index))
            start = index + 1
    return [*found, text.part(start)]
