"""What is held at the moment: moved to another port, let go of, taken back.

The supervisor holds the port from the first moment on, as long as a worker can be
given its socket. A program that binds the port itself gets it at the last moment,
and it is held again while that program does not run.
"""

from __future__ import annotations

from collections.abc import Callable

from portside.devserver.planning.plan import Plan, PortSource
from portside.devserver.ports import ports
from portside.devserver.ports.ports import Claim, Refusal


class Holding:
    """changed: is told of each new claim. released: whether the program has the port itself."""

    def __init__(self, plan: Plan, claim: Claim, changed: Callable[[Claim], None]) -> None:
        self._plan = plan
        self._changed = changed
        self.claim = claim
        self.released = False

    def may_move(self, host: str, port: int) -> bool:
        """Whether the program may have this address instead: nobody else said where it is to listen."""
        if port == self.claim.port:
            return host != self.claim.host and not self._plan.host_is_the_users
        return port != 0 and self._plan.port_source is not PortSource.USER

    def move(self, host: str, port: int) -> Refusal | None:
        """Hold this one from now on; None where that was done."""
        if port == self.claim.port:
            self.claim.close()
        result = ports.claim(host, port)
        if isinstance(result, Refusal):
            return result
        self.claim.close()
        self._set(result)
        return None

    def let_go(self) -> None:
        """The program binds it."""
        self.claim.close()
        self.released = True
        self._set(Claim(self.claim.host, self.claim.port, ()))

    def seen_at(self, port: int) -> None:
        """The program was found to listen there."""
        self.released = True
        self._set(Claim(self.claim.host, port, ()))

    def take_back(self) -> Refusal | None:
        """Hold it again, now that the program is gone."""
        if not self.released or not self.claim.port:
            return None
        result = ports.claim(self.claim.host, self.claim.port)
        if isinstance(result, Refusal):
            return result
        self.released = False
        self._set(result)
        return None

    def _set(self, claim: Claim) -> None:
        self.claim = claim
        for sock in claim.sockets:
            sock.setblocking(False)
        self._changed(claim)
