"""Every rule's own examples, run as a user's editor would: through the project, on files."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.rules.marked import Workspace, case_id, of_rule, unmark

from portside.launchfiles.reading import read
from portside.lint.rule import Invalid, Rule, Valid
from portside.rules import ALL
from portside.workspace.walk import PYTHON_SUFFIXES

_CODE_OUTSIDE_BACKTICKS = re.compile(r"\w\(|\)\.|\w=\w|__\w+|--\w|\w+_\w+")

Case = tuple[Rule[Any], Any]

INVALID: list[Case] = [(rule, example) for rule in ALL for example in rule.invalid]
VALID: list[Case] = [(rule, example) for rule in ALL for example in rule.valid]
FIXED = [(rule, example) for rule, example in INVALID if example.fixed is not None]


def _workspace(root: Path, example: Invalid | Valid) -> Workspace:
    return Workspace(root, example.path, example.files)


def _parses(text: str, path: str) -> bool:
    if not path.endswith(PYTHON_SUFFIXES):
        file = read(path, text)
        return file is not None and not file.errors
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.parametrize(("rule", "example"), VALID, ids=case_id)
def test_valid_code_is_not_flagged(rule: Rule[Any], example: Valid, tmp_path: Path):
    assert of_rule(_workspace(tmp_path, example).check(example.code), rule.code) == []


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=case_id)
def test_invalid_code_is_flagged_where_it_is_marked(rule: Rule[Any], example: Invalid, tmp_path: Path):
    marked = unmark(example.code)
    found = of_rule(_workspace(tmp_path, example).check(marked.text), rule.code)
    texts = [marked.text[f.span.start : f.span.end] for f in found]
    assert texts == [marked.text[s.start : s.end] for s in marked.spans]
    assert [f.span for f in found] == list(marked.spans)
    for finding, message in zip(found, example.messages, strict=False):
        assert message in finding.message
    assert len(example.messages) <= len(found)
    assert (example.fixed is not None) == bool(found[0].fixes)


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=case_id)
def test_messages_are_one_line_with_code_in_backticks(rule: Rule[Any], example: Invalid, tmp_path: Path):
    for finding in of_rule(_workspace(tmp_path, example).check(unmark(example.code).text), rule.code):
        said = finding.message
        assert "\n" not in said
        assert not said.endswith((".", "!", " "))
        assert said.count("`") % 2 == 0
        assert not _CODE_OUTSIDE_BACKTICKS.search(re.sub("`[^`]*`", "", said)), said
        for fix in finding.fixes:
            assert fix.title[:1].isupper()
            assert not fix.title.endswith(".")
            assert "\n" not in fix.title
            assert fix.edits


@pytest.mark.parametrize(("rule", "example"), FIXED, ids=case_id)
def test_the_first_fix_leaves_exactly_this(rule: Rule[Any], example: Invalid, tmp_path: Path):
    text = unmark(example.code).text
    workspace = _workspace(tmp_path, example)
    finding = of_rule(workspace.check(text), rule.code)[0]
    assert workspace.fixed(text, finding.fixes[0]) == example.fixed


@pytest.mark.parametrize(("rule", "example"), FIXED, ids=case_id)
def test_a_fix_leads_to_no_new_finding(rule: Rule[Any], example: Invalid, tmp_path: Path):
    text = unmark(example.code).text
    workspace = _workspace(tmp_path, example)
    before = workspace.check(text)
    workspace.fixed(text, of_rule(before, rule.code)[0].fixes[0])
    after = workspace.check(example.fixed)
    counted = Counter(f.code for f in after.findings)
    counted.subtract(Counter(f.code for f in before.findings))
    new = {code for code, count in counted.items() if count > 0}
    assert new <= set(rule.successors)
    assert counted[rule.code] < 0
    if not before.syntax_errors:
        assert after.syntax_errors == ()
    if _parses(text, example.path):
        assert _parses(example.fixed, example.path)


@pytest.mark.parametrize(("rule", "example"), FIXED, ids=case_id)
def test_fixing_until_nothing_is_offered_comes_to_an_end(rule: Rule[Any], example: Invalid, tmp_path: Path):
    text = unmark(example.code).text
    workspace = _workspace(tmp_path, example)
    parses = _parses(text, example.path)
    for _ in range(len(unmark(example.code).spans) + 1):
        found = [f for f in of_rule(workspace.check(text), rule.code) if f.fixes]
        if not found:
            return
        text = workspace.fixed(text, found[0].fixes[0])
        assert _parses(text, example.path) == parses
    pytest.fail(f"still offers a fix:\n{text}")


@pytest.mark.parametrize(("rule", "example"), FIXED, ids=case_id)
def test_windows_line_ends_and_wide_characters_change_nothing(
    rule: Rule[Any], example: Invalid, tmp_path: Path
):
    marked = unmark(example.code)
    text = marked.text.replace("\n", "\r\n")
    workspace = _workspace(tmp_path, example)
    found = of_rule(workspace.check(text), rule.code)
    assert [text[f.span.start : f.span.end] for f in found] == [
        marked.text[s.start : s.end].replace("\n", "\r\n") for s in marked.spans
    ]
    assert workspace.fixed(text, found[0].fixes[0]) == example.fixed.replace("\n", "\r\n")
    ahead = "\n" if example.path.endswith(".json") else "# 😀 é\n"
    moved = of_rule(_workspace(tmp_path, example).check(ahead + marked.text), rule.code)
    assert [f.span.start - len(ahead) for f in moved] == [s.start for s in marked.spans]
