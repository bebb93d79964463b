"""What Python says of code that the parser finds fault with."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.source.confirmed_syntax import is_valid_python, objection, place_of
from portside.python.source.syntax import parse


def test_valid_code_that_the_parser_trips_over_is_valid() -> None:
    text = "first, *rest = 1, *[]\n"
    assert parse(SourceFile("a.py", text)).errors
    assert is_valid_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "x = (\n",
        "x = = 1\n",
        "x = '\x00'\n",
        "-" * 200_000 + "1\n",
        "x = " + "(" * 5_000 + ")" * 5_000 + "\n",
    ],
    ids=["open", "operators", "a null character", "deep operators", "deep parentheses"],
)
def test_what_python_cannot_read_is_not_valid(text: str) -> None:
    assert not is_valid_python(text)


def test_warnings_of_the_checked_code_are_not_ours() -> None:
    assert is_valid_python('x = "\\d"\nassert (x, 1)\nx is 1\n')


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x = 1\ny = = 2\n", (2, 5)),
        ("def f(\n<<<<<<< HEAD\n    a,\n):\n    ...\n", (2, 1)),
        ("x = 1\n", None),
    ],
    ids=["an operator", "a merge marker", "none"],
)
def test_the_place_is_where_python_gives_up(text: str, place: tuple[int, int] | None) -> None:
    assert place_of(objection(text)) == place
