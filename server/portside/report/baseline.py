"""A baseline: the findings that a project lives with for now, so that only new ones are reported.

It is a JSON file that belongs into the repository:

    {"version": 1, "findings": {"core/server.py": [{"code": "PS201", "name": "hardcoded-port",
                                                    "fingerprint": "73fc5b814bfa9567:1"}]}}

Paths are relative to its folder, with slashes; sorted, so that two branches merge. Where
the same finding stands twice in a file and the baseline knows one, the lower one is new.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from portside.lint.engine import RULE_FAILED
from portside.records import dataclass
from portside.report.checked import Checked, CheckedFile
from portside.report.fingerprints import fingerprinted

_VERSION = 1

PathIn = Callable[[str], str]
"""From a path as the user sees it to the path as baselines have it."""


class BaselineError(Exception):
    """A text that is no baseline, and why."""


class Entry(NamedTuple):
    """A finding that is accepted."""

    path: str
    code: str
    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    entries: frozenset[Entry] = frozenset()

    def sift(self, checked: Checked, path_in: PathIn) -> Checked:
        """The outcome without what is accepted."""
        known = {(entry.path, entry.code, entry.fingerprint) for entry in self.entries}
        files = tuple(_without(file, known, path_in(file.source.path)) for file in checked.files)
        accepted = _count(checked.files) - _count(files)
        return dataclasses.replace(checked, files=files, accepted=accepted)

    def gone(self, checked: Checked, path_in: PathIn) -> tuple[Entry, ...]:
        """The entries that stand for no finding of this outcome (as it was before `sift`), in order."""
        found = {(entry.path, entry.code, entry.fingerprint) for entry in _entries(checked, path_in)}
        return tuple(sorted(e for e in self.entries if (e.path, e.code, e.fingerprint) not in found))


def accepting(checked: Checked, path_in: PathIn) -> Baseline:
    """All that was found, but for what speaks of a bug in Portside."""
    return Baseline(frozenset(_entries(checked, path_in)))


def render(baseline: Baseline) -> str:
    by_path: dict[str, list[dict[str, str]]] = {}
    for path, code, name, fingerprint in sorted(baseline.entries):
        by_path.setdefault(path, []).append({"code": code, "name": name, "fingerprint": fingerprint})
    return json.dumps({"version": _VERSION, "findings": by_path}, indent=2, ensure_ascii=False) + "\n"


def parse(text: str) -> Baseline:
    """Raises BaselineError."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"is no JSON ({error})") from None
    if not isinstance(table, dict) or "version" not in table:
        raise BaselineError("is no baseline: it has no `version`")
    if table["version"] != _VERSION:
        raise BaselineError(f"is of version {table['version']!r}; this Portside reads version {_VERSION}")
    return Baseline(frozenset(_parsed(table.get("findings"))))


def _parsed(findings: Any) -> Iterator[Entry]:
    if not isinstance(findings, dict) or not all(isinstance(items, list) for items in findings.values()):
        raise BaselineError("is damaged: `findings` has to hold a list for each path")
    for path, items in findings.items():
        for item in items:
            yield _entry(path, item)


def _entry(path: str, item: Any) -> Entry:
    fields = [item.get(key) if isinstance(item, dict) else None for key in ("code", "name", "fingerprint")]
    if not all(isinstance(field, str) for field in fields):
        raise BaselineError(f"is damaged: a finding of {path} needs `code`, `name` and `fingerprint`")
    code, name, fingerprint = map(str, fields)
    return Entry(path, code, name, fingerprint)


def _entries(checked: Checked, path_in: PathIn) -> Iterator[Entry]:
    for file in checked.files:
        path = path_in(file.source.path)
        for finding, fingerprint in fingerprinted(file):
            if finding.code != RULE_FAILED:
                yield Entry(path, finding.code, finding.name, fingerprint)


def _without(file: CheckedFile, known: set[tuple[str, str, str]], path: str) -> CheckedFile:
    new = tuple(
        finding
        for finding, fingerprint in fingerprinted(file)
        if finding.code == RULE_FAILED or (path, finding.code, fingerprint) not in known
    )
    return dataclasses.replace(file, result=dataclasses.replace(file.result, findings=new))


def _count(files: tuple[CheckedFile, ...]) -> int:
    return sum(len(file.result.findings) for file in files)
