"""A run as others see it, and what they can have it do: its record, log and control socket together."""

from __future__ import annotations

import os
import selectors
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from portside.devserver.planning.plan import Plan
from portside.devserver.ports.ports import Claim
from portside.devserver.registry import control, registry
from portside.devserver.registry.identity import Identity
from portside.devserver.registry.presence import Members, Presence
from portside.devserver.registry.runlog import RunLog, path_for
from portside.devserver.registry.tree import MARK
from portside.knowledge import secrets

Say = Callable[[str], None]


class Registration:
    """mark: what each worker has in its environment. say: is told, from any thread, what to tell the user."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan = plan
        self._say = say
        self._began = time.time()
        self.run = os.urandom(16).hex()
        self.mark = {MARK: self.run}
        path = path_for(plan.name or plan.target.title, self.run, self._began)
        self.log = RunLog(path, lambda why: say(f"no log of this run can be kept: {why}"))
        self._presence: Presence | None = None
        self._control: control.Control | None = None

    def begin(
        self,
        claim: Claim,
        members: Callable[[], Members],
        selector: selectors.BaseSelector,
        obey: control.Answer,
    ) -> None:
        """Once the first worker is on its way: it need not wait for this."""
        plan = self._plan
        title, url = secrets.redact(plan.target.title), plan.reached_at(claim.url)
        record = registry.own_record(str(plan.folder), title, plan.name, plan.host, claim.port, url)
        path = control.socket_path(registry.servers_folder(), os.getpid(), self.run)
        self._control = control.Control(path, selector, obey)
        record = replace(
            record,
            id=self.run,
            started_at=self._began,
            command=tuple(secrets.redact_command(["portside", *sys.argv[1:]])),
            log=str(self.log.path),
            control=str(self._control.path) if self._control.path else None,
            debug_port=plan.debug.port if plan.debug is not None and not plan.debug.connects else None,
        )
        self._presence = Presence(record, members, self._say)

    @property
    def seen(self) -> Collection[Identity]:
        """What the workers were last seen to have started."""
        return self._presence.seen if self._presence is not None else ()

    def update(self, **changed: Any) -> None:
        """Fields of the record."""
        if self._presence is not None:
            self._presence.update(**changed)

    def take_no_more_orders(self) -> None:
        if self._control is not None:
            self._control.close()

    def end(self, code: int) -> None:
        """The run is over; what was printed last is still written."""
        if self._presence is not None:
            self._presence.leave(code)
        self.log.close()
