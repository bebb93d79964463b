"""What a check went over, what it took, and what it came to by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from portside.records import dataclass
from portside.report.checked import Checked


@dataclass(frozen=True, slots=True)
class Statistics:
    """found: files that were meant, of which `unread` could not be read, and `parsed` were parsed.

    seconds: by phase, in order.
    """

    found: int
    unread: int
    parsed: int
    seconds: Mapping[str, float]


def render(statistics: Statistics, checked: Checked) -> str:
    """A line on files, one on time, and one for each rule that found something."""
    rules = Counter(f"{finding.code} {finding.name}" for _, finding in checked.findings())
    by_rule = sorted(rules.items(), key=lambda item: (-item[1], item[0]))
    lines = [_files(statistics), _time(statistics.seconds), *(f"{count} {rule}" for rule, count in by_rule)]
    return "".join(f"{line}\n" for line in lines)


def _files(statistics: Statistics) -> str:
    skipped = statistics.found - statistics.unread - statistics.parsed
    unread = f", {statistics.unread} not readable" if statistics.unread else ""
    files = f"files: {statistics.found} found, {skipped} skipped by the prefilter"
    return f"{files}, {statistics.parsed} parsed{unread}"


def _time(seconds: Mapping[str, float]) -> str:
    phases = ", ".join(f"{phase} {spent * 1000:.1f} ms" for phase, spent in seconds.items())
    return f"time: {phases}; together {sum(seconds.values()) * 1000:.1f} ms"
