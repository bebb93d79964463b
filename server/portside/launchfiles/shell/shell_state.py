"""What a shell knows at one point of its text: variables, the folder, functions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from portside.launchfiles.facts import Setting
from portside.launchfiles.text.placed import Placed, of_setting
from portside.lint.source import Span
from portside.records import dataclass

Array = dict[str, Placed]
# A folder that nobody knows, as the shell itself would name it.
_SOMEWHERE = "$PWD"


@dataclass
class State:
    """variables: a text or an array. arguments: `$1` and on, None for unknown.

    folder: "" or None is where it was started. previous: what `cd -` leads to. stack: of `pushd`.
    name_spans: where each was set last. exports_all: after `set -a`. ended: after `exit`, `return`, `exec`.
    """

    variables: dict[str, Placed | Array] = field(default_factory=dict)
    name_spans: dict[str, Span] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    arguments: Sequence[Placed] | None = None
    folder: str | None = None
    previous: str | None = None
    stack: tuple[str | None, ...] = ()
    exports_all: bool = False
    ended: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, Setting], folder: str | None) -> State:
        variables: dict[str, Placed | Array] = {name: of_setting(one) for name, one in environment.items()}
        spans = {name: one.name_span for name, one in environment.items()}
        return cls(variables, spans, set(environment), folder=folder)

    def copy(self) -> State:
        copied = replace(self, variables=dict(self.variables), name_spans=dict(self.name_spans))
        copied.exported = set(self.exported)
        return copied

    def lookup(self, name: str) -> Placed | None:
        """What `$name` holds, None where nobody says."""
        if name.isdigit() and name != "0":
            index = int(name) - 1
            if self.arguments is None:
                return None
            return self.arguments[index] if index < len(self.arguments) else Placed(())
        value = self.variables.get(name)
        return value.get("0") if isinstance(value, dict) else value

    def assign(self, name: str, value: Placed | Array, span: Span) -> None:
        whole = Placed.joined(value.values()) if isinstance(value, dict) else value
        self.variables[name] = Placed.unknown(f"${name}", span, name) if whole.is_too_long else value
        self.name_spans[name] = span
        if self.exports_all:
            self.exported.add(name)

    def environment(self) -> dict[str, Setting]:
        """What a command is given."""
        found = {}
        for name in self.name_spans:
            value = self.variables.get(name)
            if name in self.exported and isinstance(value, Placed):
                found[name] = value.setting(name, self.name_spans[name])
        return found

    def enter(self, folder: str) -> None:
        """`cd folder`; one that a variable names stays as it is written."""
        before = self.folder
        if folder == "-":
            self.folder = self.previous
        elif folder.startswith(("$", "`", "~")):
            self.folder = folder
        else:
            self.folder = posixpath.normpath(posixpath.join(self.folder or "", folder))
        self.previous = before


def merge(before: State, arms: Sequence[State], *, exhaustive: bool, tested: frozenset[str]) -> None:
    """Put into `before` what holds behind a branch. tested: variables that it fills only where empty.

    A variable is unknown where the arms differ; where only one of them is known (`PORT=$2` in the other),
    that one is its default.
    """
    running = [arm for arm in arms if not arm.ended]
    before.exported.update(*(arm.exported for arm in running))
    names = {
        name
        for arm in running
        for name in arm.variables
        if arm.variables[name] is not before.variables.get(name)
    }
    for name in sorted(names):
        values = [arm.variables.get(name) for arm in running]
        if not exhaustive:
            values.append(before.variables.get(name))
        spans = [arm.name_spans[name] for arm in running if name in arm.name_spans]
        before.assign(name, _merged(name, values, spans[0], is_tested=name in tested), spans[0])
    folders = {arm.folder for arm in running} | (set() if exhaustive and running else {before.folder})
    before.folder = folders.pop() if len(folders) == 1 else _SOMEWHERE


def _merged(
    name: str, values: Sequence[Placed | Array | None], span: Span, *, is_tested: bool
) -> Placed | Array:
    first = next(value for value in values if value is not None)
    if all(value is first for value in values):
        return first
    texts = [value for value in values if isinstance(value, Placed) and value.known]
    unset = any(value is None for value in values)
    if texts and len({value.text for value in texts}) == 1 and (is_tested or not unset):
        others = len(texts) < len(values)
        pieces = tuple(replace(piece, is_default=piece.is_default or others) for piece in texts[0].pieces)
        return Placed(pieces, texts[0].quoted)
    return _common(name, values, span)


# Of what is added in one arm alone, what says a port: there, nobody knows which.
_SAYS_PORT = re.compile(r"(?:^|\s)(--[\w.-]*port|-p|-b|--bind)(?:[= ]|$)")


def _common(name: str, values: Sequence[Placed | Array | None], span: Span) -> Placed | Array:
    """What the arms have in common: `ARGS+=(--reload)` in one of them adds to the same beginning."""
    unknown = Placed.unknown(f"${name}", span, name)
    lists = [list(value.values()) for value in values if isinstance(value, dict)]
    if len(lists) == len(values):
        count = _shared([[item.text for item in items] for items in lists])
        tails = [[item.text for item in items[count:]] for items in lists]
        items = [*lists[0][:count], *_unsaid(tails, unknown)]
        return {str(index): item for index, item in enumerate(items)}
    texts = [value for value in values if isinstance(value, Placed) and len(value.text.split()) > 1]
    if len(texts) < len(values):
        return unknown
    words = [value.text.split(" ") for value in texts]
    count = _shared(words)
    if not count:
        return unknown
    parts = [texts[0].part(0, len(" ".join(words[0][:count])))]
    for word in _unsaid([one[count:] for one in words], unknown):
        parts += [Placed.computed(" ", span), word]
    return Placed.joined(parts, quoted=texts[0].quoted)


def _shared(lists: Sequence[Sequence[str]]) -> int:
    """How many items all begin with."""
    shortest = min(len(one) for one in lists)
    return next((i for i in range(shortest) if len({one[i] for one in lists}) > 1), shortest)


def _unsaid(tails: Sequence[Sequence[str]], unknown: Placed) -> list[Placed]:
    said = [found[1] for tail in tails for found in [_SAYS_PORT.search(" ".join(tail))] if found]
    return [Placed.computed(said[0], unknown.span), unknown] if said else []
