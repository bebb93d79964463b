"""Labels of real public files, as facts without code, and how findings compare with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Launch files have rules of their own; these are the ones that a Python file can have.
RULES = (
    "PS101",
    "PS102",
    "PS103",
    "PS104",
    "PS201",
    "PS202",
    "PS205",
    "PS302",
    "PS303",
    "PS304",
    "PS305",
    "PS306",
    "PS307",
    "PS308",
)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A rule at a line: what a person says is there, or what Portside found (last_line: where it ends)."""

    rule: str
    line: int
    last_line: int = 0

    def is_at(self, label: Mark) -> bool:
        return self.rule == label.rule and self.line <= label.line <= max(self.line, self.last_line)


@dataclass(frozen=True, slots=True)
class Labelled:
    """either: findings that are right as well as their absence is; they count for nothing.

    rules: those that the file was read for; what others find in it counts for nothing.
    """

    repository: str
    commit: str
    path: str
    part: str
    findings: tuple[Mark, ...] = ()
    either: tuple[Mark, ...] = ()
    rules: tuple[str, ...] = RULES

    @property
    def place(self) -> str:
        return f"{self.repository}/{self.path}"


@dataclass(frozen=True, slots=True)
class Judged:
    file: Labelled
    right: tuple[Mark, ...]
    missed: tuple[Mark, ...]
    wrong: tuple[Mark, ...]


def read_labels(path: Path) -> list[Labelled]:
    return [_labelled(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _labelled(line: dict[str, object]) -> Labelled:
    marks = {name: tuple(_marks(line.get(name, ()))) for name in ("findings", "either")}
    texts = [str(line[name]) for name in ("repository", "commit", "path", "part")]
    rules = line.get("rules", RULES)
    assert isinstance(rules, Sequence)
    assert {mark.rule for mark in marks["findings"]} <= set(rules) <= set(RULES), texts
    return Labelled(*texts, **marks, rules=tuple(rules))


def _marks(pairs: object) -> Iterator[Mark]:
    assert isinstance(pairs, Sequence)
    for line, rule in pairs:
        assert rule in RULES, rule
        yield Mark(rule, int(line))


def judge(file: Labelled, found: Iterable[Mark]) -> Judged:
    """Each label takes one finding of its rule that covers its line, each finding one label."""
    left = sorted(mark for mark in found if mark.rule in file.rules)
    right, missed = [], []
    for label in sorted(file.findings):
        at = next((mark for mark in left if mark.is_at(label)), None)
        if at is None:
            missed.append(label)
        else:
            left.remove(at)
            right.append(label)
    wrong = [mark for mark in left if not any(mark.is_at(label) for label in file.either)]
    return Judged(file, tuple(right), tuple(missed), tuple(wrong))


@dataclass(frozen=True, slots=True)
class Score:
    """What all files say of one rule. A rule that has no label and no finding has no figures."""

    right: int
    missed: int
    wrong: int

    @property
    def labels(self) -> int:
        return self.right + self.missed

    @property
    def recall(self) -> float | None:
        return self.right / self.labels if self.labels else None

    @property
    def precision(self) -> float | None:
        found = self.right + self.wrong
        return self.right / found if found else None


def score(judged: Sequence[Judged], rule: str | None = None) -> Score:
    def count(name: str) -> int:
        return sum(rule in {None, mark.rule} for each in judged for mark in getattr(each, name))

    return Score(count("right"), count("missed"), count("wrong"))


def silent(judged: Sequence[Judged]) -> list[Judged]:
    return [each for each in judged if not each.file.findings]
