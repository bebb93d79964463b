#!/usr/bin/env python3
"""Measure port-conflict and port-mismatch on the launch files of public repositories.

    python scripts/measure_ports.py                  fetch what is missing, check, compare with the verdicts
    python scripts/measure_ports.py --mirrors DIR    from bare repositories in DIR/owner+name
    python scripts/measure_ports.py --write          also write findings that nobody has judged yet

tests/corpus/launch_ports.jsonl holds facts: each repository that was looked at, with its commit, and each
finding in it (path, line, rule) with the verdict of who read it: `true` or `false`, and why. Exits with 1
where a finding is there that nobody has judged, one that was judged false, or where a true one is gone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus_trees import default_cache, tree_of

from portside.launchfiles.graph.launch_facts import LaunchFacts, LaunchWorkspace
from portside.rules import port_conflict, port_mismatch
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts

FACTS = Path(__file__).resolve().parent.parent / "tests" / "corpus" / "launch_ports.jsonl"
_CHECKS = tuple(rule.RULE.launch_check for rule in (port_conflict, port_mismatch) if rule.RULE.launch_check)
Fact = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--mirrors", type=Path, help="bare repositories, in owner+name")
    parser.add_argument("--write", action="store_true", help=f"add new findings to {FACTS.name}")
    options = parser.parse_args()
    known = [json.loads(line) for line in FACTS.read_text(encoding="utf-8").splitlines()]
    repositories = [(fact["repository"], fact["commit"]) for fact in known if "path" not in fact]
    with ProcessPoolExecutor(2) as pool:
        of_each = list(pool.map(partial(_findings, options.cache, options.mirrors), repositories))
    found = [finding for findings, _ in of_each for finding in findings]
    print(f"{sum(count for _, count in of_each)} launch files of {len(repositories)} repositories")
    if options.write:
        _write(known, found)
    return _report([fact for fact in known if "path" in fact], found)


def _findings(cache: Path, mirrors: Path | None, repository: tuple[str, str]) -> tuple[list[Fact], int]:
    files = LaunchIndex(LaunchTexts(tree_of(*repository, cache, mirrors)))
    found, count = [], 0
    for file in files.all():
        count += 1
        facts = LaunchFacts(files.source(file.path), file, LaunchWorkspace(around=files))
        found += list(_of_file(facts, repository))
    return found, count


def _of_file(facts: LaunchFacts, repository: tuple[str, str]) -> Iterator[Fact]:
    for check in _CHECKS:
        for finding in check(facts):
            yield {
                "repository": repository[0],
                "commit": repository[1],
                "path": facts.file.path,
                "line": facts.source.position(finding.span.start).line,
                "rule": finding.name,
            }


def _key(fact: Fact) -> tuple[Any, ...]:
    return tuple(fact[name] for name in ("repository", "commit", "path", "line", "rule"))


def _report(judged: list[Fact], found: list[Fact]) -> int:
    verdicts = {_key(fact): fact.get("verdict") for fact in judged}
    counts = Counter((fact["rule"], str(verdicts.get(_key(fact)) or "not judged")) for fact in found)
    for (rule, verdict), count in sorted(counts.items()):
        print(f"{count:>5}  {rule:<14} {verdict}")
    wrong = [fact for fact in found if verdicts.get(_key(fact)) != "true"]
    here = {_key(fact) for fact in found}
    gone = [fact for fact in judged if fact.get("verdict") == "true" and _key(fact) not in here]
    for what, facts in (("not judged, or false", wrong), ("gone", gone)):
        for fact in facts:
            print(f"{what}: {fact['repository']} {fact['path']}:{fact['line']} {fact['rule']}")
    return 1 if wrong or gone else 0


def _write(known: list[Fact], found: list[Fact]) -> None:
    have = {_key(fact) for fact in known if "path" in fact}
    new = [fact for fact in found if _key(fact) not in have]
    FACTS.write_text("".join(json.dumps(fact) + "\n" for fact in [*known, *new]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
