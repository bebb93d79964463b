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
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from excuses import Excuse, excuse_for, pass_over
from needs import PROGRAMS, Needs, environment, wanted
from verdict import DIFFERS, verdict

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
RUN = Path("/srv/run")
INSTALLED = Path("/srv/installed")
ROUNDS = 12
# What servers import, and what stands in for the rest.
IMPORTED = (
    "asyncio",
    "logging.config",
    "excused",
    "leniency",
    "standins",
    "uvicorn.main",
    "uvicorn.loops.auto",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "fastapi.responses",
    "fastapi.staticfiles",
    "fastapi.middleware.cors",
    "pydantic_settings",
    "httpx",
)
# What a variable is that has to be said.
MADE_UP = "8123"
_copied: dict[tuple[Path, frozenset[Excuse]], tuple[tuple[str, int, int], ...]] = {}
Json = dict[str, Any]


@dataclass
class Started:
    """lacking: what it stood in for though the tree has something of that name."""

    command: list[str]
    folder: str
    records: list[Json]
    said: str
    lacking: tuple[str, ...] = ()
    is_fixed: bool = False

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
    start_zygote()
    print(json.dumps(look(fact, [portside, "-I", "-m", "portside"], Path(tree))))
    return 0


def start_zygote() -> None:
    """Effect: `python` and `uvicorn` of PROGRAMS ask a process that has the framework already (zygote.py)."""
    site, zygote, address = HERE / "site", HERE / "zygote.py", "/tmp/zygote"  # noqa: S108
    PROGRAMS.mkdir(parents=True)
    for name in ("python", "python3", "uvicorn"):
        real = Path(sys.executable).parent / name
        script = f'#!/bin/sh\nexec {sys.executable} -ISs {zygote} ask {address} {real} "$@"\n'
        (PROGRAMS / name).write_text(script)
        (PROGRAMS / name).chmod(0o755)
    made = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(site), "HOME": "/root"}
    subprocess.Popen(
        [sys.executable, zygote, "wait", address, site, *IMPORTED],
        env=made, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while not Path(address).exists():
        time.sleep(0.02)


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
        # Syntax newer than this Python's says nothing of the fix.
        "parses": "" if parses(tree / path) else parses(root / path),
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
    needs = Needs(dict.fromkeys(re.findall(r"\$\{(\w+):\?\}", command), MADE_UP))
    before = after = None
    for _ in range(ROUNDS):
        real, words = with_words(command, needs.word)
        if before is None or not before.records:
            before = best(tree, path, words, needs, after)
        if fixed is not None and (after is None or not after.records):
            after = start(fixed, cwd, ["sh", "-c", real], needs)
            after.is_fixed = True
            stood = after.records[-1]["standins"] if after.records else ()
            after.lacking = tuple(sorted(neighbours(tree).intersection(stood)))
        failed = [each for each in (before, after) if each is not None and not each.records]
        if not failed:
            again = best(tree, path, words, needs, after) if is_poor(before, after) else None
            before = again if again is not None and again.records else before
            if before is not None and after is not None and before.records and after.records:
                before = nearest(tree, ways(tree, path, words), needs, before, after)
            break
        known = needs.seen()
        for each in failed:
            wanted(each.said, needs)
        if needs.seen() == known:
            if needs.always and not passed_over(needs, failed, tree, fixed):
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


def passed_over(needs: Needs, failed: list[Started], tree: Path, fixed: Path | None) -> bool:
    """Whether something more can be passed over, now that all else is given."""
    known = set(needs.excuses)
    for each in failed:
        source = (fixed if each.is_fixed else None) or tree
        found = excuse_for(each.said, RUN / tree.name, source, frozenset(known))
        needs.excuses |= {found} if found is not None else set()
    return needs.excuses != known


def is_poor(before: Started | None, after: Started | None) -> bool:
    """Whether the script was started in a way that lacks what the fixed one finds."""
    both = before is not None and after is not None
    return both and before.records[-1]["standins"] != after.records[-1]["standins"]


def nearest(
    tree: Path, started: Iterator[tuple[str, list[str]]], needs: Needs, before: Started, after: Started
) -> Started:
    """The way to start the script that serves what the command serves, of those in which it starts at all."""
    seen = {"after": after.as_json()}
    for folder, command in started:
        if verdict({**seen, "before": before.as_json()})[0] != DIFFERS:
            break
        run = start(tree, folder, command, needs)
        if run.records and verdict({**seen, "before": run.as_json()})[0] != DIFFERS:
            return run
    return before


def with_words(command: str, word: str) -> tuple[str, list[str]]:
    """The command with values for the words that stand for some, and what the script is given for them."""
    given = re.search(r'SERVER_ARGS="([^"]*)"', command)
    if given is None:
        return command, []
    words = [word if re.fullmatch(r"[A-Z][A-Z0-9_]*", each) else each for each in given[1].split()]
    words = [re.sub(r"\$\{\w+:\?\}", MADE_UP, each) for each in words]
    return command.replace(given[0], f'SERVER_ARGS="{" ".join(words)}"'), words


def best(tree: Path, path: str, words: list[str], needs: Needs, after: Started | None) -> Started:
    """Of the ways in which people start a script, the first in which its neighbours are found."""
    known = neighbours(tree)
    wanted = set(after.records[-1]["standins"]) if after and after.records else None
    found: list[tuple[int, Started]] = []
    first = None
    tried = [way for way in ways(tree, path, words) if way == _promising.get((tree, path))]
    for folder, command in (*tried, *(way for way in ways(tree, path, words) if way not in tried)):
        run = start(tree, folder, command, needs)
        if tried and not run.records and not _NOT_FOUND.search(run.said):
            # What it lacks is asked of this way alone; the others failed for want of their neighbours.
            return run
        tried = []
        if run.records:
            stood = set(run.records[-1]["standins"])
            if stood == wanted or (wanted is None and not stood & known):
                return run
            run.lacking = tuple(sorted(stood & known))
            found.append((len(run.lacking), run))
        elif first is None or (_NOT_FOUND.search(first.said) and not _NOT_FOUND.search(run.said)):
            first = run
    if first is not None and not first.records and not _NOT_FOUND.search(first.said):
        # Better mended than started without its neighbours.
        _promising[tree, path] = first.folder, first.command
        return first
    return min(found, key=lambda each: each[0])[1] if found else first  # type: ignore[return-value]


# A way to start the script that comes as far as its own code, by tree and path.
_promising: dict[tuple[Path, str], tuple[str, list[str]]] = {}
_NOT_FOUND = re.compile(
    r"relative import|No module named|cannot import name|Could not import module|is a package and"
)


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
        yield folder, ["env", f"PYTHONPATH={HERE / 'site'}:{RUN / tree.name}", "python", name, *words]
    parts = path.removesuffix(".py").removesuffix("/__main__").split("/")
    for at in dict.fromkeys((0, *[at for at in range(len(parts) - 1) if is_root(tree, parts[:at])][-2:])):
        above = "/".join(parts[:at])
        if not all(part.isidentifier() for part in parts[at:]):
            continue
        if (len(parts) > 1 or path.endswith("/__main__.py")) and (tree / above).is_dir():
            module = ["python", "-m", ".".join(parts[at:]), *words]
            # A package below src is started from the root, where its files are.
            if above and not (tree / parts[at]).is_dir():
                yield "", ["env", f"PYTHONPATH={HERE / 'site'}:{RUN / tree.name / above}", *module]
            yield above, module


def is_root(tree: Path, parts: list[str]) -> bool:
    return not (tree / "/".join(parts) / "__init__.py").exists()


def start(tree: Path, folder: str, command: list[str], needs: Needs) -> Started:
    root = fresh(tree, frozenset(needs.excuses))
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
            command, check=False, cwd=root / folder, timeout=60,
            env=environment(needs, record, installed(tree)),
            capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = f"rc={run.returncode}\n{run.stdout[-1500:]}\n--\n{run.stderr[-9000:]}"
    except subprocess.TimeoutExpired:
        said = "rc=timeout"
    records = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    return Started(command, folder, records, said)


@functools.cache
def installed(tree: Path) -> tuple[Path, ...]:
    """The folders with what `pip install --editable` of the tree's projects would make known."""
    projects = {path.parent for name in ("pyproject.toml", "setup.py") for path in tree.glob(f"**/{name}")}
    sources = (project / "src" for project in sorted(projects))
    found = [RUN / tree.name / each.relative_to(tree) for each in sources if each.is_dir()]
    for project in sorted(projects):
        for package, folder in renamed(project):
            INSTALLED.mkdir(exist_ok=True)
            link = INSTALLED / package
            if not link.is_symlink():
                link.symlink_to(RUN / tree.name / folder.relative_to(tree))
    return (*found, INSTALLED) if INSTALLED.is_dir() else tuple(found)


def renamed(project: Path) -> Iterator[tuple[str, Path]]:
    """The packages of a project that lie in a folder of another name: `package-dir` of setuptools."""
    try:
        settings = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
        folders = settings["tool"]["setuptools"]["package-dir"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for package, name in folders.items():
        folder = project / str(name)
        if package.isidentifier() and folder.name != package and folder.is_dir():
            yield package, folder


def place(root: Path, folder: str, name: str) -> Path:
    return root / folder / name


def fresh(tree: Path, excuses: frozenset[Excuse] = frozenset()) -> Path:
    """The tree as it is in the repository; the last copy of it, where nobody has written to that."""
    root = RUN / tree.name
    if not root.exists() or _copied.get((tree, excuses)) != listing(root):
        shutil.rmtree(RUN, ignore_errors=True)
        shutil.copytree(tree, root, symlinks=True, dirs_exist_ok=True)
        pass_over(root, excuses)
        _copied.clear()
        _copied[tree, excuses] = listing(root)
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
