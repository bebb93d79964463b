"""`portside rules` and `portside explain`: the pages of the rules, and how one is found."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Portside

from portside.rules import ALL


def test_every_rule_is_listed(portside: Portside) -> None:
    lines = portside("rules").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in ALL]


def test_the_list_is_there_as_json(portside: Portside) -> None:
    listed = json.loads(portside("rules", "--output-format", "json").out)
    assert [rule["code"] for rule in listed] == [rule.code for rule in ALL]
    assert set(listed[0]) == {"code", "name", "severity", "summary", "url"}


@pytest.mark.parametrize("word", ["hardcoded-port", "PS201", "ps201"])
def test_a_rule_goes_by_its_name_and_its_code(portside: Portside, word: str) -> None:
    outcome = portside("explain", word)
    assert outcome.code == 0
    assert outcome.out.startswith("PS201 hardcoded-port (warning)\n")
    assert "\nWhy it matters\n" in outcome.out
    assert "##" not in outcome.out
    assert "```" not in outcome.out


def test_a_page_is_there_as_json(portside: Portside) -> None:
    page = json.loads(portside("explain", "PS201", "--output-format", "json").out)
    assert page["documentation"].startswith("## What it does")


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("hardcoded-prot", "did you mean `hardcoded-port`?"),
        ("PS2001", "did you mean `PS201`?"),
        ("tralala", "`portside rules` lists them"),
        ("OSError: [Errno 98] Address already in use", "can't be explained yet"),
    ],
)
def test_a_word_that_is_no_rule_is_answered(portside: Portside, word: str, answer: str) -> None:
    outcome = portside("explain", word)
    assert (outcome.code, outcome.out) == (2, "")
    assert answer in outcome.err
