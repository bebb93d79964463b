"""Statements that are parsed by themselves: the same nodes at the same places as in the whole text."""

from __future__ import annotations

import random

import pytest
from tree_sitter import Node

from portside.lint.source import SourceFile
from portside.python.source.chunks import Chunk, Chunks, split
from portside.python.source.reparse import reparse
from portside.python.source.syntax import SyntaxTree, parse

TEXT = '''\
"""Käse 🚀."""
# a comment
import os

from vllm import LLM  # trailing

PORT = 8000; HOST = "0.0.0.0"


@decorated
def serve(port=PORT):
    # a comment
    if port:
        return f"{port}"

    # the last word
# of the module
class Server:
    def run(self):
        """Several
lines."""
        self.x = [
    1,
]


if __name__ == "__main__":
    serve()
else:
    pass
'''
PIECES = [
    *(
        "",
        "x",
        "\n",
        "#",
        "    ",
        "# c\n",
        "    # c\n",
        "ä",
        ";",
        "\r\n",
        "name",
        "\\",
        "\\\n",
        "\f",
        "\t",
        " = 1",
    ),
    *(
        "def f():\n    pass\n",
        "import a\n",
        '"""',
        "(",
        ")",
        "()",
        "else:\n",
        "x: int\n",
        "@a\n",
        "async ",
        "if x:\n",
    ),
]


def _typed(text: str, tree: SyntaxTree, chunks: Chunks) -> tuple[SyntaxTree, Chunks] | None:
    return reparse(SourceFile("a.py", text), tree, chunks)


def _described(node: Node) -> list[tuple[object, ...]]:
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        found.append((one.type, one.start_byte, one.end_byte, one.start_point, one.end_point, one.text))
        waiting += one.children
    return found


def _seen(chunks: Chunks) -> list[tuple[object, ...]]:
    return [
        (c.start, c.end, c.type, c.words, c.own_name, c.lines, c.index, _described(c.node))
        for c in chunks.all
    ]


@pytest.mark.parametrize("seed", range(60))
def test_statements_after_an_edit_are_those_of_the_whole_text(seed: int):
    chosen = random.Random(seed)
    text, tree = TEXT, parse(SourceFile("a.py", TEXT))
    chunks, quick = split(tree), 0
    for _ in range(20):
        start = chosen.randrange(len(text) + 1)
        end = min(len(text), start + chosen.choice((0, 0, 0, 1, 3, 40)))
        typed = text[:start] + chosen.choice(PIECES) + text[end:]
        again = _typed(typed, tree, chunks)
        if again is None:
            continue
        whole = parse(SourceFile("a.py", typed))
        assert not whole.has_error
        text, (tree, chunks) = typed, again
        quick += 1
        assert _seen(chunks) == _seen(split(whole)), text
        for word in {word for chunk in chunks.all for word in chunk.words}:
            assert chunks.with_word(word) == tuple(c for c in chunks.all if word in c.words)
    assert quick


def _chunks_after(old: str, new: str) -> tuple[tuple[Chunk, ...], tuple[Chunk, ...]]:
    tree = parse(SourceFile("a.py", old))
    first = split(tree)
    again = _typed(new, tree, first)
    assert again is not None
    return first.all, again[1].all


def test_nodes_before_the_change_are_kept():
    first, second = _chunks_after(TEXT, TEXT.replace("serve()", "serve(1)"))
    assert [one.node is other.node for one, other in zip(first, second, strict=True)] == [True] * 7 + [False]


def test_a_statement_behind_the_change_is_parsed_once_it_is_asked_for():
    _, (*_, last) = _chunks_after(TEXT, TEXT.replace("8000", "80001"))
    assert last._node is None
    assert last.node.text is not None
    assert last.node.text.startswith(b"if __name__")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a = 1\nb = 2\nc = 3\n", "a = 1\nb = (2\nc = 3\n"),
        ("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 2 \\\nc = 3\n"),
        ("a = 1\nb = 2\nc = 3\n", 'a = 1\nb = """2\nc = 3\n'),
        ("a = 1\n", ""),
        ("", "a = 1\n"),
        ("a = (\n", "a = 1\n"),
        ("if a:\n    pass\nb = 1\n", "if a:\n    pass\nelse\nb = 1\n"),
    ],
)
def test_what_an_edit_may_do_to_other_lines_takes_a_parse_of_all(old: str, new: str):
    tree = parse(SourceFile("a.py", old))
    assert _typed(new, tree, split(tree)) is None


def test_the_whole_module_is_there_for_who_asks():
    tree = parse(SourceFile("a.py", TEXT))
    again = _typed(TEXT + "x = 1\n", tree, split(tree))
    assert again is not None
    assert _described(again[0].root) == _described(parse(SourceFile("a.py", TEXT + "x = 1\n")).root)
