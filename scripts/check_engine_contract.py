#!/usr/bin/env python3
"""Hold what the kept engine needs of vLLM against the source of every release in the package index.

    python scripts/check_engine_contract.py            exit with 1 where a release is not as the table says
    python scripts/check_engine_contract.py --write    note what was read, new releases too

The source is read, never run: a few files out of each wheel, which stay in the user's cache. Exits with 2
where the index can't be asked: nothing was checked then.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from engine_contract.contract import verdict, verdict_as_newest
from engine_contract.observations import FILE, Observations, as_text, load
from engine_contract.releases import Index, UnreachableError
from engine_contract.shapes import MODULES, file_of, shapes
from packaging.version import Version

OLDEST = Version("0.6.4")
"""The first release with the engine that runs in a process of its own."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="note what was read")
    options = parser.parse_args()
    try:
        found = read_all()
    except UnreachableError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 2
    if options.write:
        FILE.write_text(as_text(found), encoding="utf-8")
    trouble = troubles(load(), found)
    for line in trouble:
        print(f"✗ {line}")
    print(f"{len(found.wheels)} releases of vLLM read, {len(trouble)} not as the table says")
    return 1 if trouble else 0


def read_all() -> Observations:
    index = Index()
    releases = [release for release in index.releases() if release.version >= OLDEST]
    found = Observations()
    for source in index.sources(releases, [file_of(module) for module in MODULES]):
        read = shapes(lambda module, source=source: source.text(file_of(module)))
        found.add(source.release.version, source.release.sha256, read)
    return found


def troubles(known: Observations, found: Observations) -> list[str]:
    """What is otherwise than it was noted, and what is not as the table of hook points says."""
    lines = []
    for version in found.versions():
        read = found.at(version)
        if str(version) not in known.wheels:
            lines += new(version, read)
            continue
        noted = known.at(version)
        lines += [
            f"vLLM {version}: {point} is {read[point]}, noted is {noted.get(point)}"
            for point in read
            if read[point] != noted.get(point)
        ]
        lines += [f"vLLM {version}: {moved}" for moved in verdict(version, read).moved]
    return lines


def new(version: Version, read: dict[str, object]) -> list[str]:
    """A release that nobody has looked at: where it differs from the newest that is known."""
    moved = verdict_as_newest(version, read).moved
    if not moved:
        print(
            f"· vLLM {version} is new and as the newest known: raise BEYOND in engine_hooks.py, and --write"
        )
    return [f"vLLM {version} is new: {one}" for one in moved]


if __name__ == "__main__":
    sys.exit(main())
