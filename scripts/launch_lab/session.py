"""Inside the sandbox: a server before and after its fix, in fresh copies of its tree.

    session.py PORTSIDE_PYTHON TREE < fact.json > outcome.json

What it lacks to start (variables, files, folders, names of older packages) is read from what it says
as it fails, and given to both sides alike.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from needs import Needs, environment, wanted

HERE = Path(__file__).resolve().parent
RUN = Path("/srv/run")
ROUNDS = 5
_copied: dict[Path, tuple[tuple[str, int, int], ...]] = {}
Json = dict[str, Any]


@dataclass
class Started:
    """lacking: what it stood in for though the tree has something of that name."""

    command: list[str]
    folder: str
    records: list[Json]
    said: str
    lacking: tuple[str, ...] = ()

    def as_json(self) -> Json:
        return {
            "command": self.command,
            "folder": self.folder,
            "said": self.said[-2500:],
            "records": self.records,
            "lacking": self.lacking,
        }


def main() -> int:
    portside, tree = sys.argv[1:3]
    fact = json.load(sys.stdin)
    print(json.dumps(look(fact, [portside, "-I", "-m", "portside"], Path(tree))))
    return 0


def look(fact: Json, portside: list[str], tree: Path) -> Json:
    path = fact["path"]
    root = fresh(tree)
    found = findings(portside, root, path)
    if not found:
        return {"form": "silent"}
    offered = next((each for each in found if each["fixes"]), None)
    if offered is None:
        return {"form": "none", "blockers": found[0]["launch"]["blockers"], **watched(tree, path, None, "")}
    said = subprocess.run(
        [*portside, "fix", "--unsafe", "--select", "PS101", "--", path],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    title = offered["fixes"][0]["title"]
    outcome: Json = {
        "form": "factory" if "factory" in title else "plain",
        "line": offered["line"],
        "notes": offered["fixes"][0].get("notes"),
        "said": (said.stdout + said.stderr)[-1500:],
        "diff": difference(tree / path, root / path),
        "parses": parses(root / path),
    }
    fixed = Path("/srv/fixed") / tree.name
    shutil.copytree(root, fixed, symlinks=True)
    launch = offered["launch"]
    outcome |= {"launch": launch["command"], "cwd": launch.get("cwd") or ""}
    return outcome | watched(tree, path, fixed, launch["command"], launch.get("cwd") or "")


def findings(portside: list[str], root: Path, path: str) -> list[Json]:
    command = [
        *portside,
        "check",
        "--no-cache",
        "--select",
        "PS101",
        "--output-format",
        "json",
        "--exit-zero",
        "--",
        path,
    ]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    found: list[Json] = json.loads(run.stdout)
    return found


def difference(before: Path, after: Path) -> str:
    run = subprocess.run(
        ["diff", "-u", before, after], capture_output=True, text=True, check=False, errors="replace"
    )
    return run.stdout[:12000]


def parses(path: Path) -> str:
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        return str(error)
    return ""


# Both sides


def watched(tree: Path, path: str, fixed: Path | None, command: str, cwd: str = "") -> Json:
    needs = Needs(dict.fromkeys(re.findall(r"\$\{(\w+):\?\}", command), "8123"))
    before = after = None
    for _ in range(ROUNDS):
        real, words = with_words(command, needs.word)
        if before is None or not before.records:
            before = best(tree, path, words, needs, after)
        if fixed is not None and (after is None or not after.records):
            after = start(fixed, cwd, ["sh", "-c", real], needs)
        failed = [each for each in (before, after) if each is not None and not each.records]
        if not failed:
            again = best(tree, path, words, needs, after) if is_poor(before, after) else None
            before = again if again is not None and again.records else before
            break
        known = needs.seen()
        for each in failed:
            wanted(each.said, needs)
        if needs.seen() == known:
            if needs.always:
                break
            needs.always = needs.made_files = True
        if len(failed) == 1:
            # What one side is given the other has too.
            before = after = None
    outcome: Json = {
        "before": before and before.as_json(),
        "real": real,
        "given": [str(x) for x in needs.seen()],
    }
    return outcome | ({"after": after.as_json()} if after else {})


def is_poor(before: Started | None, after: Started | None) -> bool:
    """Whether the script was started in a way that lacks what the fixed one finds."""
    both = before is not None and after is not None
    return both and before.records[-1]["standins"] != after.records[-1]["standins"]


def with_words(command: str, word: str) -> tuple[str, list[str]]:
    """The command with values for the words that stand for some, and what the script is given for them."""
    given = re.search(r'SERVER_ARGS="([^"]*)"', command)
    if given is None:
        return command, []
    words = [word if re.fullmatch(r"[A-Z][A-Z0-9_]*", each) else each for each in given[1].split()]
    return command.replace(given[0], f'SERVER_ARGS="{" ".join(words)}"'), words


def best(tree: Path, path: str, words: list[str], needs: Needs, after: Started | None) -> Started:
    """Of the ways in which people start a script, the first in which its neighbours are found."""
    known = neighbours(tree)
    wanted = set(after.records[-1]["standins"]) if after and after.records else None
    found: list[tuple[int, Started]] = []
    first = None
    for folder, command in ways(tree, path, words):
        run = start(tree, folder, command, needs)
        first = first or run
        if run.records:
            stood = set(run.records[-1]["standins"])
            if stood == wanted or (wanted is None and not stood & known):
                return run
            run.lacking = tuple(sorted(stood & known))
            found.append((len(run.lacking), run))
        elif "attempted relative import" not in run.said and not found:
            first = run if "relative import" in first.said else first
    return min(found, key=lambda each: each[0])[1] if found else first  # type: ignore[return-value]


@functools.cache
def neighbours(tree: Path) -> frozenset[str]:
    """What a file of the tree may import from it."""
    files = (each for each in tree.rglob("*") if each.suffix in {".py", ""})
    return frozenset(each.stem if each.suffix == ".py" else each.name for each in files)


def ways(tree: Path, path: str, words: list[str]) -> Iterator[tuple[str, list[str]]]:
    yield "", ["python", path, *words]
    folder, _, name = path.rpartition("/")
    if folder:
        yield "", ["env", f"PYTHONPATH={HERE / 'site'}:{RUN / tree.name}", "python", path, *words]
        yield folder, ["python", name, *words]
    parts = path.removesuffix(".py").removesuffix("/__main__").split("/")
    for at in dict.fromkeys((0, *[at for at in range(len(parts) - 1) if is_root(tree, parts[:at])][-2:])):
        above = "/".join(parts[:at])
        if len(parts) > 1 and (tree / above).is_dir():
            module = ["python", "-m", ".".join(parts[at:]), *words]
            # A package below src is started from the root, where its files are.
            if above:
                yield "", ["env", f"PYTHONPATH={HERE / 'site'}:{RUN / tree.name / above}", *module]
            yield above, module


def is_root(tree: Path, parts: list[str]) -> bool:
    return not (tree / "/".join(parts) / "__init__.py").exists()


def start(tree: Path, folder: str, command: list[str], needs: Needs) -> Started:
    root = fresh(tree)
    for each in needs.folders:
        place(root, folder, each).mkdir(parents=True, exist_ok=True)
    for each in needs.files:
        file = place(root, folder, each)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text('{"made_up": true}' if file.suffix in {".json", ".yaml", ".yml"} else "")
    record = Path("/tmp/record")  # noqa: S108
    record.unlink(missing_ok=True)
    try:
        run = subprocess.run(
            command, check=False, cwd=root / folder, env=environment(needs, record), timeout=60,
            capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = f"rc={run.returncode}\n{run.stdout[-1500:]}\n--\n{run.stderr[-4000:]}"
    except subprocess.TimeoutExpired:
        said = "rc=timeout"
    records = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    return Started(command, folder, records, said)


def place(root: Path, folder: str, name: str) -> Path:
    return root / folder / name


def fresh(tree: Path) -> Path:
    """The tree as it is in the repository; the last copy of it, where nobody has written to that."""
    root = RUN / tree.name
    if not root.exists() or _copied.get(tree) != listing(root):
        shutil.rmtree(RUN, ignore_errors=True)
        shutil.copytree(tree, root, symlinks=True, dirs_exist_ok=True)
        _copied.clear()
        _copied[tree] = listing(root)
    return root


def listing(root: Path) -> tuple[tuple[str, int, int], ...]:
    found = []
    for folder, _, names in os.walk(root):
        for name in (".", *names):
            state = (Path(folder) / name).lstat()
            found.append((f"{folder}/{name}", state.st_mtime_ns, state.st_size))
    return tuple(found)


if __name__ == "__main__":
    raise SystemExit(main())
