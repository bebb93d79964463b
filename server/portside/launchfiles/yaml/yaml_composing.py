"""From YAML text to nodes: libyaml's events, put together without recursion, until the first mistake."""

from __future__ import annotations

import re
from typing import Any

from portside.launchfiles.yaml.yaml_nodes import Mapping, Node, Scalar, Sequence
from portside.lint.source import Span
from portside.records import dataclass

_DEEPEST = 200
# An anchor and a tag, in front of a value.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_ENCLOSES = re.compile("quoted scalar|flow (sequence|mapping)")
_BRACKET = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Composed:
    """What of each document could be read.

    mistake: where reading ended, from the bracket or quote on that nothing closes.
    """

    documents: tuple[Node, ...]
    mistake: Span | None = None


def composed(text: str, start: int = 0, end: int | None = None) -> Composed:
    """The documents of a text or of a part; with a mistake, those before it and what was open at it."""
    stop = len(text) if end is None else end
    if (deep := _too_deep(text, start, stop)) is not None:
        return Composed((), deep)
    builder = _Builder(text, start, stop)
    mistake = builder.build()
    return Composed(tuple(builder.documents), mistake)


def _too_deep(text: str, start: int, end: int) -> Span | None:
    """Where brackets nest so deep that libyaml would take minutes for them."""
    if text.count("[", start, end) + text.count("{", start, end) <= _DEEPEST:
        return None
    depth = 0
    for bracket in _BRACKET.finditer(text, start, end):
        depth = depth + 1 if bracket.group() in "[{" else max(0, depth - 1)
        if depth > _DEEPEST:
            return Span(bracket.start(), bracket.end())
    return None


class _Builder:
    """documents: the roots so far. A child is put into its parent when it begins, so none is lost."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.documents: list[Node] = []
        self._text = text
        self._start = start
        self._stop = end
        self._anchors: dict[str, Node] = {}
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []

    def build(self) -> Span | None:
        # PyYAML takes as long to import as checking a few files.
        import yaml  # noqa: PLC0415

        try:
            part = self._text[self._start : self._stop]
            for event in yaml.parse(part, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                self._take(event, type(event).__name__)
        except yaml.MarkedYAMLError as error:
            return self._close(error)
        except yaml.YAMLError as error:  # a character that YAML does not allow
            place = min(self._start + (getattr(error, "position", 0) or 0), self._stop)
            return Span(place, place)
        return None

    def _take(self, event: Any, kind: str) -> None:
        match kind:
            case "ScalarEvent":
                self._scalar(event)
            case "AliasEvent":
                span = Span(self._place(event.start_mark), self._place(event.end_mark))
                self._add(self._anchors.get(event.anchor) or Scalar("", span, "", self._text), None)
            case "SequenceStartEvent":
                self._begin(Sequence([], self._since(event), event.tag or ""), event.anchor)
            case "MappingStartEvent":
                self._begin(Mapping([], self._since(event), event.tag or ""), event.anchor)
            case "SequenceEndEvent" | "MappingEndEvent":
                self._end(event)
            case "DocumentStartEvent":
                self._anchors = {}

    def _scalar(self, event: Any) -> None:
        start, end = self._place(event.start_mark), self._place(event.end_mark)
        if event.anchor or event.tag:
            before = _PROPERTIES.match(self._text, start, end)
            start = before.end() if before else start
        span = Span(start, end)
        self._add(Scalar(event.value, span, event.style or "", self._text, event.tag or ""), event.anchor)

    def _since(self, event: Any) -> Span:
        return Span(self._place(event.start_mark), self._stop)

    def _place(self, mark: Any) -> int:
        return self._start + int(mark.index)

    def _begin(self, node: Sequence | Mapping, anchor: str | None) -> None:
        self._add(node, anchor)
        self._open.append(node)
        self._keys.append(None)

    def _end(self, event: Any) -> None:
        self._keys.pop()
        node = self._open.pop()
        node.span = Span(node.span.start, self._trimmed(node.span.start, self._place(event.end_mark)))

    def _trimmed(self, start: int, end: int) -> int:
        """A block's end without the blank lines after it."""
        return start + len(self._text[start:end].rstrip())

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.documents.append(node)
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key, self._keys[-1] = self._keys[-1], None
        if key is None:
            self._keys[-1] = node
        elif isinstance(key, Scalar):
            parent.entries.append((key, node))

    def _close(self, error: Any) -> Span:
        mark = error.problem_mark or error.context_mark
        end = min(self._place(mark) if mark else self._start, self._stop)
        for node in self._open:
            node.span = Span(node.span.start, max(node.span.start, end))
        encloses = error.context_mark is not None and _ENCLOSES.search(error.context or "") is not None
        return Span(min(self._place(error.context_mark), end) if encloses else end, end)
