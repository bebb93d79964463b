"""What was read in each release, as it is kept in the project: a change list for each point.

A point that looks the same in ten releases stands there once, under the first of them. Releases are named
with the digest of the wheel that was read.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import Version

from engine_contract.shapes import Shape, Shapes

_parsed = functools.cache(Version)
FILE = Path(__file__).with_name("observed.json")


@dataclass
class Observations:
    """wheels: sha256 by version. points: the first version of each shape, and the shape, oldest first."""

    wheels: dict[str, str] = field(default_factory=dict)
    points: dict[str, list[tuple[str, Shape]]] = field(default_factory=dict)

    def add(self, version: Version, sha256: str, shapes: Shapes) -> None:
        """A release that is newer than all that are there."""
        self.wheels[str(version)] = sha256
        for point, shape in shapes.items():
            changes = self.points.setdefault(point, [])
            if not changes or changes[-1][1] != shape:
                changes.append((str(version), shape))

    def at(self, version: Version) -> Shapes:
        """All points as they are from this release on, until one of them changes."""
        found: Shapes = {}
        for point, changes in self.points.items():
            until = [shape for since, shape in changes if _parsed(since) <= version]
            found[point] = until[-1] if until else None
        return found

    def versions(self) -> list[Version]:
        return [_parsed(one) for one in self.wheels]


def load(path: Path = FILE) -> Observations:
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    points = {point: [(since, shape) for since, shape in rows] for point, rows in kept["points"].items()}
    return Observations(dict(kept["wheels"]), points)


def as_text(observations: Observations) -> str:
    """One line for each release and each change, so that a difference is seen at a glance."""
    wheels = [f"    {json.dumps(one)}: {json.dumps(digest)}" for one, digest in observations.wheels.items()]
    points = []
    for point, changes in observations.points.items():
        rows = ",\n".join(f"      {json.dumps(list(change))}" for change in changes)
        points.append(f"    {json.dumps(point)}: [\n{rows}\n    ]")
    parts = [
        "{",
        '  "wheels": {',
        ",\n".join(wheels),
        "  },",
        '  "points": {',
        ",\n".join(points),
        "  }",
        "}",
        "",
    ]
    return "\n".join(parts)
