"""The measure of the launch fix, on facts and findings as they come; and what the facts must hold."""

from __future__ import annotations

import json

import measure_launches as measure

judged, report = measure.judged, measure.report
FACT = {"repository": "owner/name", "commit": "0" * 40, "path": "server.py", "form": "none"}


def finding(title: str | None = None, *reasons: str) -> dict[str, object]:
    fixes = [{"title": title}] if title else []
    blockers = [{"line": 3, "reason": reason} for reason in reasons]
    return {"fixes": fixes, "launch": {"blockers": blockers}}


def test_the_form_is_that_of_the_fix() -> None:
    assert judged(FACT, [finding("Fix: launch via uvicorn CLI")])["form"] == "plain"
    assert judged(FACT, [finding("Fix: launch via uvicorn CLI (create_app factory)")])["form"] == "factory"
    assert judged(FACT, [])["form"] == "silent"


def test_what_hinders_the_factory_is_the_reason() -> None:
    fact = judged(FACT, [finding(None, "first", "as a factory: second")])
    assert (fact["form"], fact["line"], fact["reason"]) == ("none", 3, "as a factory: second")


def test_what_has_changed_is_listed() -> None:
    lines = report([FACT], [{**FACT, "form": "plain"}])
    assert lines[1].startswith("with a fix: 1 of 1 (100.0 %)")
    assert lines[-1] == "  owner/name server.py: none -> plain"


def test_the_facts_are_facts() -> None:
    facts = [json.loads(line) for line in measure.LAUNCHES.read_text(encoding="utf-8").splitlines()]
    assert len(facts) == len({(fact["repository"], fact["path"]) for fact in facts}) > 300
    for fact in facts:
        assert fact["form"] in {"plain", "factory", "none", "silent"}
        assert len(fact["commit"]) == 40
        assert (fact["form"] == "none") == ("reason" in fact and fact["line"] > 0)
