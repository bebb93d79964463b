"""Who listens where according to the files: one row for each port that somebody claims."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from portside.launchfiles.facts import LaunchFile
from portside.launchfiles.graph import claims
from portside.launchfiles.graph.around import Around, Place
from portside.launchfiles.graph.claims import MACHINE, Claim
from portside.launchfiles.graph.together import together
from portside.records import dataclass

_PLACE = re.compile(r" at \d+$")


@dataclass(frozen=True, slots=True)
class Planned:
    """A claim, the file whose reading brought it up, and those that want the port at the same time."""

    claim: Claim
    path: str
    against: tuple[Claim, ...] = ()

    @property
    def network(self) -> str:
        """As people call it: a pod's name without its place in the file, which makes it unique."""
        return _PLACE.sub("", self.claim.network)

    @property
    def on_machine(self) -> bool:
        return self.claim.network == MACHINE

    @property
    def runs(self) -> str:
        """What listens there in the end: `uvicorn app:app`; "" where the files don't tell."""
        listener = self.claim.listener
        return f"{listener.program} {listener.target}".strip() if listener is not None else ""

    @property
    def through(self) -> tuple[str, ...]:
        """The other files on the way from `path` to what listens: a Dockerfile, a script."""
        listener = self.claim.listener
        if listener is None:
            return ()
        ways = (*listener.through, listener.launch.path, listener.script)
        return tuple(dict.fromkeys(way for way in ways if way is not None and way != self.path))


def planned(around: Around, files: Iterator[LaunchFile]) -> list[Planned]:
    """All of these files, in their order; what two of them bring up comes once.

    A server in a container whose port is published has its row there, and a Dockerfile that a service is
    built from has it with the service.
    """
    found: dict[tuple[Place, str, int], Planned] = {}
    for file in files:
        for group in together(around, file):
            opponents: defaultdict[int, list[Claim]] = defaultdict(list)
            pairs = list(claims.conflicts(group))
            for pair in pairs:
                opponents[id(pair.second)].append(pair.first)
            for pair in pairs:
                opponents[id(pair.first)].append(pair.second)
            shown = {claim.listener for claim in group if claim.is_published}
            for claim in group:
                if claim.network != MACHINE and claim.listener in shown:
                    continue
                key = (claim.place, claim.who, claim.number)
                known = found[key].against if key in found else ()
                both = tuple(dict.fromkeys((*known, *opponents[id(claim)])))
                found[key] = Planned(claim, file.path, both)
    built = {path for one in found.values() for path in one.through}
    return [one for one in found.values() if one.path not in built or one.on_machine]
