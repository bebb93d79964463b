"""Who wants which port, and of those that run together, who gets into whose way.

A port belongs to a network: the machine's, or that of one container or pod. Claims conflict only where the
files say that both are there at once: one compose project, one pod, one Procfile, a script's commands in the
background, a compound of launch.json. Two examples in two folders never do.
"""

from __future__ import annotations

import heapq
import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter

from portside.launchfiles.graph.around import Place
from portside.launchfiles.graph.listeners import API, Listener
from portside.records import dataclass

MACHINE = ""
# A range of more is kept as a range.
_MANY_PORTS = 64
_ALL = frozenset({"", "0.0.0.0", "::", "[::]", "*"})  # noqa: S104 (names what others listen on)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Claim:
    """number, count: the port, or how many from it on. network: MACHINE, or what names a container or pod.

    who: for people (service `api`), the same for all of a unit. address: None where a program takes its own.
    is_published: whether it is Docker that listens, for a container. profiles: of compose; one of them has to
    be on, if there are any. instead_of: who else would be started in its place. ordered: whether its unit is
    one of a script's commands, which come one after another. launch, stretch, background: of the command
    that listens. listener: that, in full; of a published port, the one in the container that it leads to
    (`inner`), if that is known. unanswered: whether all that listens there is known, and nobody at that one.
    """

    number: int
    network: str
    who: str
    what: str
    place: Place
    digits: Place | None = None
    address: str | None = None
    protocol: str = "tcp"
    count: int = 1
    is_published: bool = False
    profiles: tuple[str, ...] = ()
    launch: Place | None = None
    stretch: str = ""
    background: bool = False
    listener: Listener | None = None
    inner: int | None = None
    ordered: bool = False
    instead_of: frozenset[str] = frozenset()
    unanswered: bool = False

    @property
    def ports(self) -> range:
        return range(self.number, self.number + self.count)

    @property
    def is_api(self) -> bool:
        return self.what == API

    @property
    def is_on_machine(self) -> bool:
        return self.network == MACHINE


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two claims of one port. first: the one that keeps it."""

    port: int
    first: Claim
    second: Claim


def heard(listener: Listener, network: str, who: str, profiles: tuple[str, ...] = ()) -> Claim:
    """What a listener claims."""
    return Claim(
        listener.number, network, who, listener.what, listener.place, listener.digits, listener.host,
        count=listener.count, profiles=profiles, launch=listener.launch,
        stretch=listener.stretch, background=listener.background, listener=listener,
    )  # fmt: skip


def conflicts(claims: Sequence[Claim]) -> Iterator[Conflict]:
    """Each claim that an earlier one is in the way of, with the first such. All of them run together."""
    earlier = _Earlier()
    for claim in claims:
        for other in earlier.near(claim):
            port = _shared_port(other, claim)
            if port is not None and may_run_together(other, claim):
                yield Conflict(port, other, claim)
                break
        earlier.add(claim)


class _Earlier:
    """Claims in their order, found by what they have to have in common with a later one."""

    def __init__(self) -> None:
        self._found: defaultdict[tuple[int, object], list[tuple[int, Claim]]] = defaultdict(list)
        self._wide: list[tuple[int, Claim]] = []
        self._count = 0

    def add(self, claim: Claim) -> None:
        numbered = (self._count, claim)
        self._count += 1
        if claim.count > _MANY_PORTS:
            self._wide.append(numbered)
            return
        for port in claim.ports:
            for sign in _signs(claim):
                self._found[port, sign].append(numbered)

    def near(self, claim: Claim) -> Iterator[Claim]:
        """Those that may be in its way."""
        if claim.count > _MANY_PORTS:
            every = sorted((one for found in self._found.values() for one in found), key=itemgetter(0))
            yield from _in_order(self._wide, every)
            return
        signs = _signs(claim)
        found = [self._found.get((port, sign), ()) for port in claim.ports for sign in signs]
        yield from _in_order(self._wide, *found)


def _signs(claim: Claim) -> tuple[object, ...]:
    """Of the commands of one script, those of a stretch run together, and the servers of one launch."""
    return (claim.stretch, claim.launch) if claim.ordered else ("",)


def _in_order(*parts: Sequence[tuple[int, Claim]]) -> Iterator[Claim]:
    """One after the other: whoever asks mostly stops at the first."""
    return (claim for _, claim in heapq.merge(*filter(None, parts), key=itemgetter(0)))


def _shared_port(one: Claim, other: Claim) -> int | None:
    if one.network != other.network or one.protocol != other.protocol or one.place == other.place:
        return None
    low, high = max(one.ports.start, other.ports.start), min(one.ports.stop, other.ports.stop)
    return low if low < high and _meet(one.address, other.address) else None


def may_run_together(one: Claim, other: Claim) -> bool:
    """Whether both are there at once, the first of them earlier.

    Profiles that exclude each other are a choice that the user makes; so are branches of a script, and a
    command that waits for the one before it finds that gone.
    """
    if one.who != other.who and not (one.ordered and other.ordered):
        chosen = not one.profiles or not other.profiles or bool(set(one.profiles) & set(other.profiles))
        return chosen and other.who not in one.instead_of
    return one.launch == other.launch or (one.background and one.stretch == other.stretch)


def _meet(one: str | None, other: str | None) -> bool:
    """Whether two addresses of one machine share a port."""
    first, second = _plain(one), _plain(other)
    if first == second or first in _ALL or second in _ALL:
        return True
    # What a program takes by itself is loopback or all.
    return (first is None and second in _LOOPBACK) or (second is None and first in _LOOPBACK)


def _plain(address: str | None) -> str | None:
    if address is None:
        return None
    text = address.strip("[]")
    if text in _LOOPBACK:
        return "localhost"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text
