"""What an expression may be. Each case asks for the argument of `use(...)`."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, parse
from portside.python.values.alternatives import alternatives
from portside.python.values.value_types import Environment, Literal, Parameter
from portside.python.values.values import Tracer

READ = "import os\nport = os.environ.get('PORT')\n"


def _alternatives(text: str) -> list[object]:
    names = Names(parse(SourceFile("a.py", text)))
    for call in nodes_of(names.tree.root, "call"):
        if names.tree.text(call.child_by_field_name("function")) == "use":
            return [_plain(v) for v in alternatives(Tracer(names), arguments(call).positional[0])]
    raise AssertionError("nothing is used")


def _plain(value):
    match value:
        case Literal():
            return value.value
        case Environment():
            return f"${value.variable}"
        case Parameter():
            return value.name
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use(8000)", [8000]),
        (f"{READ}if other:\n    port = 1\nuse(port)", ["$PORT", 1]),
        (f"{READ}if other:\n    port = int(port)\nuse(int(port))", ["$PORT", "$PORT"]),
        (f"{READ}use(port if asked else 2)", ["$PORT", 2]),
        (f"{READ}use(computed() or port)", ["$PORT"]),
        (f"{READ}use(int(port) + 1)", []),
        (f"{READ}def f(a, b=3):\n    return b if a else a\nuse(f(port))", [3, "$PORT"]),
        (f"{READ}def f(a):\n    return a + 1\nuse(f(port))", []),
        (f"{READ}class C:\n    def f(self, a):\n        return a\nuse(C().f(port))", []),
        (f"{READ}def f(a):\n    return f(a) or g(a)\ndef g(a):\n    return f(a)\nuse(g(f(port)))", []),
        ("a = b\nb = a\nuse(a)", []),
    ],
)
def test_alternatives(text: str, expected: list[object]) -> None:
    assert _alternatives(text) == expected
