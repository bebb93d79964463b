"""Fingerprints: the same finding is known again, another one is not taken for it."""

from __future__ import annotations

import pytest

from portside.lint.finding import Finding, LintResult, Severity
from portside.lint.source import SourceFile, Span
from portside.report.checked import CheckedFile
from portside.report.fingerprints import fingerprinted

TEXT = "import uvicorn\nuvicorn.run(app, port=8010)\n"


def prints(text: str, marked: str = "8010", code: str = "PS201") -> list[str]:
    spans, start = [], text.find(marked)
    while start >= 0:
        spans.append(Span(start, start + len(marked)))
        start = text.find(marked, start + 1)
    findings = tuple(Finding(code, "rule", span, "so", Severity.WARNING) for span in spans)
    file = CheckedFile(SourceFile("a.py", text), LintResult(findings))
    return [fingerprint for _, fingerprint in fingerprinted(file)]


@pytest.mark.parametrize(
    "moved",
    [
        "\n\n# more\n" + TEXT,
        TEXT + "\nmore = 1\n",
        TEXT.replace("\n", "\r\n"),
        "import uvicorn\nif True:\n    uvicorn.run(app,  port=8010)\n",
    ],
    ids=["lines above", "lines below", "other line ends", "indented"],
)
def test_a_finding_that_moved_is_the_same(moved: str) -> None:
    assert prints(moved) == prints(TEXT)


def test_another_line_text_or_rule_is_another_finding() -> None:
    others = [
        prints(TEXT.replace("app", "api")),
        prints(TEXT, marked="port=8010"),
        prints(TEXT, code="PS205"),
    ]
    assert prints(TEXT) not in others
    assert len({one for (one,) in others}) == 3


def test_findings_that_look_alike_are_numbered() -> None:
    first, second = prints(TEXT + TEXT)
    assert [first] == prints(TEXT)
    assert first.partition(":")[0] == second.partition(":")[0]
    assert (first[-2:], second[-2:]) == (":1", ":2")


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert prints(TEXT) == ["73fc5b814bfa9567:1"]
