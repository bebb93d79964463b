r"""Variables in text that no shell reads: what each format puts in their place.

| style | reads | escapes |
|---|---|---|
| compose, Dockerfile | `$X` `${X}` `${X:-8}` `${X-8}` `${X:?message}` `${X:+other}` | `$$`, `\$` |
| Kubernetes | `$(X)` | `$$` |
| systemd | `${X}`, `$X` as a word | `$$` |
| Make | `$(X)` `${X}` `$X` (one letter) | `$$` |
| .env | `${X}` `${X:-8}` | |
| VS Code | `${env:X}` `${input:x}` `${workspaceFolder}` | |

Shell text itself, with all that a shell does, is read in `shell_words`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping

from portside.launchfiles.facts import Form, Setting
from portside.launchfiles.text.placed import Placed, of_setting
from portside.lint.source import Span


class Style(enum.Enum):
    """How variables look in a text; the pattern finds where one may begin."""

    NONE = "none"
    BRACES = "braces"  # compose, Dockerfile's instructions, shell words
    KUBERNETES = "kubernetes"
    SYSTEMD = "systemd"
    MAKE = "make"
    VSCODE = "vscode"
    DOTENV = "dotenv"
    YAML = "yaml"  # either of the two that YAML files have


_STYLES: Mapping[Form, Style] = {
    Form.SHELL: Style.BRACES,
    Form.EXEC: Style.NONE,
    Form.YAML_LIST: Style.YAML,
    Form.YAML_TEXT: Style.YAML,
    Form.MAKE: Style.MAKE,
    Form.SYSTEMD: Style.SYSTEMD,
    Form.JSON_TEXT: Style.BRACES,
    Form.JSON_ARGS: Style.VSCODE,
}

_OPENS: Mapping[Style, re.Pattern[str]] = {
    Style.BRACES: re.compile(r"\\\$|\$\$|\$\{|\$(?P<name>[A-Za-z_]\w*|\d)"),
    Style.KUBERNETES: re.compile(r"\$\$|\$\("),
    Style.SYSTEMD: re.compile(r"\$\$|\$\{|(?<!\S)\$(?P<name>[A-Za-z_]\w*)(?!\S)"),
    Style.MAKE: re.compile(r"\$\$|\$[({]|\$(?P<name>[A-Za-z_@<^?*%])"),
    Style.VSCODE: re.compile(r"\$\{"),
    Style.DOTENV: re.compile(r"\$\{"),
    Style.YAML: re.compile(r"\$\$|\$\{|\$\(|\$(?P<name>[A-Za-z_]\w*)"),
}
_NAME = re.compile(r"[A-Za-z_]\w*|\d+|[@*#]")
_OPERATOR = re.compile(r"(?P<empty>:?)(?P<operator>[-=?+])")
_CLOSES = {"{": "}", "(": ")"}
_DEEPEST = 20

Lookup = Callable[[str], "Placed | None"]
"""What a variable holds: None where nobody sets it, unknown pieces where somebody does, but not to what."""


def of_settings(settings: Mapping[str, Setting]) -> Lookup:
    """The lookup for settings whose values need no more reading."""

    def lookup(name: str) -> Placed | None:
        setting = settings.get(name)
        return None if setting is None else of_setting(setting)

    return lookup


def style_of(form: Form) -> Style:
    """How variables look in words of this form."""
    return _STYLES[form]


def expand(placed: Placed, style: Style, lookup: Lookup) -> Placed:
    """The text with every variable replaced by what it holds, or kept, as unknown, where that is not said."""
    if style is Style.NONE or "$" not in placed.text:
        return placed
    value = Placed.joined(_expanded(placed, style, lookup, 0), quoted=placed.quoted)
    if value.is_too_long:
        return Placed.unknown(placed.text, placed.span)
    return value if placed.whole is None else value.within(placed.whole)


def reference_end(text: str, opening: int) -> int | None:
    """The offset behind the bracket that closes the one at `opening`."""
    opens, closes = text[opening], _CLOSES[text[opening]]
    depth = 0
    for index in range(opening, len(text)):
        if text[index] == opens:
            depth += 1
        elif text[index] == closes:
            depth -= 1
            if not depth:
                return index + 1
    return None


def _expanded(placed: Placed, style: Style, lookup: Lookup, depth: int) -> Iterator[Placed]:
    text, position = placed.text, 0
    while found := _OPENS[style].search(text, position):
        yield placed.part(position, found.start())
        position = found.end()
        token = found.group()
        if token in {"$$", "\\$"}:
            yield placed.part(found.end() - 1, found.end())
            continue
        if found.groupdict().get("name"):
            yield _value(placed, found["name"], found.start(), found.end(), lookup)
            continue
        end = reference_end(text, found.end() - 1)
        if end is None:
            yield placed.part(found.start(), found.end())
            continue
        position = end
        yield _reference(placed, found.start(), end, style, lookup, depth)
    yield placed.part(position)


def _reference(  # noqa: PLR0917
    placed: Placed, start: int, end: int, style: Style, lookup: Lookup, depth: int
) -> Placed:
    """What `${…}` or `$(…)` from `start` to `end` comes to."""
    inside = placed.text[start + 2 : end - 1]
    seen = placed.part(start, end).span
    if style is Style.VSCODE:
        kind, _, rest = inside.partition(":")
        return _value(placed, rest if kind == "env" else inside, start, end, lookup)
    name = _NAME.match(inside)
    if name is None:
        return Placed.unknown(placed.text[start:end], seen)
    if name.end() == len(inside):
        return _value(placed, name.group(), start, end, lookup)
    operator = _OPERATOR.match(inside, name.end())
    if operator is None:
        return Placed.unknown(placed.text[start:end], seen, name.group())
    other = placed.part(start + 2 + operator.end(), end - 1)
    value = lookup(name.group())
    if depth < _DEEPEST:
        other = Placed.joined(_expanded(other, style, lookup, depth + 1))
    return with_default(value, operator["operator"], bool(operator["empty"]), other, name.group(), seen)


def with_default(  # noqa: PLR0917
    value: Placed | None, operator: str, or_empty: bool, other: Placed, name: str, seen: Span
) -> Placed:
    """`${NAME:-other}` and its like. value: what the variable holds. or_empty: whether there is a colon."""
    is_set = value is not None and not (or_empty and value.known and not value.text)
    if operator == "+":
        return other.through(name, seen) if is_set else Placed(())
    if value is not None and is_set and (value.known or operator == "?"):
        return value.through(name, seen)
    if operator == "?":
        return Placed.unknown(f"${name}", seen, name)
    return other.through(name, seen, is_default=True)


def _value(placed: Placed, name: str, start: int, end: int, lookup: Lookup) -> Placed:
    seen = placed.part(start, end).span
    value = lookup(name)
    if value is None:
        return Placed.unknown(placed.text[start:end], seen, name)
    if not value.known and len(value.pieces) == 1:
        return Placed.unknown(placed.text[start:end], seen, name)
    return value.through(name, seen)
