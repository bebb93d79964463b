"""Statements and their words, kept from one text of a file to the next."""

from __future__ import annotations

import dataclasses
import random

import pytest

from portside.lint.source import SourceFile
from portside.python.source.chunks import DEAD_CODE, Chunk, Chunks, split
from portside.python.source.syntax import SyntaxTree, parse

TEXT = """\
import os
from vllm import LLM, SamplingParams

PORT = 8000; HOST = "0.0.0.0"


@decorated
def serve(port=PORT):
    # a comment
    return f"{port}"


class Käse:
    pass


if __name__ == "__main__":
    serve()
"""
PIECES = [
    "",
    "x",
    "\n",
    "#",
    "    ",
    "def f():\n    pass\n",
    "import a\n",
    '"""',
    "(",
    ")",
    "ä",
    ";",
    "\r\n",
    "name",
]


def _seen(chunks: Chunks) -> list[tuple[object, ...]]:
    return [(c.start, c.end, c.words, c.own_name, c.node.start_byte, c.node.end_byte) for c in chunks.all]


def _anew(tree: SyntaxTree) -> Chunks:
    return split(dataclasses.replace(tree, change=None), None)


@pytest.mark.parametrize("seed", range(60))
def test_statements_after_an_edit_are_those_of_the_new_text(seed: int):
    chosen = random.Random(seed)
    text, tree = TEXT, parse(SourceFile("a.py", TEXT))
    chunks = split(tree, None)
    for _ in range(8):
        start = chosen.randrange(len(text) + 1)
        end = min(len(text), start + chosen.choice((0, 0, 0, 1, 3, 40)))
        text = text[:start] + chosen.choice(PIECES) + text[end:]
        tree = parse(SourceFile("a.py", text), tree)
        chunks = split(tree, chunks)
        assert _seen(chunks) == _seen(_anew(tree))


def test_a_statement_that_was_not_touched_is_not_read_again():
    tree = parse(SourceFile("a.py", TEXT))
    first = split(tree, None)
    edited = parse(SourceFile("a.py", TEXT.replace("8000", "80001")), tree)
    second = split(edited, first)
    same = [one.words is other.words for one, other in zip(first.all, second.all, strict=True)]
    assert same == [True, True, False, True, True, True, True]


def test_one_of_many_words_is_found_as_one_word_is():
    chunks = split(parse(SourceFile("a.py", TEXT * 30)), None)
    one: list[Chunk] = [*chunks.with_word(b"serve"), *chunks.with_word(b"vllm")]
    assert list(chunks.with_any(frozenset({b"serve", b"vllm"}))) == sorted(one, key=lambda c: c.start)


def test_code_that_never_runs_is_known_from_its_statement_alone() -> None:
    text = (
        "import os\nif False:\n    os.abort()\nelif_False = [x for x in ()]\n# if False:\nif (0):\n    pass\n"
    )
    assert [chunk.start for chunk in split(parse(SourceFile("a.py", text))).with_word(DEAD_CODE)] == [
        text.index("if False:\n"),
        text.index("if (0)"),
    ]
