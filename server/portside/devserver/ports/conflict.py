"""What happens when the port can't be had: who has it, said at once, and what can be done.

ask    in the editor that started this, in a terminal: a small dialog; else as fail
next   the next port at which all ports of the run can be had
stop   what is proved to be left of an own earlier run, without asking; of the rest, what the user chose
wait   until it is free
fail   say it and end
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portside.devserver import interrupts
from portside.devserver.console import terminal
from portside.devserver.console.console import Console
from portside.devserver.ports import holders, ports, stopping
from portside.devserver.ports.conflict_lines import fields_of, holder_rows, named
from portside.devserver.ports.holder_kinds import HolderKind
from portside.devserver.ports.holders import Holder, Occupancy
from portside.devserver.ports.ports import Claim, Refusal

if TYPE_CHECKING:
    from portside.devserver.ports.port_plan import Trouble

_COULD_NOT_RUN = 2
_NEXT_TRIES = 100
_POLL_S = 0.1
_SERVER_GRACE_S = 20.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The address that a run wants. fits: whether all else that it opens can be had with that port."""

    host: str
    port: int
    fits: Callable[[int], bool] = lambda _: True


def resolve(refusal: Refusal, policy: str, console: Console, wanted: Wanted | None = None) -> Claim | None:
    """A claim after all (another port, the same one later), or None: the run is over.

    Effect: asks at the terminal; may end what the user chose, or what is left of an own run. Ctrl-C ends
    the process.
    """
    return _Conflict(refusal, wanted or Wanted(refusal.host, refusal.port), console).resolve(policy)


def occupancy_of(refusal: Refusal) -> Occupancy:
    """Who is in the way."""
    return holders.occupancy(refusal.port, refusal.rows) if refusal.taken else holders.NOBODY


def tell(refusal: Refusal, occupancy: Occupancy, console: Console, **more: Any) -> None:
    """The conflict, as an event or in lines."""
    console.emit("conflict", **fields_of(refusal, occupancy), **more)
    if not console.is_json:
        console.error(refusal.text)
        for label, text in holder_rows(refusal, occupancy):
            console.row(label, text)


def tell_planned(trouble: Trouble, console: Console) -> None:
    """The same for another port of the run."""
    refusal = replace(trouble.refusal, text=trouble.text)
    planned = {"what": trouble.planned.what, "setting": trouble.planned.setting}
    tell(refusal, occupancy_of(refusal), console, planned=planned)


def resolve_planned(trouble: Trouble, policy: str, console: Console) -> bool:
    """Whether another port of the run can be had after all, or the user starts all the same."""
    refusal = replace(trouble.refusal, text=trouble.text)
    wanted = Wanted(refusal.host, refusal.port)
    return _Conflict(refusal, wanted, console, trouble).resolve(policy) is not None


def next_claim(refusal: Refusal, wanted: Wanted, console: Console) -> Claim | None:
    """The next port at which all of the run can be had."""
    return _Conflict(refusal, wanted, console).next()


class _Conflict:
    """One address that can't be had, until it can or the run is over.

    trouble: it is not the API's. Then nothing is claimed, only looked at: the run's processes bind it.
    """

    def __init__(
        self, refusal: Refusal, wanted: Wanted, console: Console, trouble: Trouble | None = None
    ) -> None:
        self._refusal = refusal
        self._wanted = wanted
        self._console = console
        self._trouble = trouble
        self._occupancy = occupancy_of(refusal)
        self._is_waiting = False

    def resolve(self, policy: str) -> Claim | None:
        with interrupts.leaving(_COULD_NOT_RUN, self._give_up):
            return self._resolve(policy)

    def _give_up(self) -> None:
        if self._is_waiting:
            self._console.emit("note", text=f"gave up waiting for port {self._refusal.port}")

    def _resolve(self, policy: str) -> Claim | None:
        refusal, occupancy = self._refusal, self._occupancy
        if self._trouble:
            tell_planned(self._trouble, self._console)
        else:
            tell(refusal, occupancy, self._console)
        if not refusal.taken and not self._trouble:
            return None
        asking = terminal.is_shared() and not self._console.is_json
        match policy:
            case "next" if self._trouble is None:
                return self.next()
            case "wait" if refusal.taken:
                return self._wait()
            case "stop" if occupancy.own_leftovers:
                return self._stop(occupancy.own_leftovers)
            case "ask" | "stop" if (answer := self._ask_editor()) is not None:
                return self._answered(answer)
            case "ask" | "stop" if asking:
                return self._ask()
        self._advise(policy)
        return None

    def _advise(self, policy: str) -> None:
        """What to do, where nobody can be asked."""
        if self._trouble is not None:
            self._console.row("you can", self._remedy())
            return
        chosen = self._occupancy.stoppable
        port = self._refusal.port
        if policy == "stop":
            self._console.row("not done", "nobody chose it, and it is not proved to be left of an own run")
        end = f", free it (portside free {port})" if chosen else ""
        ways = "take the next free port (--on-conflict next), another (--port N)"
        self._console.row("you can", f"{ways}{end}, or wait (--on-conflict wait)")

    def _remedy(self) -> str:
        from portside.devserver.ports import port_plan

        assert self._trouble is not None
        other = port_plan.remedy(self._trouble)
        end = f"free it (portside free {self._refusal.port})" if self._occupancy.stoppable else ""
        return ", or ".join(filter(None, (f"set {other}" if other else "", end))) or "give it another port"

    # -- another port ------------------------------------------------------------------------

    def next(self) -> Claim | None:
        port, host = self._refusal.port, self._wanted.host
        for other in _after(port):
            result = ports.claim(host, other) if self._wanted.fits(other) else None
            if isinstance(result, Claim):
                self._console.emit("note", text=f"using port {other} instead of {port}")
                return result
        self._console.error(f"none of the {_NEXT_TRIES} ports after {port} can be had")
        return None

    def _next_free(self) -> int | None:
        host, fits = self._wanted.host, self._wanted.fits
        found = (
            port for port in _after(self._refusal.port) if fits(port) and ports.probe(host, port) is None
        )
        return next(found, None)

    # -- asked in an editor --------------------------------------------------------------------

    def _ask_editor(self) -> dict[str, Any] | None:
        """The answer; None where no editor is there to ask."""
        if self._console.asks_at is None:
            return None
        from portside.devserver.ports import asking

        self._console.row("choose", "in the editor")
        other = self._next_free() if self._trouble is None else None
        question = asking.conflict(self._refusal, self._occupancy, other, self._trouble)
        return asking.ask(self._console.asks_at, question)

    def _answered(self, answer: dict[str, Any]) -> Claim | None:
        """Does what the user chose, if it is one of the offers."""
        is_api = self._trouble is None
        match answer:
            case {"action": "next" | "another", "port": int(port)} if is_api and 0 <= port < 65536:
                return self._claim_another(port)
            case {"action": "start"} if not is_api:
                return Claim(self._refusal.host, self._refusal.port, ())
            case {"action": "stop"} if self._occupancy.stoppable:
                return self._stop(self._occupancy.stoppable)
            case {"action": "wait"} if self._refusal.taken:
                return self._wait()
        return None

    def _claim_another(self, port: int) -> Claim | None:
        wanted = replace(self._wanted, port=port)
        result = ports.claim(wanted.host, port)
        if isinstance(result, Refusal):
            return resolve(result, "ask", self._console, wanted)
        self._console.emit("note", text=f"using port {result.port} instead of {self._refusal.port}")
        return result

    # -- asked in a terminal -------------------------------------------------------------------

    def _ask(self) -> Claim | None:
        chosen = self._occupancy.stoppable
        other = self._next_free() if self._trouble is None else None
        actions: dict[str, Callable[[], Claim | None]] = {}
        offers = ["[q] quit"]
        if self._trouble is not None:
            actions["s"] = lambda: Claim(self._refusal.host, self._refusal.port, ())
            offers.insert(0, "[s] start all the same")
            self._console.row("you can", self._remedy())
        if self._refusal.taken:
            actions["w"] = self._wait
            offers.insert(0, "[w] wait until it is free")
        if other is not None:
            actions["n"] = self.next
            offers.insert(0, f"[n] use {other}")
        if chosen:
            actions["k"] = lambda: self._stop(chosen)
            offers.insert(0, f"[k] stop {named(chosen)} and start")
        self._console.row("choose", "   ".join(offers))
        return self._chosen(actions)

    def _chosen(self, actions: dict[str, Callable[[], Claim | None]]) -> Claim | None:
        """What the user chooses; or the port, should it become free while they think."""
        while (key := terminal.key(timeout_s=0.5)) not in ("q", "", "\x03", "\x04"):
            if key in actions:
                return actions[key]()
            if key is None and isinstance(result := self._claim(), Claim):
                self._console.emit("note", text=f"port {result.port} has become free")
                return result
        return None

    # -- stopping ----------------------------------------------------------------------------

    def _stop(self, chosen: tuple[Holder, ...]) -> Claim | None:
        """Stop what was shown, if it still is that, and claim the port."""
        left = stop_holders(chosen)
        claim = self._claim()
        for _ in range(20):
            if isinstance(claim, Claim):
                self._console.emit("note", text=f"stopped {named(chosen)}")
                return claim
            time.sleep(_POLL_S)
            claim = self._claim()
        pids = ", ".join(map(str, left))
        self._console.error(
            f"port {self._refusal.port} is still taken" + (f", by pid {pids}" if pids else "")
        )
        return None

    def _claim(self) -> Claim | Refusal:
        host, port = self._wanted.host, self._refusal.port
        if self._trouble is None:
            return ports.claim(host, port)
        return ports.probe(host, port) or Claim(host, port, ())

    # -- waiting -----------------------------------------------------------------------------

    def _wait(self) -> Claim | None:
        """The claim, once it can be had; tells when somebody else has come in between."""
        port = self._refusal.port
        self._is_waiting = True
        self._console.emit("note", text=f"waiting for port {port}{self._holder_named()}; Ctrl-C gives up")
        while isinstance(result := self._claim(), Refusal):
            self._notice(result)
            time.sleep(_POLL_S)
        return result

    def _notice(self, refusal: Refusal) -> None:
        before = {row.inode for row in self._refusal.rows if row.inode}
        now = {row.inode for row in refusal.rows if row.inode}
        if now and not now & before:
            self._refusal, self._occupancy = refusal, occupancy_of(refusal)
            tell(refusal, self._occupancy, self._console)

    def _holder_named(self) -> str:
        first = self._occupancy.holders[:1]
        return f", held by pid {first[0].pid}" if first else ""


def stop_holders(chosen: tuple[Holder, ...], grace_s: float | None = None) -> list[int]:
    """End these holders and all that they started; the pids that could not be ended.

    Of a run whose dev server died all that is left goes, not only what holds the port.
    """
    runs = {holder.server.id for holder in chosen if holder.kind is HolderKind.EARLIER_RUN and holder.server}
    left: list[int] = []
    if runs:
        from portside.devserver.registry import orphans

        found = [orphans.end(one) for one in orphans.find() if one.record.id in runs]
        left += [pid for one in found for pid in one.left]
    targets = [holder.identity for holder in chosen]
    grace_s = grace_for(chosen) if grace_s is None else grace_s
    return [*left, *(one.pid for one in stopping.stop(targets, grace_s))]


def grace_for(chosen: tuple[Holder, ...]) -> float:
    """A dev server of Portside ends its own tree, and has a grace of its own for that."""
    is_server = any(holder.kind is HolderKind.SERVER for holder in chosen)
    return _SERVER_GRACE_S if is_server else stopping.GRACE_S


def _after(port: int) -> range:
    return range(port + 1, min(port + 1 + _NEXT_TRIES, 65536))
