"""What a launch file says about ports together with the files around it.

What finds that out is loaded with the first question: where only Python is checked, none comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portside.launchfiles.facts import LaunchFile
    from portside.launchfiles.graph.around import Around, Place
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


class Taken:
    """The ports of what is started together with a claim of this file; looked up once for all conflicts."""

    def __init__(self, around: Around, file: LaunchFile) -> None:
        from portside.launchfiles.graph.together import together  # noqa: PLC0415

        self._by_place: defaultdict[Place, set[int]] = defaultdict(set)
        self._ports: list[Mapping[str, set[int]]] = []
        for number, group in enumerate(together(around, file)):
            ports: defaultdict[str, set[int]] = defaultdict(set)
            for claim in group:
                ports[claim.network].update(claim.ports)
                self._by_place[claim.place].add(number)
            self._ports.append(ports)

    def beside(self, claim: Claim) -> set[int]:
        """The ports that are claimed in the claim's network by what may run with it."""
        groups = [self._ports[number] for number in sorted(self._by_place.get(claim.place, ()))]
        found = [ports.get(claim.network, set()) for ports in groups]
        return found[0] if len(found) == 1 else set[int]().union(*found)
