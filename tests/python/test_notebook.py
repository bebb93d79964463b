"""Cells as Python: what is IPython's own says nothing, and every place stays what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.lint.source import Span
from portside.python.source.notebook import Joined, plain_python


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x = 1\n", "x = 1\n"),
        ("!ls\nimport os\n", "0  \nimport os\n"),
        ("%cd /srv", "0       "),
        ("?LLM\nLLM?\nLLM.generate??", "0   \n0   \n0             "),
        ("if a:\n    !ls \\\n  -l\n    b = 1", "if a:\n    0    \n    \n    b = 1"),
        ("files = !ls -l\ntime = %timeit f()", "files = 0     \ntime = 0          "),
        ("%%bash\nvllm serve m", "      \n            "),
        ("%%time\nimport os", "      \nimport os"),
        ("%%capture out\n!ls\nx = 1", "             \n0  \nx = 1"),
        ("\n%%writefile a.py\nimport os", "\n                \n         "),
        # Python's own: a remainder, a format, a text, a comment, a comparison.
        ("a = ('%s'\n     % b)", "a = ('%s'\n     % b)"),
        ("a = b \\\n% c", "a = b \\\n% c"),
        ("a %= 2\nb = c % 2", "a %= 2\nb = c % 2"),
        ("s = '''\n!ls\n%cd\n'''\n!ls", "s = '''\n!ls\n%cd\n'''\n0  "),
        ("# what?\n# !ls", "# what?\n# !ls"),
        ("a != b", "a != b"),
    ],
)
def test_what_is_no_python_says_nothing(cell: str, expected: str) -> None:
    assert plain_python(cell) == expected


@given(st.text(alphabet="ab =!%?\\\n\r\t'\"#([])x.", max_size=60))
def test_no_text_changes_its_length_or_its_lines(cell: str) -> None:
    plain = plain_python(cell)
    assert len(plain) == len(cell)
    assert [i for i, c in enumerate(plain) if c in "\r\n"] == [i for i, c in enumerate(cell) if c in "\r\n"]


def test_places_are_those_of_the_cell() -> None:
    joined = Joined.of(["ab\n", "", "!x\ncd"])
    assert joined.text == "ab\n\n\n0 \ncd\n"
    assert joined.place(Span(0, 2)) == (0, Span(0, 2))
    assert joined.place(Span(8, 10)) == (2, Span(3, 5))
    assert joined.place(Span(1, 9)) == (0, Span(1, 3))
    assert joined.is_within(Span(8, 10))
    assert not joined.is_within(Span(1, 9))
    assert not joined.is_within(Span(5, 6))
