"""What holds for every rule: where it lives, what it carries, how it is found."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from typing import Any

import pytest

import portside.rules
from portside.lint.rule import DOCUMENTATION_HEADINGS, Rule
from portside.rules import ALL, by_name

REPORTED_BY_THE_ENGINE_ITSELF = {"PS000"}


@pytest.fixture(params=ALL, ids=lambda rule: rule.name)
def rule(request: pytest.FixtureRequest) -> Rule[Any]:
    return request.param


def test_every_module_of_the_package_is_a_rule_named_after_it():
    modules = {module.name.replace("_", "-") for module in pkgutil.iter_modules(portside.rules.__path__)}
    assert modules == {rule.name for rule in ALL}


def test_codes_and_names_are_unique_and_sorted():
    codes = [rule.code for rule in ALL]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in ALL}) == len(ALL)


def test_a_rule_is_found_by_code_and_by_name(rule):
    assert by_name(rule.code) is by_name(rule.code.lower()) is by_name(rule.name) is rule


def test_an_unknown_name_finds_nothing():
    assert by_name("PS999") is None
    assert not hasattr(portside.rules, "NONE")


def test_code_name_and_summary_have_their_form(rule):
    assert re.fullmatch(r"PS\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert rule.summary
    assert "\n" not in rule.summary
    assert not rule.summary.endswith(".")


def test_the_page_has_every_heading_once_in_order_and_none_is_empty(rule):
    parts = re.split(r"^## (.+)$", rule.documentation, flags=re.MULTILINE)
    assert parts[0].strip() == ""
    assert tuple(parts[1::2]) == DOCUMENTATION_HEADINGS
    assert all(text.strip() for text in parts[2::2])


def test_examples_have_ids_of_their_own(rule):
    ids = [example.id for example in (*rule.invalid, *rule.valid)]
    assert len(set(ids)) == len(ids)


def test_a_rule_shows_what_it_flags_and_what_it_does_not(rule):
    assert rule.valid
    assert rule.invalid or rule.code in REPORTED_BY_THE_ENGINE_ITSELF


def test_successors_are_rules(rule):
    assert all(by_name(code) for code in rule.successors)


def test_importing_the_package_imports_no_rule():
    script = "import sys, portside.rules; print([m for m in sys.modules if m.startswith('portside.rules.')])"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
