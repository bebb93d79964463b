"""What a launch file says about ports together with the files around it.

What finds that out is loaded with the first question: where only Python is checked, none comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portside.launchfiles.facts import LaunchFile
    from portside.launchfiles.graph.around import Around
    from portside.launchfiles.graph.claims import Claim, Conflict
    from portside.launchfiles.graph.mismatches import Mismatch


def conflicts_in(around: Around, file: LaunchFile) -> Iterator[Conflict]:
    """The ports that two want who run together, one of them at least in this file. Each once."""
    from portside.launchfiles.graph import claims  # noqa: PLC0415
    from portside.launchfiles.graph.together import together  # noqa: PLC0415

    seen: set[tuple[object, ...]] = set()
    for group in together(around, file):
        for conflict in claims.conflicts(group):
            key = (conflict.port, conflict.first.place, conflict.second.place)
            if file.path in (conflict.first.place.path, conflict.second.place.path) and key not in seen:
                seen.add(key)
                yield conflict


def mismatches_in(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    """The ports that this file names for launches which listen elsewhere."""
    from portside.launchfiles.graph import mismatches  # noqa: PLC0415

    yield from mismatches.mismatches(around, file)


def taken_beside(around: Around, file: LaunchFile, claim: Claim) -> frozenset[int]:
    """The ports that are claimed in the claim's network by what may run with it."""
    from portside.launchfiles.graph.together import together  # noqa: PLC0415

    groups = [group for group in together(around, file) if any(one.place == claim.place for one in group)]
    return frozenset(
        port for group in groups for one in group if one.network == claim.network for port in one.ports
    )
