"""Where a rule of Portside's own breaks down: told, and no clean exit."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portside.cli import main
from portside.rules import ALL
from portside.workspace import project


def breaks_down(_: object) -> Any:
    raise KeyError("gone")


@pytest.fixture
def portside_with_a_broken_rule(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs `portside` beside a server while the rule `hardcoded-port` is broken."""
    broken = tuple(dataclasses.replace(r, check=breaks_down) if r.code == "PS201" else r for r in ALL)
    monkeypatch.setattr(project, "ALL", broken)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def check(portside_with_a_broken_rule: Callable[..., Result]) -> Callable[..., Result]:
    return lambda *arguments: portside_with_a_broken_rule("check", *arguments)


def codes(outcome: Result) -> list[str]:
    return [finding["code"] for finding in json.loads(outcome.stdout)]


def test_a_rule_that_breaks_down_is_a_finding_and_ends_with_2(check: Callable[..., Result]) -> None:
    outcome = check("--output-format", "json")
    assert outcome.exit_code == 2
    assert codes(outcome) == ["PS000", "PS101"]


def test_exit_zero_hides_no_breakdown(check: Callable[..., Result]) -> None:
    assert check("--exit-zero").exit_code == 2


def test_select_hides_no_breakdown(check: Callable[..., Result]) -> None:
    outcome = check("--output-format", "json", "--select", "PS201")
    assert (outcome.exit_code, codes(outcome)) == (2, ["PS000"])


def test_a_rule_that_is_off_cannot_break_down(check: Callable[..., Result]) -> None:
    outcome = check("--output-format", "json", "--ignore", "hardcoded-port")
    assert (outcome.exit_code, codes(outcome)) == (1, ["PS101"])


def test_sarif_says_that_the_run_was_not_complete(check: Callable[..., Result]) -> None:
    (run,) = json.loads(check("--output-format", "sarif").stdout)["runs"]
    assert run["invocations"] == [{"executionSuccessful": False}]


def test_no_baseline_accepts_a_breakdown(check: Callable[..., Result], tmp_path: Path) -> None:
    assert check("--write-baseline", "base.json").exit_code == 2
    assert "PS000" not in (tmp_path / "base.json").read_text()
    assert check("--baseline", "base.json").exit_code == 2


def test_a_fixing_run_does_what_it_can_and_ends_with_2(
    portside_with_a_broken_rule: Callable[..., Result], server: Path
) -> None:
    outcome = portside_with_a_broken_rule("fix", "--unsafe")
    assert outcome.exit_code == 2
    assert "PS101 launch via uvicorn CLI" in outcome.stdout
    assert "PS000" in outcome.stdout
    assert "uvicorn.run" not in server.read_text()
