"""What is passed over unread has to be what no rule speaks of."""

from __future__ import annotations

from typing import Any

import pytest
from tests.rules.marked import unmark

from portside.launchfiles.prefilter import is_interesting
from portside.lint.rule import Invalid, Rule
from portside.rules import ALL

FLAGGED = [(rule, one) for rule in ALL for one in rule.invalid if not one.path.endswith(".py")]


@pytest.mark.parametrize(("rule", "example"), FLAGGED, ids=lambda value: getattr(value, "id", value.code))
def test_what_is_flagged_is_read(rule: Rule[Any], example: Invalid) -> None:
    assert rule.launch_check is not None
    assert is_interesting(unmark(example.code).text.encode())


@pytest.mark.parametrize(
    "text",
    [
        b"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n",
        b"#!/bin/sh\nset -e\nnpm ci\n",
        b"all:\n\tcc -o a a.c\n",
        b"x" * 600_000 + b" vllm serve m",
    ],
)
def test_other_files_are_passed_over(text: bytes) -> None:
    assert not is_interesting(text)
