"""A name for each finding that stays the same when other lines come, go or move.

It is made of the rule, of the line on which the finding starts and of the text that is
marked, without regard to blanks: what has to be touched to mend the finding. Neither the
path nor a line's number is in it. Findings of one file that share all this are numbered
from the top.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from portside.lint.finding import Finding
from portside.report.checked import CheckedFile

# 64 bits: within one file no two will ever meet by chance.
_DIGITS = 16


def fingerprinted(file: CheckedFile) -> Iterator[tuple[Finding, str]]:
    """Every finding of the file, in order, with its fingerprint: hexadecimal digits, `:`, a number from 1."""
    seen = Counter[str]()
    for finding in file.result.findings:
        digest = _digest(file, finding)
        seen[digest] += 1
        yield finding, f"{digest}:{seen[digest]}"


def _digest(file: CheckedFile, finding: Finding) -> str:
    source = file.source
    line = source.slice(source.line_span(source.line_of(finding.span.start)))
    parts = (finding.code, _without_blanks(line), _without_blanks(source.slice(finding.span)))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _without_blanks(text: str) -> str:
    return "".join(text.split())
