#!/usr/bin/env python3
"""Start real servers before and after their launch fix, in a sandbox, and compare what they serve.

    python scripts/run_launches.py --python VENV/bin/python            all files of launches.jsonl
    python scripts/run_launches.py --python … --mirrors DIR NAME…      some, from bare repositories
    python scripts/run_launches.py --python … --write                  note in launches.jsonl how it went

The interpreter has FastAPI and uvicorn, and what else is better real than made up (pydantic-settings,
PyYAML, SQLAlchemy, aiohttp, email-validator, `mcp<2`, …); every other module is a stand-in. `ran` of a
fact becomes true where both sides serve the same: routes, middleware, state, answers, lifespan, host and
port. Linux alone: the servers run in a namespace of their own, without a network, in memory
(launch_lab/sandbox.sh).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus_trees import default_cache, tree_of
from launch_lab.verdict import DIFFERS, ONLY_BEFORE, SAME, verdict
from measure_launches import LAUNCHES

LAB = Path(__file__).resolve().parent / "launch_lab"
_LONGEST = 900
Json = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description="Start real servers before and after their fix.")
    parser.add_argument("--facts", type=Path, default=LAUNCHES)
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--mirrors", type=Path, help="bare repositories, in owner+name")
    parser.add_argument("--python", default=sys.executable, help="what the servers run in")
    parser.add_argument("--out", type=Path, help="all that was seen, a JSON object per file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="note in the facts which files ran")
    parser.add_argument("only", nargs="*", help="parts of owner/name and path")
    options = parser.parse_args()
    facts = [json.loads(line) for line in options.facts.read_text(encoding="utf-8").splitlines()]
    chosen = [fact for fact in facts if _is_wanted(fact, options.only)]

    def one(fact: Json) -> Json:
        outcome = seen(fact, options.cache, options.mirrors, options.python)
        print(f"{verdict(outcome)[0]:12} {outcome['form']:8} {_place(fact)}", flush=True)
        return outcome

    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(one, chosen):
            outcomes.append(outcome)
            if options.out is not None:
                with options.out.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(outcome) + "\n")
    print("\n".join(report(outcomes)))
    if options.write:
        noted = written(facts, outcomes)
        options.facts.write_text("".join(json.dumps(fact) + "\n" for fact in noted), encoding="utf-8")
    return 0


def _place(fact: Json) -> str:
    return f"{fact['repository']} {fact['path']}"


def _is_wanted(fact: Json, only: list[str]) -> bool:
    return not only or any(part in _place(fact) for part in only)


def seen(fact: Json, cache: Path, mirrors: Path | None, python: str) -> Json:
    """What became of one file; the form "lab error" where that can't be told."""
    try:
        tree = tree_of(fact["repository"], fact["commit"], cache, mirrors, whole=True)
        outcome = session(fact, tree, python)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        outcome = {"form": "lab error", "error": repr(error)}
    return outcome | {name: fact[name] for name in ("repository", "commit", "path")}


def session(fact: Json, tree: Path, python: str) -> Json:
    """Runs launch_lab/session.py on a copy of the tree, in a sandbox."""
    name = fact["repository"].partition("/")[2]
    with tempfile.TemporaryDirectory(prefix="portside-lab-") as box:
        command = [
            *("unshare", "--map-root-user", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork"),
            *("--kill-child", "sh", str(LAB / "sandbox.sh"), box, *_prefixes(python), "--", str(tree), name),
            *(python, str(LAB / "session.py"), sys.executable, f"/srv/{name}"),
        ]
        run = subprocess.run(
            command,
            input=json.dumps(fact),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )
    if run.returncode:
        return {"form": "lab error", "error": run.stderr[-3000:]}
    outcome: Json = json.loads(run.stdout)
    return outcome


def _prefixes(python: str) -> Iterable[str]:
    """The folders that both interpreters and this checkout need."""
    found = [LAB.parent.parent]
    for each in (Path(python), Path(sys.executable)):
        found += [each.resolve().parent.parent, each.absolute().parent.parent]
    outer = [each for each in found if not any(other in each.parents for other in found)]
    return dict.fromkeys(str(each) for each in outer if each != Path("/usr"))


def report(outcomes: list[Json]) -> list[str]:
    offered = [one for one in outcomes if one["form"] in {"plain", "factory"}]
    lines = [f"{len(outcomes)} files, {len(offered)} with a fix"]
    for form in ("plain", "factory"):
        of_form = Counter(verdict(one)[0] for one in offered if one["form"] == form)
        lines.append(f"{form}: {', '.join(f'{count} {name}' for name, count in of_form.most_common())}")
    for one in offered:
        found, how = verdict(one)
        if found in {DIFFERS, ONLY_BEFORE}:
            lines += [f"{found}: {_place(one)}", *(f"    {each[-300:]}" for each in how)]
    return lines


def written(facts: list[Json], outcomes: list[Json]) -> list[Json]:
    """The facts, with what was seen; how it was stays where nothing could be compared this time."""
    found = {(one["repository"], one["path"]): verdict(one)[0] for one in outcomes}
    for fact in facts:
        how = found.get((fact["repository"], fact["path"]))
        if how == SAME:
            fact["ran"] = True
        elif how in {DIFFERS, ONLY_BEFORE}:
            fact.pop("ran", None)
    return facts


if __name__ == "__main__":
    raise SystemExit(main())
