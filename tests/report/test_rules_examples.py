"""What the rules' own examples give rise to survives SARIF and baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portside.lint.finding import apply_edits
from portside.lint.rule import Invalid, Rule
from portside.lint.source import SourceFile
from portside.report import baseline, sarif
from portside.report.checked import Checked, CheckedFile
from portside.rules import ALL
from portside.workspace.project import Project

FLAGGING = tuple(rule for rule in ALL if rule.invalid)


def checked(example: Invalid, above: str = "") -> Checked:
    """The example as it is found in an empty workspace, with more lines above it."""
    text = above + example.code.replace("«", "").replace("»", "")
    path = Path("/nowhere", example.path)
    result = Project(path.parent).check(path, text)
    source = SourceFile(example.path, text)
    return Checked((CheckedFile(source, result),), 1, {str(path): source})


def replaced(text: str, replacements: list[dict[str, Any]]) -> str:
    """The text as someone who reads SARIF would change it."""
    lines = SourceFile("", text).line_starts
    for replacement in sorted(replacements, key=lambda one: _start(one["deletedRegion"]), reverse=True):
        region = replacement["deletedRegion"]
        start = lines[region["startLine"] - 1] + region["startColumn"] - 1
        end = lines[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + replacement["insertedContent"]["text"] + text[end:]
    return text


def _start(region: dict[str, int]) -> tuple[int, ...]:
    return region["startLine"], region["startColumn"], region["endLine"], region["endColumn"]


@pytest.mark.parametrize("rule", FLAGGING, ids=lambda rule: rule.name)
def test_fixes_mean_the_same_in_sarif(rule: Rule[Any]) -> None:
    for example in rule.invalid:
        outcome = checked(example)
        (file,) = outcome.files
        (run,) = json.loads(sarif.render(outcome))["runs"]
        assert len(run["results"]) == len(file.result.findings)
        for finding, result in zip(file.result.findings, run["results"], strict=True):
            own = [f for f in finding.fixes if all(e.path.endswith(example.path) for e in f.edits)]
            assert len(result.get("fixes", ())) == len(own), example.id
            for fix, written in zip(own, result.get("fixes", ()), strict=True):
                (change,) = written["artifactChanges"]
                expected = apply_edits(file.source.text, fix.edits)
                assert replaced(file.source.text, change["replacements"]) == expected, example.id


@pytest.mark.parametrize("rule", FLAGGING, ids=lambda rule: rule.name)
def test_a_baseline_accepts_what_it_was_made_of_wherever_it_moves(rule: Rule[Any]) -> None:
    for example in rule.invalid:
        accepted = baseline.parse(baseline.render(baseline.accepting(checked(example), str)))
        lines = "\n\n" if example.path.endswith(".json") else "# One line.\n\n# Another.\n"
        moved = checked(example, above=lines)
        assert not list(accepted.sift(moved, str).findings()), example.id
        assert not accepted.gone(moved, str), example.id
