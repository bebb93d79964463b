"""The lines of a Makefile, put together as Make does: assignments, rules, recipes, `define`, conditionals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from portside.launchfiles.text.placed import Placed
from portside.lint.source import Span
from portside.records import dataclass

_LINE = re.compile(r"(?:[^\n\\]|\\\r?\n|\\.|\\\Z)*(?:\n|\Z)", re.DOTALL)
_ASSIGNMENT = re.compile(
    r"\s*(?P<words>(?:(?:export|override|private|unexport)\s+)*)(?P<name>[^\s:=#?+!$]+)"
    r"\s*(?P<operator>=|\?=|:::?=|:=|\+=|!=)[ \t]*",
)
_RULE = re.compile(r"(?P<targets>[^:=#\t][^:=#]*?)\s*(?:&?::?)(?!=)(?P<rest>.*)", re.DOTALL)
_EXPORT = re.compile(r"\s*export(?:\s+(?P<names>[^=]*))?$")
_INCLUDE = re.compile(r"\s*-?s?include\s+(?P<files>[^#\n]*)")
_CONDITION = re.compile(r"\s*(?P<word>ifeq|ifneq|ifdef|ifndef|else|endif)\b(?P<rest>.*)", re.DOTALL)
_DEFINE = re.compile(r"\s*(?:export\s+|override\s+)*define\s+(?P<name>[^\s=]+)\s*(?:\S*=)?\s*$")
_COMMENT = re.compile(r"(?<!\\)#.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Assignment:
    """target: "" for all. conditions: the `if`s around it."""

    name: str
    operator: str
    value: Placed
    name_span: Span
    exported: bool = False
    targets: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One arm of a conditional: where it begins, which arm, and of `ifndef X` and its like, the name X."""

    place: int
    arm: int
    undefined: str = ""


@dataclass
class Rule:
    targets: tuple[str, ...]
    prerequisites: tuple[str, ...]
    span: Span
    recipe: list[tuple[Placed, tuple[Condition, ...]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Export:
    """names: empty for everything."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Include:
    files: tuple[str, ...]


Statement = Assignment | Rule | Export | Include


def statements(text: str) -> Iterator[Statement]:
    """In order; a rule comes with its whole recipe."""
    yield from _Reader(text).statements()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._conditions: list[Condition] = []
        self._rule: Rule | None = None
        self._prefix = "\t"

    def statements(self) -> Iterator[Statement]:
        lines = iter(_LINE.finditer(self._text))
        for line in lines:
            start, body = line.start(), line.group().rstrip("\r\n")
            if not body.strip():
                continue
            if self._rule is not None and body.startswith(self._prefix):
                self._rule.recipe.append((Placed.literal(body[1:], start + 1), tuple(self._conditions)))
            elif (condition := _CONDITION.match(body)) and not _ASSIGNMENT.match(body):
                self._condition(condition, start)
            elif define := _DEFINE.match(body):
                yield self._define(define, start, lines)
            elif not body.lstrip().startswith("#"):
                yield from self._statement(body, start)
        if self._rule is not None:
            yield self._rule

    def _statement(self, body: str, start: int) -> Iterator[Statement]:
        if (assignment := _ASSIGNMENT.match(body)) is not None:
            found = self._assignment(assignment, body, start)
            if found.name == ".RECIPEPREFIX":
                self._prefix = found.value.text or "\t"
            yield found
        elif export := _EXPORT.match(_COMMENT.sub("", body)):
            yield Export(tuple((export["names"] or "").split()))
        elif include := _INCLUDE.match(body):
            yield Include(tuple(include["files"].split()))
        elif rule := _RULE.match(body):
            yield from self._new_rule(rule, body, start)

    def _new_rule(self, rule: re.Match[str], body: str, start: int) -> Iterator[Statement]:
        targets = tuple(rule["targets"].split())
        rest, offset = rule["rest"], rule.start("rest")
        if (assignment := _ASSIGNMENT.match(body, offset)) is not None:
            yield self._assignment(assignment, body, start, targets)
            return
        if self._rule is not None:
            yield self._rule
        before, semicolon, recipe = rest.partition(";")
        prerequisites = _COMMENT.sub("", before).replace("\\\n", " ").split()
        names = tuple(name for name in prerequisites if name != "|")
        self._rule = Rule(targets, names, Span(start, start + len(body)))
        if semicolon:
            placed = Placed.literal(recipe, start + offset + len(before) + 1)
            self._rule.recipe.append((placed, tuple(self._conditions)))

    def _assignment(
        self, found: re.Match[str], body: str, start: int, targets: tuple[str, ...] = ()
    ) -> Assignment:
        value = _COMMENT.sub("", body[found.end() :]).rstrip()
        name_span = Span(start + found.start("name"), start + found.end("name"))
        placed = Placed.literal(value, start + found.end())
        exported = "export" in found["words"].split()
        return Assignment(
            found["name"], found["operator"], placed, name_span, exported, targets, tuple(self._conditions)
        )

    def _define(self, define: re.Match[str], start: int, lines: Iterator[re.Match[str]]) -> Assignment:
        first = end = None
        for line in lines:
            if re.match(r"\s*endef\b", line.group()):
                break
            first = line.start() if first is None else first
            end = line.end()
        value = Placed.literal(self._text[first:end].rstrip("\n"), first) if first is not None else Placed(())
        name_span = Span(start + define.start("name"), start + define.end("name"))
        return Assignment(define["name"], "=", value, name_span, False, (), tuple(self._conditions))

    def _condition(self, found: re.Match[str], start: int) -> None:
        word, rest = found["word"], found["rest"].strip()
        if word == "endif":
            self._conditions[-1:] = []
            return
        if word == "else":
            if self._conditions:
                last = self._conditions[-1]
                self._conditions[-1] = Condition(last.place, last.arm + 1)
            return
        self._conditions.append(Condition(start, 0, _undefined(word, rest)))


def _undefined(word: str, rest: str) -> str:
    """The variable that is empty where the condition holds."""
    if word == "ifndef":
        return rest
    empty = re.fullmatch(r"\(\s*(?:\$[({](?:strip\s+)?(\w+)[)}]+)?\s*,\s*(?:\$[({](\w+)[)}])?\s*\)", rest)
    return (empty[1] or empty[2] or "") if word == "ifeq" and empty is not None else ""
