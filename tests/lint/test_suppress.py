"""Comments that silence findings, and what is said of those that don't."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portside.lint.engine import run_rules
from portside.lint.finding import Finding, Severity, apply_edits
from portside.lint.rule import Rule
from portside.lint.selection import Selection
from portside.lint.source import SourceFile, Span
from portside.lint.suppress_edits import ignore_fix
from portside.python.source.layout import PythonLayout
from portside.python.source.syntax import parse
from portside.rules.unused_suppression import RULE as UNUSED


def _finder(code: str, name: str, needle: str) -> Rule[SourceFile]:
    def check(source: SourceFile) -> list[Finding]:
        places = [i for i in range(len(source.text)) if source.text.startswith(needle, i)]
        return [
            Finding(code, name, Span(i, i + len(needle)), f"`{needle}`", Severity.WARNING) for i in places
        ]

    return Rule(code, name, Severity.WARNING, "", "", check, (), ())


PORT = _finder("PS901", "bad-port", "8000")
HOST = _finder("PS902", "bad-host", "0.0.0.0")


def _layout(source: SourceFile) -> PythonLayout:
    return PythonLayout(parse(source))


def _check(text: str, selection: Selection | None = None, rules=(PORT, HOST, UNUSED)) -> tuple[Finding, ...]:
    source = SourceFile("a.py", text)
    return run_rules(rules, source, source, _layout(source), selection or Selection())


def _said(text: str, selection: Selection | None = None) -> list[tuple[str, str]]:
    return [(f.code, f.message) for f in _check(text, selection)]


def _codes(text: str, selection: Selection | None = None) -> list[str]:
    return [code for code, _ in _said(text, selection)]


@pytest.mark.parametrize(
    "comment",
    [
        "# portside: ignore",
        "# portside: ignore[bad-port]",
        "# portside: ignore[PS901]",
        "# portside: ignore[ps901]",
        "#portside:ignore[bad-port]",
        "# portside: ignore[ bad-port , ] as the proxy wants it",
        "# noqa: E501  # portside: ignore[bad-port]",
        "# portside: ignore[bad-port]  # noqa: E501",
        "# Portside: Ignore[bad-port]",
        "# PortsIDe: ignore[bad-port]",
        "# portside: ignore['bad-port']",
    ],
)
def test_a_comment_on_the_line_silences_the_finding(comment):
    assert _said(f"port = 8000  {comment}\n") == []


def test_several_names_stand_in_one_pair_of_brackets():
    assert _said('run("0.0.0.0", 8000)  # portside: ignore[bad-port, PS902]\n') == []


def test_a_comment_for_one_rule_leaves_the_others():
    assert _codes('run("0.0.0.0", 8000)  # portside: ignore[bad-port]\n') == ["PS902"]


def test_a_comment_on_the_last_line_of_the_statement_counts():
    assert _said("run(\n    port=8000,\n    x=1,\n)  # portside: ignore[bad-port]\n") == []


def test_a_comment_on_another_line_of_the_statement_does_not_count():
    text = "run(\n    port=8000,\n    x=1,  # portside: ignore[bad-port]\n)\n"
    assert _codes(text) == ["PS901", "PS001"]


def test_the_header_of_a_block_is_the_statement_not_the_block():
    text = "if port == 8000:\n    x = 1\n    y = 2  # portside: ignore[bad-port]\n"
    assert _codes(text) == ["PS901", "PS001"]
    assert _said("if (port ==\n    8000 and\n    x):  # portside: ignore[bad-port]\n    y = 2\n") == []


def test_a_comment_for_the_whole_file_counts_from_anywhere():
    assert _said("a = 8000\nb = 8000\n# portside: ignore-file[bad-port]\n") == []
    assert _said('# portside: ignore-file\na = 8000\nb = "0.0.0.0"\n') == []


@pytest.mark.parametrize(
    "text",
    [
        'x = "8000  # portside: ignore"\n',
        'x = """\n8000  # portside: ignore[bad-port]\n"""\n',
        'x = f"{8000}  # portside: ignore"\n',
    ],
)
def test_text_in_a_string_is_no_comment(text):
    assert _codes(text) == ["PS901"]


@pytest.mark.parametrize(
    "comment",
    ["# portside: ignored", "# portside: see [1]", "# portside ignore", "# ignore[bad-port]"],
)
def test_other_comments_silence_nothing(comment):
    assert _codes(f"port = 8000  {comment}\n") == ["PS901"]


@pytest.mark.parametrize(
    "comment",
    [
        "# portside: ignore-files[bad-port]",
        "# portside: ignore bad-port",
        "# portside: ignore(bad-port)",
        "# portside: ignore=bad-port",
        "# portside: ignore: PS901",
    ],
)
def test_comments_that_are_written_wrong_silence_nothing_and_are_told_of(comment):
    assert sorted(_codes(f"port = 8000  {comment}\n")) == ["PS001", "PS901"]


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("x = 1  # portside: ignore[bad-port]\ny = 2\n", "x = 1\ny = 2\n"),
        ("x = 1  # portside: ignore\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("x = 1  # portside: ignore[bad-port] for the proxy\n", "x = 1\n"),
        ("x = 1  # portside: ignore[bad-port]", "x = 1"),
        ("x = 1  # noqa  # portside: ignore[bad-port]\n", "x = 1  # noqa\n"),
        ("x = 1  # portside: ignore[bad-port]  # noqa\n", "x = 1  # noqa\n"),
        ("# portside: ignore-file[bad-port]\nx = 1\n", "x = 1\n"),
        ("def f():\n    # portside: ignore\n    x = 1\n", "def f():\n    x = 1\n"),
        ("x = 8000  # portside: ignore[bad-port, bad-host]\n", "x = 8000  # portside: ignore[bad-port]\n"),
        ("x = 8000  # portside: ignore[PS902,PS901] why\n", "x = 8000  # portside: ignore[PS901] why\n"),
        ("x = 1  # portside: ignore[]\n", "x = 1\n"),
        ("x = 1 \\\n# portside: ignore[bad-port]\n", "x = 1 \\\n#\n"),
        ("x = 1 \\\r\n# portside: ignore[bad-port]", "x = 1 \\\r\n#"),
    ],
)
def test_an_unused_comment_is_reported_and_taken_out(text, fixed):
    (finding,) = _check(text)
    assert finding.code == "PS001"
    assert apply_edits(text, finding.fixes[0].edits) == fixed
    assert _codes(fixed) == []


@pytest.mark.parametrize("written", [" bad-port", "(PS901, bad-port)", ': "PS901"', "={PS901} for the proxy"])
def test_names_outside_of_brackets_are_put_into_them(written):
    text = f"x = 8000  # portside: ignore{written}\n"
    (finding,) = [one for one in _check(text) if one.code == "PS001"]
    assert _codes(apply_edits(text, finding.fixes[0].edits)) == []


def test_an_unknown_name_is_reported_with_the_one_that_was_meant():
    (port, finding) = _check("x = 8000  # portside: ignore[bad-prot]\n")
    assert port.code == "PS901"
    assert finding.message == "`bad-prot` names no rule, so it ignores nothing; `bad-port` does"
    assert [fix.title for fix in finding.fixes] == ["Change to bad-port", "Remove the unused ignore comment"]


def test_nothing_is_said_of_comments_for_rules_that_are_off():
    off = Selection(enabled=frozenset({"PS902", "PS001"}))
    assert _codes("x = 8000  # portside: ignore[bad-port]\n", off) == []
    assert _codes("x = 8000  # portside: ignore\n", off) == []


def test_unused_comments_are_not_reported_where_that_is_off():
    assert _codes("x = 1  # portside: ignore\n", Selection(enabled=frozenset({"PS901"}))) == []


def test_a_comment_can_say_that_it_may_be_unused():
    assert _codes("x = 1  # portside: ignore[bad-port, unused-suppression]\n") == []
    assert _codes("# portside: ignore-file[PS001]\nx = 1  # portside: ignore\n") == []


def test_an_open_bracket_silences_nothing():
    assert _codes("x = 8000  # portside: ignore[bad-port\n") == ["PS901", "PS001"]


def _ignored(text: str) -> str | None:
    source = SourceFile("a.py", text)
    layout = _layout(source)
    fix = ignore_fix(_check(text)[0], source, layout)
    return apply_edits(text, fix.edits) if fix else None


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("x = 8000\n", "x = 8000  # portside: ignore[bad-port]\n"),
        ("x = 8000", "x = 8000  # portside: ignore[bad-port]"),
        ("x = 8000  \r\ny = 1\r\n", "x = 8000  # portside: ignore[bad-port]\r\ny = 1\r\n"),
        ("x = 8000  # the port\n", "x = 8000  # the port  # portside: ignore[bad-port]\n"),
        (
            "x = 8000  # portside: ignore[bad-host]\n",
            "x = 8000  # portside: ignore[bad-host, bad-port]\n",
        ),
        ("x = 8000  # portside: ignore[]\n", "x = 8000  # portside: ignore[bad-port]\n"),
        ("s = '😀'; x = 8000\n", "s = '😀'; x = 8000  # portside: ignore[bad-port]\n"),
        ("run(\n    8000,\n)\n", "run(\n    8000,  # portside: ignore[bad-port]\n)\n"),
        ('run("""\n8000\n""")\n', 'run("""\n8000\n""")  # portside: ignore[bad-port]\n'),
        ("x = 8000 + \\\n    1\n", "x = 8000 + \\\n    1  # portside: ignore[bad-port]\n"),
    ],
)
def test_the_ignore_action_writes_the_comment_where_it_counts(text, ignored):
    assert _ignored(text) == ignored
    assert "PS901" not in _codes(ignored)


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["x = 8000", "y = '😀'", "f(8000)  # ö", "z = '''", "\t# portside: ignore", "\\", "(", ")"]
        )
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_whatever_the_file_the_ignore_action_silences_its_finding(lines, newline):
    text = newline.join([*lines, ""])
    for finding in _check(text):
        if finding.code != "PS901":
            continue
        source = SourceFile("a.py", text)
        fix = ignore_fix(finding, source, _layout(source))
        if fix is not None:
            fixed = apply_edits(text, fix.edits)
            assert fixed.startswith(text[: finding.span.end])
            assert finding.span not in [f.span for f in _check(fixed) if f.code == "PS901"]
