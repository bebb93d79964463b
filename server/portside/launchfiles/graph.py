"""What a launch file says about ports together with the files around it."""

from __future__ import annotations

from collections.abc import Iterator

from portside.launchfiles import claims, mismatches
from portside.launchfiles.around import Around
from portside.launchfiles.claims import Claim, Conflict
from portside.launchfiles.facts import LaunchFile
from portside.launchfiles.mismatches import Mismatch
from portside.launchfiles.together import together


def conflicts_in(around: Around, file: LaunchFile) -> Iterator[Conflict]:
    """The ports that two want who run together, one of them at least in this file. Each once."""
    seen: set[tuple[object, ...]] = set()
    for group in together(around, file):
        for conflict in claims.conflicts(group):
            key = (conflict.port, conflict.first.place, conflict.second.place)
            if file.path in (conflict.first.place.path, conflict.second.place.path) and key not in seen:
                seen.add(key)
                yield conflict


def mismatches_in(around: Around, file: LaunchFile) -> Iterator[Mismatch]:
    """The ports that this file names for launches which listen elsewhere."""
    yield from mismatches.mismatches(around, file)


def taken_beside(around: Around, file: LaunchFile, claim: Claim) -> frozenset[int]:
    """The ports that are claimed in the claim's network by what may run with it."""
    groups = [group for group in together(around, file) if any(one.place == claim.place for one in group)]
    return frozenset(
        port for group in groups for one in group if one.network == claim.network for port in one.ports
    )
