"""Imports read off the bytes of a text: none may be left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.lint.source import SourceFile
from portside.python import facts
from portside.python.names.import_text import import_text, imports_in

OWN = sorted(Path(facts.__file__).parents[1].rglob("*.py"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a", {("a", None)}),
        ("import a.b as c, d", {("a.b", None), ("d", None)}),
        ("from a.b import c as d, e  # f", {("a.b", "c"), ("a.b", "e")}),
        ("from . import x", {(".", "x")}),
        ("from.x import y", {(".x", "y")}),
        (
            "from .. import (\n    a,  # of (all)\n    b as c,\n)\nimport d",
            {("..", "a"), ("..", "b"), ("d", None)},
        ),
        ("from a \\\n  import b, \\\n  c", {("a", "b"), ("a", "c")}),
        ("from a import *", {("a", "*")}),
        ("try: import a; import b\nexcept E: pass", {("a", None), ("b", None)}),
        ("def f():\r\n\tfrom a import b\r\n", {("a", "b")}),
        ("import a\rfrom b import c\rx = 1\r", {("a", None), ("b", "c")}),
        ("__import__('a')\nreimport = important = 1\n", set()),
    ],
)
def test_every_form_is_read(text: str, expected: set[tuple[str, str | None]]) -> None:
    if "\r" not in text.replace("\r\n", ""):
        assert imports_in(text.encode()) == expected
    assert imports_in(import_text(text.encode()).lines) == expected


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_none_is_left_out(path: Path) -> None:
    text = path.read_text("utf-8")
    parsed = facts.module_facts(SourceFile(str(path), text)).all_imports
    lines = import_text(text.encode()).lines
    assert {(found.module, found.name) for found in parsed} <= imports_in(lines)
    assert len(lines) <= len(text.encode()) + 1
