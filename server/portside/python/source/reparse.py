"""A text after a keystroke: only the statements that the change touches are parsed again.

In a module without errors every statement that begins a line can be parsed without
the others: nothing is open where it begins, neither a bracket nor a string nor a
block. So the lines from one such statement to the next are parsed as a module of
their own, at the places that they have in the file. What comes out is what a parse
of the whole text gives, as long as those lines have no error and end where they did.

    import os                 kept, with its nodes
    x = serve(                ← changed: parsed again, with what it touches
        port=80|)
    def main(): ...           moved: parsed by itself once somebody asks for its nodes

Where that doesn't hold (a bracket was opened, a quote was typed), the whole text is
parsed, which is slower and right for any text.
"""

from __future__ import annotations

from portside.lint.source import SourceFile
from portside.python.source.chunks import Chunk, Chunks, Words, blocks_of, read
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import SyntaxTree, edit
from portside.python.source.text_changes import Change
from portside.records import dataclass

# Blocks of statements that share a set of words are kept about this large.
_LARGEST_BLOCK = 80


@dataclass(frozen=True, slots=True)
class _Touched:
    """The statements, by index, and their lines, in bytes of the old text."""

    first: int
    behind: int
    start: int
    end: int


def reparse(source: SourceFile, tree: SyntaxTree, chunks: Chunks) -> tuple[SyntaxTree, Chunks] | None:
    """Tree and statements of a later text; None where the whole of it has to be parsed."""
    if tree.has_error or not chunks.all:
        return None
    edited = edit(source, tree)
    change = edited.change
    if change is None or (touched := _touched(change, chunks, edited.data)) is None:
        return None
    by = change.new_end - change.old_end
    again = _parsed(edited, touched.start, touched.end + by)
    if again is None:
        return None
    before = [chunk.kept(edited) for chunk in chunks.all[: touched.first]]
    after = [chunk.moved(edited, by) for chunk in chunks.all[touched.behind :]]
    every = (*before, *again, *after)
    return edited, Chunks(every, _blocks(chunks, touched, every))


def _touched(change: Change, chunks: Chunks, data: bytes) -> _Touched | None:
    """What stands next to the change counts as touched too; None where lines don't keep its effect in."""
    every = chunks.all
    first = max(0, chunks.index_of(change.start))
    while first > 0 and every[first].lines[0] >= change.start:
        first -= 1
    first -= every[first].index
    behind = max(first, chunks.index_of(change.old_end)) + 1
    while behind < len(every) and every[behind].lines[0] <= change.old_end:
        behind += 1
    while behind < len(every) and every[behind].index:
        behind += 1
    start, end = every[first].lines[0], every[behind - 1].lines[1]
    new_end = end + change.new_end - change.old_end
    if _goes_on(data, start) or _goes_on(data, new_end):
        return None
    return _Touched(first, behind, start, end)


def _goes_on(data: bytes, byte: int) -> bool:
    """Whether what begins at this byte continues the line before it."""
    before = data[max(0, byte - 3) : byte]
    return 0 < byte < len(data) and (before[-1:] != b"\n" or before.endswith((b"\\\n", b"\\\r\n")))


def _parsed(tree: SyntaxTree, start: int, end: int) -> tuple[Chunk, ...] | None:
    """The statements in these lines; None where there is an error, or not all begins where it has to."""
    module = tree.part(start, end)
    nodes = own_parts(module)
    if module.has_error or not nodes or (start > 0 and nodes[0].start_byte != start):
        return None
    return read(tree, nodes, start, end)


def _blocks(old: Chunks, touched: _Touched, chunks: tuple[Chunk, ...]) -> list[tuple[int, Words]]:
    """The sets of words: only those of the block or blocks with a touched statement are made anew."""
    head: list[tuple[int, Words]] = []
    tail: list[tuple[int, Words]] = []
    start = 0
    for count, words in old.blocks:
        if start + count <= touched.first:
            head.append((count, words))
        elif start >= touched.behind:
            tail.append((count, words))
        start += count
    first = sum(count for count, _ in head)
    behind = len(chunks) - sum(count for count, _ in tail)
    between = chunks[first:behind]
    if len(between) > _LARGEST_BLOCK:
        return [*head, *blocks_of(between), *tail]
    union = frozenset[bytes]().union(*(chunk.words for chunk in between))
    return [*head, (len(between), union), *tail]
