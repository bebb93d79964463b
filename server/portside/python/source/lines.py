"""The lines of a parsed Python file: what stands in them beside a statement, and how they go as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tree_sitter import Node

from portside.lint.source import SourceFile, Span
from portside.python.source.syntax import SyntaxTree
from portside.records import dataclass


@dataclass(frozen=True)
class Lines:
    """Numbers of lines count from 0."""

    tree: SyntaxTree

    @property
    def _source(self) -> SourceFile:
        return self.tree.source

    def around(self, offset: int) -> Span:
        """The line of this offset."""
        return self._source.line_span(self._source.line_of(offset))

    def start(self, node: Node) -> int:
        """Where the line begins that the node begins in."""
        return self.around(self.tree.span(node).start).start

    def margin(self, node: Node) -> str:
        """What stands ahead of the node in its line: its indentation, where nothing else does."""
        return self._source.text[self.start(node) : self.tree.span(node).start]

    def step(self, node: Node) -> str:
        """One more level of indentation, as the node's line has it."""
        return "\t" if "\t" in self.margin(node) else "    "

    def are_owned(self, statement: Node) -> bool:
        """Whether nothing but a comment shares the lines of the statement."""
        span = self.tree.span(statement)
        after = self._source.text[span.end : self.around(max(span.start, span.end - 1)).end].strip()
        return not self.margin(statement).strip() and (not after or after.startswith("#"))

    def has_text(self, line: int) -> bool:
        return bool(self._source.slice(self._source.line_span(line)).strip())

    def next_text(self, offset: int) -> int:
        """The start of the next line that has something in it; the end of the text where there is none."""
        behind = range(self._source.line_of(offset) + 1, len(self._source.line_starts))
        line = next(filter(self.has_text, behind), None)
        return self._start_of(len(self._source.line_starts) if line is None else line)

    def taken(self, node: Node, *, with_blank: bool) -> Span:
        """The lines that the node takes up; with_blank: and the blank ones behind it."""
        span = self.tree.span(node)
        following = self._source.line_of(max(span.start, span.end - 1)) + 1
        while with_blank and following < len(self._source.line_starts) and not self.has_text(following):
            following += 1
        return Span(self.start(node), self._start_of(following))

    def tidied(self, spans: Iterable[Span]) -> Iterator[Span]:
        """The lines that go, as few spans; blank ones on both sides of one become those of one side."""
        joined: list[Span] = []
        for span in sorted(spans):
            if joined and span.start <= joined[-1].end:
                joined[-1] = Span(joined[-1].start, max(span.end, joined[-1].end))
            else:
                joined.append(span)
        return map(self._with_blank_side, joined)

    def _with_blank_side(self, span: Span) -> Span:
        starts = self._source.line_starts
        first, following = self._source.line_of(span.start), self._source.line_of(span.end)
        before, after = first, following
        while before > 0 and not self.has_text(before - 1):
            before -= 1
        while after < len(starts) and span.end < len(self._source.text) and not self.has_text(after):
            after += 1
        if before == first or after == following or starts[following] != span.end:
            return span
        if first - before <= after - following:
            return Span(starts[before], span.end)
        return Span(span.start, self._start_of(after))

    def _start_of(self, line: int) -> int:
        """Of a line, or of what would come after the last one."""
        starts = self._source.line_starts
        return starts[line] if line < len(starts) else len(self._source.text)
