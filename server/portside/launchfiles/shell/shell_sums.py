"""Sums of the shell: what `$((…))`, `((…))` and `let` come to, and which variables they change."""

from __future__ import annotations

import ast
import re

from portside.launchfiles.shell.shell_state import State
from portside.launchfiles.text.placed import Piece, Placed
from portside.lint.source import Span

_SUM = re.compile(r"[\d\s+*%/()-]+")
_NAME = re.compile(
    r"\$\{#(?P<counted>\w+)\[[@*]\]\}"
    r"|\$\{(?P<braced>\w+)(?:\[(?P<index>[^\]{}]+)\])?(?::?-(?P<other>[^{}]*))?\}"
    r"|\$(?P<dollar>\w+)"
    r"|(?P<bare>[A-Za-z_]\w*)(?:\[(?P<key>[^\]]+)\])?"
)
_STEPPED = re.compile(r"(?:(?P<name>\w+)\s*(?P<after>\+\+|--)|(?P<before>\+\+|--)\s*(?P<other>\w+))")
_SET = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*(?P<operator>[-+*/%]?)=(?!=)(?P<value>.+)", re.DOTALL)
_CHANGED = re.compile(r"([A-Za-z_]\w*)\s*(?:\+\+|--|[-+*/%]?=(?!=))|(?:\+\+|--)\s*([A-Za-z_]\w*)")
_COMPARED = re.compile(
    r"\[\[?\s+(?P<left>\S+)\s+-(?P<word>lt|le|gt|ge|ne|eq)\s+(?P<right>\S+)\s+\]\]?"
    r"|\(\((?P<one>[^<>=!&|]+)(?P<sign><=|>=|<|>|!=|==)(?P<two>[^<>=!&|]+)\)\)"
)
_HOLDS = {
    "lt": int.__lt__, "<": int.__lt__, "le": int.__le__, "<=": int.__le__, "gt": int.__gt__, ">": int.__gt__,
    "ge": int.__ge__, ">=": int.__ge__, "ne": int.__ne__, "!=": int.__ne__,
    "eq": int.__eq__, "==": int.__eq__,
}  # fmt: skip


def total(state: State, expression: str, seen: Span) -> Placed | None:
    """What `$((expression))` comes to; None where nobody knows it.

    Effect: `X++`, `X += 2` and `X = 3` change the state.
    """
    text = expression.strip().strip("\"'")
    if found := _STEPPED.fullmatch(text):
        return _stepped(state, found, seen)
    if found := _SET.fullmatch(text):
        name, operator, value = found["name"], found["operator"], found["value"]
        result = _plain(state, f"{name} {operator} ({value})" if operator else value, seen)
        state.assign(name, result or Placed.unknown(f"${name}", seen, name), seen)
        return result
    changed = {one or other for one, other in _CHANGED.findall(text)}
    for name in sorted(changed):
        state.assign(name, Placed.unknown(f"${name}", seen, name), seen)
    return None if changed else _plain(state, text, seen)


def holds(state: State, condition: str, seen: Span) -> bool | None:
    """Whether `[ $i -lt 3 ]` or `((i < 3))` is true; None where nobody knows, or it is another test."""
    found = _COMPARED.fullmatch(condition.strip().rstrip("; \n"))
    if found is None:
        return None
    one = _plain(state, (found["left"] or found["one"]).strip("\"'"), seen)
    two = _plain(state, (found["right"] or found["two"]).strip("\"'"), seen)
    if one is None or two is None:
        return None
    return _HOLDS[found["word"] or found["sign"]](int(one.text), int(two.text))


def _stepped(state: State, found: re.Match[str], seen: Span) -> Placed | None:
    name = found["name"] or found["other"]
    before = _plain(state, name, seen)
    sign = (found["after"] or found["before"])[0]
    after = _plain(state, f"{name} {sign} 1", seen)
    state.assign(name, after or Placed.unknown(f"${name}", seen, name), seen)
    return before if found["after"] else after


def _plain(state: State, expression: str, seen: Span) -> Placed | None:
    names: list[str] = []
    is_default = False

    def number(match: re.Match[str]) -> str:
        nonlocal is_default
        if counted := match["counted"]:
            value = state.variables.get(counted)
            return str(len(value)) if isinstance(value, dict) else "?"
        name = match["braced"] or match["dollar"] or match["bare"]
        names.append(name)
        held = _held(state, name, match["index"] or match["key"])
        if held is not None and held.known:
            return held.text
        if match["other"] is None or held is not None:
            return "?"
        is_default = True
        other = _plain(state, match["other"], seen)
        return other.text if other is not None else "?"

    text = _NAME.sub(number, expression)
    result = _evaluated(text) if _SUM.fullmatch(text) else None
    if result is None:
        return None
    return Placed((Piece(str(result), seen, None, names[0] if names else None, is_default),))


def _held(state: State, name: str, index: str | None) -> Placed | None:
    if index is None:
        return state.lookup(name)
    values = state.variables.get(name)
    key = index.strip("\"'${}")
    named = state.lookup(key) if not key.isdigit() else None
    return values.get(named.text if named is not None else key) if isinstance(values, dict) else None


def _evaluated(text: str) -> int | None:
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=op, operand=operand) if isinstance(op, ast.USub | ast.UAdd):
            inner = _value(operand)
            return -inner if inner is not None and isinstance(op, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right):
            one, other = _value(left), _value(right)
            if one is None or other is None or max(abs(one), abs(other)) > 10**9:
                return None
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case ast.Div() | ast.FloorDiv():
                    return one // other
                case ast.Mod():
                    return one % other
    return None
