"""The worker processes of a run: started, listened to, and known to have ended.

Besides the generations there may be a spare: an interpreter that has the web
stack imported and waits for the next edit.
"""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from portside.devserver.console import terminal
from portside.devserver.console.output import Output
from portside.devserver.planning.env_files import Environment
from portside.devserver.planning.plan import Debug, Plan
from portside.devserver.ports.ports import Claim
from portside.devserver.registry import tree
from portside.devserver.registry.identity import Identity, Status
from portside.devserver.registry.presence import Members
from portside.devserver.workers import processes
from portside.devserver.workers.processes import Guardian, Stdio, Worker
from portside.devserver.workers.warming import Warming
from portside.inside.channel import Channel, Message


class Fleet:
    """Tells what happens to them.

    hear: what a worker says. ended: that a tree is gone, and with which status. before_load: that a worker
    is about to run the program, for which it gets what `claim` then holds. warm: that workers can be forked
    with so many modules imported, in so many seconds. say: what the user has to know.
    """

    def __init__(
        self,
        plan: Plan,
        claim: Claim,
        selector: selectors.BaseSelector,
        hear: Callable[[Worker, Message], None],
        ended: Callable[[Worker, int], None],
        output: Output,
        before_load: Callable[[Worker], None],
        warm: Callable[[int, float], None],
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self.claim = claim
        self._before_load = before_load
        self._selector = selector
        self._hear = hear
        self._ended = ended
        self._output = output
        self._generations: dict[int, Worker] = {}
        self._guardian: Guardian
        self._lost_guardian: int | None = None
        self._unended: list[int] = []
        self._sessions: set[int] = set()
        self.seen: Collection[Identity] = ()
        """What the workers were last seen to have started."""
        self.spare: Worker | None = None
        self.terminal = False
        """Whether workers get a terminal of their own."""
        self.output = 1
        """The descriptor that takes their standard output where they get none."""
        self.environment = Environment(plan.env_files, plan.settings_environment, dict(plan.environment))
        """What they get besides ours."""
        self.debug = plan.debug
        self._spare_environment: dict[str, str] = {}
        self._warm = warm
        self._warming = Warming(plan, selector, self._open_stdio, self._has_warmed_up, say)
        self._hosts: list[Worker] = []
        self.engines: str | None = None
        """The socket where workers ask for an engine that is kept."""
        self.mark: dict[str, str] = {}
        """What each of them has in its environment, to be known by."""

    def __iter__(self) -> Iterator[Worker]:
        yield from list(self._generations.values())
        if self.spare is not None:
            yield self.spare

    def get(self, generation: int | None) -> Worker | None:
        return None if generation is None else self._generations.get(generation)

    def files(self) -> frozenset[str]:
        """Everything of the project that a worker has imported."""
        return frozenset().union(*(worker.files for worker in self))

    def members(self) -> Members:
        """Who runs now; from any thread."""
        workers = [*self, *list(self._hosts)]
        return Members(
            guardian=self._guardian.pid,
            keepers=frozenset(worker.keeper for worker in workers if worker.keeper is not None),
            workers=frozenset(worker.pid for worker in workers if worker.pid is not None),
        )

    # -- the guardian ------------------------------------------------------------------

    def guard(self, lost: Callable[[], None]) -> None:
        """Start a guardian; `lost` is called should it go."""
        self._guardian = guardian = Guardian()

        def on_readable() -> None:
            if guardian.channel.receive() is None:
                self._selector.unregister(guardian.channel)
                guardian.channel.close()
                self._lost_guardian = guardian.pid
                processes.sweep({guardian.pid}, self._is_ours)
                lost()

        self._selector.register(guardian.channel, selectors.EVENT_READ, on_readable)

    def reap(self) -> None:
        self._guardian.reap()

    # -- warm imports ------------------------------------------------------------------

    def warm_up(self) -> None:
        """Have imported what earlier runs did, for the first worker and all that follow."""
        self._warming.begin(self._guardian, self._environment_of_workers())

    def learn(self, worker: Worker, fields: dict[str, Any]) -> None:
        """What a worker that serves has imported."""
        self._warming.learn(self._guardian, self._environment_of_workers(), worker, fields)

    def _has_warmed_up(self, modules: int, seconds: float) -> None:
        """A spare that has to import things yet gives way to one that has them."""
        self._warm(modules, seconds)
        spare = self.spare
        if spare is not None and not spare.warm:
            self.spare = None
            spare.end()
            self.prepare(())

    # -- engines -----------------------------------------------------------------------

    def start_host(self, environment: Mapping[str, str], folder: str, user: int) -> Worker:
        """A process that keeps an engine. Whoever asks for it listens to it.

        environment, folder: those of the worker that is the first to use it. user: the pid of that.
        """
        is_warm = any(worker.warm for worker in self if worker.pid == user)
        source = self._warming.zygote if is_warm else None
        stdio = self._open_stdio(shows=True)
        python, three = self._plan.interpreter.words, stdio.three
        host = processes.start_worker(
            source or self._guardian, python, Path(folder), environment, three, stdio.terminal, "engine_host"
        )
        host.sources = stdio.sources
        stdio.close_what_is_theirs()
        self._hosts.append(host)
        return host

    def finish_host(self, host: Worker) -> None:
        """Its processes are gone; where the keeper was killed, that is still to be seen to."""
        self._hosts.remove(host)
        self._output.finish(host.sources)
        host.close()
        lost = {pid for pid in (host.keeper, self._lost_guardian) if pid is not None}
        if host.status is None:
            processes.sweep(lost, self._is_ours)

    # -- starting ----------------------------------------------------------------------

    def start(self, generation: int, changed: frozenset[str], held: bool) -> None:
        """A spare that waits, or a new interpreter; then what it has to compile, and what to load."""
        if self.spare is not None and self._spare_environment != self.environment.current:
            stale, self.spare = self.spare, None
            stale.end()
        worker, self.spare = self.spare or self._spawn(waits=not self._generations), None
        self._assign(worker, generation, changed, held)

    def restart(self, stale: Worker, reason: str) -> None:
        """It turned out to hold modules of before: the same generation, in a new interpreter."""
        if stale.warm:
            self._warming.stale(self._guardian, reason)
        generation, stale.generation = stale.generation, None
        assert generation is not None
        self._assign(self._spawn(), generation, stale.changed, held=False)

    def _assign(self, worker: Worker, generation: int, changed: frozenset[str], held: bool) -> None:
        worker.generation, worker.held, worker.changed = generation, held, changed
        self._generations[generation] = worker
        sources = sorted(path for path in changed if path.endswith(".py") and os.path.exists(path))
        if sources or held:
            worker.channel.send("check", files=sources)
        if not held:
            self.load(worker)

    def load(self, worker: Worker) -> None:
        """Have it run the app or the script."""
        worker.held = False
        target = self._plan.target
        self._before_load(worker)
        claim, debug = self.claim, self.debug
        worker.channel.send(
            "load",
            fds=[sock.fileno() for sock in claim.sockets],
            kind=target.kind,
            target=target.spec,
            arguments=target.command_line(self._plan.host, claim.port),
            path=str(target.folder(self._plan.folder)),
            port=claim.port if claim.sockets else None,
            aside=list(self._plan.aside),
            debug=debug and _debug_request(debug, worker.generation),
            late=self._warming.late,
            engines=self.engines,
        )

    def stop(self, worker: Worker, grace_s: float) -> None:
        """As its own program would stop on Ctrl-C."""
        self._not_to_be_forked(worker)
        worker.stop(grace_s)

    def end(self, worker: Worker) -> None:
        """Without mercy."""
        self._not_to_be_forked(worker)
        worker.end()

    def _not_to_be_forked(self, worker: Worker) -> None:
        """One that waits for the zygote's imports is ended with them."""
        if worker.warm and worker.pid is None:
            self._warming.drop(self._guardian)

    def prepare(self, names: tuple[str, ...]) -> None:
        """A spare: one that has everything imported, else with these modules, as far as that is safe."""
        self.spare = self._spawn()
        self._spare_environment = self.environment.current
        if not self.spare.warm:
            debug = self.debug and _debug_request(self.debug, None)
            self.spare.channel.send("prepare", names=list(names), debug=debug)

    def _spawn(self, *, waits: bool = False) -> Worker:
        """waits: it may take as long as its imports do."""
        environment = self._environment_of_workers()
        stdio = self._open_stdio(shows=True)
        source = self._warming.source(self._guardian, environment, waits=waits)
        python, folder = self._plan.interpreter.words, self._plan.folder
        worker = processes.start_worker(source, python, folder, environment, stdio.three, stdio.terminal)
        worker.sources = stdio.sources
        stdio.close_what_is_theirs()
        register = self._selector.register
        register(worker.link, selectors.EVENT_READ, lambda: self._on_link(worker))
        register(worker.channel, selectors.EVENT_READ, lambda: self._on_channel(worker))
        return worker

    def _environment_of_workers(self) -> dict[str, str]:
        return {**os.environ, **self.environment.current, **self.mark}

    def _open_stdio(self, *, shows: bool) -> Stdio:
        """Of a new worker or zygote. shows: whether what it prints is the user's to see."""
        target = self.output if shows else None
        if self.terminal:
            master, slave = terminal.open_for_worker()
            source = self._output.follow(os.dup(master), target)
            return Stdio((slave, slave, slave), (source,), master, frozenset({slave}))
        nothing = os.open(os.devnull, os.O_RDWR)
        if target is None:
            return Stdio((nothing, nothing, nothing), (), None, frozenset({nothing}))
        stdout, source = self._output.open(target)
        if target == 2 or _is_one_file(1, 2):  # one pipe keeps the order of lines
            return Stdio((nothing, stdout, stdout), (source,), None, frozenset({nothing, stdout}))
        stderr, other = self._output.open(2)
        return Stdio((nothing, stdout, stderr), (source, other), None, frozenset({nothing, stdout, stderr}))

    # -- listening ---------------------------------------------------------------------

    def _on_link(self, worker: Worker) -> None:
        messages = worker.link.receive()
        for message in messages or []:
            if message.event == "started":
                worker.pid, worker.keeper = message.fields["pid"], message.fields["keeper"]
                self._sessions.add(message.fields["pid"])
            elif message.event == "exited":
                worker.status = message.fields["status"]
            elif message.event == "ended":
                self._unended += message.fields["left"]
        if messages is None:
            self._forget(worker)

    def _on_channel(self, worker: Worker) -> bool:
        """Whether there was something to read."""
        messages = worker.channel.receive()
        if messages is None:
            self._unregister(worker.channel)
        for message in messages or []:
            self._hear(worker, message)
        return bool(messages)

    def _forget(self, worker: Worker) -> None:
        """Its keeper is gone, so its tree is. Where the keeper was killed, that is still to be seen to."""
        with suppress(OSError):
            worker.channel.set_nonblocking()
        while self._on_channel(worker):
            pass
        self._unregister(worker.link)
        self._unregister(worker.channel)
        self._output.finish(worker.sources)
        worker.close()
        if worker.status is None:
            lost = {pid for pid in (worker.keeper, self._lost_guardian) if pid is not None}
            processes.sweep(lost, self._is_ours)
        if worker is self.spare:
            self.spare = None
        elif worker.warm and worker.pid is None and worker.generation is not None and not worker.is_to_end:
            self.restart(worker, "the process that had the imports was lost")
        elif worker.generation is not None and self._generations.get(worker.generation) is worker:
            del self._generations[worker.generation]
            self._ended(worker, -signal.SIGKILL if worker.status is None else worker.status)

    def _is_ours(self, process: Status) -> bool:
        """Whether a worker started it, now that its place in the tree does not tell any more."""
        if process.session in self._sessions or process.identity in self.seen:
            return True
        return any(tree.carries(process.pid, run) for run in self.mark.values())

    def _unregister(self, source: Channel) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(source)

    # -- the end -----------------------------------------------------------------------

    def disband(self) -> list[int]:
        """Let go of every worker and of the guardian, which ends what is left; pids that would not end."""
        self._warming.drop(self._guardian)
        for worker in [*self, *self._hosts]:
            worker.close()
        self._guardian.release()
        left = processes.left_over(self._is_ours)
        return sorted({*self._unended, *left} & set(processes.living()))


def _debug_request(debug: Debug, generation: int | None) -> dict[str, object]:
    return {
        "port": debug.port,
        "wait": debug.connects or (debug.waits and generation == 1),
        "connect": debug.connects,
        "library": debug.library,
    }


def _is_one_file(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False
