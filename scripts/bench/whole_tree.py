"""How long `portside check` takes over a whole tree, beside ruff: the same files, in turn, nothing kept.

    python scripts/bench/whole_tree.py [--from FOLDER …] [--files 3800] [--planted 60] [--rounds 5]

Copies Python files from FOLDER (default: the packages that are installed beside this Python, then its
standard library), plants the rules' own bad examples among them, and runs both tools from a shell that keeps
nothing between two runs. Exits 1 where a planted finding is not found.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from portside.lint.rule import Invalid
from portside.rules import ALL

_BIN = Path(sysconfig.get_path("scripts"))
_COMMANDS = {
    "portside": [str(_BIN / "portside"), "check", "--no-cache", "--quiet", "."],
    "ruff": [str(_BIN / "ruff"), "check", "--no-cache", "--quiet", "--select", "S104", "."],
}


@dataclass(frozen=True)
class Measured:
    """One run. peak_mib: what all its processes hold together, pages that they share counted for each."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def main() -> int:
    asked = _arguments()
    top = Path(asked.keep or tempfile.mkdtemp(prefix="portside-bench-"))
    try:
        count = copy_files([Path(folder) for folder in asked.sources], top, asked.files)
        planted = plant(top, asked.planted)
        missing = planted - found(top)
        measured: dict[str, list[Measured]] = {name: [] for name in _COMMANDS}
        for round_ in range(asked.rounds + 1):
            for name, command in _COMMANDS.items():
                result = measure(command, top)
                if round_:  # the first one reads the files into the system's cache
                    measured[name].append(result)
        print(f"{count + len({path for path, _ in planted})} files, {len(planted)} findings planted\n")
        print(table(measured))
        for path, code in sorted(missing):
            print(f"not found: {code} in {path}", file=sys.stderr)
        return 1 if missing else 0
    finally:
        if not asked.keep:
            shutil.rmtree(top)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    installed = [sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")]
    parser.add_argument("--from", dest="sources", nargs="+", default=installed, metavar="FOLDER")
    parser.add_argument("--files", type=int, default=3800)
    parser.add_argument("--planted", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", metavar="FOLDER", help="leave the tree there")
    return parser.parse_args()


def copy_files(sources: Iterable[Path], top: Path, most: int) -> int:
    """Up to so many of their Python files, below `top`; how many."""
    files = ((source, file) for source in sources for file in sorted(source.rglob("*.py")))
    wanted = ((source, file) for source, file in files if _is_wanted(source, file))
    copied = 0
    for source, file in itertools.islice(wanted, most):
        target = top / f"from_{source.name.replace('-', '_')}" / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        copied += 1
    return copied


def _is_wanted(source: Path, file: Path) -> bool:
    # Python's own library has the installed packages below it.
    return not {"site-packages", "dist-packages", "lib2to3"} & set(file.relative_to(source).parts)


def plant(top: Path, most: int) -> frozenset[tuple[str, str]]:
    """Put bad examples of every rule into folders of the tree; file and code of each."""
    folders = sorted(path for path in top.rglob("*") if path.is_dir() and path.name.isidentifier())
    planted = set[tuple[str, str]]()
    for number, (code, example) in enumerate(itertools.islice(_examples(), most)):
        folder = folders[number * 7919 % len(folders)] / f"planted_{number}"
        for path, text in {**example.files, example.path: example.code}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("«", "").replace("»", ""), "utf-8")
        planted.add(((folder / example.path).relative_to(top).as_posix(), code))
    return frozenset(planted)


def _examples() -> Iterator[tuple[str, Invalid]]:
    """The first of every rule, then the second ones. One with a project around it needs its own root."""
    fit = [[(rule.code, e) for e in rule.invalid if _stands_alone(e.files)] for rule in ALL]
    return (pair for row in itertools.zip_longest(*fit) for pair in row if pair is not None)


def _stands_alone(files: Iterable[str]) -> bool:
    return all(path.endswith(".py") for path in files)


def found(top: Path) -> frozenset[tuple[str, str]]:
    command = [str(_BIN / "portside"), "check", "--output-format", "json", "."]
    outcome = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    return frozenset((finding["path"], finding["code"]) for finding in json.loads(outcome.stdout))


def measure(command: list[str], folder: Path) -> Measured:
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    process.wait()
    wall, after = time.perf_counter() - started, os.times()
    watcher.join()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(wall, cpu, peak[0] / 2**20)


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """Keep the highest sum of what the process and its children hold."""
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            processes = (watched, *watched.children(recursive=True))
            peak[0] = max(peak[0], sum(one.memory_info().rss for one in processes))
        time.sleep(0.01)


def table(measured: dict[str, list[Measured]]) -> str:
    lines = ["| | wall, median | CPU, median | peak memory |", "|---|---|---|---|"]
    for name, runs in measured.items():
        wall, cpu = (statistics.median(getattr(run, what) for run in runs) for what in ("wall_s", "cpu_s"))
        lines.append(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {max(r.peak_mib for r in runs):.0f} MiB |")
    walls = zip(*([run.wall_s for run in runs] for runs in measured.values()), strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in walls)
    return "\n".join([*lines, "", f"wall, portside to ruff, pair by pair: {ratio:.2f}"])


if __name__ == "__main__":
    sys.exit(main())
