"""The worker processes of a run: started, listened to, and known to have ended.

Besides the generations there may be a spare: an interpreter that has the web
stack imported and waits for the next edit.
"""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress

from portside.devserver import processes, terminal, tree
from portside.devserver.env_files import Environment
from portside.devserver.identity import Identity, Status
from portside.devserver.output import Output
from portside.devserver.plan import Debug, Plan
from portside.devserver.ports import Claim
from portside.devserver.presence import Members
from portside.devserver.processes import Guardian, Worker
from portside.inside.channel import Channel, Message


class Fleet:
    """Tells what happens to them.

    hear: what a worker says. ended: that a tree is gone, and with which status. before_load: that a worker
    is about to run the program, for which it gets what `claim` then holds.
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
        workers = list(self)
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

    # -- starting ----------------------------------------------------------------------

    def start(self, generation: int, changed: frozenset[str], held: bool) -> None:
        """A spare that waits, or a new interpreter; then what it has to compile, and what to load."""
        if self.spare is not None and self._spare_environment != self.environment.current:
            stale, self.spare = self.spare, None
            stale.end()
        worker, self.spare = self.spare or self._spawn(), None
        self._assign(worker, generation, changed, held)

    def restart(self, stale: Worker) -> None:
        """A spare turned out to hold modules of before: the same generation, in a new interpreter."""
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
        )

    def prepare(self, names: tuple[str, ...]) -> None:
        """A spare, with these modules imported as far as that is safe."""
        self.spare = self._spawn()
        self._spare_environment = self.environment.current
        self.spare.channel.send("prepare", names=list(names))

    def _spawn(self) -> Worker:
        pair = terminal.open_for_worker() if self.terminal else None
        stdout, stderr, sources = self._connect(pair)
        with open(os.devnull, "rb") as nothing:
            worker = processes.start_worker(
                self._guardian,
                self._plan.interpreter.words,
                self._plan.folder,
                {**os.environ, **self.environment.current, **self.mark},
                (nothing.fileno(), stdout, stderr),
                pair,
            )
        worker.sources = sources
        for descriptor in {stdout, stderr} - {self.output}:
            os.close(descriptor)
        register = self._selector.register
        register(worker.link, selectors.EVENT_READ, lambda: self._on_link(worker))
        register(worker.channel, selectors.EVENT_READ, lambda: self._on_channel(worker))
        return worker

    def _connect(self, pair: tuple[int, int] | None) -> tuple[int, int, tuple[int, ...]]:
        """Standard output and error of a worker without a terminal, and the sources they come out of."""
        if pair is not None:
            source = os.dup(pair[0])
            self._output.follow(source, self.output)
            return self.output, self.output, (source,)
        stdout, source = self._output.open(self.output)
        if self.output == 2 or _is_one_file(1, 2):  # one pipe keeps the order of lines
            return stdout, stdout, (source,)
        stderr, other = self._output.open(2)
        return stdout, stderr, (source, other)

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
        for worker in self:
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
