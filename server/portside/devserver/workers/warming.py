"""Keeps what the program imports in memory, so that no reload imports it again: the supervisor's side.

A zygote imports what the last start was seen to import, and forks the workers. It is let go, and another
one made, as soon as it would not be what a new interpreter is: other variables, changed packages, an import
that can't be forked. Until it is ready, and whenever there is none, workers are new interpreters.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from portside.devserver.planning.plan import Plan
from portside.devserver.workers import recipes
from portside.devserver.workers.processes import Guardian, Stdio, Worker, Zygote
from portside.inside.channel import Message

_MOST_TRIES = 5
"""Packages that are left out, one after the other, before it is given up."""
_WORTH_ANOTHER = 20
"""Modules that each worker has to import anew, since the zygote has not."""
_MOST_STALE = 3
"""Workers in a row that had to be started anew."""


class Open(Protocol):
    def __call__(self, *, shows: bool) -> Stdio:
        """The standard files of a zygote. shows: whether what its imports print is the user's to see."""


class Warming:
    """Is asked for the source of each new worker, and told what it has imported.

    open_output: for a new zygote. ready: called once one can fork, with how many modules it has imported in
    how many seconds. say: tells the user.
    """

    def __init__(
        self,
        plan: Plan,
        selector: selectors.BaseSelector,
        open_output: Open,
        ready: Callable[[int, float], None],
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._selector = selector
        self._open_output = open_output
        self._on_ready = ready
        self._say = say
        self._path = recipes.path_for(plan)
        self._recipe = recipes.load(self._path) if plan.warm else None
        self._is_on = plan.warm
        self._left_out: set[str] = set()
        self._stale_in_a_row = 0
        self._zygote: Zygote | None = None
        self._zygote_names: frozenset[str] = frozenset()
        self._environment: Mapping[str, str] = {}

    @property
    def late(self) -> list[str] | None:
        """Variables that a worker may set as it likes; None for one that is not to be learnt from."""
        return (list(self._recipe.late) if self._recipe else []) if self._is_on else None

    @property
    def is_ready(self) -> bool:
        return self._zygote is not None and self._zygote.is_ready

    @property
    def zygote(self) -> Zygote | None:
        """Who can fork, if there is one by now."""
        return self._zygote if self.is_ready else None

    def begin(self, guardian: Guardian, environment: Mapping[str, str]) -> None:
        """Before the first worker: what was learnt in an earlier run is imported once, for all of them."""
        if self._recipe is not None:
            self._start(guardian, environment, shows=True)

    def source(self, guardian: Guardian, environment: Mapping[str, str], *, waits: bool) -> Guardian | Zygote:
        """Who starts the next worker. waits: it may take as long as the imports do."""
        if self._zygote is not None and self._environment != environment:
            self.drop(guardian)
        if self._zygote is not None and (self._zygote.is_ready or waits):
            return self._zygote
        return guardian

    def learn(
        self, guardian: Guardian, environment: Mapping[str, str], worker: Worker, fields: Mapping[str, Any]
    ) -> None:
        """What a worker that serves has imported; of a warm one this adds to what is known."""
        if not self._is_on or not fields["heavy"]:
            return
        if worker.warm:
            self._stale_in_a_row = 0
        found = recipes.made(fields, self._left_out)
        if found != self._recipe:
            self._recipe = found
            recipes.save(self._path, found)
        if self._zygote is not None and len(found.names - self._zygote_names) > _WORTH_ANOTHER:
            self.drop(guardian)
        if self._zygote is None:
            self._start(guardian, environment, shows=False)

    def stale(self, guardian: Guardian, reason: str) -> None:
        """A worker had to be started anew, because of what it was forked with."""
        self.drop(guardian)
        self._recipe = None
        self._stale_in_a_row += 1
        if self._stale_in_a_row >= _MOST_STALE:
            self._give_up(guardian, reason)

    def drop(self, guardian: Guardian) -> None:
        """Its workers go on."""
        if self._zygote is not None:
            guardian.drop_zygotes()
            self._forget(self._zygote)

    def _start(self, guardian: Guardian, environment: Mapping[str, str], *, shows: bool) -> None:
        assert self._recipe is not None
        python, folder = self._plan.interpreter.words, self._plan.folder
        zygote = Zygote(guardian, python, folder, environment, self._open_output(shows=shows))
        self._zygote = zygote
        self._environment = environment
        self._selector.register(
            zygote.channel, selectors.EVENT_READ, lambda: self._on_channel(guardian, zygote)
        )
        recipe = recipes.without(self._recipe, self._left_out)
        self._zygote_names = recipe.names
        zygote.channel.send("preload", steps=recipe.steps)

    def _on_channel(self, guardian: Guardian, zygote: Zygote) -> None:
        messages = zygote.channel.receive()
        for message in messages or []:
            self._hear(guardian, zygote, message)
        if messages is None:
            self._forget(zygote)

    def _hear(self, guardian: Guardian, zygote: Zygote, message: Message) -> None:
        fields = message.fields
        if message.event == "preloaded":
            zygote.is_ready = True
            self._on_ready(int(fields["count"]), float(fields["seconds"]))
        elif message.event == "unfit":
            self._leave_out(guardian, str(fields["reason"]), fields["package"])

    def _leave_out(self, guardian: Guardian, reason: str, package: str | None) -> None:
        environment = self._environment
        self.drop(guardian)
        if package is None or package in self._left_out or len(self._left_out) >= _MOST_TRIES:
            self._give_up(guardian, reason)
            return
        self._left_out.add(package)
        self._start(guardian, environment, shows=False)

    def _give_up(self, guardian: Guardian, reason: str) -> None:
        self.drop(guardian)
        self._is_on = False
        recipes.forget(self._path)
        self._say(f"imports are not kept warm in this run: {reason}")

    def _forget(self, zygote: Zygote) -> None:
        if self._zygote is zygote:
            self._zygote = None
            self._selector.unregister(zygote.channel)
            zygote.close()
