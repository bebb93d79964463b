"""Each entry of what is known is recognised by its own examples, and by nothing that comes before it."""

from __future__ import annotations

import re

import pytest

from portside.failures import explain
from portside.failures.lines import lines
from portside.knowledge.failures import ALL, INTERESTING, Known, Rank
from portside.rules import by_name

EXAMPLES = [(entry, line) for entry in ALL for line in (*entry.seen, *entry.printed)]


def matching(entry_text: str) -> list[Known]:
    (line,) = lines(entry_text, 1)
    return [entry for entry in ALL if entry.find(line.text) is not None]


@pytest.mark.parametrize(("entry", "line"), EXAMPLES, ids=[f"{e.name}: {line[:60]}" for e, line in EXAMPLES])
def test_an_example_is_recognised(entry: Known, line: str) -> None:
    assert matching(line)[0] is entry
    assert INTERESTING.search(next(lines(line, 1)).text)
    assert entry.name in [failure.name for failure in explain([line])]


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry: Known) -> None:
    assert entry.seen or entry.printed
    assert entry.sources
    assert entry.do
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)
    assert all(by_name(rule) is not None for rule in entry.rules)
    assert entry.rank in Rank


def test_names_are_unique() -> None:
    assert len({entry.name for entry in ALL}) == len(ALL)


def test_a_sentence_whose_parts_the_line_did_not_name_is_left_out() -> None:
    (failure,) = explain(["CUDA out of memory"])
    assert failure.happened == "the GPU's memory is full"
