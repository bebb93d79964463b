#!/usr/bin/env python3
"""Measure the rules on real public files that a person has read and labelled.

    python scripts/measure_corpus.py                     fetch what is missing, check, print the figures
    python scripts/measure_corpus.py --mirrors DIR       from bare repositories in DIR/owner+name
    python scripts/measure_corpus.py --write             also write docs/accuracy.md
    python scripts/measure_corpus.py --part P --write    only what the page says of that part

tests/corpus/labels.jsonl holds facts: repository, commit, path, and which rule should find
something in which line; a file that was read for a few rules alone names them. The code itself is
fetched from its public host, into a folder outside of this checkout. Nothing of it is run or imported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus_labels import RULES, Judged, Labelled, Mark, Score, judge, read_labels, score, silent
from corpus_trees import default_cache, tree_of

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "tests" / "corpus" / "labels.jsonl"
PAGE = ROOT / "docs" / "accuracy.md"
_WORST = 10
_FIGURES, _END = "<!-- figures -->\n", "<!-- end of figures -->"
_MISSES = "Worst misses"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the rules on labelled real files.")
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--mirrors", type=Path, help="bare repositories, in owner+name")
    parser.add_argument("--part", help="only this part of the labels")
    parser.add_argument("--all", action="store_true", help="print every disagreement")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    files = [file for file in read_labels(options.labels) if options.part in {None, file.part}]
    judged = measure(files, options.cache, options.mirrors)
    print("\n".join(report(judged, None if options.all else _WORST)))
    if options.write:
        PAGE.write_text(page(judged, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


# What Portside finds


def measure(files: Sequence[Labelled], cache: Path, mirrors: Path | None) -> list[Judged]:
    by_tree: dict[tuple[str, str], list[Labelled]] = defaultdict(list)
    for file in files:
        by_tree[file.repository, file.commit].append(file)

    def of_tree(key: tuple[str, str]) -> list[Judged]:
        return list(_judge_tree(by_tree[key], tree_of(*key, cache, mirrors)))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [each for judged in pool.map(of_tree, by_tree) for each in judged]


def _judge_tree(files: Sequence[Labelled], tree: Path) -> Iterator[Judged]:
    absent = [file.place for file in files if not (tree / file.path).is_file()]
    if absent:
        raise SystemExit(f"not in its repository at that commit: {', '.join(absent)}")
    found = _check(tree, [file.path for file in files])
    for file in files:
        yield judge(file, found.get(file.path, ()))


def _check(tree: Path, paths: Sequence[str]) -> dict[str, list[Mark]]:
    command = [
        sys.executable,
        "-I",
        "-m",
        "portside",
        "check",
        "--output-format",
        "json",
        "--exit-zero",
        "--",
    ]
    run = subprocess.run([*command, *paths], cwd=tree, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{tree}: {run.stderr or run.stdout}")
    marks: dict[str, list[Mark]] = defaultdict(list)
    for each in json.loads(run.stdout):
        if each["code"] in RULES:
            path = Path(tree, each["path"]).relative_to(tree).as_posix()
            marks[path].append(Mark(each["code"], each["line"], each["end_line"]))
    return marks


# What it says


def report(judged: Sequence[Judged], worst: int | None) -> Iterator[str]:
    yield from _table(judged)
    loud = [each for each in silent(judged) if each.wrong]
    yield f"\nfiles that should stay silent: {len(silent(judged))}, with a finding: {len(loud)}"
    for each in loud:
        yield f"  {each.file.place}: {_marks(each.wrong)}"
    yield "\nworst misses:"
    yield from [f"  {line}" for line in _disagreements(judged)][:worst]


def _table(judged: Sequence[Judged]) -> Iterator[str]:
    repositories = len({each.file.repository for each in judged})
    yield f"{len(judged)} files of {repositories} repositories\n"
    yield "| rule | labels | found | missed | wrong | recall | precision |"
    yield "|---|---|---|---|---|---|---|"
    for rule in RULES:
        yield _row(rule, score(judged, rule))
    yield _row("all", score(judged))


def _row(name: str, of: Score) -> str:
    figures = [str(figure) for figure in (of.labels, of.right, of.missed, of.wrong)]
    return f"| {' | '.join([name, *figures, _share(of.recall), _share(of.precision)])} |"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def _disagreements(judged: Sequence[Judged]) -> Iterator[str]:
    """What is missed before what is wrong: a miss is what nobody sees."""
    for each in judged:
        if each.missed:
            yield f"missed {_marks(each.missed)} in {each.file.place}"
    for each in judged:
        if each.wrong:
            yield f"wrong {_marks(each.wrong)} in {each.file.place}"


def _marks(marks: Sequence[Mark]) -> str:
    return ", ".join(f"{mark.rule} in line {mark.line}" for mark in marks)


def page(judged: Sequence[Judged], before: str) -> str:
    """docs/accuracy.md, which was `before`: its text stands, the figures between the marks are written here.

    What was not measured now keeps the figures and misses that it had.
    """
    text, rest = before.split(_FIGURES, 1)
    figures, after = rest.split(_END, 1)
    parts = dict(_parts_of(figures))
    misses = [line for line in parts.pop(_MISSES, "").splitlines() if line.startswith("- ")]
    for part in dict.fromkeys(each.file.part for each in judged):
        parts[part] = "\n".join(_section([each for each in judged if each.file.part == part]))
    measured = tuple(f" in {each.file.place}" for each in judged)
    found = [f"- {line}" for line in _disagreements(judged)]
    kept = [line for line in misses if not line.endswith(measured)]
    worst = sorted([*kept, *found], key=lambda line: line.startswith("- wrong"))[:_WORST]
    if worst:
        parts[_MISSES] = "\n".join(worst)
    written = "\n\n".join(f"### {name}\n\n{told}" for name, told in parts.items())
    return f"{text}{_FIGURES}\n{written}\n\n{_END}{after}"


def _parts_of(figures: str) -> Iterator[tuple[str, str]]:
    for section in figures.split("### ")[1:]:
        name, _, told = section.partition("\n")
        yield name, told.strip()


def _section(of_part: Sequence[Judged]) -> Iterator[str]:
    yield from _table(of_part)
    loud = sum(bool(each.wrong) for each in silent(of_part))
    yield f"\n{len(silent(of_part))} files should stay silent; {loud} did not."


if __name__ == "__main__":
    raise SystemExit(main())
