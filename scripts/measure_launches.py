#!/usr/bin/env python3
"""Measure the launch fix on real public files that start uvicorn from their main block.

    python scripts/measure_launches.py                     fetch what is missing, plan, print the shares
    python scripts/measure_launches.py --mirrors DIR       from bare repositories in DIR/owner+name
    python scripts/measure_launches.py --write             also bring tests/corpus/launches.jsonl up to date

tests/corpus/launches.jsonl holds facts: repository, commit, path, the form of the fix (plain, factory,
none), and for none the line and reason that stand in the way; `ran` tells of files whose server was
started before and after. The code itself is fetched from its public host, into a folder outside of this
checkout. Nothing of it is run or imported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus_trees import default_cache, tree_of

LAUNCHES = Path(__file__).resolve().parent.parent / "tests" / "corpus" / "launches.jsonl"
Fact = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the launch fix on real files.")
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--mirrors", type=Path, help="bare repositories, in owner+name")
    parser.add_argument("--write", action="store_true", help=f"write {LAUNCHES.name}")
    options = parser.parse_args()
    known = [json.loads(line) for line in LAUNCHES.read_text(encoding="utf-8").splitlines()]
    found = measure(known, options.cache, options.mirrors)
    print("\n".join(report(known, found)))
    if options.write:
        LAUNCHES.write_text("".join(json.dumps(fact) + "\n" for fact in found), encoding="utf-8")
    return 0


def measure(facts: list[Fact], cache: Path, mirrors: Path | None) -> list[Fact]:
    """The facts as the launch fix has them now, in the same order."""
    by_tree: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        by_tree[fact["repository"], fact["commit"]].append(fact)

    def of_tree(key: tuple[str, str]) -> dict[tuple[str, str], Fact]:
        return dict(_of_tree(by_tree[key], tree_of(*key, cache, mirrors)))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = {place: fact for part in pool.map(of_tree, by_tree) for place, fact in part.items()}
    return [found[fact["repository"], fact["path"]] for fact in facts]


def _of_tree(facts: list[Fact], tree: Path) -> list[tuple[tuple[str, str], Fact]]:
    words = ["check", "--select", "PS101", "--no-cache", "--output-format", "json", "--exit-zero", "--"]
    command = [sys.executable, "-I", "-m", "portside", *words, *(fact["path"] for fact in facts)]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{tree}: {run.stderr or run.stdout}")
    findings: dict[str, list[Fact]] = defaultdict(list)
    for each in json.loads(run.stdout):
        findings[Path(tree, each["path"]).relative_to(tree).as_posix()].append(each)
    return [((fact["repository"], fact["path"]), judged(fact, findings[fact["path"]])) for fact in facts]


def judged(fact: Fact, findings: list[Fact]) -> Fact:
    """The fact with the form that the findings of its file offer now."""
    kept = {name: fact[name] for name in ("repository", "commit", "path", "ran") if name in fact}
    offered = next((each for each in findings if each["fixes"]), None)
    if offered is not None:
        title = offered["fixes"][0]["title"]
        return {**kept, "form": "factory" if "factory" in title else "plain"}
    if not findings:
        return {**kept, "form": "silent"}
    blockers = findings[0]["launch"]["blockers"]
    # What hinders the factory decides, where the two differ.
    last = next((each for each in blockers if each["reason"].startswith("as a factory: ")), blockers[0])
    return {**kept, "form": "none", "line": last["line"], "reason": last["reason"]}


def report(known: list[Fact], found: list[Fact]) -> list[str]:
    forms = Counter(fact["form"] for fact in found)
    flagged = len(found) - forms["silent"]
    repositories = len({fact["repository"] for fact in found})
    fixed = forms["plain"] + forms["factory"]
    lines = [
        f"{len(found)} files of {repositories} repositories, {forms['silent']} of them silent",
        f"with a fix: {fixed} of {flagged} ({100 * fixed / max(1, flagged):.1f} %):"
        f" {forms['plain']} plain, {forms['factory']} as a factory",
    ]
    for before, now in zip(known, found, strict=True):
        if before["form"] != now["form"]:
            lines.append(f"  {now['repository']} {now['path']}: {before['form']} -> {now['form']}")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
