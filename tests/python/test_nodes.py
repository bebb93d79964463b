"""Nodes by their kind: in the order of the text, whoever asks first."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.names.names import Names
from portside.python.source.nodes import StatementNodes, fields_of, nodes_of
from portside.python.source.syntax import parse

TEXT = """\
@app.get("/")
def root(a=f(g(1))):
    total = sum(x for x in h(2)).real
    return lambda: total[0](3)
"""


def _root(text: str = TEXT):
    return parse(SourceFile("a.py", text)).root


def _texts(nodes: list) -> list[str]:
    return [node.text.decode() for node in nodes]


def test_outer_nodes_come_before_inner_ones() -> None:
    calls = nodes_of(_root(), "call")
    assert _texts(calls) == [
        'app.get("/")', "f(g(1))", "g(1)", "sum(x for x in h(2))", "h(2)", "total[0](3)"
    ]  # fmt: skip


def test_several_kinds_come_in_one_order() -> None:
    found = nodes_of(_root(), "lambda", "call", "assignment")
    places = [(node.start_byte, -node.end_byte) for node in found]
    assert places == sorted(places)
    assert {node.type for node in found} == {"lambda", "call", "assignment"}


def test_the_node_itself_counts() -> None:
    (call,) = nodes_of(_root("f()\n"), "call")
    assert nodes_of(call, "call") == [call]


@pytest.mark.parametrize(
    "kinds", [("call",), ("call", "lambda"), ("identifier",), ("identifier", "call"), ("yield",)]
)
def test_a_statement_answers_as_a_walk_does_however_often_it_is_asked(kinds: tuple[str, ...]) -> None:
    statement = _root().named_children[0]
    nodes = StatementNodes(statement)
    for _ in range(2):
        assert list(nodes.of(kinds)) == nodes_of(statement, *kinds)


def test_statements_of_a_module_know_their_nodes() -> None:
    names = Names(parse(SourceFile("a.py", "x = 1\n" + TEXT)))
    assert [len(chunk.nodes("call")) for chunk in names.chunks] == [0, 6]


def test_nodes_within_what_could_not_be_read_are_found() -> None:
    assert "h(1)" in _texts(nodes_of(_root("def f(:\n    g(h(1)\nx = (\n"), "call"))


def test_fields_are_taken_where_a_node_has_them() -> None:
    calls = nodes_of(_root(), "call")
    assert _texts(fields_of(calls, "function", "identifier")) == ["f", "g", "sum", "h"]
    assert len(fields_of(calls, "function")) == 6
    assert fields_of(calls, "superclasses") == []


def test_a_kind_that_the_grammar_lacks_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        nodes_of(_root(), "function_call")


def test_ten_thousand_nested_parentheses_are_walked() -> None:
    text = "(\n" * 10_000 + "f()" + ")\n" * 10_000 + "\n"
    assert _texts(nodes_of(_root(text), "call")) == ["f()"]
