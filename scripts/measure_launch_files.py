#!/usr/bin/env python3
"""Measure what is read of real public launch files against what people read in them.

    python scripts/measure_launch_files.py                     fetch what is missing, print the shares
    python scripts/measure_launch_files.py --mirrors DIR       from bare repositories in DIR/owner+name
    python scripts/measure_launch_files.py --show              also print each difference

tests/corpus/launchfiles.jsonl holds facts: repository, commit, path, format, and of each launch the line of
its command (from 1), the program, and the port of its API, null where the file does not tell. A command that
comes to several ports, in a loop, has a fact for each. Of some formats also each port that the file names
besides: line, kind, and number, or the name that stands for one. Nothing of the code is run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus_trees import default_cache, tree_of

from portside.launchfiles.facts import Launch, Mention
from portside.launchfiles.reading import read
from portside.lint.source import SourceFile

FACTS = Path(__file__).resolve().parent.parent / "tests" / "corpus" / "launchfiles.jsonl"
Found = tuple[int, int, str, "int | None"]  # first and last line, program, port


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what is read of real launch files.")
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--mirrors", type=Path, help="bare repositories, in owner+name")
    parser.add_argument("--show", action="store_true", help="print each difference")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in FACTS.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        file = _file(fact, options.cache, options.mirrors)
        if file is None:
            counts[fact["format"]]["absent"] += 1
            continue
        text = file.read_bytes().decode("utf-8", "replace")
        told = [*compare(fact, found_in(fact["path"], text)), *compare_mentions(fact, text)]
        for kind, what in told:
            counts[fact["format"]][kind] += 1
            if options.show and not kind.endswith("right"):
                print(f"{kind}: {fact['repository']} {fact['path']} {what}")
        counts[fact["format"]]["files"] += 1
    for name, count in counts.items():
        print(name, dict(count))
    return 0


def _file(fact: dict[str, Any], cache: Path, mirrors: Path | None) -> Path | None:
    try:
        file = tree_of(fact["repository"], fact["commit"], cache, mirrors) / fact["path"]
    except subprocess.CalledProcessError:
        return None  # the repository is gone, or nobody is online
    return file if file.is_file() else None


def found_in(path: str, text: str) -> list[Found]:
    """Every launch with each of its API's ports, or else its first one."""
    file = read(path, text)
    source = SourceFile(path, text)
    launches = [launch for unit in file.units for launch in unit.launches] if file is not None else []
    return list(dict.fromkeys(row for launch in launches for row in _rows(source, launch)))


def _rows(source: SourceFile, launch: Launch) -> Iterator[Found]:
    first = source.position(launch.span.start).line
    last = source.position(max(launch.span.start, launch.span.end - 1)).line
    ports = [one.port.number for one in launch.ports if one.what == "API"]
    for port in ports or [one.port.number for one in launch.ports][:1] or [None]:
        yield first, last, launch.program, port


def compare(fact: dict[str, Any], found: list[Found]) -> Iterator[tuple[str, object]]:
    """Each labelled launch: right, of another port, or missed; and what was found besides.

    A variable assignment may stand before a command's first word: two lines are given. Python programs
    without a port are not counted as besides: most of them are no servers, and nobody labelled them all.
    """
    rest = list(found)
    for line, program, port in fact["launches"]:
        near = [one for one in found if one[2] == program and one[0] - 2 <= line <= one[1]]
        exact = [one for one in near if one[3] == port]
        yield ("right" if exact else "other port" if near else "missed"), (line, program, port, near)
        rest = [one for one in rest if one not in (exact or near)]
    for one in rest:
        if one[2] != "python" or one[3] is not None:
            yield "besides", one


def compare_mentions(fact: dict[str, Any], text: str) -> Iterator[tuple[str, object]]:
    """Ports that the file names, where they are labelled: right, missed, and besides."""
    if "mentions" not in fact:
        return
    labelled = {(line, kind, port) for line, kind, port in fact["mentions"]}
    found = set(mentions_in(fact["path"], text))
    yield from (("mention right", one) for one in labelled & found)
    yield from (("mention missed", one) for one in labelled - found)
    yield from (("mention besides", one) for one in found - labelled)


def mentions_in(path: str, text: str) -> Iterator[tuple[int, str, int | str | None]]:
    """As they are written: not the target port of a Service that names none."""
    file, source = read(path, text), SourceFile(path, text)
    for unit in file.units if file is not None else ():
        for mention in unit.mentions:
            if not (mention.kind is Mention.TARGET and mention.port.is_default):
                line = source.position(mention.port.span.start).line
                yield line, mention.kind.value, mention.refers or mention.port.number


if __name__ == "__main__":
    sys.exit(main())
