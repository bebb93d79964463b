"""Parsing: places in characters, edits, and texts that are not Python."""

from collections.abc import Callable

import pytest

from portside.lint.source import SourceFile, Span
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, parse, string_value, unwrapped


def tree(text: str):
    return parse(SourceFile("x.py", text))


def test_places_are_in_characters() -> None:
    text = 'x = "🚀é"\r\nprint(x)\r\n'
    found = tree(text)
    call = nodes_of(found.root, "call")[0]
    assert found.source.slice(found.span(call)) == "print(x)"
    assert found.line(call) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 1\n", "x = 12\n"),
        ("x = 1\n", ""),
        ("", "x = 1\n"),
        ("a = 1\nb = 2\n", "a = 1\nq = '🚀'\nb = 2\n"),
        ("def f():\n    pass\n", "def f():\n  if x:\n    pass\n"),
        ("x = 'a\n", "x = 'a'\n"),
        ("aaaa\n", "aaa\n"),
        ("x = '''\ny = 1\n", "x = ''''''\ny = 1\n"),
    ],
)
def test_an_edit_gives_the_same_tree_as_a_fresh_parse(old: str, new: str) -> None:
    again = parse(SourceFile("x.py", new), tree(old))
    assert str(again.root) == str(tree(new).root)


def test_the_old_tree_still_stands_after_an_edit() -> None:
    old = tree("x = 1\ny = 2\n")
    parse(SourceFile("x.py", "zzz = 9\nx = 1\ny = 2\n"), old)
    assert old.span(old.statements[1]) == Span(6, 11)


def test_what_lost_its_block_is_not_taken_for_module_code() -> None:
    found = tree('import uvicorn\nif __name__ == "__main__"\n    uvicorn.run(app)\nx = 1\n')
    texts = [found.text(node) for node in found.statements]
    assert "uvicorn.run(app)" not in texts
    assert texts[0] == "import uvicorn"


def test_merge_markers_hide_nothing_else() -> None:
    found = tree("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\ndef f():\n    pass\n")
    assert [found.text(n) for n in found.statements] == ["x = 1", "x = 2", "def f():\n    pass"]
    assert found.errors


@pytest.mark.parametrize("start", ["\ufeff", "\x0c"])
def test_a_byte_order_mark_or_form_feed_is_no_indentation(start: str) -> None:
    found = tree(start + "import uvicorn\nx = (\n")
    assert [found.text(node) for node in found.statements][:1] == ["import uvicorn"]


def test_semicolons_separate_statements_even_beside_an_error() -> None:
    found = tree("import a; import b\nx = (\n")
    assert [found.text(node) for node in found.statements][:2] == ["import a", "import b"]


def test_arguments_of_a_call() -> None:
    found = tree("f(a, *b, c, d=1, **e)\n")
    passed = arguments(nodes_of(found.root, "call")[0])
    assert [found.text(node) for node in passed.positional] == ["a"]
    assert {name: found.text(node) for name, node in passed.keywords.items()} == {"d": "1"}
    assert [found.text(node) for node in passed.unpacked] == ["e"]
    assert passed.starred


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'a'", "a"),
        ("('a' \"b\")", "ab"),
        ("r'\\n'", "\\n"),
        ("'\\n'", "\n"),
        ("''", ""),
        ("'é\\u00e9'", "éé"),
        ("f'{x}'", None),
        ("f'x'", "x"),
        ("b'x'", None),
        ("x", None),
        ("'\\P\\d'", "\\P\\d"),
        ("'\\101\\x41\\U00000041'", "AAA"),
        ("'\\N{BULLET}'", "\u2022"),
        ("'\\N{NO SUCH NAME}'", None),
        ("'\\U99999999'", None),
        ("'a\\\nb'", "ab"),
        ("'\\\\n'", "\\n"),
    ],
)
def test_the_value_of_a_string(literal: str, value: str | None) -> None:
    found = tree(f"f({literal})\n")
    node = arguments(nodes_of(found.root, "call")[0]).positional[0]
    assert string_value(found, node) == value


def test_deep_parentheses_are_unwrapped_without_recursion() -> None:
    # On lines of their own: a line that nests as deep is not read.
    found = tree("f(" + "(\n" * 10_000 + "x" + ")\n" * 10_000 + ")\n")
    node = arguments(nodes_of(found.root, "call")[0]).positional[0]
    assert found.text(unwrapped(node)) == "x"


@pytest.mark.parametrize(
    "line", ["x = " + "f(" * 800 + ")" * 800, "x = a" + ".b" * 1_500, "x = " + "a + " * 1_500 + "a"]
)
def test_a_line_that_nests_deeper_than_python_goes_leaves_the_file_without_statements(line: str) -> None:
    found = tree(f"import uvicorn\n{line}\nuvicorn.run(app)\n")
    assert found.statements == ()
    assert len(found.data) == len(found.source.data)


@pytest.mark.parametrize("string", ['b"' + "({[" * 1_000 + '"', "'" + "(\\'" * 1_000 + "'"])
def test_brackets_in_a_string_do_not_nest(string: str) -> None:
    found = tree(f"import uvicorn\nDATA = {string}\nuvicorn.run(app)\n")
    assert len(found.statements) == 3


def test_many_comments_are_read_at_their_ends_alone() -> None:
    text = "".join(f"# {number}\n" for number in range(1_000)) + "x = 1  # y\n"
    found = tree(text)
    comments = [found.text(node) for node in found.root.children if node.type == "comment"]
    assert comments[0] == "# 0"
    assert comments[-2:] == ["# 999", "# y"]
    assert len(comments) < 500
    assert found.line(found.statements[0]) == 1_001


def test_nodes_are_found_in_the_order_of_the_text_and_outer_nodes_first() -> None:
    found = tree("if x:\n" + "".join(f"    f{number}(g({number}))(h)\n" for number in range(50)))
    calls = [(call.start_byte, -call.end_byte) for call in nodes_of(found.root, "call")]
    assert len(calls) == 150
    assert calls == sorted(calls)


@pytest.mark.parametrize(
    "text", ["import a\nfrom b import c, d[e]f\nx = 1\n", "x = 1 y = 2\n", "if x:\n    y = 1 z\n"]
)
def test_a_line_that_should_have_ended_is_an_error(text: str) -> None:
    found = parse(SourceFile("a.py", text))
    assert found.has_error
    assert found.errors
    assert all(0 <= error.start <= error.end <= len(text) for error in found.errors)


def test_a_long_line_is_looked_at_by_itself() -> None:
    prompt = 'PROMPT = "' + "lorem ipsum (dolor) " * 200 + '"'
    nested = "x = a" + ".b" * 1_500
    first = tree(f"import uvicorn\n{prompt}\nuvicorn.run(app)\n")
    assert len(first.statements) == 3
    for line, count in ((prompt, 4), (nested, 0), (prompt, 4)):
        later = parse(SourceFile("a.py", f"import uvicorn\n{line}\nuvicorn.run(app)\nx = 1\n"), first)
        assert len(later.statements) == count


INDENTATIONS: dict[str, Callable[[int], str]] = {
    "blanks": lambda level: " " * level,
    "tabs": lambda level: "\t" * level,
    "both": lambda level: "\t" * (level // 8) + " " * (level % 8),
    "a form feed before": lambda level: " " * (700 - level) + "\f" + " " * level,
}


@pytest.mark.parametrize("indentation", INDENTATIONS.values(), ids=INDENTATIONS)
def test_a_string_within_hundreds_of_levels_is_an_error(indentation: Callable[[int], str]) -> None:
    nested = "".join(f"{indentation(level)}if x:\n" for level in range(600)) + indentation(600) + 'f"{a}"\n'
    found = tree(nested)
    assert not found.statements
    assert len(found.errors) == 1


def test_lines_far_to_the_right_are_no_levels() -> None:
    table = "x = [\n" + "".join(f"{' ' * (400 - row % 40)}{row},\n" for row in range(200)) + "]\n"
    assert len(tree(table + "y = 1\n").statements) == 2


def test_what_nests_too_deep_is_an_error() -> None:
    (error,) = tree("x = 1\ny = " + "(" * 3_000 + ")" * 3_000 + "\n").errors
    assert error.start == error.end == len("x = 1\n")
